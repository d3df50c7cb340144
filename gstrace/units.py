"""Units as users write and read them: times, lists of CPUs, text that came from a recording."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from gstrace.errors import UsageError

NANOSECONDS: Final = {"": 1, "ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9}
LAST: Final = 2**63 - 1
BINARY: Final = {"": 0, "K": 10, "M": 20, "G": 30}
LARGEST: Final = 1 << 40
CPUS: Final = 1 << 16
"""A CPU's number has 16 bits in every table."""


def nanoseconds(text: str) -> int:
    """A time on the trace clock: `1250000000`, `1.25s`, `3ms`, `7us`. Raises UsageError; never rounds."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?(ns|us|µs|ms|s)?", text.strip(), re.ASCII)
    if not found:
        raise UsageError(f"{text!r} is no time", hint="nanoseconds, or a number with ns, us, ms or s: 1.25s")
    exact = Decimal(found[1]) * NANOSECONDS[found[2] or ""]
    if exact != exact.to_integral_value():
        raise UsageError(f"{text!r} is finer than a nanosecond", hint="a number without a unit is in nanoseconds")
    if exact > LAST:
        raise UsageError(f"{text!r} is later than any trace clock goes")
    return int(exact)


def size(text: str) -> int:
    """Bytes: `65536`, `64K`, `32M`, `1G`, by 1024. Raises UsageError."""
    found = re.fullmatch(r"(\d+) ?([KMG]?)(?:i?B)?", text.strip(), re.ASCII | re.IGNORECASE)
    if not found or not 0 < (number := int(found[1]) << BINARY[found[2].upper()]) <= LARGEST:
        raise UsageError(f"{text!r} is no size of a buffer", hint="bytes, or a number with K, M or G: 32M")
    return number


def cpus(text: str) -> frozenset[int]:
    """A list of CPUs: `0-3,8`. Raises UsageError."""
    chosen: set[int] = set()
    for part in text.split(","):
        found = re.fullmatch(r"(\d+)(?:-(\d+))?", part.strip(), re.ASCII)
        if not found:
            raise UsageError(f"{text!r} is no list of CPUs", hint="numbers and ranges: 0-3,8")
        first, last = int(found[1]), int(found[2] or found[1])
        if first > last:
            raise UsageError(f"{text!r}: the range {part.strip()} runs backwards")
        if last >= CPUS:
            raise UsageError(f"{text!r}: there is no CPU {last}")
        chosen.update(range(first, last + 1))
    return frozenset(chosen)


def clean(text: str) -> str:
    """Text from a recording, safe on a terminal: what would move the cursor or change colours is written out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
