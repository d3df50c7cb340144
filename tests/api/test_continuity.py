"""A switch that the recorder did not write but other events prove (RULES T10): counted apart, and told everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gstrace import api
from gstrace.verdict.answer import inferred_switches

if TYPE_CHECKING:
    from pathlib import Path

SWITCH = "sched_switch: prev_comm={} prev_pid={} prev_prio=120 prev_state=S ==> next_comm={} next_pid={} next_prio=120"
LINES = (
    ("a", 10, "sys_enter: NR 39 (0, 0, 0, 0, 0, 0)"),
    ("a", 10, "sys_exit: NR 39 = 10"),
    ("a", 10, SWITCH.format("a", 10, "swapper/0", 0)),
    ("b", 11, "sys_enter: NR 39 (0, 0, 0, 0, 0, 0)"),  # who brought b in was not traced
    ("b", 11, "sys_exit: NR 39 = 11"),
    ("b", 11, SWITCH.format("b", 11, "a", 10)),
)


def test_a_break_between_switches_is_a_switch_told_apart(tmp_path: Path) -> None:
    text = "".join(f" {comm}-{tid} [000] 1.{i:09}: {event}\n" for i, (comm, tid, event) in enumerate(LINES, 1))
    (tmp_path / "trace.txt").write_text(f"# tracer: nop\n{text}")
    trace = api.open(tmp_path / "trace.txt")
    assert trace.gst.manifest["inferred_switches"] == 1
    assert trace.tables.loss.collect().filter(kind="inferred_switch")["count"].to_list() == [1]
    answer = api.what_if(trace)
    assert inferred_switches(answer.counts) == 1
    told = {entry["kind"]: entry["count"] for entry in answer.to_json()["losses"]}
    assert told["inferred_switch"] == 1
    assert "3 context switches" in " ".join(str(answer).split())
    assert "1 of the switches were not recorded; other events prove them" in " ".join(str(answer).split())
