"""How far the order of events is settled after each bundle: exactly, since the first pass has seen all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    I64 = npt.NDArray[np.int64]

MOST: Final = 1 << 16
"""Stamps kept: with more bundles, one stands for several."""


class Horizons:
    """Bundles' smallest stamps in file order; each stands for `_group` bundles."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._group = most, 1
        self._whole: I64 = np.zeros(0, np.int64)
        self._rest: I64 = np.zeros(0, np.int64)

    def add(self, least: I64) -> None:
        """Take the smallest stamps of the next bundles."""
        pending = np.concatenate([self._rest, least])
        grouped = len(pending) // self._group * self._group
        self._rest = pending[grouped:].copy()
        self._whole = np.concatenate([self._whole, pending[:grouped].reshape(-1, self._group).min(axis=1)])
        while len(self._whole) > self._most:
            if len(self._whole) % 2:
                self._rest = np.concatenate([np.repeat(self._whole[-1:], self._group), self._rest])
                self._whole = self._whole[:-1]
            self._whole = self._whole.reshape(-1, 2).min(axis=1)
            self._group *= 2

    def settle(self) -> None:
        """All bundles are in: from here on `after` may be asked."""
        least = np.append(self._whole, self._rest.min(initial=2**63 - 1))
        self._whole = np.minimum.accumulate(least[::-1])[::-1]

    def after(self, bundles: int) -> int:
        """No event of a smaller stamp than this is in any bundle but the first so many."""
        return int(self._whole[min(bundles // self._group, len(self._whole) - 1)])
