"""Tracepoints by name, and what a recording lacks."""

from __future__ import annotations

import pytest

from gstrace.events.recorders import record_line
from gstrace.events.tables import TABLES, VECTORS, Kind
from gstrace.events.tracepoints import TRACEPOINTS, WANTED, find, not_recorded
from gstrace.importers.registry import FORMATS


@pytest.mark.parametrize(
    ("name", "kind", "fields"),
    [
        ("sched:sched_switch", Kind.SWITCH, {"tid": "prev_pid", "a": "next_pid", "b": "prev_state"}),
        ("irq_vectors:local_timer_entry", Kind.IRQ, {"a": f"={VECTORS.index('local_timer')}", "b": "=0"}),
        ("irq_vectors:some_new_vector_exit", Kind.IRQ, {"a": f"={VECTORS.index('other')}", "b": "=1"}),
        ("syscalls:sys_exit_futex", Kind.SYS_EXIT, {"a": "__syscall_nr", "b": "ret"}),
    ],
)
def test_a_name_finds_its_row(name: str, kind: Kind, fields: dict[str, str]) -> None:
    found = find(name)
    assert found is not None
    assert (found.kind, found.fields) == (kind, fields)


@pytest.mark.parametrize("name", ["irq_vectors:vector_alloc", "sched:sched_stat_runtime", "block:block_rq_issue", ""])
def test_other_events_have_none(name: str) -> None:
    assert find(name) is None


def test_a_row_fills_columns_that_its_table_has() -> None:
    for tracepoint in TRACEPOINTS:
        sources = {column.source for column in TABLES[tracepoint.kind].columns}
        # d, and the arguments of calls, are for the importers alone (`importers/weave.py`).
        told = {target.partition(".")[0] for target in tracepoint.fields}
        assert told <= sources | {"b", "c", "d"}, tracepoint.perf


def test_what_is_wanted_can_be_read() -> None:
    for wanted in WANTED:
        for name in wanted.tracepoints:
            assert name.startswith("record:") or find(name) is not None, name


def test_what_was_not_recorded_is_named() -> None:
    everything = {name for wanted in WANTED for name in wanted.tracepoints}
    assert not_recorded(everything) == []
    lacking = not_recorded(everything - {"task:task_newtask", "nmi:nmi_handler"})
    assert [wanted.name for wanted in lacking] == ["NMIs"]
    assert [w.name for w in not_recorded([]) if w.needed] == [
        "system calls entered",
        "system calls left",
        "context switches",
    ]


def test_calls_recorded_by_name_are_a_part_of_all_calls() -> None:
    names = {f"syscalls:sys_{side}_{call}" for side in ("enter", "exit") for call in "abcdefgh"}
    entered, left, *_ = not_recorded(names | {"sched:sched_switch"})
    assert entered.name == "system calls entered other than a, b, c, d, e, f and 2 more"
    assert "lower bound" in entered.missing
    assert not entered.needed
    assert left.name.startswith("system calls left other than a, b")
    assert not_recorded(names | {"raw_syscalls:sys_enter", "raw_syscalls:sys_exit"})[0].name == "context switches"


def test_every_formats_recorder_has_its_line() -> None:
    for known in FORMATS:
        assert "raw_syscalls" in record_line(known.title)
        assert record_line(known.title).startswith("gstrace record -a -o perf.data -- CMD; or: ")
    assert record_line("trace.dat", ["a:b", "c:d"]).endswith("; or: trace-cmd record -e a:b -e c:d …")
    assert record_line("ftrace text", ["a:b"]).endswith("; or: echo a:b … > /sys/kernel/tracing/set_event")
    assert record_line("Perfetto", ["a:b"]).endswith('; or: ftrace_config { ftrace_events: "a/b" … }')
