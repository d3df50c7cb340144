"""The bill: how often a scheme would execute each operation over counted situations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gstrace.replay.situations import Event, completions, decode, known_codes
from gstrace.schemes.operations import LEDGERS, NAMES

if TYPE_CHECKING:
    import numpy.typing as npt

    from gstrace.schemes.compile import Scheme
    from gstrace.schemes.facts import Facts

    I64 = npt.NDArray[np.int64]

Counts = Mapping[int, int]
"""Situation → how often."""


@dataclass(frozen=True)
class Bill:
    """low, high: int64 [ledgers, operations]. unbounded: events of unknown number were lost, so no upper end exists."""

    low: I64
    high: I64
    unbounded: bool

    def to_json(self) -> dict[str, dict[str, dict[str, int | None]]]:
        """`{gs: {OP: {low, high}}, fs: …}` without operations that never run; high null where there is no upper end."""
        answer: dict[str, dict[str, dict[str, int | None]]] = {}
        for i, ledger in enumerate(LEDGERS):
            low, high = self.low[i].tolist(), self.high[i].tolist()
            rows = zip(NAMES, low, high, strict=True)
            answer[ledger] = {n: {"low": lo, "high": None if self.unbounded else hi} for n, lo, hi in rows if lo or hi}
        return answer


class Matrix:
    """What a scheme executes in every known situation on one machine: int64 [known situations, ledgers, operations]."""

    def __init__(self, scheme: Scheme, facts: Facts) -> None:
        codes = known_codes()
        self._row = {code: row for row, code in enumerate(codes)}
        self._known = np.asarray(scheme.matrix(codes, facts), dtype=np.int64)

    def alternatives(self, code: int) -> I64:
        """What a situation may execute: int64 [completions, ledgers, operations], the likeliest first."""
        chosen = completions(code)
        rows = np.zeros((len(chosen), *self._known.shape[1:]), np.int64)
        for i, happened in enumerate(chosen):
            for known in happened:
                rows[i] += self._known[self._row[known]]
        return rows


def is_unbounded(counts: Counts) -> bool:
    """Whether events of unknown number were lost among these."""
    return any(decode(code)[0] is Event.LOST_UNCOUNTED for code in counts)


def bill(scheme: Scheme, machines: Sequence[Facts], counts: Counts) -> Bill:
    """A scheme's bill. machines: what the machine may be, one scenario each; the bill spans them all."""
    shape = (len(LEDGERS), len(NAMES))
    lows, highs = [], []
    for facts in machines:
        matrix = Matrix(scheme, facts)
        low, high = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for code, count in counts.items():
            rows = matrix.alternatives(code)
            low += count * rows.min(axis=0)
            high += count * rows.max(axis=0)
        lows.append(low)
        highs.append(high)
    return Bill(np.min(lows, axis=0), np.max(highs, axis=0), is_unbounded(counts))
