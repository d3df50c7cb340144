"""What is asked for comes from the table of tracepoints and from what this kernel has."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from gstrace.errors import RecordError
from gstrace.events.tracepoints import TRACEPOINTS, WANTED
from gstrace.record import wanted


def test_everything_that_a_bill_depends_on_is_asked_for(machine: SimpleNamespace) -> None:
    assert wanted.events(machine.tracefs) == (
        "raw_syscalls:sys_enter",
        "raw_syscalls:sys_exit",
        "sched:sched_switch",
        "task:task_newtask",
        "sched:sched_process_exec",
        "exceptions:page_fault_user",
        "irq_vectors:local_timer_entry",
        "irq_vectors:local_timer_exit",
        "irq_vectors:irq_work_entry",
        "irq_vectors:irq_work_exit",
        "irq:irq_handler_entry",
        "irq:irq_handler_exit",
        "nmi:nmi_handler",
    )


def test_a_vector_that_gstrace_has_no_name_for_is_asked_for(machine: SimpleNamespace) -> None:
    event = machine.tracefs / "events/irq_vectors/perf_guest_mediated_pmi_entry"
    event.mkdir()
    (event / "enable").touch()
    assert "irq_vectors:perf_guest_mediated_pmi_entry" in wanted.events(machine.tracefs)


def test_only_what_interrupts_has_a_call_chain(machine: SimpleNamespace) -> None:
    assert wanted.chains(wanted.events(machine.tracefs)) == {
        "irq_vectors:local_timer_entry",
        "irq_vectors:irq_work_entry",
        "irq:irq_handler_entry",
        "nmi:nmi_handler",
    }


def test_a_recording_of_what_is_asked_for_lacks_nothing() -> None:
    asked = {row.perf for row in TRACEPOINTS if row.is_asked}
    assert all(any(name in asked for name in class_.tracepoints) for class_ in WANTED)


def test_without_tracefs_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wanted, "TRACEFS", (tmp_path / "nowhere", tmp_path))
    with pytest.raises(RecordError) as caught:
        wanted.tracefs()
    assert caught.value.status == 125
    assert "sudo" in caught.value.hint
    assert "remount" in caught.value.hint


def test_the_old_place_of_tracefs_is_found(machine: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wanted, "TRACEFS", (machine.folder / "nowhere", machine.tracefs))
    assert wanted.tracefs() == machine.tracefs
