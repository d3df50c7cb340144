"""The arch_prctl calls that `--abi inst` does away with: how many, and how long they took in the recording.

Their entries, returns and base accesses are in the bills already. What else a call costs is in no ledger: it stands
beside the answer, as an interval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from gstrace.replay.situations import completions
from gstrace.schemes.abi import is_replaceable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gstrace.trace import Part

ARCH_PRCTL: Final = 158
MEGA: Final = 1e6


class Calls(NamedTuple):
    """low, high: how many calls an instruction replaces, over the selection.

    recorded: ns from a call's sys_enter to its sys_exit: p05, p50, p95 over the selection; None where no call has both.
    hidden: ns; what of a call lies outside of the two is no longer than the shortest time from a thread's sys_exit to
    its next sys_enter; None where there is none. mhz: of the recorded CPU, to make cycles of it; None: unknown.
    """

    low: int
    high: int
    recorded: tuple[float, float, float] | None
    hidden: int | None
    mhz: float | None

    def cycles(self) -> tuple[float, float, float] | None:
        """Spared over the selection: at least nothing, since recording takes time too; as recorded; at most with all of
        the hidden part.
        """
        if self.recorded is None or self.mhz is None:
            return None
        per_ns = self.mhz * MEGA / 1e9
        _, median, long = self.recorded
        return 0.0, self.low * median * per_ns, self.high * (long + (self.hidden or 0)) * per_ns


def calls(part: Part) -> Calls:
    """The replaceable calls of a part."""
    low, high = _replaceable(part.counts)
    recorded, hidden = _durations(part)
    mhz = part.trace.capture.get("cpu_mhz")
    return Calls(low, high, recorded, hidden, float(str(mhz)) if mhz else None)


def _replaceable(counts: Mapping[int, int]) -> tuple[int, int]:
    low = high = 0
    for code, n in counts.items():
        may = [all(map(is_replaceable, known)) and bool(known) for known in completions(code)]
        low, high = low + n * all(may), high + n * any(may)
    return low, high


def _durations(part: Part) -> tuple[tuple[float, float, float] | None, int | None]:
    tables = part.trace.tables
    sides = [
        table.select("seq", "ts", "tid", "cpu", "nr", pl.lit(enter).alias("enter"))
        for table, enter in ((tables.sys_enter, True), (tables.sys_exit, False))
    ]
    callers = tables.arch_prctl.select("tid").unique().collect()["tid"]
    rows = pl.concat(sides).filter(pl.col("tid").is_in(callers.implode())).collect().sort("tid", "seq")
    before = rows.shift(1)
    follows = (rows["tid"] == before["tid"]) & (rows["enter"] != before["enter"])
    rows = rows.with_columns(took=rows["ts"] - before["ts"]).filter(follows.fill_null(value=False))
    rows = rows.filter(part.trace.rows_chosen(rows, part.selection))
    took = rows.filter(~pl.col("enter") & (pl.col("nr") == ARCH_PRCTL))["took"].to_numpy()
    gaps = rows.filter(pl.col("enter"))["took"].to_numpy()
    recorded = None
    if len(took):
        short, median, long = np.quantile(took, (0.05, 0.5, 0.95)).tolist()
        recorded = short, median, long
    return recorded, int(gaps.min()) if len(gaps) else None
