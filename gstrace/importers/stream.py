"""The one ingest loop: a format's batches in, the stream in merged order out, anomalies counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from gstrace.events.kthreads import is_kernel_name
from gstrace.events.losses import LOSS_CODE
from gstrace.events.rows import Rows, empty
from gstrace.events.tables import NULL, Found, Kind, Task
from gstrace.importers import weave
from gstrace.importers.batch import COLUMNS, NO_HORIZON, Batch, Reader
from gstrace.importers.sorter import Sorter

if TYPE_CHECKING:
    import numpy.typing as npt

    from gstrace.importers.sorter import Columns

ROWS_OUT: Final = 1 << 18
CALLS: Final = 1 << 14
FOREVER: Final = 2**63 - 1
_MARKS: Final = {"gstrace:begin ": 1, "gstrace:end ": 0}


class Stream:
    """One recording's events in the order in which they happened.

    A row waits until its format promises that none before it is still to come (`Batch.horizon`); without promises all
    rows wait for the end. `anomalies` counts what was put right on the way; each is a LOSS row at the end.
    """

    def __init__(self, reader: Reader, before: Batch | None = None) -> None:
        """before: rows known beside the recording (`machine.py`), which come first."""
        self.reader = reader
        self._before = before
        self.anomalies: dict[str, int] = Counter()
        self._seq = 0
        self._released = 0
        self._begin = FOREVER
        self._calls = np.zeros((CALLS, weave.CALL_FIELDS), np.int64)
        self._least = np.full(weave.KINDS, FOREVER, np.int64)
        self._out = empty(ROWS_OUT)

    def rows(self) -> Iterator[Rows]:
        """The stream in pieces; a piece's arrays are good until the next one is asked for."""
        waiting, horizon = Sorter(), NO_HORIZON
        try:
            if self._before is not None:
                waiting.add(self._before)
            for batch in self.reader.batches():
                waiting.add(batch)
                if not self._released:
                    self._begin = min(self._begin, int(batch.ts[batch.ts > 0].min(initial=FOREVER)))
                # Rows known before the recording wait for its first time.
                if batch.horizon > horizon and self._begin < FOREVER:
                    horizon = batch.horizon
                    for columns, order in waiting.before(horizon):
                        yield from self._weave(columns, order)
            for columns, order in waiting.before(None):
                yield from self._weave(columns, order)
        finally:
            waiting.close()
        yield from self._unfinished()
        yield from self._summary()

    def _weave(self, columns: Columns, order: npt.NDArray[np.int64]) -> Iterator[Rows]:
        if not len(order):
            return
        self._check_order(columns["ts"][order])
        copies = weave.drop_duplicates(order, columns["ts"], columns["cpu"], columns["digest"])
        if copies:
            self.anomalies["duplicate"] += copies
        self._name_marks(columns, order)
        self._mark_by_name(columns, order)
        woven = [columns[name] for name in COLUMNS if name != "digest"]
        start = 0
        while start < len(order):
            _, start, used = weave.weave(
                self._out, self._calls, self._least, self._seq, self._begin, order, *woven, start
            )
            self._seq += used
            if used:
                yield self._out.part(slice(0, used))

    def _check_order(self, ts: npt.NDArray[np.generic]) -> None:
        real = int(np.searchsorted(ts, 1))
        if real == len(ts):
            return
        late = int(np.searchsorted(ts, self._released)) - real
        if late > 0:
            self.anomalies["late"] += late
        self._released = max(self._released, int(ts[-1]))

    def _name_marks(self, columns: Columns, order: npt.NDArray[np.int64]) -> None:
        """A trace_marker's text that is a mark becomes one; other texts are no event of ours and leave the order."""
        for place in np.flatnonzero(columns["kind"][order] == Kind.MARKER):
            i, texts = order[place], self.reader.texts
            text = texts[int(columns["text"][i])] if columns["text"][i] >= 0 else ""
            prefix = next((p for p in _MARKS if text.startswith(p)), None)
            if prefix is None:
                order[place] = -1
                continue
            columns["a"][i], columns["b"][i], columns["text"][i] = _MARKS[prefix], NULL, len(texts)
            texts.append(text.removeprefix(prefix).strip())

    def _mark_by_name(self, columns: Columns, order: npt.NDArray[np.int64]) -> None:
        """A thread found that nothing marks, but that has a name which the kernel gives its own."""
        task = order[(columns["kind"][order] == Kind.TASK) & (order >= 0)]
        for i in task[(columns["a"][task] & 0xFF == Task.FOUND) & (columns["c"][task] == NULL)]:
            if columns["text"][i] >= 0 and is_kernel_name(self.reader.texts[columns["text"][i]]):
                columns["c"][i] = Found.KERNEL_BY_NAME

    def _unfinished(self) -> Iterator[Rows]:
        """Calls of arch_prctl whose end the recording does not have: a row each, at the end."""
        calls = self._calls[self._calls[:, weave.STATE] == weave.ENTERED]
        rows = empty(len(calls))
        for i, (caller, code, value, _) in enumerate(calls.tolist()):
            end = (self._released, code, value, NULL)
            weave.put(rows, i, int(Kind.ARCH_PRCTL), 0, caller, -1, self._seq, *end)
        self._seq += rows.size
        if rows.size:
            yield rows

    def _summary(self) -> Iterator[Rows]:
        """A LOSS row for each anomaly counted here, at the end and of no CPU."""
        rows = empty(len(self.anomalies))
        for i, (name, number) in enumerate(sorted(self.anomalies.items())):
            weave.put(rows, i, int(Kind.LOSS), -1, -1, -1, self._seq, self._released, LOSS_CODE[name], number, NULL)
        self._seq += rows.size
        if rows.size:
            yield rows
