"""A long ftrace text: a short one repeated, each time later, without the marks that its workload set."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LINE = re.compile(rb"(.*?\] \S+\s+)(\d+)\.(\d{6})(: .*\n)")
_MARK = b": NR 140 "


def repeat(short: Path, long: Path, times: int) -> int:
    """Write `long`. → its lines."""
    with short.open("rb") as file:
        lines = [m for line in file if (m := _LINE.fullmatch(line)) and _MARK not in line]
    at = [int(m[2]) * 1_000_000 + int(m[3]) for m in lines]
    span = at[-1] - at[0] + 1000
    with long.open("wb") as out:
        out.write(b"# tracer: nop\n")
        for later in range(0, times * span, span):
            out.writelines(
                b"%s%d.%06d%s" % (m[1], *divmod(t + later, 1_000_000), m[4]) for m, t in zip(lines, at, strict=True)
            )
    return 1 + times * len(lines)
