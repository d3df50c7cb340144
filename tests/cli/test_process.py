"""What only a process of its own shows: what it imports, and how it ends when others end it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gstrace import api

COMMAND = [sys.executable, "-m", "gstrace"]
HEAVY = ("numba", "numpy", "polars", "pyarrow", "perfetto")


def run(*words: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, words)], capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]


@pytest.mark.parametrize("line", ["--help", "what-if --help", "schemes", "uarchs zen4", "explain mixed switch"])
def test_what_needs_no_recording_loads_no_heavy_package(here: Path, line: str) -> None:
    probe = (
        "import atexit, sys; from gstrace.cli import main; "
        f"atexit.register(lambda: print([m for m in {HEAVY} if m in sys.modules], file=sys.stderr)); "
        f"sys.argv = ['gstrace', *{line.split()}]; main()"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "[]\n")


def test_a_reader_that_goes_away_ends_it_with_141(here: Path) -> None:
    for line in (["--help"], ["schemes", "--format", "json"], ["explain", "linux-legacy"]):
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as gone:
            done = subprocess.run([*COMMAND, *line], stdout=gone, stderr=subprocess.PIPE, text=True, check=False)
        assert (done.returncode, done.stderr) == (141, "")


def test_a_full_disk_ends_it_with_5(here: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*COMMAND, "schemes"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 5
    assert done.stderr == "gstrace: the output could not be written: No space left on device\n"


def test_standard_output_may_be_closed(here: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, "schemes"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr == "gstrace: standard output is closed\nhint: -o FILE writes to a file\n"


def test_a_name_that_the_locale_cannot_write_costs_no_report(here: Path) -> None:
    done = run("explain", "mixed", "switch", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert "4 \\xd7 swapgs" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_it_reads_leaves_nothing(here: Path, number: signal.Signals, status: int) -> None:
    shutil.copy(api.sample().trace, here / "perf.data")
    with subprocess.Popen([*COMMAND, "ingest", "perf.data"], stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 120
        while process.poll() is None and len(list(here.iterdir())) < 2 and time.monotonic() < deadline:
            time.sleep(0.002)
        process.send_signal(number)
        said = process.communicate()[1]
    assert (process.returncode, said) == (status, "")
    assert [p.name for p in here.iterdir()] == ["perf.data"]


def test_a_signal_that_a_callback_swallows_comes_again(here: Path) -> None:
    probe = """
import ctypes, os, signal, time
from gstrace.cli import run
swallowing = ctypes.CFUNCTYPE(None)(lambda: os.kill(os.getpid(), signal.SIGTERM))
def busy():
    swallowing()
    time.sleep(60)
run._ended = busy
run.run()
"""
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False, timeout=50)
    assert (done.returncode, done.stderr) == (143, "")
