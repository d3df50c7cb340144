"""Every event of a selection re-priced, in pieces: the recording is replayed, nothing is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from gstrace.errors import UsageError
from gstrace.replay import state as st
from gstrace.replay.census import ANYWHERE
from gstrace.replay.situations import Event, decode, name
from gstrace.reports.declare import SCHEME, Column
from gstrace.verdict.answer import Priced, event_class
from gstrace.verdict.breakdown import Breakdown

if TYPE_CHECKING:
    import numpy.typing as npt

    from gstrace.reports.asked import Answer

    I64 = npt.NDArray[np.int64]

COLUMNS: Final = (
    Column("ts", "int64", "ns", "time on the trace clock; a return's is that of the event after which it happened"),
    Column("cpu", "int32", "", "CPU; null: unknown", null=True),
    Column("tid", "int32", "", "thread; null: unknown", null=True),
    Column("kind", "string", "", "class of event, as in by-event"),
    Column("situation", "string", "", "everything about it that a bill can depend on"),
    SCHEME,
    Column("cycles_low", "float64", "cycles", "cheapest completion at the lowest prices", null=True),
    Column("cycles_typical", "float64", "cycles", "likeliest completion at typical prices", null=True),
    Column("cycles_high", "float64", "cycles", "dearest completion at the highest prices", null=True),
)
Range = tuple[float, float, float | None]
"""Cycles of one occurrence: low, typical, high; no high where nobody knows how many events it stands for."""

_CYCLES: Final = tuple(c.name for c in COLUMNS[-3:])
SCHEMA: Final = pl.Schema({c.name: c.polars for c in COLUMNS})


def frames(answer: Answer) -> Iterator[pl.DataFrame]:
    """The rows of the report `events`: a row for each event and scheme, in the order in which the replay decides them.

    A lost event is a row that stands for as many as were lost. Raises UsageError for several microarchitectures.
    """
    if len(answer.machines) > 1:
        raise UsageError("events are priced on one microarchitecture at a time", hint="name one: --uarch NAME")
    tids = answer.trace.threads["tid"].to_numpy()
    counter = _Counter(answer)
    return (counter.frame(chosen, tids) for chosen in answer.part.emitted())


def collected(answer: Answer) -> pl.DataFrame:
    """All rows at once, for selections that fit in memory."""
    return pl.concat([pl.DataFrame(schema=SCHEMA), *frames(answer)])


class _Counter:
    """Puts a price tag on every situation, once, and on every event after that by looking it up."""

    def __init__(self, answer: Answer) -> None:
        self._priced = answer.priced
        self._breakdown = Breakdown(answer.baseline, answer.ledger)
        self._tags: dict[int, list[Range | None]] = {}

    def frame(self, events: I64, tids: npt.NDArray[np.int32]) -> pl.DataFrame:
        """Rows of the report for emitted events (`state.E_*`), the schemes of one event together."""
        codes, place = np.unique(events[:, st.E_CODE], return_inverse=True)
        self._tag(codes.tolist())
        schemes = len(self._priced)
        at = np.repeat(place, schemes) * schemes + np.tile(np.arange(schemes), len(events))
        texts = {"kind": [event_class(c) for c in codes], "situation": [name(c) for c in codes]}
        tid = tids[events[:, st.E_SLOT]]
        heads = pl.DataFrame(
            {
                "ts": events[:, st.E_TS],
                "cpu": pl.Series(events[:, st.E_CPU]).set(pl.Series(events[:, st.E_SEGMENT] == ANYWHERE), None),
                "tid": pl.Series(tid).set(pl.Series(tid < 0), None),
                **{column: pl.Series(values).gather(place) for column, values in texts.items()},
            }
        )
        rows = heads[np.repeat(np.arange(len(events)), schemes)]
        scheme = pl.Series([p.scheme.name for p in self._priced] * len(codes)).gather(at)
        times = pl.Series(np.repeat(events[:, st.E_COUNT], schemes))
        tags = [self._tags[code][s] or (None, None, None) for code in codes.tolist() for s in range(schemes)]
        priced = {
            column: pl.Series([tag[i] for tag in tags], dtype=pl.Float64).gather(at) * times
            for i, column in enumerate(_CYCLES)
        }
        return rows.with_columns(scheme=scheme, **priced).cast(SCHEMA)

    def _tag(self, codes: Sequence[int]) -> None:
        fresh = [code for code in codes if code not in self._tags]
        if not fresh:
            return
        columns = [self._each(p, fresh) for p in self._priced]
        for code, *tags in zip(fresh, *columns, strict=True):
            self._tags[code] = tags

    def _each(self, priced: Priced, codes: Sequence[int]) -> list[Range | None]:
        cycles = self._breakdown.each(priced, codes)
        if cycles is None:
            return [None] * len(codes)
        endless = [decode(code)[0] is Event.LOST_UNCOUNTED for code in codes]
        return [
            (float(low), float(typical), None if no_end else float(high))
            for no_end, low, typical, high in zip(endless, *cycles, strict=True)
        ]
