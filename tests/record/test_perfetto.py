"""Perfetto as recorder: what it is asked, how it is started and ended, and what a user is told where it is not there.

A program that stands in for it reads the configuration with Perfetto's own message classes.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

import pytest
from google.protobuf import text_format
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import TraceConfig

from gstrace.errors import RecordError
from gstrace.record import perfetto, recorder
from gstrace.record.perfetto import Perfetto, trace_config
from gstrace.record.tracefs import Tracefs
from gstrace.record.wanted import Wanted

EVENTS = ("raw_syscalls:sys_enter", "sched:sched_switch", "irq_vectors:local_timer_entry")

STAND_IN = f"""#!{sys.executable}
import json, os, signal, sys, time
from google.protobuf import text_format
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import TraceConfig

here, behave = os.path.dirname(os.path.abspath(sys.argv[0])), os.environ.get("STAND_IN", "")
config = text_format.Parse(sys.stdin.read(), TraceConfig())
with open(f"{{here}}/asked.json", "w") as file:
    json.dump([sys.argv[1:], text_format.MessageToString(config)], file)
if behave == "no daemons":
    sys.exit("[0.1] perfetto_cmd.cc:9 Failed to connect\\n[0.2] is traced running?")
output = sys.argv[sys.argv.index("-o") + 1]
read, write = os.pipe()
pid = os.fork()
if pid == 0:
    os.setsid()
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
    os.write(write, b"x")
    if behave == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while not ended:
        time.sleep(0.01)
    if behave != "empty":
        time.sleep(0.1)
        with open(output, "wb") as file:
            file.write(b"whole")
    os._exit(0)
os.read(read, 1)
if behave == "slow":
    time.sleep(2)
print(pid, flush=True)
sys.exit(1 if behave == "no answer" else 0)
"""


def told(**values):
    return Wanted(**{"events": EVENTS, "chains": frozenset(), "everything": True, "buffer": 8 << 20, **values})


def parsed(**values):
    return text_format.Parse(trace_config(told(**values)), TraceConfig())


def source(config, name):
    return next(s.config for s in config.data_sources if s.config.name == name)


# ---- what it is asked ------------------------------------------------------------------------------------------------


def test_exactly_the_events_are_asked_for_and_markers():
    ftrace = source(parsed(), "linux.ftrace").ftrace_config
    assert list(ftrace.ftrace_events) == [
        "raw_syscalls/sys_enter", "sched/sched_switch", "irq_vectors/local_timer_entry", "ftrace/print",
    ]  # fmt: skip
    assert ftrace.compact_sched.enabled
    assert ftrace.buffer_size_kb == 8 << 10
    assert not ftrace.tids_to_trace


def test_the_file_is_written_meanwhile_from_buffers_that_hold_more_than_the_kernels():
    config = parsed(buffer=64 << 20)
    assert config.write_into_file
    assert config.buffers[0].size_kb >= 64 * 1024 * os.cpu_count()
    assert not config.duration_ms


def test_threads_that_are_there_already_come_out_of_a_buffer_of_their_own():
    config = parsed()
    processes, ftrace = source(config, "linux.process_stats"), source(config, "linux.ftrace")
    assert processes.process_stats_config.scan_all_processes_on_start
    assert processes.process_stats_config.record_thread_names
    assert processes.target_buffer != ftrace.target_buffer


def test_without_everything_only_the_target_and_its_children_are_asked_for():
    ftrace = source(parsed(everything=False, target=4711), "linux.ftrace").ftrace_config
    assert list(ftrace.tids_to_trace) == [4711]
    assert [option.name for option in ftrace.tracefs_options] == ["event-fork"]


def test_a_system_wide_recording_needs_no_field_younger_than_its_oldest_perfetto():
    assert "tids_to_trace" not in trace_config(told())
    assert "tracefs_options" not in trace_config(told())


# ---- how it is run ---------------------------------------------------------------------------------------------------


@pytest.fixture
def there(tmp_path, monkeypatch):
    """A folder on PATH, alone, with the stand-in as the given program."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def install(name, behave=""):
        monkeypatch.setenv("STAND_IN", behave)
        (folder / name).write_text(STAND_IN)
        (folder / name).chmod(0o755)
        return folder

    return install


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("name", ["perfetto", "tracebox"])
def test_a_recording_from_beginning_to_end(there, tmp_path, name):
    folder, output = there(name), tmp_path / "trace.pftrace"
    run = Perfetto(output, told())
    run.prepare()
    assert run.processes == ()
    run.begin()
    (pid,) = run.processes
    assert alive(pid)
    run.stop()
    assert not alive(pid)
    run.end()
    assert output.read_bytes() == b"whole"
    assert run.tally() == (None, None)
    arguments, config = json.loads((folder / "asked.json").read_text())
    assert arguments == ["--txt", "-c", "-", "-o", str(output), "--background-wait"]
    assert text_format.Parse(config, TraceConfig()) == parsed()


def test_where_it_is_not_installed_the_way_out_is_told(there):
    with pytest.raises(RecordError, match=r"neither perfetto nor tracebox(.|\n)*--with tracefs"):
        Perfetto(Path("x"), told()).prepare()


@pytest.mark.slow
def test_where_its_daemons_are_not_there_it_is_told_how_to_start_them(there, tmp_path):
    there("perfetto", "no daemons")
    run = Perfetto(tmp_path / "trace", told())
    run.prepare()
    with pytest.raises(RecordError, match=r"Failed to connect / .*is traced running(.|\n)*systemctl start traced"):
        run.begin()
    run.abandon()


@pytest.mark.slow
def test_one_that_says_it_failed_is_ended_all_the_same(there, tmp_path):
    there("perfetto", "no answer")
    run = Perfetto(tmp_path / "trace", told())
    run.prepare()
    with pytest.raises(RecordError, match="does not begin"):
        run.begin()
    (pid,) = run.processes
    run.abandon()
    assert not alive(pid)


@pytest.mark.slow
def test_one_that_does_not_listen_is_killed(there, tmp_path, monkeypatch):
    there("perfetto", "deaf")
    monkeypatch.setattr(perfetto, "_NOT_ENDED", 0.2)
    monkeypatch.setattr(perfetto, "_GIVEN_UP", 0.5)
    run = Perfetto(tmp_path / "trace", told())
    run.prepare()
    run.begin()
    (pid,) = run.processes
    with pytest.raises(RecordError, match="does not end"):
        run.stop()
    run.abandon()
    assert not alive(pid)
    run.abandon()


@pytest.mark.slow
def test_one_that_wrote_nothing_is_no_recording(there, tmp_path):
    there("perfetto", "empty")
    run = Perfetto(tmp_path / "trace", told())
    run.prepare()
    run.begin()
    run.stop()
    with pytest.raises(RecordError, match="wrote nothing"):
        run.end()


@pytest.mark.slow
def test_an_interrupt_while_it_starts_leaves_no_daemon(there, tmp_path):
    there("perfetto", "slow")
    run = Perfetto(tmp_path / "trace", told())
    run.prepare()
    threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        run.begin()
    (pid,) = run.processes
    run.abandon()
    assert not alive(pid)


# ---- which recorder --------------------------------------------------------------------------------------------------


def test_without_perf_the_kernels_own_buffers_are_taken(there):
    assert recorder.named("") is Tracefs
    there("perf")
    assert recorder.named("") is not Tracefs
    assert recorder.named("perfetto") is Perfetto
