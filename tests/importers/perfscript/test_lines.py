"""Each form of a line, and what it becomes."""

from __future__ import annotations

import pytest
from importers.perfscript.helping import line, read
from importers.perfscript.seeds import BEFORE, CHAIN, HEADER, PREFIX, SEEDS

from gstrace.errors import NothingToPrice, UnreadableInput
from gstrace.events.losses import LOSS_CODE
from gstrace.events.tables import NULL, Kind, Origin, Phase, Task
from gstrace.importers import ftracetext, perfscript

ENTER = line("NR 158 (1002, 7f00, 3, 4, 5, 6)")
UNTOLD = LOSS_CODE["losses_untold"]


def events(text: str):
    return [row for row in read(text.encode())[0] if row["kind"] != Kind.LOSS]


def losses(text: str):
    return {row["a"]: row["b"] for row in read(text.encode())[0] if row["kind"] == Kind.LOSS}


HEADS = {
    "default": "            a b     7 [001]     5.000000100: raw_syscalls:sys_enter: ",
    "a call chain's": "a b     7 [001]     5.000000100: raw_syscalls:sys_enter: ",
    "pid and tid": "            a b     6/7     [001]     5.000000100: raw_syscalls:sys_enter: ",
    "period": "            a b     7 [001]     5.000000100:          1 raw_syscalls:sys_enter: ",
    "cpu mode": "            a b     7 [001] K       5.000000100: raw_syscalls:sys_enter: ",
    "no comm": "    7 [001]     5.000000100: raw_syscalls:sys_enter: ",
    "a comm of numbers": "           1 [2]     7 [001]     5.000000100: raw_syscalls:sys_enter: ",
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_heads_of_every_choice_of_columns(head):
    text = head + "NR 158 (1002, 7f00, 3, 4, 5, 6)\n"
    assert perfscript.claims(text.encode())
    assert not ftracetext.claims(text.encode())
    row = events(text)[-1]
    assert (row["kind"], row["cpu"], row["tid"], row["ts"]) == (Kind.SYS_ENTER, 1, 7, 5_000_000_100)
    assert (row["a"], row["b"], row["c"], row["d"]) == (158, 0x1002, 0x7F00, 3)


FTRACE = {
    "with tgid": "          a b-7     (    7) [001] d..2.     5.000000: sys_enter: NR 1 (2, 3)",
    "without": "          a b-7     [001]     5.000000: sys_enter: NR 1 (2, 3)",
    "a marker that poses": "             a-1 [000] 1.000000: print: 5 [000] 1.000000: sched:sched_switch: x",
    "a comm that poses": "    x 12 [000] 1-7     [001] .....     5.000000: sys_enter: NR 1 (2, 3)",
}


@pytest.mark.parametrize("text", FTRACE.values(), ids=FTRACE)
def test_ftrace_text_is_left_to_its_own_reader(text):
    assert not perfscript.claims(text.encode())
    assert ftracetext.claims(text.encode())


@pytest.mark.parametrize("place", [
    " ffffffff81415391 __traceiter_sys_exit+0x31 ([kernel.kallsyms])",
    "     7f40451c260e init(int, char)+0xee (/lib/a (deleted))",
    " ffffffff81415c9c [unknown] ([unknown])",
])  # fmt: skip
def test_where_it_was_sampled_is_no_part_of_the_payload(place):
    (row,) = events(line("NR 59 = -2" + place, event="raw_syscalls:sys_exit"))
    assert (row["a"], row["b"]) == (59, -2)
    (row,) = events(line("comm=a pid=7 child_comm=b child_pid=9" + place, event="sched:sched_process_fork"))
    assert (row["a"], row["b"]) == (Task.FORK, 9)


def test_payloads_of_perf():
    switch = "prev_comm=x prev_pid=1 prev_pid=7 prev_prio=120 prev_state=%s ==> next_comm=y next_pid=8 next_prio=120"
    for state, bits in (("R", 0), ("R+", 0), ("S", 1), ("t", 8), ("X", 16), ("Z", 32)):
        (row,) = events(line(switch % state, event="sched:sched_switch"))
        assert (row["tid"], row["a"], row["b"]) == (7, 8, bits)
    (row,) = events(line("option: 0x00001002, arg2: 0x7f4044faf740", event="syscalls:sys_enter_arch_prctl"))
    assert (row["a"], row["b"], row["c"]) == (158, 0x1002, 0x7F4044FAF740)
    (row,) = events(line("0x0", event="syscalls:sys_exit_arch_prctl"))
    assert (row["a"], row["b"]) == (158, 0)
    (row,) = events(
        line("sig=17 errno=0 code=1 sa_handler=5626df97ddc0 sa_flags=4000000", event="signal:signal_deliver")
    )
    assert (row["a"], row["b"], row["c"]) == (17, 1, 0)


def test_the_better_of_two_tracepoints_counts():
    named = line("option: 0x00001002, arg2: 0x1", event="syscalls:sys_enter_arch_prctl")
    assert [row["lesser"] for row in events(ENTER + named)] == [0, 1]


def test_a_system_of_another_name_is_another_event():
    with pytest.raises(NothingToPrice, match="mine:sys_enter"):
        read(line("NR 1 (2)", event="mine:sys_enter").encode())


def test_a_chain_tells_where_an_interrupt_came_from():
    timer = line("vector=236", event="irq_vectors:local_timer_entry")
    user, kernel = CHAIN, CHAIN.replace("\t 8534f", "\tffffffff82000000 d ([k])\n\tffffffff82000001 e ([k])\n\t 8534f")
    leave = line("vector=236", event="irq_vectors:local_timer_exit")
    rows = events((timer + user) * 3 + (timer + kernel) * 3 + leave)
    assert [row["c"] for row in rows] == [Origin.USER] * 3 + [Origin.KERNEL] * 3 + [Origin.UNKNOWN]
    assert [row["b"] for row in rows] == [Phase.ENTRY] * 6 + [Phase.EXIT]


def test_the_header_states_facts():
    capture = read((HEADER + ENTER).encode())[1].capture
    assert [capture.get(n) for n in ("hostname", "architecture", "cpus", "cpu_family")] == ["vm", "x86_64", 2, "25"]


# ---- records --------------------------------------------------------------------------------------------------------


def test_threads_found_before_come_first():
    text = BEFORE + "PERF_RECORD_FORK(2:2):(0:0)\n" + BEFORE + "PERF_RECORD_COMM: kthreadd:2/2\n"
    text += BEFORE + "PERF_RECORD_FORK(3:3):(2:2)\n" + BEFORE + "PERF_RECORD_COMM: k/0:1 x:3/3\n"
    rows = events(text + ENTER)
    assert [(r["text"], r["ts"], r["a"], r["b"], r["c"]) for r in rows[:-1]] == [
        ("kthreadd", 0, 2 << 8, 2, 1),
        ("k/0:1 x", 0, 3 << 8, 3, 1),
    ]


@pytest.mark.parametrize(("said", "row"), [
    ("PERF_RECORD_FORK(20:21):(10:11)", (11, Task.FORK | 20 << 8, 21, None)),
    ("PERF_RECORD_EXIT(20:21):(10:11)", (21, Task.EXIT | 20 << 8, 21, None)),
    ("PERF_RECORD_COMM: a:b c:20/21", (21, Task.RENAME | 20 << 8, 21, "a:b c")),
    ("PERF_RECORD_COMM exec: sh:20/21", (21, Task.EXEC | 20 << 8, 21, "sh")),
])  # fmt: skip
def test_records_of_threads(said, row):
    (_, got) = events(ENTER + PREFIX + said + "\n")
    assert (got["tid"], got["a"], got["b"], got["text"]) == row


@pytest.mark.parametrize(("said", "row"), [
    ("PERF_RECORD_SWITCH_CPU_WIDE OUT preempt  next pid/tid: 13343/13344", (5, 13344, 0)),
    ("PERF_RECORD_SWITCH_CPU_WIDE OUT          next pid/tid:    15/15   ", (5, 15, 1)),
    ("PERF_RECORD_SWITCH OUT         ", (5, -1, 1)),
])  # fmt: skip
def test_a_switch_is_told_by_its_way_out(said, row):
    back = PREFIX + "PERF_RECORD_SWITCH_CPU_WIDE IN           prev pid/tid:     5/5\n"
    (_, got) = events(ENTER + PREFIX + said + "\n" + back)
    assert (got["tid"], got["a"], got["b"]) == row


def test_losses_are_counted_or_said_to_be_untold():
    assert losses(ENTER) == {UNTOLD: 1}
    assert losses(ENTER + PREFIX + "PERF_RECORD_LOST lost 173\n") == {LOSS_CODE["lost"]: 173}


def test_microseconds_are_named():
    assert losses(ENTER.replace("5.000000100", "5.000001"))[LOSS_CODE["coarse_time"]] == 1


def test_a_line_that_says_something_else_is_counted():
    assert losses(ENTER + line("NR x"))[LOSS_CODE["undecodable"]] == 1


@pytest.mark.parametrize("text", [ENTER.replace("[001] ", "")])
def test_a_text_without_cpus_is_refused_with_what_to_print(text):
    with pytest.raises(UnreadableInput) as caught:
        read(text.encode())
    assert "-F +cpu" in caught.value.hint


# ---- hostile --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_where_batches_end_does_not_matter(rows):
    assert read(SEEDS[0], rows=rows)[0] == read(SEEDS[0])[0]


def test_wherever_a_text_is_cut_all_lines_before_are_kept():
    whole = [row for row in read(SEEDS[0])[0] if row["kind"] != Kind.LOSS]
    start = SEEDS[0].index(b"raw_syscalls:sys_enter")
    for size in range(start + 60, len(SEEDS[0]), 11):
        cut = SEEDS[0][: SEEDS[0].rindex(b"\n", 0, size) + 1]
        found = [(r["kind"], r["ts"], r["tid"], r["a"]) for r in read(cut)[0] if r["kind"] == Kind.SYS_ENTER]
        assert found == [(r["kind"], r["ts"], r["tid"], r["a"]) for r in whole if r["kind"] == Kind.SYS_ENTER]


@pytest.mark.parametrize("number", ["99999999999", "4294967296", "2147483648"])
def test_numbers_without_room_are_counted(number):
    found = losses(ENTER + line("NR 1 (2)", tid=int(number)) + PREFIX + f"PERF_RECORD_FORK({number}:{number}):(1:1)\n")
    assert NULL not in found.values()


def test_a_line_without_end_takes_no_memory():
    rows = events(ENTER + "x" * 3_000_000 + "\n" + ENTER)
    assert len(rows) == 2


def test_of_a_last_line_without_its_end_nothing_is_taken():
    cut = ENTER + ENTER.replace("NR 158", "NR 16").rstrip("\n")[:-30]
    rows, reader = read(cut.encode())
    assert [row["a"] for row in rows if row["kind"] == Kind.SYS_ENTER] == [158]
    assert {row["a"]: row["b"] for row in rows if row["kind"] == Kind.LOSS}[LOSS_CODE["cut"]] == NULL
    assert "the last line has no end" in reader.damage
