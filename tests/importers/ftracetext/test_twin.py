"""The kernel and Python alone tell the same: of all texts, of each form of line, of mutated and random ones."""

from __future__ import annotations

import random

import pytest
from importers.ftracetext.helping import SHARED
from importers.ftracetext.plain import differences
from importers.ftracetext.test_hostile import LINE, PAYLOADS, TEXT
from importers.ftracetext.test_lines import HEAD, HEADS
from importers.ftracetext.test_lines import PAYLOADS as FORMS

from gstrace.importers.source import Source

FILES = [
    *sorted(p for p in (SHARED / "traces" / "public" / "ftrace-text").glob("*") if not p.name.endswith(".ref.json")),
    *sorted((SHARED / "traces" / "truth").glob("*/trace*.txt")),
]
EDGES = b"0123456789()[]-:=., \tabcdefxNRS+|>_\r\x00\xff"
EXIT = b"sys_exit: NR 39 = 0"
NUMBERS = (b"134", b"39", b"158", b"=30", b"=11", b"=2 ", b"136", b"c0000101", b"1002", b"=R+", b"=0")


def content(path):
    with Source(path) as source:
        return source.file.read()


@pytest.mark.skipif(not FILES, reason="the recordings are not here")
@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_of_a_recorded_text(path):
    assert differences(content(path)) == []


def test_of_every_form_of_line():
    lines = [HEAD + payload for payload, _, _ in FORMS] + [head + EXIT for head, *_ in HEADS]
    assert differences(b"\n".join(lines)) == []
    for line in lines:
        assert differences(line) == []


def mutated(line, dice):
    line = bytearray(line)
    for _ in range(dice.randrange(1, 4)):
        at = dice.randrange(len(line) + 1)
        what = dice.randrange(4)
        if what == 0:
            line[at : at + 1] = bytes([dice.choice(EDGES)])
        elif what == 1:
            line[at:at] = dice.choices(EDGES, k=dice.randrange(1, 4))
        elif what == 2:
            del line[at : at + dice.randrange(1, 8)]
        else:
            other = dice.randrange(len(line) + 1)
            line[at:at] = line[other : other + dice.randrange(1, 40)]
    return bytes(line)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_of_mutated_lines(seed):
    dice = random.Random(seed)
    corpus = [HEAD + payload for payload, _, _ in FORMS] + [head + EXIT for head, *_ in HEADS]
    for path in FILES:
        lines = content(path).split(b"\n")
        corpus += dice.sample(lines, min(len(lines), 40))
    for _ in range(60):
        lines = [mutated(line, dice) if dice.random() < 0.6 else line for line in dice.choices(corpus, k=150)]
        assert differences(b"\n".join(lines)) == []


def test_of_numbers_at_the_edge():
    lines = []
    for digits in (1, 3, 9, 10, 11, 15, 16, 17, 18, 19, 20, 40):
        for figure in (b"9", b"1", b"f", b"0"):
            number = figure * digits
            for payload in PAYLOADS:
                whole = (LINE % payload).rstrip()
                lines += [whole.replace(old, old[:1].strip(b"0123456789cR") + number) for old in NUMBERS]
            lines += [b"a-%s [000] 4.2: %s" % (number, EXIT), b"a-1 [%s] 4.2: %s" % (number, EXIT)]
            lines += [b"a-1 [000] %s.2: %s" % (number, EXIT), b"a-1 [000] 4.%s: %s" % (number, EXIT)]
            lines += [b"a-1 (%s) [000] 4.2: %s" % (number, EXIT), b"a-1 [000] %s: %s" % (number, EXIT)]
            lines += [b"%s-1 [000] 4.2: %s" % (number, EXIT), b"a-1 [000] 4.2: %s: %s" % (number, EXIT)]
    lines += [b"%s-1 [000] 4.2: %s" % (b"a" * n, EXIT) for n in range(90, 100)]
    lines += [b"a-1 [000] 4.2: %s: 1" % (b"e" * n) for n in range(60, 70)]
    lines += [b"a-1 [000] 4.2: sys_enter: NR 1 (%s" % (b"1, " * n) for n in range(1350, 1370)]
    assert differences(b"\n".join(lines)) == []


@pytest.mark.slow
def test_of_random_payloads_of_known_words():
    dice = random.Random(5)
    words = [
        b"prev_pid=",
        b"next_pid=",
        b"prev_prio=",
        b"prev_state=",
        b"next_comm=",
        b"pid=",
        b"==>",
        b"7",
        b"12",
        b"-1",
    ]
    words += [
        b"R",
        b"S+",
        b"a:1",
        b"[120]",
        b"target_cpu=",
        b"prio=",
        b"success=1",
        b"NR",
        b"=",
        b"(1,",
        b"2)",
        b"0x",
        b"CPU:003",
    ]
    words += [
        b"vector=",
        b"irq=",
        b"name=",
        b"ret=",
        b"sig=",
        b"errno=",
        b"code=",
        b"sa_handler=",
        b"value",
        b"c0,",
        b"gstrace:",
    ]
    events = [
        b"sched_switch",
        b"sched_waking",
        b"sys_enter",
        b"sys_exit",
        b"irq_handler_entry",
        b"signal_deliver",
        b"write_msr",
    ]
    events += [b"softirq_entry", b"tracing_mark_write", b"sys_exit_close", b"sys_enter_arch_prctl"]
    for _ in range(40):
        lines = []
        for _ in range(300):
            said = dice.choice([b"", b" "]).join(dice.choices(words, k=dice.randrange(1, 14)))
            lines.append(b"x-%d [00%d] 4.2: %s: %s" % (dice.randrange(4), dice.randrange(3), dice.choice(events), said))
        assert differences(b"\n".join(lines)) == []


def test_of_what_is_almost_a_form():
    lines = [b"a-1 [000] %s 4.2: %s" % (b"." * n, EXIT) for n in range(1, 13)]
    said = [b"0x1", b"-0x1", b"-1", b"1 = 0x2", b"= 0x2", b" 1", b"1 ", b"0x", b"0xg", b"", b"f" * 16, b"f" * 17]
    lines += [b"a-1 [000] 4.2: sys_close%s%s" % (arrow, s) for arrow in (b" -> ", b" ->", b"-> ", b"->") for s in said]
    lines += [b"a-1 [000] 4.2: sys_exit_close: %s" % s for s in said]
    lines += [b"a-1 [000] 4.2: %s(1)" % name for name in (b"sys_close", b"close", b"sys_", b"sys_a.b", b"sys_enter")]
    lines += [b"a-1 [000] 4.2: sched_switch: a:1 [1] S ==> b:%d [1]%s" % (2, b":" * n) for n in range(70)]
    lines += [b"a-1 [000] 4.2: sched_switch: a:1 [1] S ==> b:2 [1]%s" % (b":3 " * n) for n in range(70)]
    assert differences(b"\n".join(lines)) == []


def of_the_beginning():
    """The lines of 4 KiB each of the recorded texts, or of the forms where those are not here."""
    texts = [content(path)[:4096] for path in FILES] or [TEXT]
    return [line for text in texts for line in text.split(b"\n")]


@pytest.mark.slow
def test_of_every_cut_of_the_first_lines():
    """A cut touches the line that it is in: each line cut at each byte, together in one text."""
    lines = of_the_beginning()
    for start in range(0, len(lines), 50):
        assert (
            differences(b"\n".join(line[:end] for line in lines[start : start + 50] for end in range(len(line)))) == []
        )


@pytest.mark.slow
def test_of_every_byte_flipped():
    dice = random.Random(7)
    lines = of_the_beginning()
    for start in range(0, len(lines), 50):
        flipped = []
        for line in lines[start : start + 50]:
            for at in range(len(line)):
                flip = bytes([line[at] ^ 1 << dice.randrange(8)])
                flipped.append(line[:at] + flip + line[at + 1 :])
        assert differences(b"\n".join(flipped)) == []


@pytest.mark.slow
def test_of_files_cut_anywhere():
    """At both ends: a ring's first line may be cut as well."""
    dice = random.Random(8)
    texts = [content(path) for path in FILES] or [TEXT * 9]
    for _ in range(200):
        text = dice.choice(texts)
        end = dice.randrange(len(text) + 1)
        part = text[max(0, end - dice.randrange(1, 4000)) : end]
        assert differences(part) == []


def test_where_the_rows_are_handed_on_does_not_matter():
    for rows in (1, 2, 3, 7):
        assert differences(TEXT * 3, rows) == []
