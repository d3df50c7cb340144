"""With a real perf, on this machine: what is recorded is what happened, and nothing is left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from record.workload import CALLS, SWITCHES

import gstrace
from gstrace import api, shelf
from gstrace.errors import GstraceError
from gstrace.record import counters, wanted

WORKLOAD = Path(__file__).with_name("workload.py")
ROUNDS, WINDOWS = 3000, 3
GSTRACE = [sys.executable, "-m", "gstrace", "record"]


def why_not() -> str:
    """Why perf cannot record here; empty where it can."""
    if shutil.which("perf") is None:
        return "no perf is installed"
    try:
        wanted.tracefs()
        line = ["perf", "record", "-q", "-a", "-e", "sched:sched_switch", "-o", os.devnull, "--", "true"]
        done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)
    except GstraceError as error:
        return error.what
    return f"perf may not record: {' '.join(done.stderr.split())}" if done.returncode else ""


REASON = why_not()
pytestmark = [pytest.mark.skipif(bool(REASON), reason=REASON), pytest.mark.slow]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place, cache = tmp_path / "here", tmp_path / "cache"
    for made in (place, cache):
        made.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setattr(shelf, "_folder", lambda: cache)
    return place


@pytest.fixture(autouse=True)
def tracing_state() -> Iterator[None]:
    """The kernel's own tracing is afterwards as it was."""
    before = state()
    yield
    assert state() == before


def state() -> dict[str, str]:
    place = wanted.tracefs()
    names = ("tracing_on", "current_tracer", "set_event", "trace_clock", "buffer_size_kb", "events/enable")
    return {name: (place / name).read_text() for name in names}


COMMAND = [sys.executable, str(WORKLOAD), str(ROUNDS), str(WINDOWS)]


def workload(output: str, *, everything: bool = True) -> gstrace.Trace:
    assert api.record(output, COMMAND, everything=everything).status == 0
    return api.ingest(output)


def swapgs(trace: gstrace.Trace, window: int) -> tuple[int, int | None]:
    """How often the GS ledger's SWAPGS was executed in a window, from, to; None: nobody knows."""
    answer = gstrace.what_if(trace, ["swapgs"], baseline="swapgs", uarch="generic", window=str(window)).to_json()
    (scheme,) = [s for s in answer["schemes"] if s["id"] == "swapgs"]
    bill = scheme["bill"]["gs"]["swapgs"]
    return bill["low"], bill["high"]


def counted(folder: Path, name: str, row: str, cpu: str = "") -> int:
    """The kernel's own count between the snapshots: a row of /proc/NAME, all its numbers or those of one CPU."""
    sums = []
    for when in ("before", "after"):
        head, *lines = [line.split() for line in (folder / f"{name}.{when}").read_text().splitlines()]
        words = next(words for words in [head, *lines] if words[0] == row)[1:]
        sums.append(sum(map(int, filter(str.isdecimal, words if not cpu else [words[head.index(cpu)]]))))
    return sums[1] - sums[0]


def interruptions(trace: gstrace.Trace, window: int) -> int:
    """Recorded interrupts, NMIs and faults in a window: no run has as many as another."""
    (begin, end) = trace.tables.marker.filter(pl.col("window") == window).sort("ts").collect()["ts"].to_list()
    inside = pl.col("ts").is_between(begin, end)
    entries = trace.tables.irq.filter(inside, pl.col("phase") != "exit").collect().height
    return entries + sum(table.filter(inside).collect().height for table in (trace.tables.nmi, trace.tables.exception))


def holds_the_workload(trace: gstrace.Trace) -> bool:
    """Whether each window's interval holds what the workload's calls cost for certain: two SWAPGS each.

    Beside them a window has its first mark and a sleep, and the calls that reach over its ends.
    """
    certain, few = 2 * CALLS * ROUNDS, 8
    for window in range(1, WINDOWS + 1):
        low, high = swapgs(trace, window)
        if not low - 2 * interruptions(trace, window) - few <= certain <= (certain if high is None else high):
            return False
    return True


def test_everything_of_a_workload_is_recorded(folder: Path) -> None:
    trace = workload("perf.data", everything=False)
    assert trace.losses == 0
    assert holds_the_workload(trace)
    assert all(swapgs(trace, window)[0] >= 2 * CALLS * ROUNDS for window in range(1, WINDOWS + 1))
    assert trace.gst.manifest["rows"]["switch"] >= SWITCHES * ROUNDS * WINDOWS


def test_a_lossy_recording_holds_what_a_whole_one_counts(folder: Path) -> None:
    done = api.record("lossy.data", COMMAND, buffer=8192)
    trace = api.ingest("lossy.data")
    assert done.lost
    assert trace.losses > 0
    assert holds_the_workload(trace)
    # The lost ones are missed: somewhere the interval is wide.
    assert any(low != high for low, high in (swapgs(trace, window) for window in range(1, WINDOWS + 1)))


def test_the_snapshots_enclose_the_recording_and_little_else(folder: Path) -> None:
    trace = workload("perf.data")
    machine = folder / "perf.data.machine"
    rows, tables = trace.gst.manifest["rows"], trace.tables
    switches = counted(machine, "stat", "ctxt")
    # perf's first event flows before its last one does: a few switches are always outside.
    assert rows["switch"] <= switches
    assert rows["switch"] + trace.gst.manifest["inferred_switches"] >= 0.95 * switches
    # Of the CPU that works: some kernels trace nothing while another one idles.
    cpu = min(os.sched_getaffinity(0))
    ours = pl.col("kind") == "local_timer", pl.col("phase") == "entry", pl.col("cpu") == cpu
    timers, ticks = tables.irq.filter(*ours).collect().height, counted(machine, "interrupts", "LOC:", f"CPU{cpu}")
    assert 0.8 * ticks <= timers <= ticks
    clocks = [int((machine / f"clock.{when}").read_text().split()[1]) for when in ("before", "after")]
    times = tables.switch.select(first=pl.col("ts").min(), last=pl.col("ts").max()).collect().row(0)
    assert clocks[0] < times[0] < times[1] < clocks[1]


def test_without_everything_only_the_command_and_its_children_are_recorded(folder: Path) -> None:
    trace = workload("perf.data", everything=False)
    threads = trace.tables.sys_enter.select("tid").unique().collect()
    assert threads.height <= 3  # the parent, the child, and what held the parent


def test_a_recording_goes_all_the_way_to_a_verdict(folder: Path) -> None:
    done = subprocess.run(
        [*GSTRACE, "-a", "-o", "perf.data", "--", "true"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    next_ = done.stderr.strip().partition("next: ")[2]
    answer = gstrace.what_if(next_.split()[-1], ["fsgsbase"]).to_json()
    assert answer["not_recorded"] == []
    facts = {name: fact.source for name, fact in gstrace.open("perf.data").capture}
    assert facts["hwcap2"] == "perf.data.machine/hwcap2"


def test_ctrl_c_keeps_what_was_recorded(folder: Path) -> None:
    process = subprocess.Popen(
        [*GSTRACE, "-a", "-q", "-o", "perf.data", "--", "sh", "-c", "touch ready; exec sleep 60"]
    )
    while not Path("ready").exists():
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert sorted(path.name for path in folder.iterdir()) == ["perf.data", "perf.data.machine", "ready"]
    assert api.ingest("perf.data").gst.manifest["damage"] is None


def test_a_killed_perf_leaves_a_recording_that_can_be_read(folder: Path) -> None:
    process = subprocess.Popen(
        [*GSTRACE, "-a", "-o", "perf.data", "--", sys.executable, str(WORKLOAD), "100000", "1"],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    recorders = folder / "perf.data.part.machine/recorder"
    while not (recorders.exists() and (folder / "perf.data.part").stat().st_size > 1 << 20):
        time.sleep(0.02)
    perf = next(line.split()[0] for line in recorders.read_text().splitlines() if line.endswith(" perf"))
    os.kill(int(perf), signal.SIGKILL)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 125
    assert "kept: what it wrote, in perf.data.part\n" in said
    trace = api.ingest("perf.data.part", "killed.gst")
    assert trace.gst.manifest["rows"]["sys_enter"] > 1000
    assert gstrace.what_if(trace, ["fsgsbase"]).to_json()["schemes"]


def test_a_killed_gstrace_leaves_a_recording_that_can_be_read(folder: Path) -> None:
    process = subprocess.Popen([*GSTRACE, "-a", "-q", "-o", "perf.data", "--", "sh", "-c", "touch ready; sleep 1"])
    while not Path("ready").exists():
        time.sleep(0.02)
    perf = int((folder / "perf.data.part.machine/recorder").read_text().splitlines()[1].split()[0])
    process.kill()
    process.wait()
    until = time.monotonic() + 60
    while Path(f"/proc/{perf}").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    assert api.ingest("perf.data.part", "killed.gst").gst.manifest["damage"] is None


@pytest.mark.parametrize(("script", "status"), [("exit 9", 9), ("kill -KILL $$", 137)])
def test_a_failing_command_is_recorded_and_its_status_is_gstraces(folder: Path, script: str, status: int) -> None:
    done = api.record("perf.data", ["sh", "-c", script], everything=True)
    assert done.status == status
    assert done.events
    assert api.ingest("perf.data").losses == 0


def test_the_tally_is_what_gstrace_reads(folder: Path) -> None:
    done = api.record("perf.data", [sys.executable, str(WORKLOAD), "2000", "1"], everything=True)
    manifest = api.ingest("perf.data").gst.manifest
    assert done.events is not None
    # Markers and arch_prctl rows are made of two or none of the events; irq rows and all others of one.
    told = sum(n for table, n in manifest["rows"].items() if table not in ("marker", "loss", "arch_prctl", "thread"))
    assert abs(done.events - told) <= 0.02 * done.events


def test_a_count_of_the_machines_own_goes_along(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By an event that every kernel counts, in the place of hardware's, which few machines have."""
    monkeypatch.setattr(counters, "COUNTERS", ("context-switches",))
    trace = workload("perf.data")
    name, count = (folder / "perf.data.machine/counters").read_text().split()
    switches = trace.gst.manifest["rows"]["switch"]
    assert name == "context-switches"
    assert 0.95 * int(count) <= switches <= 1.05 * int(count)


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="only root can give up its rights")
def test_without_the_right_to_it_says_how_to_get_it(folder: Path) -> None:
    if int(Path("/proc/sys/kernel/perf_event_paranoid").read_text()) < 0:
        pytest.skip("everybody may trace here")
    line = ["setpriv", "--bounding-set=-all", *GSTRACE, "-a", "-o", "perf.data", "--", "touch", "ran"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 125
    what, hint = done.stderr.splitlines()
    assert what.startswith("gstrace: perf could not begin: ")
    assert "permission" in what.lower()
    assert all(way in hint for way in ("sudo gstrace record", "cap_perfmon", "perf_event_paranoid"))
    assert list(folder.iterdir()) == []
