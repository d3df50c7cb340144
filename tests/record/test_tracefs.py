"""The recorder that needs only the kernel, on a tracefs of plain folders: what it sets where, what it leaves."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from importers.tracedat.helping import ROW, TS, events, rows
from record import fake

from gstrace.errors import OutputError, RecordError
from gstrace.events.losses import LOSS_CODE
from gstrace.events.tables import Kind
from gstrace.record import instance
from gstrace.record.tracefs import Tracefs
from gstrace.record.wanted import Wanted

NAME = f"gstrace-{os.getpid()}"
A, B, TID = map(ROW.index, ("a", "b", "tid"))


@pytest.fixture
def root(tmp_path, monkeypatch):
    return fake.tracefs(tmp_path / "tracefs", monkeypatch)


@pytest.fixture
def output(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "trace.dat"


def told(**values):
    return Wanted(**{"events": fake.NAMES, "chains": frozenset(), "everything": True, "buffer": 1 << 20, **values})


def record(recorder):
    recorder.prepare()
    recorder.begin()
    recorder.stop()
    recorder.end()


def orders(root, monkeypatch):
    """(file, text) in the order in which an instance is told."""
    found = []
    real = instance.Instance.set

    def note(self, name, value, hint=""):
        found.append((name, value))
        real(self, name, value, hint)

    monkeypatch.setattr(instance.Instance, "set", note)
    return found


def test_events_come_between_begin_and_stop_only(root, output, monkeypatch):
    found = orders(root, monkeypatch)
    recorder = Tracefs(output, told())
    recorder.prepare()
    assert found[0] == ("tracing_on", "0")
    prepared = len(found)
    assert ("events/raw_syscalls/sys_enter/enable", "1") in found
    recorder.begin()
    recorder.stop()
    assert found[prepared:] == [("tracing_on", "1"), ("tracing_on", "0")]
    recorder.end()


def test_an_instance_is_told_the_clock_the_buffer_and_where_markers_go(root, output, monkeypatch):
    found = orders(root, monkeypatch)
    record(Tracefs(output, told(buffer=3 << 20)))
    assert {("trace_clock", "mono"), ("buffer_size_kb", "3072"), ("options/copy_trace_marker", "1")} <= set(found)
    assert "set_event_pid" not in dict(found)


def test_without_everything_only_the_target_and_its_children_are_recorded(root, output, monkeypatch):
    found = orders(root, monkeypatch)
    record(Tracefs(output, told(everything=False, target=4711)))
    assert {("set_event_pid", "4711"), ("options/event-fork", "1")} <= set(found)
    first_event = next(i for i, (name, _) in enumerate(found) if name.endswith("/enable"))
    assert max(found.index(one) for one in (("set_event_pid", "4711"), ("options/event-fork", "1"))) < first_event


def test_a_call_chain_is_asked_of_those_events_that_want_one(root, output, monkeypatch):
    found = orders(root, monkeypatch)
    record(Tracefs(output, told(chains=frozenset({"raw_syscalls:sys_exit"}))))
    assert [order for order in found if order[0].endswith("/trigger")] == [
        ("events/raw_syscalls/sys_exit/trigger", "stacktrace")
    ]


def test_a_kernel_without_an_option_is_not_told_it(root, output, monkeypatch):
    monkeypatch.setattr(instance, "MARKERS", "options/unknown")
    monkeypatch.setattr("gstrace.record.tracefs.MARKERS", "options/unknown")
    record(Tracefs(output, told()))
    assert output.exists()


def test_the_file_holds_the_pages_and_the_counts(root, output):
    recorder = Tracefs(output, told())
    record(recorder)
    found, reader = rows(output.read_bytes())
    assert [(row[0], row[TS], row[TID]) for row in events(found)] == [(Kind.SYS_ENTER, 9, 7), (Kind.SYS_EXIT, 20, 7)]
    assert [(row[A], row[B]) for row in found if row[0] == Kind.LOSS] == [(LOSS_CODE["lost_samples"], 2)]
    assert reader.recorded == {"raw_syscalls:sys_enter", "raw_syscalls:sys_exit"}
    assert recorder.tally() == (4, 10)
    assert reader.capture.text("recorder").startswith("gstrace ")


def test_tracefs_is_left_as_it_was_and_only_the_file_stays(root, output):
    before = fake.state(root)
    record(Tracefs(output, told()))
    assert fake.state(root) == before
    assert [path.name for path in output.parent.iterdir()] == ["trace.dat"]


def steps(recorder, last):
    """A recording that is interrupted at a line, and then abandoned. → lines run."""
    with fake.interrupted(last) as lines:
        try:
            record(recorder)
        except KeyboardInterrupt:
            sys.settrace(None)
            recorder.abandon()
    return lines.run


# Where an interrupt comes between a file's opening and its block, the file is closed when it is forgotten.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.slow
def test_an_interrupt_at_any_line_leaves_nothing(root, output):
    before = fake.state(root)
    whole = steps(Tracefs(output, told(everything=False, target=1, chains=frozenset(fake.NAMES))), 0)
    output.unlink()
    assert whole > 100
    for line in range(1, whole + 1):
        steps(Tracefs(output, told(everything=False, target=1, chains=frozenset(fake.NAMES))), line)
        assert fake.state(root) == before, line
        assert {path.name for path in output.parent.iterdir()} <= {"trace.dat"}, line
        output.unlink(missing_ok=True)


def test_abandon_may_come_twice_and_before_anything(root, output):
    before = fake.state(root)
    recorder = Tracefs(output, told())
    recorder.abandon()
    recorder.prepare()
    recorder.abandon()
    recorder.abandon()
    assert fake.state(root) == before
    assert list(output.parent.iterdir()) == []


def test_what_a_killed_recorder_left_is_removed_and_others_are_not(root, output):
    child = subprocess.Popen(["true"])
    child.wait()
    for name in (f"gstrace-{child.pid}", "gstrace-1", "of-others"):
        (root / "instances" / name).mkdir()
    record(Tracefs(output, told()))
    assert sorted(path.name for path in (root / "instances").iterdir()) == ["gstrace-1", "of-others"]


def test_an_order_that_the_kernel_refuses_is_told_with_its_file(root, output, monkeypatch):
    shutil.rmtree(root / "events/raw_syscalls/sys_exit")
    recorder = Tracefs(output, told(events=("raw_syscalls:sys_exit", "sched:no_such")))
    with pytest.raises(RecordError, match=r"events/sched/no_such/enable: '1' is refused: No such file"):
        recorder.prepare()
    recorder.abandon()
    assert list((root / "instances").iterdir()) == []


def test_a_buffer_that_has_no_room_is_told_with_a_smaller_one(root, output, monkeypatch):
    real = instance.Instance.set

    def refuse(self, name, value, hint=""):
        real(self, "no/such" if name == "buffer_size_kb" else name, value, hint)

    monkeypatch.setattr(instance.Instance, "set", refuse)
    recorder = Tracefs(output, told(buffer=4 << 20))
    with pytest.raises(RecordError, match="less memory: --buffer 1024K"):
        recorder.prepare()
    recorder.abandon()


def test_who_may_not_make_an_instance_is_told_how(root, output, monkeypatch):
    def refuse(self, *_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    recorder = Tracefs(output, told())
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(RecordError, match=rf"{NAME} cannot be made: Permission denied\nhint: .*sudo gstrace record"):
        recorder.prepare()
    recorder.abandon()


def test_pages_that_cannot_be_kept_leave_no_file(root, output, monkeypatch):
    recorder = Tracefs(output, told())
    recorder.prepare()
    monkeypatch.setattr(os, "splice", lambda *_, **__: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left")))
    recorder.begin()
    recorder.stop()
    with pytest.raises(OutputError, match="No space left"):
        recorder.end()
    recorder.abandon()
    assert list(output.parent.iterdir()) == []
