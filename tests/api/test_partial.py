"""Recordings that lack something: what an answer then leaves out, and what it takes for granted, is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from importers.perfdata.build import Event, File, sample, text

import gstrace
from gstrace import api
from gstrace.errors import NothingToPrice

SHARED = Path(os.environ.get("GSTRACE_SHARED", Path(__file__).resolve().parents[3] / "shared"))
CALLS = SHARED / "traces" / "public" / "ftrace-text" / "tracecompass.ftrace_syscalls.txt"
ANDROID = SHARED / "traces" / "public" / "ftrace-text" / "tracecompass.trace-android-sched"

ENTER = Event("syscalls:sys_enter_read", config=601, ids=(1,))
EXIT = Event("syscalls:sys_exit_read", config=602, ids=(2,))
SWITCH = Event("sched:sched_switch", config=603, ids=(3,))
RAW = Event("raw_syscalls:sys_enter", config=604, ids=(4,))
F_ARCH = 6


def record(folder, *events, architecture="x86_64"):
    """Five calls of read with a switch behind; each event once a call, at times of its own."""
    values = {
        ENTER.name: {"__syscall_nr": 0},
        EXIT.name: {"__syscall_nr": 0, "ret": 1},
        RAW.name: {"id": 0},
        SWITCH.name: {"prev_pid": 5, "next_pid": 6},
    }
    rows = [
        sample(event, event.raw(by=5, **values[event.name]), ts=1000 + 10 * call + place)
        for call in range(5)
        for place, event in enumerate(events)
    ]
    path = folder / "perf.data"
    path.write_bytes(File(list(events), b"".join(rows), features={F_ARCH: text(architecture)}).build())
    return path


def lacking(answer):
    return {row["events"]: row["meaning"] for row in answer.to_json()["not_recorded"]}


def test_calls_recorded_by_name_are_counted_and_told_to_be_a_part(tmp_path):
    trace = api.ingest(record(tmp_path, ENTER, EXIT, SWITCH), tmp_path / "x.gst", quiet=True)
    answer = gstrace.what_if(trace, schemes=["fsgsbase"])
    assert answer.to_json()["events"]["entry syscall"] == 5
    told = lacking(answer)
    assert "lower bound" in told["system calls entered other than read"]
    assert "lower bound" in told["system calls left other than read"]
    assert "system calls entered other than read were not recorded" in " ".join(str(answer).split())


def test_where_all_calls_are_recorded_the_named_ones_only_inform(tmp_path):
    trace = api.ingest(record(tmp_path, ENTER, RAW, EXIT, SWITCH), tmp_path / "x.gst", quiet=True)
    assert trace.gst.manifest["rows"]["sys_enter"] == 5
    told = lacking(gstrace.what_if(trace, schemes=["fsgsbase"]))
    assert [name for name in told if name.startswith("system calls")] == ["system calls left other than read"]


@pytest.mark.skipif(not CALLS.exists(), reason="the public texts are not here")
def test_a_text_of_named_calls_is_answered(tmp_path):
    trace = api.ingest(CALLS, tmp_path / "x.gst", quiet=True)
    answer = gstrace.what_if(trace, schemes=["fsgsbase"])
    assert answer.to_json()["events"]["switch gs"] == 60
    assert any(name.startswith("system calls entered other than access, arch_prctl,") for name in lacking(answer))
    assert "architecture" in {a["name"] for a in answer.to_json()["assumptions"]}
    assert "the architecture, which the recording does not say" in " ".join(str(answer).split())


@pytest.mark.skipif(not ANDROID.exists(), reason="the public texts are not here")
def test_the_hint_names_the_recorder_of_the_input(tmp_path):
    with pytest.raises(NothingToPrice) as caught:
        gstrace.what_if(api.ingest(ANDROID, tmp_path / "x.gst", quiet=True))
    assert "echo raw_syscalls:sys_enter raw_syscalls:sys_exit … > /sys/kernel/tracing/set_event" in caught.value.hint
    with pytest.raises(NothingToPrice) as caught:
        gstrace.what_if(api.ingest(record(tmp_path, ENTER, EXIT), tmp_path / "y.gst", quiet=True))
    assert "perf record -a -e sched:sched_switch,…" in caught.value.hint


@pytest.mark.parametrize("architecture", ["i686", "armv7l", "aarch64"])
def test_another_architecture_is_read_and_not_priced(architecture, tmp_path):
    trace = api.ingest(record(tmp_path, RAW, EXIT, SWITCH, architecture=architecture), tmp_path / "x.gst", quiet=True)
    assert trace.gst.manifest["rows"]["sys_enter"] == 5
    with pytest.raises(NothingToPrice, match=f"of {architecture}: the schemes do not apply") as caught:
        gstrace.what_if(trace)
    assert caught.value.status == 3


def test_a_known_architecture_is_no_assumption(tmp_path):
    answer = gstrace.what_if(api.ingest(record(tmp_path, RAW, EXIT, SWITCH), tmp_path / "x.gst", quiet=True))
    assert "architecture" not in {a["name"] for a in answer.to_json()["assumptions"]}
    assert "architecture" not in str(answer)
