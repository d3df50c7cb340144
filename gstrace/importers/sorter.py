"""Rows into the order of time in bounded memory: few wait in memory, more in sorted runs in a temporary file.

Rows of one time keep the order in which they came, wherever they waited.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gstrace.importers.batch import COLUMNS

if TYPE_CHECKING:
    import numpy.typing as npt

    from gstrace.importers.batch import Batch

    Columns = dict[str, npt.NDArray[Any]]
    Places = npt.NDArray[np.int64]

IN_MEMORY: Final = 1 << 21
"""Rows that wait in memory (77 bytes each) before they become a run."""
BLOCK: Final = 1 << 17
"""Rows of a run that are read at a time."""


class Sorter:
    """Takes batches in, gives rows out by time: (columns, the places of rows in them, in order)."""

    def __init__(self, in_memory: int = IN_MEMORY, block: int = BLOCK) -> None:
        self._columns: Columns = {}
        self._used = 0
        self._most, self._block = in_memory, block
        self._runs: list[_Run] = []
        self._spilled = 0
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def add(self, batch: Batch) -> None:
        """Take over a batch's rows; its arrays may be used again."""
        if self._used + batch.size > self._most and self._used:
            self._spill()
        end = self._used + batch.size
        for name in COLUMNS:
            source = getattr(batch, name)
            column = self._columns.get(name)
            if column is None or end > len(column):
                grown = np.empty(2 * end, source.dtype)
                grown[: self._used] = column[: self._used] if column is not None else 0
                column = self._columns[name] = grown
            column[self._used : end] = source
        self._used = end

    def before(self, horizon: int | None) -> Iterator[tuple[Columns, Places]]:
        """All rows of a smaller ts than this (None: all); they wait no longer."""
        if not self._runs:
            order = self._order()
            ready = _ready(self._columns["ts"][order], horizon) if len(order) else 0
            if ready:
                yield self._columns, order[:ready]
                self._keep(order[ready:])
            return
        self._spill()
        while (piece := self._merged(horizon)) is not None:
            yield piece
        self._runs = [run for run in self._runs if not run.ended]

    def close(self) -> None:
        """Remove what waits on disk."""
        self._runs, self._used = [], 0
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _order(self) -> Places:
        if not self._used:
            return np.zeros(0, np.int64)
        return np.argsort(self._columns["ts"][: self._used], kind="stable")

    def _keep(self, places: Places) -> None:
        for column in self._columns.values():
            column[: len(places)] = column[places]
        self._used = len(places)

    def _spill(self) -> None:
        """What waits in memory becomes a sorted run."""
        if not self._used:
            return
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="gstrace-sort-", ignore_cleanup_errors=True)
        order = self._order()
        rows = np.empty(len(order), [(name, self._columns[name].dtype) for name in COLUMNS])
        for name in COLUMNS:
            rows[name] = self._columns[name][order]
        self._runs.append(_Run(Path(self._folder.name) / str(self._spilled), rows, self._block))
        self._spilled += 1
        self._used = 0

    def _merged(self, horizon: int | None) -> tuple[Columns, Places] | None:
        """The next rows of all runs together: as far as each one's block reaches."""
        blocks = [run.peek(horizon) for run in self._runs]
        filled = [i for i, block in enumerate(blocks) if len(block["ts"])]
        if not filled:
            return None
        # Beyond the end of the block that ends first, that run may have rows that come before those of others.
        reach = min(int(blocks[i]["ts"][-1]) for i in filled)
        taken = [int(np.searchsorted(blocks[i]["ts"], reach)) for i in filled]
        if not any(taken):
            # Rows of one time fill a whole block: the first run that has them goes first.
            first = next(i for i in filled if int(blocks[i]["ts"][0]) == reach)
            filled, taken = [first], [int(np.searchsorted(blocks[first]["ts"], reach, side="right"))]
        for i, n in zip(filled, taken, strict=True):
            self._runs[i].take(n)
        columns = {
            name: np.concatenate([blocks[i][name][:n] for i, n in zip(filled, taken, strict=True)]) for name in COLUMNS
        }
        return columns, np.argsort(columns["ts"], kind="stable")


class _Run:
    """Sorted rows in a file."""

    def __init__(self, path: Path, rows: npt.NDArray[Any], block: int) -> None:
        rows.tofile(path)
        self._path, self._dtype, self._rows, self._at, self._block = path, rows.dtype, len(rows), 0, block

    @property
    def ended(self) -> bool:
        return self._at == self._rows

    def peek(self, horizon: int | None) -> Columns:
        """The next block's rows of a smaller ts than this; None: all."""
        number = min(self._block, self._rows - self._at)
        if not number:
            return {name: np.empty(0, self._dtype[name]) for name in COLUMNS}
        rows = np.fromfile(self._path, self._dtype, number, offset=self._at * self._dtype.itemsize)
        ready = _ready(rows["ts"], horizon)
        return {name: rows[name][:ready] for name in COLUMNS}

    def take(self, number: int) -> None:
        """Leave that many rows behind."""
        self._at += number
        if self.ended:
            self._path.unlink()


def _ready(ts: npt.NDArray[Any], horizon: int | None) -> int:
    return len(ts) if horizon is None else int(np.searchsorted(ts, horizon))
