"""What a scheme costs, and how much more than another, in cycles: draws of prices on every completion of the counts.

The difference is taken per completion before it is priced, so what two schemes do alike never widens the answer, and a
scheme against itself is exactly zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gstrace.pricing.bill import Counts, Matrix, distinct, is_unbounded

if TYPE_CHECKING:
    import numpy.typing as npt

    from gstrace.schemes.compile import Scheme
    from gstrace.schemes.facts import Facts

    F64 = npt.NDArray[np.float64]
    I64 = npt.NDArray[np.int64]

LEDGER_SETS: Final = {"gs": (0,), "fs": (1,), "both": (0, 1)}
"""Which ledgers a figure sums."""


@dataclass(frozen=True)
class Expansion:
    """A difference of bills before prices, on one machine and for one ledger set.

    exact: float64 [operations], the part that the trace decides. open: pairs of how often, and what it may be instead:
    int64 [alternatives, operations], the likeliest first, no two alike.
    """

    exact: F64
    open: tuple[tuple[int, I64], ...]

    def likely(self) -> F64:
        """float64 [operations]: at the likeliest completion of everything."""
        return self.exact + sum((n * rows[0] for n, rows in self.open), np.zeros_like(self.exact))


@dataclass(frozen=True)
class Cost:
    """Cycles per draw of prices: at the completions that make it least, at the likeliest, at those making it most."""

    least: F64
    likely: F64
    most: F64
    unbounded: bool = False

    def quantiles(self) -> dict[str, float | None]:
        """p05 at the least, p50 at the likeliest, p95 at the most; bounds null where lost events have no number."""
        if self.unbounded and not (self.least == self.most).all():
            return {"p05": None, "p50": float(np.median(self.likely)), "p95": None}
        return {
            "p05": float(np.quantile(self.least, 0.05)),
            "p50": float(np.median(self.likely)),
            "p95": float(np.quantile(self.most, 0.95)),
        }


def apart(ours: Matrix, theirs: Matrix | None, code: int) -> I64:
    """What sets a scheme apart from another (None: from nothing) in each completion of a situation.

    int64 [completions, ledgers, operations], the likeliest first.
    """
    return ours.alternatives(code) - (theirs.alternatives(code) if theirs else 0)


def in_ledgers(rows: I64, ledger: str) -> I64:
    """The ledgers of one set summed: int64 [alternatives, operations], the likeliest first, no two alike."""
    return distinct(rows[:, list(LEDGER_SETS[ledger])].sum(axis=1))


def expand(scheme: Scheme, baseline: Scheme | None, facts: Facts, counts: Counts) -> dict[str, Expansion]:
    """scheme − baseline (None: nothing) for each set of ledgers, on one machine."""
    ours = Matrix(scheme, facts)
    theirs = Matrix(baseline, facts) if baseline is not None else None
    found: dict[str, Expansion] = {}
    rows = {code: apart(ours, theirs, code) for code in counts}
    for name in LEDGER_SETS:
        exact = np.zeros(next(iter(rows.values())).shape[-1] if rows else 0)
        opened: dict[bytes, tuple[int, I64]] = {}
        for code, count in counts.items():
            unique = in_ledgers(rows[code], name)
            if len(unique) == 1:
                exact = exact + count * unique[0]
            else:
                key = unique.tobytes()
                opened[key] = (opened.get(key, (0, unique))[0] + count, unique)
        found[name] = Expansion(exact, tuple(opened.values()))
    return found


def needed(expansions: Sequence[Expansion]) -> npt.NDArray[np.bool_]:
    """bool [operations]: which ones a price is needed for."""
    used = [e.exact != 0 for e in expansions] + [(rows != 0).any(axis=0) for e in expansions for _, rows in e.open]
    anywhere: npt.NDArray[np.bool_] = np.any(used, axis=0)
    return anywhere


def price(expansions: Sequence[Expansion], prices: F64, counts: Counts) -> Cost:
    """Cycles of a difference over every machine that it may be (one expansion each; the first is the likeliest).

    prices: float64 [draws, operations], cycles; NaN only in columns that are not `needed`.
    """
    known = np.nan_to_num(prices)
    costs = [_price_one(expansion, known) for expansion in expansions]
    return Cost(
        np.stack([c.least for c in costs]).min(axis=0),
        costs[0].likely,
        np.stack([c.most for c in costs]).max(axis=0),
        is_unbounded(counts),
    )


def _price_one(expansion: Expansion, prices: F64) -> Cost:
    base = prices @ expansion.exact
    least, likely, most = base.copy(), base.copy(), base.copy()
    for count, rows in expansion.open:
        values = prices @ rows.T
        least += count * values.min(axis=1)
        likely += count * values[:, 0]
        most += count * values.max(axis=1)
    return Cost(least, likely, most)
