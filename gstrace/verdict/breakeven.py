"""Where a verdict flips, and how far each price moves it. A difference is linear in every price, so both are exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Driver:
    """One price as a driver of a difference at typical prices and the likeliest counts.

    times: operations per price (scheme − baseline; > 0: the scheme executes more). low, typical, high: cycles, as
    believed. flips_at: cycles at which the difference is 0, null if no price ≥ 0 does it. within: whether that lies in
    the believed range. at_low, at_high: the difference at the ends of this price's range, in cycles.
    """

    price: str
    times: float
    low: float
    typical: float
    high: float
    flips_at: float | None
    within: bool
    at_low: float
    at_high: float

    @property
    def swing(self) -> float:
        return abs(self.at_high - self.at_low)


def drivers(times: F64, price_names: Sequence[str], ranges: F64) -> list[Driver]:
    """Every price that matters, the one that moves the difference most first.

    times: float64 [prices], likeliest counts, scheme − baseline. ranges: float64 [3, prices] low, typical, high.
    """
    low, typical, high = np.nan_to_num(ranges)
    total = float(times @ typical)
    found = []
    for i in np.flatnonzero(times).tolist():
        flip = float(typical[i] - total / times[i])
        found.append(
            Driver(
                price_names[i],
                float(times[i]),
                float(low[i]),
                float(typical[i]),
                float(high[i]),
                flip if flip >= 0 else None,
                bool(low[i] <= flip <= high[i]),
                float(total + times[i] * (low[i] - typical[i])),
                float(total + times[i] * (high[i] - typical[i])),
            )
        )
    return sorted(found, key=lambda d: (-d.swing, d.price))
