"""What events that nobody recorded could add to a difference: bounds beside the estimate, never in it.

As many as `verdict/coverage.py` says of the whole recording, each any of the situations that its class can be.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from gstrace.pricing.bill import Matrix
from gstrace.pricing.difference import apart, in_ledgers
from gstrace.pricing.groups import weighted
from gstrace.schemes.compile import completions as machines_of
from gstrace.uarchs import prices
from gstrace.verdict.answer import PRICE_NAMES, PRICES
from gstrace.verdict.classes import CLASSES, Class
from gstrace.verdict.coverage import NO_SNAPSHOTS, Seen

if TYPE_CHECKING:
    from gstrace.schemes.compile import Scheme
    from gstrace.verdict.answer import Priced

# Two operations may share one price, and then cancel: int64 [operations, prices].
_TO_PRICES: Final = np.array([[name == price for price in PRICES] for name in PRICE_NAMES], np.int64)


class Added(NamedTuple):
    """Cycles that unseen events could add to a difference, at least and at most; None: unknown, and `why`."""

    low: float | None
    high: float | None
    why: str = ""


class Pricer:
    """What unseen events could add to one scheme's difference from the baseline, on one machine."""

    def __init__(self, priced: Priced, baseline: Scheme, ledger: str) -> None:
        self._priced, self._ledger = priced, ledger
        self._low, _, self._high = prices.ranges(priced.machine.uarch, PRICES)
        scheme, machines = priced.scheme, machines_of([priced.scheme, baseline], priced.machine.facts)
        self._pairs = [(Matrix(scheme, facts), Matrix(baseline, facts)) for facts in machines]

    def adds(self, seen: Seen) -> Added:
        """Cycles, at least and at most: over what each may have been, what the machine may be, and low to high prices.

        It is the difference that is bounded, so what two schemes do alike adds nothing.
        """
        if seen.unseen is None:
            return Added(None, None, seen.why)
        if self._priced.difference is None:
            return Added(None, None, self._priced.verdict.why)
        ends = np.array(self._each[seen.of.name]) * seen.unseen if seen.unseen else np.zeros(2)
        if np.isnan(ends).any():
            return Added(None, None, f"{self._priced.machine.uarch.id} has no price for what such an event may need")
        return Added(float(ends[0]) + 0.0, float(ends[1]) + 0.0)

    @cached_property
    def _each(self) -> dict[str, tuple[float, float]]:
        """Class → the least and the most that one event adds."""
        return {of.name: self._extremes(of) for of in CLASSES if of.parts}

    def _extremes(self, of: Class) -> tuple[float, float]:
        by_machine = [[self._reach(part, pair, nothing=of.nothing) for part in of.parts] for pair in self._pairs]
        sums = np.array(by_machine).sum(axis=1)
        return float(sums[:, 0].min()), float(sums[:, 1].max())

    def _reach(self, part: Sequence[int], pair: tuple[Matrix, Matrix], *, nothing: bool) -> tuple[float, float]:
        """Cycles of one part, at least and at most; NaN where an operation that counts has no price."""
        rows = np.concatenate([in_ledgers(apart(*pair, code), self._ledger) for code in part]) @ _TO_PRICES
        if nothing:
            rows = np.concatenate([rows, np.zeros_like(rows[:1])])
        used = rows.any(axis=0)
        low, high = self._low[used], self._high[used]
        return float(weighted(rows[:, used], low, high).min()), float(weighted(rows[:, used], high, low).max())


def total(pricer: Pricer, seen: Sequence[Seen]) -> Added:
    """What all classes with a known unseen part could add together; None where none is known, or one has no price."""
    known = [pricer.adds(s) for s in seen if s.unseen is not None and not s.of.overlaps]
    if not known:
        return Added(None, None, NO_SNAPSHOTS)
    lacking = next((a for a in known if a.low is None or a.high is None), None)
    if lacking is not None:
        return lacking
    return Added(sum(a.low or 0.0 for a in known), sum(a.high or 0.0 for a in known))


def outlasts(priced: Priced, ledger: str, added: Added) -> bool | None:
    """Whether `cheaper` or `dearer` would still be said with all that could be added; None: it is neither, or unknown.

    Only for an answer about the whole recording, as `added` is.
    """
    figure = priced.difference[ledger] if priced.difference else {}
    match priced.verdict.word, figure.get("p05"), figure.get("p95"), added:
        case "cheaper", _, float(high), Added(_, float(more), _):
            return high + more < 0
        case "dearer", float(low), _, Added(float(less), _, _):
            return low + less > 0
    return None
