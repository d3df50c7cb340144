"""An answer's figures broken down: by process, by class of event, over time, by window, by single event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gstrace.pricing import groups
from gstrace.pricing.bill import Bill, Matrix
from gstrace.replay.situations import Event, likeliest
from gstrace.schemes.compile import completions as machines_of
from gstrace.verdict.answer import Priced, price_draws, price_ranges

if TYPE_CHECKING:
    import numpy.typing as npt

    from gstrace.pricing.groups import Grouped
    from gstrace.replay.census import Census
    from gstrace.schemes.compile import Scheme
    from gstrace.schemes.facts import Facts

    F64 = npt.NDArray[np.float64]
    I64 = npt.NDArray[np.int64]

CALLS = frozenset({Event.SET_GS, Event.SET_FS, Event.GET_GS, Event.GET_FS})


class Figures(NamedTuple):
    """float64 [3, groups], cycles: p05, p50, p95; NaN where lost events leave no bound."""

    cycles: F64
    difference: F64


class Tally(NamedTuple):
    """int64 [groups]: entries from user mode at the likeliest completion, context switches, arch_prctl calls."""

    entries: I64
    switches: I64
    arch_prctl: I64


def tally(grouped: Grouped) -> Tally:
    """How often the events happened that users count in."""
    weights = np.zeros((3, len(grouped.codes)), np.int64)
    for place, code in enumerate(grouped.codes):
        happened = likeliest(code)
        calls = sum(event in CALLS for event in happened)
        weights[:, place] = happened.count(Event.ENTRY), happened.count(Event.SWITCH_GS), calls
    return Tally(*(weights @ grouped.counts.T))


def bill_over(priced: Sequence[Priced]) -> Bill:
    """One scheme's bill over all the microarchitectures that it was priced on."""
    bills = [p.bill for p in priced]
    low, high = np.stack([b.low for b in bills]).min(axis=0), np.stack([b.high for b in bills]).max(axis=0)
    return Bill(low, high, any(b.unbounded for b in bills))


class Breakdown:
    """Prices parts of what an answer priced whole: same prices, same draws, same machines, same completions."""

    def __init__(self, baseline: Scheme, ledger: str) -> None:
        self._baseline, self._ledger = baseline, ledger
        self._draws: dict[str, F64] = {}
        self._matrices: dict[tuple[type[Scheme], str, Facts], Matrix] = {}

    def figures(self, priced: Priced, grouped: Grouped) -> Figures | None:
        """Each group's cycles and difference from the baseline; None where the scheme has none on this machine."""
        if priced.difference is None:
            return None
        uarch = priced.machine.uarch
        if uarch.id not in self._draws:
            self._draws[uarch.id] = price_draws(uarch)
        draws = self._draws[uarch.id]
        return Figures(
            groups.quantiles(self._amounts(priced, grouped.codes, None), draws, grouped),
            groups.quantiles(self._amounts(priced, grouped.codes, self._baseline), draws, grouped),
        )

    def typical_difference(self, priced: Priced, group: I64, groups_: int, census: Census) -> F64 | None:
        """float64 [groups]: difference at typical prices and the likeliest completion; group: of each cell."""
        if priced.difference is None:
            return None
        codes, place = np.unique(census.situation, return_inverse=True)
        typical = price_ranges(priced.machine.uarch)[1]
        each = groups.at_typical(self._amounts(priced, codes.tolist(), self._baseline), typical)
        total = np.zeros(groups_)
        np.add.at(total, group, each[place] * census.count)
        return total

    def each(self, priced: Priced, codes: Sequence[int]) -> tuple[F64, F64, F64] | None:
        """float64 [codes] each: cycles of one occurrence, the least, the typical and likeliest, the most."""
        if priced.cycles is None:
            return None
        low, typical, high = price_ranges(priced.machine.uarch)
        amounts = self._amounts(priced, codes, None)
        least, most = groups.extremes(amounts, low, high)
        return least, groups.at_typical(amounts, typical), most

    def bills(self, priced: Sequence[Priced], grouped: Grouped) -> list[Bill]:
        """Each group's bill, over all microarchitectures of one scheme."""
        found = [groups.group_bills(p.scheme, machines_of([p.scheme], p.machine.facts), grouped) for p in priced]
        low, high = np.min([f[0] for f in found], axis=0), np.max([f[1] for f in found], axis=0)
        return [Bill(*three) for three in zip(low, high, grouped.unbounded.tolist(), strict=True)]

    def _amounts(self, priced: Priced, codes: Sequence[int], baseline: Scheme | None) -> list[groups.Amounts]:
        schemes = [priced.scheme] if baseline is None else [priced.scheme, baseline]
        machines = machines_of(schemes, priced.machine.facts)
        return [
            groups.amounts(
                self._matrix(priced.scheme, facts),
                None if baseline is None else self._matrix(baseline, facts),
                codes,
                self._ledger,
            )
            for facts in machines
        ]

    def _matrix(self, scheme: Scheme, facts: Facts) -> Matrix:
        key = type(scheme), scheme.name, facts
        if key not in self._matrices:
            self._matrices[key] = Matrix(scheme, facts)
        return self._matrices[key]
