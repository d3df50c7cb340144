"""Cut, flipped and invented bytes: an answer or a refusal, never a crash, in bounded memory."""

from __future__ import annotations

import random
import time
import tracemalloc

import pytest
from importers.ftracetext.helping import read

from gstrace.errors import GstraceError
from gstrace.importers.ftracetext.lines import LONGEST
from gstrace.importers.registry import find
from gstrace.importers.source import Source

LINE = b"   a b-9-134   (    134) [000] d.h1.     4.211013: %s\n"
PAYLOADS = (
    b"sys_enter: NR 158 (1002, 7fff00, ffffffffffffffff, 0, 0, 0)",
    b"sys_exit: NR 39 = -11",
    b"sched_switch: prev_comm=wl prev_pid=134 prev_prio=120 prev_state=R+ ==> next_comm=x next_pid=2 next_prio=120",
    b"irq_handler_entry: irq=30 name=ahci[0000:01:00.0]",
    b"task_newtask: pid=136 comm=a clone_flags=1200000 oom_score_adj=0",
    b"signal_deliver: sig=11 errno=0 code=1 sa_handler=0 sa_flags=0",
    b"sys_ioctl(fd: ff, cmd: 5410, arg: 7ffe0babe8fc)",
    b"write_msr: c0000101, value ffff888000000000",
)
TEXT = b"# tracer: nop\n" + b"".join(LINE % p for p in PAYLOADS) + b"CPU:0 [LOST 96 EVENTS]\n" + LINE % PAYLOADS[0]


def survives(data):
    try:
        return read(data)
    except GstraceError:
        return None


def test_every_cut():
    for end in range(len(TEXT)):
        survives(TEXT[:end])


@pytest.mark.slow
def test_flipped_bytes():
    dice = random.Random(1)
    for _ in range(1500):
        data = bytearray(TEXT)
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(len(data))] = dice.choice(b"0123456789()[]-:= \n\x00\xff.x")
        survives(bytes(data))


def test_junk():
    dice = random.Random(2)
    for size in (1, 100, 100_000):
        survives(b"# tracer: nop\n" + dice.randbytes(size))


@pytest.mark.parametrize("number", [b"9" * 5, b"9" * 10, b"9" * 19, b"9" * 40], ids=lambda v: f"{len(v)} digits")
def test_numbers_that_fit_no_column(number):
    for payload in PAYLOADS:
        for old in (b"134", b"000", b"4.", b"39", b"158", b"pid=134", b"=30", b"=11", b"=2 ", b"136", b"c0000101"):
            head, _, tail = (LINE % payload).partition(old)
            survives(head + old.rstrip(b"0123456789. ") + number + tail + LINE % PAYLOADS[1])


def test_a_line_without_end_takes_no_memory_and_no_time():
    data = TEXT + b"x" * (8 << 20) + b"\n" + TEXT
    tracemalloc.start()
    found, _ = read(data)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) > 2 * len(PAYLOADS)
    assert most < len(data) + (4 << 20)


def test_a_long_line_is_cut_and_the_next_one_whole():
    payload = b"sys_enter: NR 39 (" + b"1, " * LONGEST + b")"
    found, _ = read(LINE % payload + LINE % PAYLOADS[1])
    assert [r["a"] for r in found if r["a"] == 39] == [39, 39]


@pytest.mark.parametrize(
    "page",
    [
        b'<html>\n<script class="trace-data" type="application/text">\n%s</script>\n%s</html>',
        b'<!DOCTYPE html>\nvar linuxPerfData = "\\\n%s";\n</script>\n%s',
    ],
)
def test_of_a_page_only_its_trace_is_read(page):
    text = TEXT.replace(b"\n", b"\\n\\\n") if b"linux" in page else TEXT
    assert len(read(page % (text, TEXT))[0]) == len(read(TEXT)[0])


def test_where_the_input_is_cut_into_batches_does_not_matter():
    assert [read(TEXT * 3, rows=n)[0] for n in (1, 2, 5)] == [read(TEXT * 3)[0]] * 3


def test_escapes_stay_text():
    found, reader = read(LINE.replace(b"a b-9", b"\x1b[31mred\x07") % PAYLOADS[1])
    assert reader.texts == ["\x1b[31mred\x07"]
    assert len(found) == 3


MEGABYTE = 1 << 20
SLOW = {
    "no line end": b"x" * MEGABYTE,
    "spaces": b" " * MEGABYTE,
    "lines of spaces": (b" " * 4095 + b"\n") * 256,
    "dashes": b"-" * MEGABYTE,
    "lines of dashes": (b"-" * 4095 + b"\n") * 256,
    "threads without CPUs": b"x-1 [000] " * 100_000,
    "threads": b"-1 " * 350_000,
    "digits": b"-" + b"1" * MEGABYTE,
    "colons": (b"CPU: " * 800 + b"\n") * 256,
    "files": (b"a: " * 1300 + b"\n") * 256,
    "ps": b"USER PID \n" * 100_000,
    "ps of many": b"USER PID NAME\n" + b"".join(b"x %d y\n" % i for i in range(100_000)),
    "scripts": b"<html>" + b"<script " * 130_000,
    "pages": b"<html>" + b"<script class=trace-data>\n" * 40_000,
    "pages that end": b"<html>" + b"<script class=trace-data>\na-1\n</script>\n" * 25_000,
    "names": b"".join(b"a-1 [000] 1.0: e%d: x\n" % i for i in range(40_000)),
    "sched_switch": LINE % (b"sched_switch: " + b"prev_pid=1 prev_prio=1 prev_state=R next_comm=x " * 20_000),
    "sched_switch of trace-cmd": LINE % (b"sched_switch: " + b":1 [1] R ==> " * 80_000),
    "lines of sched_switch": LINE % (b"sched_switch: " + b":1 [1] R ==> " * 300) * 100,
    "sched_waking": LINE % (b"sched_waking: " + b":1 [1] " * 150_000),
    "lines of sched_waking": LINE % (b"sched_waking: " + b"pid=1 " * 600) * 200,
    "sys_exit_close": LINE % (b"sys_exit_close: " + b"= 1 " * 250_000),
}


@pytest.mark.parametrize("part", SLOW.values(), ids=SLOW)
def test_lines_made_to_be_slow_are_not(part):
    start = time.process_time()
    survives(part + b"\n" + LINE % PAYLOADS[1] + part)
    assert time.process_time() - start < 4


def test_a_megabyte_in_which_no_line_ends_is_one_line(tmp_path):
    (tmp_path / "x").write_bytes(TEXT + b" " * MEGABYTE)
    with Source(tmp_path / "x") as source:
        assert find(source).name == "ftracetext"
        found, reader = read(source.file.read())
    assert len(found) > len(PAYLOADS)
    assert reader.skipped["line without an event"] == 1
