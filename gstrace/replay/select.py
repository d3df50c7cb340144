"""How often each situation occurred in the part of a recording that is asked about."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

import numpy as np

from gstrace.errors import nearest
from gstrace.replay.census import ANYWHERE, Census
from gstrace.replay.situations import Event, encode

if TYPE_CHECKING:
    import numpy.typing as npt

    from gstrace.replay.selection import Selection
    from gstrace.replay.windows import Window

    Mask = npt.NDArray[np.bool_]

FOREVER: Final = 2**63 - 1
LOST: Final = [encode(Event.LOST), encode(Event.LOST_UNCOUNTED)]


def chosen_windows(selection: Selection, windows: list[Window]) -> list[Window]:
    """The windows of `--window`: a label with its number, or all occurrences of a plain one. Raises UsageError."""
    chosen = [w for w in windows if selection.window in (w.label, w.plain)]
    if not chosen:
        raise nearest(selection.window, sorted({w.plain for w in windows}), what="window in this recording")
    return chosen


def chosen_threads(
    selection: Selection, tid: npt.NDArray[np.int64], pid: npt.NDArray[np.int64], comm: list[str]
) -> Mask:
    """Rows of the thread table that are asked for; a thread whose process is unknown counts as a process of its own."""
    mask = np.ones(len(tid), np.bool_)
    if selection.pids:
        mask &= np.isin(np.where(pid > 0, pid, tid), list(selection.pids))
    if selection.tids:
        mask &= np.isin(tid, list(selection.tids))
    if selection.comms:
        mask &= np.array([any(fnmatchcase(c, glob) for glob in selection.comms) for c in comm], np.bool_)
    return mask


def chosen_cells(census: Census, selection: Selection, windows: list[Window], threads: Mask) -> Mask:
    """Cells of the census that are asked for. What was lost may have been any thread's; what cannot be placed in time
    or on a CPU belongs to every selection.
    """
    mask = threads[census.thread] | np.isin(census.situation, LOST)
    anywhere = census.segment == ANYWHERE
    if selection.cpus:
        mask &= np.isin(census.cpu, list(selection.cpus))
    if selection.window:
        inside = np.zeros(len(mask), np.bool_)
        for w in chosen_windows(selection, windows):
            inside |= (census.segment >= w.first) & (census.segment <= (FOREVER if w.last is None else w.last))
        mask &= inside
    return mask | anywhere


def counts(census: Census, mask: Mask) -> dict[int, int]:
    """Situation → how often, over the chosen cells; ascending by situation."""
    codes, inverse = np.unique(census.situation[mask], return_inverse=True)
    totals = np.zeros(len(codes), np.int64)
    np.add.at(totals, inverse, census.count[mask])
    return {int(code): int(total) for code, total in zip(codes, totals, strict=True) if total}
