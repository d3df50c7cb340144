"""Kernel: where situations are counted, and the windows of time they are counted in."""

from __future__ import annotations

from gstrace.jit import inlined, njit
from gstrace.replay.kernel.codes import DONE, FULL, GROW, K_LOSS, SPARE
from gstrace.replay.state import BIN, CELLS, LAST_W, MAX_BINS, SEGMENT, SHIFT, SLOTS, T0, WINDOW, WINDOWS


@inlined
def scatter(where, what):
    """A cell's place, spread over all bits: neither windows (high bits of `where`) nor situations may share one."""
    # Factors of 16 bits: nothing overflows, compiled or not.
    mixed = (where >> 16) * 40503 + (where & 0xFFFF) * 60493 + (what >> 22) * 48271 + (what & 0x3FFFFF) * 37813
    return mixed ^ mixed >> 11 ^ mixed >> 23


@inlined
def emit(st, emitted, w, cpu, slot, code, n, ts, seq):
    """Count n of a situation in its cell; with room in `emitted`, list it too. `emitted[0, 0]` is the rows used."""
    where, what = w << 16 | cpu, slot << 22 | code
    mask = st.where.size - 1
    at = scatter(where, what) & mask
    while st.where[at] != where or st.what[at] != what:
        if st.where[at] < 0:
            st.where[at] = where
            st.what[at] = what
            st.g[CELLS] += 1
            break
        at = (at + 1) & mask
    st.times[at] += n
    if emitted.shape[0] > 1:
        row = emitted[0, 0] + 1
        emitted[0, 0] = row
        emitted[row, 0] = seq
        emitted[row, 1] = ts
        emitted[row, 2] = cpu
        emitted[row, 3] = slot
        emitted[row, 4] = code
        emitted[row, 5] = n
        emitted[row, 6] = st.window_segment[w]
        emitted[row, 7] = ts


@inlined
def open_window(st, ts):
    """The window of (segment, bin) that an event at ts belongs to. → whether the bins became too many."""
    g = st.g
    b = (ts - g[T0]) >> g[SHIFT]
    b = max(b, g[BIN])
    if b >= MAX_BINS:
        return True
    if b != g[BIN] or st.window_segment[g[WINDOW]] != g[SEGMENT]:
        g[BIN] = b
        g[WINDOW] = g[WINDOWS]
        g[WINDOWS] += 1
        st.window_segment[g[WINDOW]] = g[SEGMENT]
        st.window_start[g[WINDOW]] = g[T0] + (b << g[SHIFT])
    return False


@inlined
def room(st, emitted, cpu, kind):
    """Whether one more event fits everywhere; a loss may fill a cell in each window since the CPU's last event."""
    g = st.g
    need = SPARE
    if kind == K_LOSS and 0 <= cpu < st.cpus.shape[0]:
        need += g[WINDOWS] - st.cpus[cpu, LAST_W]
    if 2 * (g[CELLS] + need) > st.where.size or g[SLOTS] + SPARE > st.threads.shape[0]:
        return GROW
    if g[WINDOWS] + SPARE > st.window_segment.size:
        return GROW
    if emitted.shape[0] > 1 and emitted[0, 0] + need >= emitted.shape[0]:
        return FULL
    return DONE


@njit
def rehash(where, what, times, where_to, what_to, times_to):
    """Add every used cell of one table into another, larger or emptier one. → cells used there."""
    mask = where_to.size - 1
    used = 0
    for i in range(where.size):
        if where[i] < 0:
            continue
        at = scatter(where[i], what[i]) & mask
        while where_to[at] >= 0 and (where_to[at] != where[i] or what_to[at] != what[i]):
            at = (at + 1) & mask
        if where_to[at] < 0:
            where_to[at], what_to[at] = where[i], what[i]
            used += 1
        times_to[at] += times[i]
    return used
