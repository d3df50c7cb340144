"""perf.data that others published: every record is walked over, as many of each type as two other readers count."""

from __future__ import annotations

import json
from collections import Counter
from unittest import mock

import pytest
from backports import zstd
from importers.perfdata.helping import SHARED, rows

from gstrace.errors import NothingToPrice
from gstrace.events.losses import LOSS_CODE
from gstrace.events.tables import Kind, Task
from gstrace.importers.perfdata import reader

FOLDER = SHARED / "traces" / "public" / "perfdata"
REFERENCES = sorted(FOLDER.glob("*.ref.json"))
GATHERED = {"TRUNCATED", "MMAP", "MMAP2", "COMM", "FORK", "FINISHED_ROUND", "COMPRESSED", "COMPRESSED2", "SAMPLE"}
ROWS = {
    (Kind.TASK, Task.EXIT): "EXIT",
    (Kind.LOSS, LOSS_CODE["throttled"]): "THROTTLE",
    (Kind.LOSS, LOSS_CODE["throttle_end"]): "UNTHROTTLE",
    (Kind.LOSS, LOSS_CODE["lost"]): "LOST",
    (Kind.LOSS, LOSS_CODE["lost_samples"]): "LOST_SAMPLES",
}


def record_of(row):
    """The record that a row was made of; a switch is told of by its way out, and SWITCH does not tell who comes."""
    if row[0] == Kind.SWITCH:
        return "SWITCH" if row[6] == -1 else "SWITCH_CPU_WIDE"
    return ROWS.get((row[0], row[6] & 0xFF))


def content(reference):
    data = (FOLDER / reference["file"]).read_bytes()
    return zstd.decompress(data) if reference["file"].endswith(".zst") else data


@pytest.mark.parametrize("path", [pytest.param(p, id=p.name.removesuffix(".ref.json")) for p in REFERENCES])
def test_counts_are_the_references(path):
    reference = json.loads(path.read_text())
    data = content(reference)
    with mock.patch.object(reader, "check"):
        found, ours = rows(data)
    walked = Counter(reference["record_walk"]["records"]) + Counter(reference["record_walk"].get("inside_compressed"))
    counted = Counter(map(record_of, found))
    # Without a CPU in their tails switches cannot be placed.
    counted["SWITCH"] += sum(row[7] for row in found if row[0] == Kind.LOSS and row[6] == LOSS_CODE["undecodable"])
    names = {name for name in walked if name not in GATHERED}
    assert {n: walked[n] for n in names} == {n: counted[n] + ours.skipped.get(n, 0) for n in names}
    samples = {n.removeprefix("SAMPLE of "): c for n, c in ours.skipped.items() if n.startswith("SAMPLE of ")}
    assert sum(samples.values()) == walked["SAMPLE"]
    if "per_event" in reference:
        # perf makes up names where a pipe tells none, and adds modifiers to others.
        assert sorted(samples.values()) == sorted(c["SAMPLE"] for c in reference["per_event"].values() if "SAMPLE" in c)
    assert not ours.damage


@pytest.mark.parametrize("path", [pytest.param(p, id=p.name.removesuffix(".ref.json")) for p in REFERENCES])
def test_none_of_them_has_an_event_to_price_and_each_is_told_why(path):
    reference = json.loads(path.read_text())
    with pytest.raises(NothingToPrice) as caught:
        rows(content(reference))
    assert "perf record" in caught.value.hint
