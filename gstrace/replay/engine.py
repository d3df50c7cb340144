"""The replay: drives the kernel over a stream, makes room as it asks, and gives the census at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from gstrace.events.losses import LOSSES
from gstrace.replay import state as st
from gstrace.replay.census import ANYWHERE, Census, Threads
from gstrace.replay.kernel import machine
from gstrace.replay.kernel.cells import rehash
from gstrace.replay.kernel.codes import COARSEN, DONE, FULL, GROW, SPARE
from gstrace.replay.options import DEFAULT, Options

if TYPE_CHECKING:
    import numpy.typing as npt

    from gstrace.events.rows import Rows

    I64 = npt.NDArray[np.int64]


class Replay:
    """Follows a recording. Feed it the stream in order, in pieces of any length; the pieces change nothing.

    With `listen` rows, each situation is also listed as it is decided: a return to user mode when a later event proves
    it, with the time of the event after which it happened.
    """

    def __init__(self, listen: int = 0, options: Options = DEFAULT) -> None:
        self.state = st.new(options)
        self._emitted = np.zeros((1 + listen, st.EMITTED_FIELDS), np.int64)
        self._blinds = np.array([loss.blinds + loss.again for loss in LOSSES], np.uint8)

    @property
    def inferred_switches(self) -> int:
        """Switches that the trace proves but does not hold (RULES T10)."""
        return int(self.state.g[st.INFERRED])

    @property
    def last_ts(self) -> int:
        """Time of the last event, ns."""
        return int(self.state.g[st.NOW])

    def feed(self, rows: Rows) -> list[I64]:
        """Replay the next rows. → what was emitted, arrays [n, EMITTED_FIELDS] (`state.E_*`), if listening."""
        if rows.size:
            self._fit_cpus(int(rows.cpu.max()))
        return self._drive(lambda start: machine.replay(self.state, self._emitted, self._blinds, *rows, start))

    def finish(self) -> list[I64]:
        """The recording is over: returns still due are counted. → as `feed`."""
        return self._drive(lambda start: machine.finish(self.state, self._emitted, start))

    def _drive(self, call: Callable[[int], tuple[int, int]]) -> list[I64]:
        heard: list[I64] = []
        status, start = FULL, 0
        while status != DONE:
            status, start = call(start)
            if status == GROW:
                self.state = _grown(self.state)
            elif status == COARSEN:
                self.state = _coarser(self.state)
            if self._emitted[0, 0] and (status in (FULL, DONE)):
                heard.append(self._emitted[1 : 1 + self._emitted[0, 0]].copy())
                self._emitted[0, 0] = 0
            elif status == FULL and len(self._emitted) > 1:
                self._emitted = np.zeros((2 * len(self._emitted) + SPARE, st.EMITTED_FIELDS), np.int64)
        return heard

    def _fit_cpus(self, highest: int) -> None:
        rows = len(self.state.cpus)
        if highest >= rows:
            more = st.new_cpus(max(highest + 1, 2 * rows) - rows)
            self.state = self.state._replace(cpus=np.concatenate([self.state.cpus, more]))

    def census(self) -> Census:
        """The cells so far."""
        s = self.state
        used = np.flatnonzero((s.where >= 0) & (s.times != 0))
        window, cpu = s.where[used] >> 16, s.where[used] & 0xFFFF
        thread, situation = s.what[used] >> 22, s.what[used] & (1 << 22) - 1
        segment, start = s.window_segment[window], s.window_start[window]
        order = np.lexsort((situation, thread, cpu, segment, start))
        return Census(
            segment=segment[order].astype(np.int32),
            start=start[order],
            cpu=cpu[order].astype(np.int32),
            thread=thread[order].astype(np.int32),
            situation=situation[order].astype(np.int32),
            count=s.times[used][order],
        )

    def threads(self) -> Threads:
        t = self.state.threads[: self.state.g[st.SLOTS]]
        return Threads(
            *(
                t[:, f].copy()
                for f in (st.TID, st.TGEN, st.PID, st.KERNEL, st.COMM, st.SELECTED, st.FIRST, st.LAST, st.RAN)
            )
        )


def _grown(s: st.State) -> st.State:
    """Twice the room wherever less than half is free."""
    g = s.g
    if 2 * (g[st.SLOTS] + SPARE) > len(s.threads):
        s = s._replace(threads=np.concatenate([s.threads, np.zeros_like(s.threads)]))
    if 2 * (g[st.WINDOWS] + SPARE) > len(s.window_segment):
        s = s._replace(
            window_segment=np.concatenate([s.window_segment, np.full_like(s.window_segment, ANYWHERE)]),
            window_start=np.concatenate([s.window_start, np.zeros_like(s.window_start)]),
        )
    if 4 * (g[st.CELLS] + g[st.WINDOWS] + SPARE) > len(s.where):
        s = _rehashed(s, s.where, 4 * len(s.where))
    return s


def _rehashed(s: st.State, where: I64, cells: int) -> st.State:
    new_where, new_what, new_times = np.full(cells, -1, np.int64), np.zeros(cells, np.int64), np.zeros(cells, np.int64)
    s.g[st.CELLS] = rehash(where, s.what, s.times, new_where, new_what, new_times)
    return s._replace(where=new_where, what=new_what, times=new_times)


def _coarser(s: st.State) -> st.State:
    """Windows of twice the width: each pair of bins in one segment becomes one window, cells and references follow."""
    g = s.g
    used = int(g[st.WINDOWS])
    g[st.SHIFT] += 1
    bins = (s.window_start[:used] - g[st.T0]) >> g[st.SHIFT]
    segments = s.window_segment[:used]
    new = np.ones(used, np.bool_)
    new[2:] = (bins[2:] != bins[1:-1]) | (segments[2:] != segments[1:-1])
    moved = np.cumsum(new) - 1
    first = np.flatnonzero(new)
    s.window_segment[: len(first)] = segments[first]
    s.window_start[: len(first)] = g[st.T0] + (bins[first] << g[st.SHIFT])
    g[st.WINDOWS] = len(first)
    g[st.WINDOW] = moved[g[st.WINDOW]]
    g[st.BIN] >>= 1
    for table, field in ((s.threads, st.PEND_W), (s.threads, st.STOP_W), (s.cpus, st.LAST_W)):
        table[:, field] = moved[table[:, field]]
    where = np.where(s.where >= 0, moved[np.maximum(s.where, 0) >> 16] << 16 | s.where & 0xFFFF, -1)
    return _rehashed(s, where, len(s.where))
