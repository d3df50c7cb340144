"""SWITCH records against the tracepoint, both recorded at once by the perf of this machine."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from gstrace.events.tables import Kind
from gstrace.importers.perfdata.reader import PerfData

EVENTS = "sched:sched_switch,raw_syscalls:sys_enter"


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    if shutil.which("perf") is None:
        pytest.skip("no perf here")
    file: Path = tmp_path_factory.mktemp("perf") / "perf.data"
    words = ["perf", "record", "-q", "-a", "--switch-events", "-e", EVENTS, "-o", str(file), "--", "sh", "-c"]
    done = subprocess.run([*words, "true | cat; sleep 0.01"], capture_output=True, timeout=60, check=False)
    if done.returncode or not file.is_file():
        pytest.skip(f"perf cannot record here: {done.stderr.decode(errors='replace').strip()[-200:]}")
    return file.read_bytes()


def switches(reader: PerfData) -> Iterator[tuple[int, ...]]:
    """(cpu, prev, next, whether prev can run on) in file order."""
    for batch in reader.batches():
        for i in (batch.kind == Kind.SWITCH).nonzero()[0]:
            yield int(batch.cpu[i]), int(batch.tid[i]), int(batch.a[i]), int(batch.b[i]) in (0, 256)


@pytest.mark.slow
def test_switch_records_tell_what_the_tracepoint_tells(recording):
    told = list(switches(PerfData(BytesIO(recording), "x")))
    # By another name the tracepoint is one that nobody knows.
    reader = PerfData(BytesIO(recording.replace(b"name: sched_switch\n", b"name: sched_other_\n")), "x")
    fallback = list(switches(reader))
    assert reader.skipped["SAMPLE of sched:sched_other_"] == len(told)
    assert told
    for cpu in {row[0] for row in told}:
        rest = iter([row for row in fallback if row[0] == cpu])
        assert all(row in rest for row in told if row[0] == cpu), cpu
    assert "record:SWITCH" in reader.recorded
