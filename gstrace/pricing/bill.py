"""The bill: how often a scheme would execute each operation over counted situations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
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
    """low, high: int64 [ledgers, operations]. unbounded: events of unknown number were lost, so no upper end exists.

    open: the situations that may be several things which this scheme bills differently.
    """

    low: I64
    high: I64
    unbounded: bool
    open: frozenset[int] = frozenset()

    def to_json(self) -> dict[str, dict[str, dict[str, int | None]]]:
        """`{gs: {OP: {low, high}}, fs: …}` without operations that never run; high null where there is no upper end."""
        answer: dict[str, dict[str, dict[str, int | None]]] = {}
        for i, ledger in enumerate(LEDGERS):
            low, high = self.low[i].tolist(), self.high[i].tolist()
            rows = zip(NAMES, low, high, strict=True)
            answer[ledger] = {n: {"low": lo, "high": None if self.unbounded else hi} for n, lo, hi in rows if lo or hi}
        return answer


class Matrix:
    """What a scheme executes in every known situation on one machine."""

    def __init__(self, scheme: Scheme, facts: Facts) -> None:
        known = scheme.matrix(known_codes(), facts)
        # One row more, of nothing: what completions of several situations are filled up with.
        self._known = np.concatenate([known, np.zeros_like(known[:1])])

    def alternatives(self, code: int) -> I64:
        """What a situation may execute: int64 [completions, ledgers, operations], the likeliest first."""
        rows: I64 = self._known[_rows(code)].sum(axis=1)
        return rows


@cache
def _rows(code: int) -> I64:
    """Rows of a matrix whose sums are a situation's completions: int64 [completions, at most so many at once]."""
    row = {known: i for i, known in enumerate(known_codes())}
    chosen = completions(code)
    rows = np.full((len(chosen), max(1, *map(len, chosen))), len(row), np.int64)
    for i, happened in enumerate(chosen):
        rows[i, : len(happened)] = [row[known] for known in happened]
    return rows


def least_and_most(matrix: Matrix, codes: Sequence[int]) -> tuple[I64, I64]:
    """The least and the most that each situation may execute: int64 [codes, ledgers, operations] twice."""
    rows = [matrix.alternatives(code) for code in codes]
    shape = (len(rows), len(LEDGERS), len(NAMES))
    least = np.array([r.min(axis=0) for r in rows], np.int64).reshape(shape)
    return least, np.array([r.max(axis=0) for r in rows], np.int64).reshape(shape)


def distinct(rows: I64) -> I64:
    """The rows of int64 [any, operations] without repetitions, the first one first."""
    if len(rows) == 1:
        return rows
    whole = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).ravel()
    _, first = np.unique(whole, return_index=True)
    return rows[np.sort(first)]


def is_unbounded(counts: Counts) -> bool:
    """Whether events of unknown number were lost among these."""
    return any(decode(code)[0] is Event.LOST_UNCOUNTED for code in counts)


def bill(scheme: Scheme, machines: Sequence[Facts], counts: Counts) -> Bill:
    """A scheme's bill. machines: what the machine may be, one scenario each; the bill spans them all."""
    codes, times = np.array(list(counts), np.int64), np.array(list(counts.values()), np.int64)
    lows, highs, still_open = [], [], set[int]()
    for facts in machines:
        least, most = least_and_most(Matrix(scheme, facts), codes.tolist())
        lows.append(np.tensordot(times, least, axes=1))
        highs.append(np.tensordot(times, most, axes=1))
        still_open.update(codes[(least != most).any(axis=(1, 2))].tolist())
    return Bill(np.min(lows, axis=0), np.max(highs, axis=0), is_unbounded(counts), frozenset(still_open))
