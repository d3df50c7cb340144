"""However little fits in memory, rows come out by time, and rows of one time as they came."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gstrace.importers.batch import COLUMNS, NO_HORIZON, Batch
from gstrace.importers.sorter import Sorter

if TYPE_CHECKING:
    import pytest

DTYPES = {"kind": np.uint8, "lesser": np.uint8, "cpu": np.int32, "tid": np.int32, "text": np.int32, "digest": np.uint64}
TIMES = st.one_of(st.integers(0, 20), st.sampled_from([2**63 - 1]))
BATCHES = st.lists(st.lists(TIMES, max_size=12), max_size=8)


def batch(times: list[int], first: int) -> Batch:
    """Rows of these times; `a` numbers them in the order in which they come."""
    columns = {name: np.zeros(len(times), DTYPES.get(name, np.int64)) for name in COLUMNS}
    columns["ts"] = np.array(times, np.int64)
    columns["a"] = np.arange(first, first + len(times))
    return Batch(**columns, horizon=NO_HORIZON)


def drawn(sorter: Sorter, horizon: int | None) -> list[tuple[int, int]]:
    return [
        (int(columns["ts"][place]), int(columns["a"][place]))
        for columns, order in sorter.before(horizon)
        for place in order
    ]


@given(BATCHES, st.integers(1, 10), st.integers(1, 4), st.lists(st.integers(0, 25), max_size=4))
def test_rows_come_out_by_time(batches: list[list[int]], in_memory: int, block: int, horizons: list[int]) -> None:
    sorter, waiting, number = Sorter(in_memory, block), list[tuple[int, int]](), 0
    try:
        for i, times in enumerate(batches):
            sorter.add(batch(times, number))
            waiting += [(ts, number + k) for k, ts in enumerate(times)]
            number += len(times)
            horizon = horizons[i] if i < len(horizons) else 0
            assert drawn(sorter, horizon) == sorted(row for row in waiting if row[0] < horizon)
            waiting = [row for row in waiting if row[0] >= horizon]
        assert drawn(sorter, None) == sorted(waiting)
        assert drawn(sorter, None) == []
    finally:
        sorter.close()


def test_runs_that_end_make_room_for_others() -> None:
    sorter, number, found = Sorter(in_memory=20, block=4), 0, []
    rng = np.random.default_rng(1)
    for i in range(300):
        times = (10 * i + rng.integers(0, 30, 12)).tolist()
        sorter.add(batch(times, number))
        number += len(times)
        if i % 3 == 0:
            found += drawn(sorter, 10 * i - 40)
    found += drawn(sorter, None)
    sorter.close()
    assert found == sorted(found)
    assert sorted(n for _, n in found) == list(range(number))


def test_nothing_stays_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    sorter = Sorter(in_memory=2)
    for i in range(4):
        sorter.add(batch([5, 3], 2 * i))
    assert list(tmp_path.iterdir())
    sorter.close()
    assert list(tmp_path.iterdir()) == []
