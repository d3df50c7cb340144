"""gstrace beside trace-cmd on the same files, in one run: events per CPU second, whole processes, and peak memory.

    make bench ARGS='--basetemp=DIR'          records a large and a small file in DIR first, as root
    GSTRACE_BENCH=DIR make bench              takes big.dat, small.dat, and both with .6, from DIR

The marginal rate is that of the events by which the large file exceeds the small one: start-up cancels.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from bench.bench_ingest import GSTRACE, HERE, Cost, events_in, once, several

ROUNDS = {"small": 45_000, "big": 450_000}
FORMS = {"version 7, packed": "", "version 6": ".6"}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("trace-cmd") is None:
        pytest.skip("trace-cmd is not installed")
    given = os.environ.get("GSTRACE_BENCH")
    folder = Path(given) if given else tmp_path_factory.mktemp("bench")
    for name, rounds in ROUNDS.items():
        if not (folder / f"{name}.dat").exists():
            if os.getuid() != 0:
                pytest.skip("recording needs root")
            subprocess.run([HERE / "record_tracedat.sh", folder / f"{name}.dat", str(rounds)], check=True)
    return folder


def rate(events: int, cpu: float) -> float:
    return events / cpu / 1e6 if cpu > 0 else float("inf")


@pytest.mark.parametrize("form", FORMS)
def test_ingest_beside_trace_cmd_report(recorded: Path, tmp_path: Path, form: str) -> None:
    costs: dict[str, list[Cost]] = {}
    counts: dict[str, int] = {}
    for name in ROUNDS:
        file, place = recorded / f"{name}.dat{FORMS[form]}", tmp_path / f"{name}.gst"
        ingest: list[str | Path] = [GSTRACE, "ingest", file, "-o", place, "--force"]
        once(ingest)
        costs[name] = several(ingest, ["trace-cmd", "report", "-i", file], ["trace-cmd", "report", "-N", "-i", file])
        counts[name] = events_in(place)
    print(f"\ntrace.dat {form}; {counts['big']:,} and {counts['small']:,} events")
    more = counts["big"] - counts["small"]
    for i, name in enumerate(("ingest", "trace-cmd report", "trace-cmd report -N")):
        big, small = costs["big"][i], costs["small"][i]
        whole, marginal = rate(counts["big"], big.cpu), rate(more, big.cpu - small.cpu)
        print(f"{name:20} {big.cpu:6.2f} CPU s  {whole:6.2f} M/s  marginal {marginal:7.2f}  {big.peak:6.0f} MiB")
        if i:
            ours, less = costs["big"][0].cpu, costs["small"][0].cpu
            told = f"whole {big.cpu / ours:.2f} x, marginal {(big.cpu - small.cpu) / max(ours - less, 1e-9):.2f} x"
            print(f"ingest / {name}: {told}")
