"""gstrace beside perf on the same files, in one run: events per CPU second, whole processes, and peak memory.

    make bench ARGS='--basetemp=DIR'          records a large and a small file in DIR first, as root
    GSTRACE_BENCH=DIR make bench              takes big.data and small.data from DIR
    make bench ARGS='-k text'                 ftrace text alone, which needs neither perf nor root

The marginal rate is that of the events by which the large file exceeds the small one: start-up cancels.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from bench.text import repeat
from importers.ftracetext.helping import SHARED
from importers.ftracetext.plain import Plain

from gstrace.importers.ftracetext.reader import FtraceText

HERE = Path(__file__).parent
GSTRACE = Path(sys.executable).with_name("gstrace")
ROUNDS = {"small": 20_000, "big": 250_000}
TEXT = SHARED / "traces" / "truth" / "ftrace-text" / "trace.txt"
REPEATED = {"small": 40, "big": 2100}
TIMES = 3


@dataclass(frozen=True)
class Cost:
    """Medians of whole processes: CPU seconds; the largest peak, MiB."""

    cpu: float
    peak: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.cpu + other.cpu, max(self.peak, other.peak))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    if shutil.which("perf") is None:
        pytest.skip("perf is not installed")
    given = os.environ.get("GSTRACE_BENCH")
    folder = Path(given) if given else tmp_path_factory.mktemp("bench")
    found = {name: folder / f"{name}.data" for name in ROUNDS}
    for name, rounds in ROUNDS.items():
        if not found[name].exists():
            if os.getuid() != 0:
                pytest.skip("recording needs root")
            subprocess.run([HERE / "record_mix.sh", found[name], str(rounds)], check=True)
    return found


def once(command: list[str | Path]) -> Cost:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def several(*commands: list[str | Path]) -> list[Cost]:
    """Each command TIMES times, in turn, after once without counting: medians."""
    runs = [[once(command) for command in commands] for _ in range(TIMES + 1)][1:]
    return [
        Cost(statistics.median(c.cpu for c in costs), max(c.peak for c in costs)) for costs in zip(*runs, strict=True)
    ]


def events_in(place: Path) -> int:
    import json

    rows: dict[str, int] = json.loads((place / "manifest.json").read_text())["rows"]
    return sum(n for table, n in rows.items() if table not in ("arch_prctl", "task", "loss", "marker"))


def test_ingest_beside_perf_script_and_by_process_beside_perf_trace(files: dict[str, Path], tmp_path: Path) -> None:
    costs: dict[str, list[Cost]] = {}
    counts: dict[str, int] = {}
    for name, file in files.items():
        place = tmp_path / f"{name}.gst"
        ingest: list[str | Path] = [GSTRACE, "ingest", file, "-o", place, "--force"]
        once(ingest)
        report: list[str | Path] = [GSTRACE, "report", "by-process", place, "--scheme", "fsgsbase", "--format", "csv"]
        script: list[str | Path] = ["perf", "script", "-i", file]
        table: list[str | Path] = ["perf", "trace", "-s", "-i", file]
        costs[name] = several(ingest, report, script, table)
        counts[name] = events_in(place)
    version = subprocess.run(["perf", "--version"], check=True, capture_output=True, text=True).stdout.strip()
    more = counts["big"] - counts["small"]
    print(f"\n{version}; {counts['big']:,} and {counts['small']:,} events")
    names = ("ingest", "report by-process", "perf script", "perf trace -s")
    whole, marginal = {}, {}
    for i, name in enumerate(names):
        big, small = costs["big"][i], costs["small"][i]
        whole[name] = counts["big"] / big.cpu / 1e6
        marginal[name] = more / (big.cpu - small.cpu) / 1e6 if big.cpu > small.cpu else float("inf")
        rates = f"{whole[name]:6.2f} M/s  marginal {marginal[name]:7.2f}"
        print(f"{name:20} {big.cpu:6.2f} CPU s  {rates}  {big.peak:6.0f} MiB")
    both = costs["big"][0] + costs["big"][1]
    print(f"ingest / perf script: whole {whole['ingest'] / whole['perf script']:.2f} x, ", end="")
    print(f"marginal {marginal['ingest'] / marginal['perf script']:.2f} x")
    print(f"(ingest + report by-process) / perf trace -s: {costs['big'][3].cpu / both.cpu:.2f} x as fast")


def test_what_if_beside_importing_polars(files: dict[str, Path], tmp_path: Path) -> None:
    place = tmp_path / "big.gst"
    once([GSTRACE, "ingest", files["big"], "-o", place])
    asked, polars = several([GSTRACE, "what-if", place], [sys.executable, "-c", "import polars"])
    print(f"\nwhat-if, all schemes, one uarch: {asked.cpu:.2f} CPU s, {asked.cpu / polars.cpu:.1f} x import polars")


@pytest.mark.skipif(not TEXT.exists(), reason="the text to repeat is not here")
def test_ftrace_text_by_kernel_beside_by_python(tmp_path: Path) -> None:
    """Five million lines. By Python alone, without the kernel, only the smaller text is read: it takes a second."""
    lines = {name: repeat(TEXT, tmp_path / f"{name}.txt", times) for name, times in REPEATED.items()}
    big, small = several(
        *([GSTRACE, "ingest", tmp_path / f"{n}.txt", "-o", tmp_path / "x.gst", "--force"] for n in ("big", "small"))
    )
    more = lines["big"] - lines["small"]
    print(
        f"\n{lines['big']:,} lines in {big.cpu:.2f} CPU s, {lines['big'] / big.cpu / 1e6:.2f} M/s; {big.peak:.0f} MiB"
    )
    print(f"marginal, of the whole ingest: {more / (big.cpu - small.cpu) / 1e6:.2f} M lines/CPU s")
    for kind, name in ((FtraceText, "big"), (Plain, "small")):
        with (tmp_path / f"{name}.txt").open("rb") as file:
            start = time.process_time()
            rows = sum(batch.size for batch in kind(file, name).batches())
            taken = time.process_time() - start
        print(f"{kind.__name__:10} alone: {lines[name] / taken / 1e6:6.3f} M lines/CPU s ({rows:,} rows)")
