"""The same figures for many groups of a census at once (processes, classes of event): one product for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gstrace.pricing.bill import Matrix, least_and_most
from gstrace.pricing.difference import apart, in_ledgers
from gstrace.replay.situations import Event, encode
from gstrace.schemes.operations import NAMES

if TYPE_CHECKING:
    import numpy.typing as npt

    from gstrace.schemes.compile import Scheme
    from gstrace.schemes.facts import Facts

    F64 = npt.NDArray[np.float64]
    I64 = npt.NDArray[np.int64]

BUDGET: Final = 1_000_000
LEAST_DRAWS: Final = 500
"""Quantiles of very many groups are taken over fewer draws: groups × draws stay below BUDGET, draws above this."""
_CHUNK: Final = 64
_UNCOUNTED: Final = encode(Event.LOST_UNCOUNTED)


@dataclass(frozen=True)
class Grouped:
    """How often each situation occurred in each group. counts: int64 [groups, codes]."""

    codes: tuple[int, ...]
    counts: I64

    @property
    def unbounded(self) -> npt.NDArray[np.bool_]:
        """Bool [groups]: where events of unknown number were lost."""
        if _UNCOUNTED not in self.codes:
            return np.zeros(len(self.counts), np.bool_)
        return self.counts[:, self.codes.index(_UNCOUNTED)] > 0


def grouped(group: I64, groups: int, situation: I64, count: I64) -> Grouped:
    """Cells of a census, each with the number of its group, as a table of groups by situations."""
    codes, place = np.unique(situation, return_inverse=True)
    counts = np.zeros((groups, len(codes)), np.int64)
    np.add.at(counts, (group, place), count)
    return Grouped(tuple(codes.tolist()), counts)


@dataclass(frozen=True)
class Amounts:
    """What each situation adds to a figure, in operations, on one machine.

    likely: float64 [codes, operations], the likeliest completion. open: situations whose completions differ, those
    alike together: their places in the codes, and int64 [completions, operations], the likeliest first.
    """

    likely: F64
    open: tuple[tuple[I64, I64], ...]


def amounts(ours: Matrix, theirs: Matrix | None, codes: Sequence[int], ledger: str) -> Amounts:
    """What sets a scheme apart from a baseline (None: from nothing), in one set of ledgers, for each situation."""
    likely: list[F64] = []
    alike: dict[bytes, tuple[list[int], I64]] = {}
    for place, code in enumerate(codes):
        rows = in_ledgers(apart(ours, theirs, code), ledger)
        likely.append(rows[0].astype(np.float64))
        if len(rows) > 1:
            alike.setdefault(rows.tobytes(), ([], rows))[0].append(place)
    opened = tuple((np.array(places), rows) for places, rows in alike.values())
    return Amounts(np.array(likely).reshape(len(codes), len(NAMES)), opened)


def draws_for(groups: int, available: int) -> int:
    """How many draws the quantiles of so many groups are taken over."""
    return min(available, max(LEAST_DRAWS, BUDGET // max(1, groups)))


def quantiles(machines: Sequence[Amounts], prices: F64, grouped: Grouped) -> F64:
    """float64 [3, groups]: p05 at the completions that make a figure least, p50 at the likeliest, p95 at the most.

    machines: what the machine may be, the likeliest first. prices: float64 [draws, operations], cycles; NaN only where
    no operation is. NaN: no bound, since events of unknown number were lost. As `difference.Cost.quantiles`.
    """
    if not any(one.likely.any() or one.open for one in machines):
        return np.zeros((3, len(grouped.counts)))
    known = np.nan_to_num(prices[: draws_for(len(grouped.counts), len(prices))])
    values = [_Values(one, known) for one in machines]
    found = [_chunk(values, part) for part in _chunks(grouped.counts)]
    figures = np.concatenate(found, axis=1) if found else np.zeros((4, 0))
    limitless = grouped.unbounded & (figures[3] > 0)
    figures[0, limitless] = figures[2, limitless] = np.nan
    return figures[:3] + 0.0


def at_typical(machines: Sequence[Amounts], typical: F64) -> F64:
    """float64 [codes]: cycles of one occurrence, at typical prices and the likeliest completion."""
    cycles: F64 = machines[0].likely @ np.nan_to_num(typical)
    return cycles


def extremes(machines: Sequence[Amounts], low: F64, high: F64) -> tuple[F64, F64]:
    """float64 [codes] twice: cycles of one occurrence at its cheapest completion and prices, and at its dearest.

    low, high: float64 [operations]. What an amount below 0 saves is most at the high price.
    """
    cheap, dear = np.nan_to_num(low), np.nan_to_num(high)
    least = [_at(one, lambda rows: weighted(rows, cheap, dear), np.min) for one in machines]
    most = [_at(one, lambda rows: weighted(rows, dear, cheap), np.max) for one in machines]
    return np.min(least, axis=0), np.max(most, axis=0)


def weighted(rows: F64 | I64, of_more: F64, of_less: F64) -> F64:
    """float64 [rows]: cycles of rows of operations, those below 0 at prices of their own."""
    cycles: F64 = np.maximum(rows, 0) @ of_more + np.minimum(rows, 0) @ of_less
    return cycles


def _at(one: Amounts, cycles: Callable[[F64], F64], take: Callable[[F64], np.float64]) -> F64:
    found = cycles(one.likely)
    for places, rows in one.open:
        found[places] = take(cycles(rows.astype(np.float64)))
    return found


class _Values:
    """One machine's amounts with prices: a figure of a group is `counts @ operations @ prices`, its open part apart."""

    def __init__(self, one: Amounts, prices: F64) -> None:
        self._prices = prices.T
        self._places = [places for places, _ in one.open]
        self._exact = one.likely.copy()
        for places in self._places:
            self._exact[places] = 0
        self._likely = np.array([rows[0] @ prices.T for _, rows in one.open])
        completed = [rows @ prices.T for _, rows in one.open]
        self._least = np.array([rows.min(axis=0) for rows in completed])
        self._most = np.array([rows.max(axis=0) for rows in completed])

    def of(self, counts: I64) -> tuple[F64, F64, F64]:
        """float64 [groups, draws] each: least, likely, most; one and the same where nothing is open."""
        exact = (counts @ self._exact) @ self._prices
        if not self._places:
            return exact, exact, exact
        opened = np.stack([counts[:, places].sum(axis=1) for places in self._places], axis=1)
        if not opened.any():
            return exact, exact, exact
        return exact + opened @ self._least, exact + opened @ self._likely, exact + opened @ self._most


def _chunks(counts: I64) -> Iterator[I64]:
    for first in range(0, len(counts), _CHUNK):
        yield counts[first : first + _CHUNK]


def _chunk(machines: Sequence[_Values], counts: I64) -> F64:
    """float64 [4, groups]: p05, p50, p95, and whether least and most differ."""
    least, likely, most = machines[0].of(counts)
    for other in machines[1:]:
        low, _, high = other.of(counts)
        least, most = np.minimum(least, low), np.maximum(most, high)
    if least is most:
        return np.vstack([_quantile(likely, 0.05, 0.5, 0.95), np.zeros(len(counts))])
    figures = (_quantile(least, 0.05), _quantile(likely, 0.5), _quantile(most, 0.95))
    return np.vstack([*figures, (least != most).any(axis=1)])


def _quantile(values: F64, *shares: float) -> F64:
    """float64 [shares, groups]: as numpy.quantile along the last axis, in half its time."""
    ends = [share * (values.shape[1] - 1) for share in shares]
    below = [int(end) for end in ends]
    above = [min(place + 1, values.shape[1] - 1) for place in below]
    ordered = np.partition(values, sorted({*below, *above}), axis=1)
    parts = (
        ordered[:, b] + (end - b) * (ordered[:, a] - ordered[:, b])
        for end, b, a in zip(ends, below, above, strict=True)
    )
    return np.array(list(parts))


def group_bills(scheme: Scheme, machines: Sequence[Facts], grouped: Grouped) -> tuple[I64, I64]:
    """int64 [groups, ledgers, operations] twice: the least and the most of each group's bill, as `bill.bill`."""
    lows: list[I64] = []
    highs: list[I64] = []
    for facts in machines:
        least, most = least_and_most(Matrix(scheme, facts), grouped.codes)
        lows.append(np.tensordot(grouped.counts, least, axes=1))
        highs.append(np.tensordot(grouped.counts, most, axes=1))
    return np.min(lows, axis=0), np.max(highs, axis=0)
