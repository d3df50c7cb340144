"""The kernel and the plain twin read the same rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from importers.perfdata import plain
from importers.perfdata.helping import recordings, rows

from gstrace.events.tables import Kind, Origin

C = plain.ROW.index("c")
ORIGINS = {Kind.IRQ, Kind.NMI}


def without_origin(row):
    return (*row[:C], int(Origin.UNKNOWN), *row[C + 1 :]) if row[0] in ORIGINS else row


@pytest.mark.slow
@pytest.mark.parametrize("path", recordings())
def test_every_row_of_a_recording_is_the_twins(path: Path):
    data = path.read_bytes()
    ours, reader = rows(data, rows=1000)
    theirs = [tuple(row) for row in plain.read(data)]
    assert [without_origin(row) for row in ours] == theirs
    assert not reader.damage
