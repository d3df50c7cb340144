"""Draws of prices: one per operation and replicate, shared by every scheme and event.

Each price is triangular between its low and high with its typical value as the mode. A draw is made from a uniform
number, so a price needs nothing but its place in its own range:

    independent   u = own
    in a group    u = fold(shared + SPREAD · (own − ½))      fold mirrors what is below 0 or above 1 back inside

`own` belongs to the operation, `shared` to its group. Folding keeps u exactly uniform, hence each price exactly
triangular, while the prices of a group stay close to one another. SPREAD = ⅓ makes their rank correlation about 0.9.
Every stream is keyed by the seed and a name alone: the draws of an operation depend neither on what else is asked for,
nor on the order, nor on the microarchitecture, so that differences between any two of them are drawn alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gstrace.uarchs.uarch import PRICED, QUALITIES, Cycles, Price, Uarch

SEED: Final = 20190325
DRAWS: Final = 10_000
DISTRIBUTION: Final = "triangular"
SPREAD: Final = 1 / 3

GROUPS: Final = {
    # Both write the GS base by the same hardware. FS is left out: its updates do not wait for those of GS.
    "GS update": ("swapgs", "wrgsbase"),
    "microcoded MSR access": (
        "rdmsr_fs_base",
        "rdmsr_gs_base",
        "rdmsr_kernel_gs_base",
        "wrmsr_fs_base",
        "wrmsr_gs_base",
        "wrmsr_kernel_gs_base",
        "wrmsrns_kernel_gs_base",
    ),
}
"""Operations that are cheap or dear together, by what they share."""

_GROUP_OF: Final = {op: group for group, ops in GROUPS.items() for op in ops}

Floats = NDArray[np.float64]


def draw(uarch: Uarch, ops: Sequence[str], n: int = DRAWS, seed: int = SEED, *, independent: bool = False) -> Floats:
    """Draws of the prices of `ops`, in core clock cycles.

    ops: names of `PRICED`. independent: without the groups' common factors.
    → float64 [n, len(ops)]; a column is NaN where the uarch has no price (`missing` says why); an operation made of
    parts is the sum of their draws. The first m of n draws are those of n = m. Raises KeyError for a name that is not
    in `PRICED`.
    """
    drawn = np.empty((n, len(ops)), dtype=np.float64)
    for column, op in enumerate(ops):
        drawn[:, column] = _draw(uarch, op, n, seed, independent)
    return drawn


def ranges(uarch: Uarch, ops: Sequence[str]) -> Floats:
    """→ float64 [3, len(ops)]: low, typical and high in core clock cycles; NaN where the uarch has no price."""
    nothing = Cycles(np.nan, np.nan, np.nan)
    rows = [nothing if (price := _price(uarch, op)) is None or price.cycles is None else price.cycles for op in ops]
    return np.array(rows, dtype=np.float64).reshape(len(ops), 3).T


def typical(uarch: Uarch, ops: Sequence[str]) -> Floats:
    """→ float64 [len(ops)]: the best single value of each, in core clock cycles; NaN where the uarch has no price."""
    values: Floats = ranges(uarch, ops)[1]
    return values


def missing(uarch: Uarch, ops: Sequence[str]) -> dict[str, str]:
    """Those of `ops` that the uarch has no price for, each with the reason. Missing is not zero."""
    reasons = {}
    for op in ops:
        price = _price(uarch, op)
        if price is None:
            reasons[op] = f"{uarch.id} states no price"
        elif price.cycles is None:
            reasons[op] = price.note
    return reasons


def quality(uarch: Uarch, ops: Sequence[str]) -> str | None:
    """The worst quality (`QUALITIES`) among the prices of `ops` and of their parts; None where none has a price."""
    found = {part.quality for op in ops for part in _with_parts(uarch, op) if part.cycles is not None}
    return max(found, key=QUALITIES.index, default=None)


def _draw(uarch: Uarch, op: str, n: int, seed: int, independent: bool) -> Floats:
    price = _price(uarch, op)
    if price is None or price.cycles is None:
        return np.full(n, np.nan)
    if price.parts:
        total: Floats = np.sum([_draw(uarch, part, n, seed, independent) for part in price.parts], axis=0)
        return total
    return triangular(_place(op, n, seed, independent), price.cycles)


def _place(op: str, n: int, seed: int, independent: bool) -> Floats:
    """Where in its range the price stands: uniform, float64 [n]."""
    own, group = _uniform(f"operation {op}", n, seed), _GROUP_OF.get(op)
    if group is None or independent:
        return own
    moved = _uniform(f"group {group}", n, seed) + SPREAD * (own - 0.5)
    folded: Floats = 1 - np.abs(1 - np.abs(moved))
    return folded


def triangular(u: Floats, cycles: Cycles) -> Floats:
    """The inverse of the triangular distribution function: u in [0, 1] → cycles, of u's shape."""
    low, mode, high = cycles
    if low == high:
        return np.full_like(u, low)
    rising = low + np.sqrt(u * (high - low) * (mode - low))
    falling = high - np.sqrt((1 - u) * (high - low) * (high - mode))
    return np.where(u * (high - low) < mode - low, rising, falling)


def _uniform(name: str, n: int, seed: int) -> Floats:
    # Python's own hash() differs from run to run.
    digest = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")
    return np.random.Generator(np.random.Philox(key=np.array([seed, digest], dtype=np.uint64))).random(n)


def _price(uarch: Uarch, op: str) -> Price | None:
    if op not in PRICED:
        raise KeyError(op)
    return uarch.prices.get(op)


def _with_parts(uarch: Uarch, op: str) -> list[Price]:
    price = _price(uarch, op)
    if price is None:
        return []
    return [price, *(uarch.prices[part] for part in price.parts)]
