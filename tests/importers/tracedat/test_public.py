"""trace.dat that others published: as many events of each kind on each CPU as trace-cmd counts. `-s` prints a table."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from importers.tracedat.helping import CPU, PUBLIC, TS, content, events, rows

from gstrace.events.tables import Kind

REFERENCES = sorted(PUBLIC.glob("*.ref.json"))
ARCHITECTURE = {"labsisop.sched.dat.zst": "i686"}
"""Where the file says; the others are of ARM, and say nothing."""

pytestmark = pytest.mark.skipif(not REFERENCES, reason="the public recordings are not here")


@pytest.mark.parametrize("path", [pytest.param(p, id=p.name.removesuffix(".dat.ref.json")) for p in REFERENCES])
def test_counts_are_the_references(path):
    reference = json.loads(path.read_text())
    found, reader = rows(content(PUBLIC / reference["file"]))
    ours = Counter({name.partition(":")[2]: count for name, count in reader.skipped.items()})
    made = {Kind.SWITCH: "sched_switch", Kind.MARKER: "print"}
    ours.update(made[row[0]] for row in events(found))
    for name, count in reference["per_event"].items():
        print(f"{reference['file']:28} {name:20} {ours[name]:6} trace-cmd {count:6}")
    assert ours == reference["per_event"]
    if set(reference["per_event"]) <= set(made.values()):
        assert {str(cpu): n for cpu, n in Counter(row[CPU] for row in events(found)).items()} == reference["per_cpu"]
    times = [row[TS] for row in events(found)]
    assert min(times) / 1e9 >= float(reference["first_ts"]) - 1e-6
    assert max(times) / 1e9 <= float(reference["last_ts"]) + 1e-6
    assert reader.capture.text("architecture") == ARCHITECTURE.get(reference["file"], "")
    assert not reader.damage
