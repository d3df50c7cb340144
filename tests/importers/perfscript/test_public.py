"""Texts that others published: as many lines of each event as a line pattern counts, and nothing of ours in them."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress

import pytest
from importers.perfscript.helping import SHARED, read

from gstrace.errors import NothingToPrice
from gstrace.importers import ftracetext, perfscript
from gstrace.importers.perfscript.reader import PerfScript

FOLDER = SHARED / "traces" / "public" / "perf-script"
REFERENCES = sorted(FOLDER.glob("*.ref.json"))
ALL = [pytest.param(p, id=p.name.removesuffix(".ref.json")) for p in REFERENCES]


@pytest.mark.skipif(not REFERENCES, reason="the public texts are not here")
@pytest.mark.parametrize("path", ALL)
def test_counts_are_the_references(path):
    reference = json.loads(path.read_text())
    data = (FOLDER / reference["file"]).read_bytes()
    assert perfscript.claims(data[:4096])
    with (FOLDER / reference["file"]).open("rb") as file:
        reader = PerfScript(file, "x")
        for line in data.split(b"\n"):
            reader._line(line)
    ours = +reader.seen
    print(f"{reference['file']}: {dict(ours)}")
    assert ours == Counter(reference["per_event"])


@pytest.mark.skipif(not REFERENCES, reason="the public texts are not here")
@pytest.mark.parametrize("path", ALL)
def test_none_of_them_has_an_event_to_price_and_each_is_told_why(path):
    reference = json.loads(path.read_text())
    with pytest.raises(NothingToPrice) as caught:
        read((FOLDER / reference["file"]).read_bytes())
    assert "perf record" in caught.value.hint


FTRACE = sorted((SHARED / "traces" / "public" / "ftrace-text").glob("*"))


@pytest.mark.skipif(not FTRACE, reason="the public texts are not here")
@pytest.mark.parametrize("path", [pytest.param(p, id=p.name) for p in FTRACE if not p.name.endswith(".ref.json")])
def test_no_line_of_ftrace_text_is_one_of_perf_script(path):
    data = path.read_bytes()
    assert not perfscript.claims(data[:4096])
    with suppress(NothingToPrice), path.open("rb") as file:
        assert not PerfScript(file, "x")._names


@pytest.mark.skipif(not REFERENCES, reason="the public texts are not here")
@pytest.mark.parametrize("path", ALL)
def test_no_perf_script_is_taken_for_ftrace_text(path):
    assert not ftracetext.claims((FOLDER / path.name.removesuffix(".ref.json")).read_bytes()[:4096])
