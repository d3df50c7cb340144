"""The kernel and the plain twin read the same rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from importers.tracedat import plain
from importers.tracedat.helping import by_cpu, content, recordings, rows


@pytest.mark.slow
@pytest.mark.parametrize("path", recordings())
def test_every_row_of_a_recording_is_the_twins(path: Path):
    data = content(path)
    ours, reader = rows(data, rows=1000)
    assert by_cpu(ours) == by_cpu(plain.read(data))
    assert not reader.damage
