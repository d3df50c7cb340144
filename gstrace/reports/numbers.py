"""Numbers as people read them."""

from __future__ import annotations

from typing import Final

DIGITS: Final = 3
"""Significant digits of an estimate."""


def count(number: float | None) -> str:
    """A whole number with its thousands parted: `128,505`; `?` where nobody knows."""
    return "?" if number is None else f"{number:,.0f}"


def estimate(number: float | None, *, sign: bool = False) -> str:
    """A number to three significant digits: `3,350,000`, `41.2`, `-0.57`; `?` where nobody knows."""
    if number is None:
        return "?"
    if number == 0:
        return "0"
    rounded = float(f"{number:.{DIGITS - 1}e}")
    exponent = int(f"{rounded:e}".partition("e")[2])
    text = f"{rounded:,.{max(0, DIGITS - 1 - exponent)}f}"
    if "." in text and abs(rounded) < 1:
        text = text.rstrip("0")
    return f"+{text}" if sign and rounded > 0 else text


def interval(low: float | None, high: float | None) -> str:
    """Two ends, signed: `[-107, +179]`."""
    return f"[{estimate(low, sign=True)}, {estimate(high, sign=True)}]"


def share(least: float, most: float) -> str:
    """A range of shares in per cent: `42 %`, `97-99 %`; 0 and 100 only where it is all of them."""
    low, high = _percent(least), _percent(most)
    if low == high:
        return f"{low} %"
    return f"{low}-{high} %" if (low + high).isdigit() else f"{low} to {high} %"


def _percent(part: float) -> str:
    if 0 < part < 0.005:
        return "<1"
    return ">99" if 0.995 <= part < 1 else f"{100 * part:.0f}"
