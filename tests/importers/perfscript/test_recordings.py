"""A text has the rows of the perf.data that it was printed from."""

from __future__ import annotations

import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from importers.perfscript.helping import ROOT, SHARED, read, rows_of, told

from gstrace.events.tables import Kind
from gstrace.importers.perfdata.reader import PerfData
from gstrace.importers.registry import find
from gstrace.importers.source import Source

SAMPLE = ROOT / "sample-traces" / "fsgs"
FILES = [
    *sorted((ROOT / "sample-traces").glob("*/perf.data")),
    *sorted((SHARED / "traces" / "truth").glob("*/perf*.data")),
]
OPTIONS = {
    "default": (),
    "records": ("--show-task-events", "--show-lost-events"),
    "columns": ("-F", "comm,pid,tid,cpu,time,period,event,trace", "--header", "--show-task-events"),
}


def test_the_sample_text_is_its_perf_data():
    text, reader = read((SAMPLE / "perf-script.txt").read_bytes())
    data = rows_of(PerfData(BytesIO((SAMPLE / "perf.data").read_bytes()), "x"))
    assert told(text, records=True) == told(data, records=True)
    assert not reader.damage
    assert not reader._unread
    with Source(SAMPLE / "perf-script.txt") as source:
        assert find(source).name == "perfscript"


@pytest.mark.slow
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("path", [pytest.param(p, id=f"{p.parent.name}") for p in FILES])
def test_what_perf_prints_has_the_same_rows(path: Path, options: str):
    if shutil.which("perf") is None:
        pytest.skip("no perf here")
    words = ["perf", "script", "--ns", *OPTIONS[options], "-i", str(path)]
    done = subprocess.run(words, capture_output=True, timeout=120, check=False)
    if not done.stdout:
        pytest.skip(f"this perf cannot read it: {done.stderr.decode(errors='replace').strip()[-200:]}")
    tells = {"records": "--show-task-events" in words, "chains": "-F" not in words}
    data = told(rows_of(PerfData(BytesIO(path.read_bytes()), "x")), **tells)
    text = told(read(done.stdout, rows=1 << 18)[0], **tells)
    if "-F" in words:
        # The process is told with every line: a thread not told of before is then met.
        known = set(data)
        text = [row for row in text if row[0] != Kind.TASK or row in known]
    assert text == data
