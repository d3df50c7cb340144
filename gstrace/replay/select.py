"""How often each situation occurred in the part of a recording that is asked about."""

from __future__ import annotations

from dataclasses import fields
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

import numpy as np

from gstrace.errors import nearest
from gstrace.replay import state as st
from gstrace.replay.census import ANYWHERE, Census
from gstrace.replay.situations import Event, encode

if TYPE_CHECKING:
    import numpy.typing as npt

    from gstrace.replay.selection import Selection
    from gstrace.replay.windows import Window

    Mask = npt.NDArray[np.bool_]
    I64 = npt.NDArray[np.int64]

FOREVER: Final = 2**63 - 1
_AS_CELLS: Final = [st.E_SEGMENT, st.E_TS, st.E_CPU, st.E_SLOT, st.E_CODE, st.E_COUNT]
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
    mask: Mask = threads[census.thread] | np.isin(census.situation, LOST)
    anywhere = census.segment == ANYWHERE
    if selection.cpus:
        mask &= np.isin(census.cpu, list(selection.cpus))
    if selection.window:
        chosen = chosen_windows(selection, windows)
        # How many windows each segment is in: as many begin as end before it.
        first = np.sort([w.first for w in chosen])
        last = np.sort([FOREVER if w.last is None else w.last for w in chosen])
        mask &= np.searchsorted(first, census.segment, "right") > np.searchsorted(last, census.segment, "left")
    mask |= anywhere
    return mask


def inside(census: Census, window: Window) -> Mask:
    """Cells that may belong to a window: those of its segments, and what cannot be placed in time."""
    last = FOREVER if window.last is None else window.last
    mask: Mask = (census.segment == ANYWHERE) | (census.segment >= window.first) & (census.segment <= last)
    return mask


def chosen_emitted(events: I64, selection: Selection, windows: list[Window], threads: Mask) -> Mask:
    """As `chosen_cells`, for emitted events (`state.E_*`), each by its own time."""
    segment, ts, cpu, thread, situation, count = events[:, _AS_CELLS].T
    mask = chosen_cells(Census(segment, ts, cpu, thread, situation, count), selection, windows, threads)
    # What was lost lies anywhere from E_FROM to E_TS; everything else has one time.
    timely = np.ones(len(ts), np.bool_)
    if selection.since is not None:
        timely &= ts >= selection.since
    if selection.until is not None:
        timely &= events[:, st.E_FROM] < selection.until
    mask &= timely | (segment == ANYWHERE)
    return mask


def part(census: Census, mask: Mask) -> Census:
    """The chosen cells alone."""
    return Census(*(getattr(census, f.name)[mask] for f in fields(census)))


def counts(census: Census) -> dict[int, int]:
    """Situation → how often, ascending by situation."""
    codes, inverse = np.unique(census.situation, return_inverse=True)
    totals = np.zeros(len(codes), np.int64)
    np.add.at(totals, inverse, census.count)
    return {int(code): int(total) for code, total in zip(codes, totals, strict=True) if total}
