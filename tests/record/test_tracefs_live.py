"""The recorder that needs only the kernel, on this machine: what its file holds, and what tracefs is like after."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter

import polars as pl
import pytest
from importers.tracedat.helping import ROW, TS, events, rows
from record.test_live import COMMAND, WINDOWS, counted, holds_the_workload

from gstrace import api
from gstrace.events.losses import LOSS_CODE
from gstrace.events.tables import Kind, Origin, Phase, Task
from gstrace.record import wanted
from gstrace.record.drain import Drain
from gstrace.record.tracefs import Tracefs
from gstrace.record.wanted import Wanted

NAME = f"gstrace-{os.getpid()}"
A, B, C, TID, TEXT = map(ROW.index, ("a", "b", "c", "tid", "text"))
REAL = next((place for place in wanted.TRACEFS if os.access(place / "instances", os.W_OK)), None)
live = pytest.mark.skipif(REAL is None, reason="tracefs cannot be written here")
TOP = ("tracing_on", "trace_clock", "buffer_size_kb", "set_event", "set_event_pid", "trace_options", "current_tracer")
CALLS = 400
"""Calls of getpriority that the workload makes, and half as many round trips through pipes."""

WORKLOAD = f"""
import ctypes, os
libc = ctypes.CDLL(None)
there, back = os.pipe(), os.pipe()
if os.fork() == 0:
    for _ in range({CALLS // 2}):
        os.read(there[0], 1), os.write(back[1], b"x")
    os._exit(0)
libc.syscall(140, 0x6773, 1, 0)
for _ in range({CALLS}):
    libc.syscall(140, 0, 0)
for _ in range({CALLS // 2}):
    os.write(there[1], b"x"), os.read(back[0], 1)
libc.syscall(140, 0x6773, 1, 1)
os.wait()
"""


def top():
    """The top level, and the instances that are ours."""
    told = {name: (REAL / name).read_text() for name in TOP}
    return told | {"instances": sorted(p.name for p in (REAL / "instances").iterdir() if p.name == NAME)}


def asked(**values):
    names = wanted.events(REAL)
    return Wanted(**{"events": names, "chains": frozenset(), "everything": True, "buffer": 4 << 20, **values})


def run_live(output, everything=True, buffer=4 << 20, chains=frozenset(), work=WORKLOAD):
    """Record the workload from its exec on. → (recorder, its pid)."""
    gate, go = os.pipe()
    child = subprocess.Popen(
        ["sh", "-c", 'read x; exec "$@"', "sh", sys.executable, "-c", work], stdin=gate, close_fds=True
    )
    recorder = Tracefs(output, asked(everything=everything, target=child.pid, buffer=buffer, chains=chains))
    try:
        recorder.prepare()
        recorder.begin()
        os.write(go, b"\n")
        child.wait()
        recorder.stop()
        recorder.end()
    finally:
        recorder.abandon()
        os.close(go)
        os.close(gate)
        child.kill()
        child.wait()
    return recorder, child.pid


@live
@pytest.mark.slow
def test_a_known_workload_is_recorded_call_by_call(tmp_path):
    before = top()
    recorder, pid = run_live(tmp_path / "trace.dat")
    found, reader = rows((tmp_path / "trace.dat").read_bytes())
    calls = Counter((row[A], row[B] == 0x6773) for row in found if row[0] == Kind.SYS_ENTER and row[TID] == pid)
    assert calls[140, False] == CALLS
    assert calls[140, True] == 2
    assert not [row for row in found if row[0] == Kind.LOSS]
    assert recorder.tally() == (len(events(found)) + reader.skipped.total(), 0)
    assert reader.capture.text("clock") == "mono"
    assert reader.capture.text("kernel_release") == os.uname().release
    assert top() == before
    assert [path.name for path in tmp_path.iterdir()] == ["trace.dat"]


@live
@pytest.mark.slow
def test_only_the_target_and_its_children_are_in_a_recording_of_them(tmp_path):
    _, pid = run_live(tmp_path / "trace.dat", everything=False)
    found, _ = rows((tmp_path / "trace.dat").read_bytes())
    children = {row[B] for row in found if row[0] == Kind.TASK and row[TS] and row[A] == Task.FORK}
    assert len(children) == 1
    who = {row[TID] for row in found if row[0] == Kind.SYS_ENTER}
    assert who == {pid} | children


@live
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("trace-cmd") is None, reason="trace-cmd is not installed")
def test_trace_cmd_reports_as_many_events(tmp_path):
    run_live(tmp_path / "trace.dat")
    told = subprocess.run(
        ["trace-cmd", "report", "-N", tmp_path / "trace.dat"], check=True, capture_output=True, text=True
    ).stdout
    theirs = Counter(re.findall(r"^.*?-\d+ +\[\d+\].*?\d+\.\d+: +(\w+):", told, re.MULTILINE))
    found, _ = rows((tmp_path / "trace.dat").read_bytes())
    kinds = Counter(row[0] for row in events(found))
    assert theirs["sys_enter"] == kinds[Kind.SYS_ENTER]
    assert theirs["sched_switch"] == kinds[Kind.SWITCH]
    assert theirs.total() == kinds.total()


@live
@pytest.mark.slow
def test_what_did_not_fit_is_told_as_lost(tmp_path, monkeypatch):
    move = Drain._move
    monkeypatch.setattr(Drain, "_move", lambda self: time.sleep(0.01) or move(self))
    recorder, _ = run_live(tmp_path / "trace.dat", buffer=4096, work=WORKLOAD.replace(f"({CALLS})", "(50000)"))
    found, _ = rows((tmp_path / "trace.dat").read_bytes())
    lost = [row for row in found if row[0] == Kind.LOSS]
    assert lost
    assert {row[A] for row in lost} <= {LOSS_CODE["lost"], LOSS_CODE["lost_samples"]}
    # A page that is full has no room for the number.
    told = [row[B] for row in lost]
    _, count = recorder.tally()
    assert sum(n for n in told if n > 0) <= count
    assert min(told) < 0 or sum(told) == count


@live
@pytest.mark.slow
def test_a_marker_of_the_top_level_comes_too_where_the_kernel_can(tmp_path):
    if not (REAL / "options/copy_trace_marker").exists():
        pytest.skip("this kernel copies no markers into instances")
    work = f"import os; os.write(os.open('{REAL}/trace_marker', os.O_WRONLY), b'gstrace:begin mine')"
    # The write fails where the top level is off; the copy comes all the same.
    run_live(tmp_path / "trace.dat", work=f"try:\n    {work}\nexcept OSError: pass")
    found, _ = rows((tmp_path / "trace.dat").read_bytes())
    assert [row[TEXT] for row in found if row[0] == Kind.MARKER] == ["gstrace:begin mine\n"]


INTERRUPTED = """
import sys, time
from pathlib import Path
from gstrace.record import wanted
from gstrace.record.tracefs import Tracefs
place = wanted.tracefs()
recorder = Tracefs(Path(sys.argv[1]), wanted.Wanted(wanted.events(place), frozenset(), True, 1 << 20))
try:
    recorder.prepare()
    recorder.begin()
    print("begun", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    recorder.abandon()
"""


@live
@pytest.mark.slow
@pytest.mark.parametrize("patience", [0, 0.001, 0.01, 0.03, None], ids=str)
def test_control_c_leaves_the_kernel_as_it_was(tmp_path, patience):
    before = top()
    with subprocess.Popen([sys.executable, "-c", INTERRUPTED, tmp_path / "trace.dat"], stdout=subprocess.PIPE) as child:
        mine = REAL / "instances" / f"gstrace-{child.pid}"
        if patience is None:
            assert child.stdout.readline() == b"begun\n"
        else:
            while not mine.exists() and child.poll() is None:
                time.sleep(0.0005)
            time.sleep(patience)
        child.send_signal(signal.SIGINT)
        child.wait(timeout=30)
    assert not mine.exists()
    assert top() == before
    assert list(tmp_path.iterdir()) == []


# ---- the command -----------------------------------------------------------------------------------------------------

PING_PONG = WORKLOAD.replace("libc.syscall(140, 0x6773, 1, 1)", "print('done', flush=True)")


def command(output, *words, work=PING_PONG, **options):
    line = [sys.executable, "-m", "gstrace", "record", "--with", "tracefs", "-o", output, *words]
    return subprocess.Popen([*line, "--", sys.executable, "-c", work], stdout=subprocess.PIPE, **options)


@live
@pytest.mark.slow
def test_the_command_records_and_tells_what_is_next(tmp_path):
    before = top()
    with command(tmp_path / "trace.dat", "-a", stderr=subprocess.PIPE, text=True) as run:
        out, told = run.communicate(timeout=60)
    assert (run.returncode, out) == (0, "done\n")
    assert re.fullmatch(r"gstrace: \S+trace\.dat: [\d,]+ events, .* MB; next: gstrace what-if \S+\n", told)
    assert (tmp_path / "trace.dat").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trace.dat", "trace.dat.machine"]
    assert top() == before
    assert not (REAL / "instances" / f"gstrace-{run.pid}").exists()


@live
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_a_signal_ends_the_recording_and_keeps_it(tmp_path, number):
    before = top()
    with command(tmp_path / "trace.dat", "-a", "-q", work=PING_PONG + "\nimport time; time.sleep(60)") as run:
        assert run.stdout.readline() == b"done\n"
        assert (REAL / "instances" / f"gstrace-{run.pid}").exists()
        run.send_signal(number)
        run.wait(timeout=60)
    assert run.returncode == 128 + number
    found, _ = rows((tmp_path / "trace.dat").read_bytes())
    assert sum(row[0] == Kind.SYS_ENTER and row[A] == 140 and row[B] == 0 for row in found) >= CALLS
    assert top() == before
    assert not (REAL / "instances" / f"gstrace-{run.pid}").exists()


@live
@pytest.mark.slow
def test_what_a_killed_command_leaves_is_found_again_and_removed(tmp_path):
    with command(tmp_path / "trace.dat", "-a", "-q", work=PING_PONG + "\nimport time; time.sleep(60)") as run:
        assert run.stdout.readline() == b"done\n"
        run.kill()
        run.wait()
        mine = REAL / "instances" / f"gstrace-{run.pid}"
        assert mine.exists()
        assert list(tmp_path.glob("trace.dat*.cpu0"))
        run_live(tmp_path / "next.dat")
        assert not mine.exists()


@live
@pytest.mark.slow
def test_no_interrupt_inside_a_system_call_is_from_user_mode(tmp_path):
    work = (
        "import os, time\nend = time.time() + 1\nwhile time.time() < end:\n    sum(range(500)), os.read(zero, 1 << 22)"
    )
    opened = "import os; zero = os.open('/dev/zero', os.O_RDONLY)\n"
    run_live(tmp_path / "trace.dat", chains=wanted.chains(wanted.events(REAL)), work=opened + work)
    found, _ = rows((tmp_path / "trace.dat").read_bytes())
    inside, origins = set(), Counter()
    for row in sorted(events(found), key=lambda row: row[TS]):
        if row[0] == Kind.SYS_ENTER:
            inside.add(row[TID])
        elif row[0] == Kind.SYS_EXIT:
            inside.discard(row[TID])
        elif row[0] == Kind.IRQ and row[B] == Phase.ENTRY:
            origins[row[TID] in inside, Origin(row[C])] += 1
    assert not origins[True, Origin.USER]
    assert origins[True, Origin.KERNEL] > 10
    assert origins[False, Origin.USER] > 10


# ---- all the way to an answer ----------------------------------------------------------------------------------------


def recorded(tmp_path, monkeypatch, **options):
    monkeypatch.chdir(tmp_path)
    done = api.record("trace.dat", COMMAND, using="tracefs", **options)
    assert done.status == 0
    return done, api.ingest("trace.dat", force=True)


@live
@pytest.mark.slow
def test_a_whole_recording_holds_the_workload(tmp_path, monkeypatch):
    done, trace = recorded(tmp_path, monkeypatch)
    assert (done.lost, trace.losses) == (0, 0)
    assert holds_the_workload(trace)


@live
@pytest.mark.slow
def test_a_lossy_recording_holds_what_a_whole_one_counts(tmp_path, monkeypatch):
    for _ in range(10):
        done, trace = recorded(tmp_path, monkeypatch, buffer=4096)
        # Sometimes nothing is lost, and sometimes a mark is.
        if done.lost and trace.tables.marker.collect().height == 2 * WINDOWS:
            break
    assert done.lost
    assert trace.losses
    assert holds_the_workload(trace)


@live
@pytest.mark.slow
def test_the_kernels_own_counts_enclose_the_recording_and_little_else(tmp_path, monkeypatch):
    _, trace = recorded(tmp_path, monkeypatch, everything=True)
    machine = tmp_path / "trace.dat.machine"
    switches = counted(machine, "stat", "ctxt")
    rows, inferred = trace.gst.manifest["rows"]["switch"], trace.gst.manifest["inferred_switches"]
    assert rows <= switches
    assert rows + inferred >= 0.95 * switches
    # Of the CPU that works: some kernels trace nothing while another one idles.
    cpu = min(os.sched_getaffinity(0))
    ours = pl.col("kind") == "local_timer", pl.col("phase") == "entry", pl.col("cpu") == cpu
    entries, ticks = (
        trace.tables.irq.filter(*ours).collect().height,
        counted(machine, "interrupts", "LOC:", f"CPU{cpu}"),
    )
    assert 0.8 * ticks <= entries <= ticks
