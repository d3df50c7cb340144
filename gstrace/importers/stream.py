"""The one ingest loop: a format's batches in, the stream in merged order out, anomalies counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Final

import numpy as np

from gstrace.events.losses import LOSS_CODE
from gstrace.events.rows import Rows
from gstrace.events.tables import NULL, Kind
from gstrace.importers import weave
from gstrace.importers.batch import NO_HORIZON, Batch, Reader

if TYPE_CHECKING:
    import numpy.typing as npt

COLUMNS: Final = tuple(f.name for f in fields(Batch) if f.name != "horizon")
ROWS_OUT: Final = 1 << 18
CALLS: Final = 1 << 14
_MARKS: Final = {"gstrace:begin ": 1, "gstrace:end ": 0}


class Stream:
    """One recording's events in the order in which they happened.

    A row waits until its format promises that none before it is still to come (`Batch.horizon`); without promises all
    rows wait for the end. `anomalies` counts what was put right on the way; each is a LOSS row at the end.
    """

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.anomalies: dict[str, int] = {}
        self._seq = 0
        self._released = 0
        self._begin = 0
        self._calls = np.zeros((CALLS, weave.CALL_FIELDS), np.int64)
        self._out = _new_rows(ROWS_OUT)

    def rows(self) -> Iterator[Rows]:
        """The stream in pieces; a piece's arrays are good until the next one is asked for."""
        waiting: dict[str, npt.NDArray[np.generic]] | None = None
        for batch in self.reader.batches():
            ordered = self._order(waiting, batch)
            ready = int(np.searchsorted(ordered["ts"], batch.horizon)) if batch.horizon != NO_HORIZON else 0
            yield from self._weave({name: column[:ready] for name, column in ordered.items()})
            waiting = {name: column[ready:].copy() for name, column in ordered.items()}
        if waiting is not None:
            yield from self._weave(waiting)
        yield from self._summary()

    def _order(
        self, waiting: dict[str, npt.NDArray[np.generic]] | None, batch: Batch
    ) -> dict[str, npt.NDArray[np.generic]]:
        columns = {name: getattr(batch, name) for name in COLUMNS}
        if waiting is not None and len(waiting["ts"]):
            columns = {name: np.concatenate([waiting[name], column]) for name, column in columns.items()}
        ts = columns["ts"]
        if np.any(ts[1:] < ts[:-1]):
            order = np.argsort(ts, kind="stable")
            columns = {name: column[order] for name, column in columns.items()}
        return self._without_duplicates(columns)

    def _without_duplicates(self, columns: dict[str, npt.NDArray[np.generic]]) -> dict[str, npt.NDArray[np.generic]]:
        keep = np.ones(len(columns["ts"]), np.bool_)
        found = weave.duplicates(columns["ts"], columns["cpu"], columns["digest"], keep)
        if not found:
            return columns
        self._count("duplicate", found)
        return {name: column[keep] for name, column in columns.items()}

    def _weave(self, columns: dict[str, npt.NDArray[np.generic]]) -> Iterator[Rows]:
        ts = columns["ts"]
        if not len(ts):
            return
        self._check_order(ts)
        columns = self._name_marks(columns)
        start = 0
        while start < len(columns["ts"]):
            _, start, used = weave.weave(
                self._out, self._calls, self._seq, self._begin, *(columns[n] for n in COLUMNS if n != "digest"), start
            )
            self._seq += used
            if used:
                yield self._out.part(slice(0, used))

    def _check_order(self, ts: npt.NDArray[np.generic]) -> None:
        if not self._begin and ts[-1]:
            self._begin = int(ts[np.searchsorted(ts, 1)])
        late = int(np.searchsorted(ts, self._released)) - int(np.searchsorted(ts, 1))
        if late > 0:
            self._count("late", late)
        self._released = max(self._released, int(ts[-1]))

    def _name_marks(self, columns: dict[str, npt.NDArray[np.generic]]) -> dict[str, npt.NDArray[np.generic]]:
        """A trace_marker's text that is a mark becomes one; other texts are no event of ours."""
        marks = np.flatnonzero(columns["kind"] == Kind.MARKER)
        if not len(marks):
            return columns
        keep = np.ones(len(columns["ts"]), np.bool_)
        for i in marks:
            text = self.reader.texts[int(columns["text"][i])]
            for prefix, begin in _MARKS.items():
                if text.startswith(prefix):
                    columns["a"][i], columns["b"][i] = begin, NULL
                    columns["text"][i] = len(self.reader.texts)
                    self.reader.texts.append(text.removeprefix(prefix).strip())
                    break
            else:
                keep[i] = False
        return {name: column[keep] for name, column in columns.items()}

    def _count(self, name: str, number: int) -> None:
        self.anomalies[name] = self.anomalies.get(name, 0) + number

    def _summary(self) -> Iterator[Rows]:
        """A LOSS row for each anomaly counted here, at the end and of no CPU."""
        rows = _new_rows(len(self.anomalies))
        for i, (name, number) in enumerate(sorted(self.anomalies.items())):
            weave.put(rows, i, int(Kind.LOSS), -1, -1, -1, self._seq, self._released, LOSS_CODE[name], number, NULL)
        self._seq += rows.size
        if rows.size:
            yield rows


def _new_rows(size: int) -> Rows:
    kinds = (np.uint8, np.int32, np.int32, np.int32, np.int64, np.int64, np.int64, np.int64, np.int64)
    return Rows(*(np.zeros(size, dtype) for dtype in kinds))
