"""The verdict's words, by one rule (docs/method.md, "Verdict")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from gstrace.pricing.difference import Cost

CHEAPER: Final = "cheaper"
DEARER: Final = "dearer"
EQUAL: Final = "equal"
UNDECIDED: Final = "no decision"
WORDS: Final = (CHEAPER, DEARER, EQUAL, UNDECIDED)


@dataclass(frozen=True)
class Verdict:
    """One of `cheaper`, `dearer`, `equal`, `no decision`, and the sentence that says why."""

    word: str | None
    why: str


def decide(cost: Cost) -> Verdict:
    """The verdict on a difference (scheme − baseline). It holds at every completion of what the trace leaves open."""
    if not cost.least.any() and not cost.most.any():
        return Verdict(EQUAL, "both execute the same operations, or operations that cost the same")
    if cost.unbounded:
        return Verdict(UNDECIDED, "the recorder lost events without saying how many: no bound holds")
    low, high = float(np.quantile(cost.least, 0.05)), float(np.quantile(cost.most, 0.95))
    if high < 0:
        return Verdict(CHEAPER, "cheaper in at least 95 % of the price draws, whatever the trace leaves open")
    if low > 0:
        return Verdict(DEARER, "dearer in at least 95 % of the price draws, whatever the trace leaves open")
    return Verdict(UNDECIDED, _blame(cost))


def _blame(cost: Cost) -> str:
    """Which uncertainty keeps the sign open: prices, what the trace leaves open, or either."""
    likely = np.quantile(cost.likely, (0.05, 0.95))
    prices_decide = likely[0] > 0 or likely[1] < 0
    typical = np.median(cost.least), np.median(cost.most)
    counts_decide = typical[0] > 0 or typical[1] < 0
    if prices_decide and not counts_decide:
        return "the trace leaves open what would decide it (origin of interrupts, or bases set before it began)"
    if counts_decide and not prices_decide:
        return "the prices are not known well enough; see the break-even"
    if prices_decide and counts_decide:
        return "prices and what the trace leaves open keep it open only together"
    return "neither the prices nor the trace decide it; see the break-even"


def share_cheaper(cost: Cost) -> tuple[float, float] | None:
    """P(cheaper) over the stated price ranges: (at the worst completion, at the best one)."""
    if cost.unbounded and not (cost.least == cost.most).all():
        return None  # no bound holds
    return float((cost.most < 0).mean()), float((cost.least < 0).mean())
