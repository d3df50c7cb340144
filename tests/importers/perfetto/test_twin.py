"""The kernel and the plain twin read the same rows of every recording."""

from __future__ import annotations

from pathlib import Path

import pytest
from importers.perfetto import plain
from importers.perfetto.helping import content, recordings, rows

from gstrace.events.losses import LOSS_CODE
from gstrace.events.tables import NULL, Kind, Task

TOLD_AT_THE_END = {code for name, code in LOSS_CODE.items() if name != "lost"}


def of_events(found):
    """Rows of events and of what is missing before one, its number left to tests of its own."""
    for row in found:
        if row[0] == Kind.LOSS and row[6] in TOLD_AT_THE_END:
            continue
        if row[0] == Kind.TASK and row[6] & 0xFF == Task.FOUND and not row[5]:
            continue
        yield (*row[:7], NULL, *row[8:]) if row[0] == Kind.LOSS else row


@pytest.mark.slow
@pytest.mark.parametrize("path", recordings())
def test_every_row_of_a_recording_is_the_twins(path: Path) -> None:
    data = content(path)
    if path.stem in ("no-ftrace", "killed", "disk-full"):
        pytest.skip("nothing in it, or cut: other tests")
    ours, reader = rows(data, rows=1000)
    theirs = plain.read(data)
    events = list(of_events(ours))
    assert events[: len(theirs)] == theirs
    assert {row[0] for row in events[len(theirs) :]} <= {Kind.LOSS}
    assert not reader.damage
