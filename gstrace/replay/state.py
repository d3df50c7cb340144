"""What the replay remembers: per thread, per CPU, and the cells counted so far. Plain arrays, for the kernel.

All int64 unless said otherwise. `threads[slot]` is one *generation* of a thread: a tid that is used again gets
a new slot. Slot 0 is the idle task of every CPU, slot 1 stands for threads whose number is no number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from gstrace.events.tables import NULL
from gstrace.replay.options import DEFAULT, Options

if TYPE_CHECKING:
    import numpy.typing as npt

    I64 = npt.NDArray[np.int64]
    I32 = npt.NDArray[np.int32]

# threads[slot, …]
(TID, TGEN, PID, KERNEL, COMM, FIRST, LAST, CALL, NR, NEWBORN, EXITING, DEAD, OUT, FAULTED, DUMPS, EPOCH) = range(16)
# The return to user mode that is due: 0 none, 1 due, 2 due or done before an interrupt of unknown origin;
# and where it is counted once proven: window, CPU, what it returns from, time, seq.
PEND, PEND_W, PEND_CPU, PEND_VIA, PEND_TS, PEND_SEQ = range(16, 22)
# Identity of a base: ≥ 0 the value itself; < 0 a symbol: even unknown, odd some base that is not 0.
# Class of the thread struct's base and of the selector: the numbers of situations.FIELDS.
GS_VALUE, GS_BASE, GS_SELECTOR, FS_VALUE, FS_BASE, FS_SELECTOR = range(22, 28)
# Whether it was stopped for its tracer, perhaps by an exception (2: and what was due before is counted as doubtful
# already), and where: window, CPU, time, seq.
STOP, STOP_W, STOP_CPU, STOP_TS, STOP_SEQ = range(28, 33)
# Calls since exec: 1 none yet, 2 the first one, 0 more; and why it may ever have had a selector.
FRESH, SELECTED = 33, 34
# ns that it was seen to run; of slot 0 that CPUs idled, of slot 1 that nobody knows who ran.
RAN = 35
THREAD_FIELDS: Final = 36
DESCRIPTOR, BITS32 = 1, 2
"""SELECTED: it asked for a descriptor, or runs a 32-bit program; or it was cloned from one that did."""

# cpus[cpu, …]: slot that runs (−1 unknown), depth of interrupts, window of the last event; the thread just switched
# out, the last interrupt handler or NMI handler, each if nothing came after it (−1); and the user bases last put
# there by a scheme that writes on change; and when its thread last had an event of its own (NULL unknown).
RUN, DEPTH, LAST_W, LAST_PREV, LAST_LINE, LAST_ACTION, LAST_NMI, HELD_GS, HELD_FS, HELD_FS_NULL_SEG, LAST_TS = range(11)
OWN_TS: Final = 11
CPU_FIELDS: Final = 12

# g[…]: scalars.
(SLOTS, CELLS, WINDOWS, WINDOW, SEGMENT, BIN, T0, SHIFT, EPOCH_NOW, SYMBOLS, INFERRED, STARTED, NOW, TOLD_LOST) = range(
    14
)
USER_WRITES, TLS_DISTINCT, SELECTORS_NULL, KERNEL_NAMES = range(14, 18)
"""What is taken for granted, 0 or 1: `options.Options`, in its order."""
SCALARS: Final = 18

NOBODY: Final = NULL
"""HELD_*: nobody knows what base this CPU holds."""

FIRST_SHIFT: Final = 20
"""Windows of time begin 2**20 ns (1.05 ms) wide …"""
MAX_BINS: Final = 2048
"""… and double their width when a recording has more than this many."""

# emitted[row, …]
E_SEQ, E_TS, E_CPU, E_SLOT, E_CODE, E_COUNT, E_SEGMENT, E_FROM = range(8)
EMITTED_FIELDS: Final = 8


class State(NamedTuple):
    """Everything the kernel reads and writes.

    g [SCALARS] · threads [slots, THREAD_FIELDS] · tidmap int32 [tids]: slot + 1, 0 for a tid never seen ·
    cpus [cpus, CPU_FIELDS] · cells, open-addressed, a power of two rows: where (window << 16 | cpu, −1 free), what
    (slot << 22 | situation), times · windows: segment (int32, −1: anywhere), start (ns).
    """

    g: I64
    threads: I64
    tidmap: I32
    cpus: I64
    where: I64
    what: I64
    times: I64
    window_segment: I32
    window_start: I64


def new(
    options: Options = DEFAULT, cells: int = 1 << 12, slots: int = 1 << 10, cpus: int = 8, windows: int = 1 << 10
) -> State:
    """The state before the first event. Window 0 is `anywhere`; slots 0 and 1 exist."""
    state = State(
        g=np.zeros(SCALARS, np.int64),
        threads=np.zeros((slots, THREAD_FIELDS), np.int64),
        tidmap=np.zeros((1 << 22) + 1, np.int32),
        cpus=new_cpus(cpus),
        where=np.full(cells, -1, np.int64),
        what=np.zeros(cells, np.int64),
        times=np.zeros(cells, np.int64),
        window_segment=np.full(windows, -1, np.int32),
        window_start=np.zeros(windows, np.int64),
    )
    state.g[USER_WRITES : KERNEL_NAMES + 1] = options
    state.g[SHIFT] = FIRST_SHIFT
    state.g[WINDOWS] = 1
    state.g[BIN] = -1
    return state


def new_cpus(number: int) -> I64:
    cpus = np.zeros((number, CPU_FIELDS), np.int64)
    cpus[:, [LAST_TS, OWN_TS]] = NULL
    cpus[:, [RUN, LAST_PREV, LAST_LINE, LAST_NMI]] = -1
    cpus[:, [HELD_GS, HELD_FS, HELD_FS_NULL_SEG]] = NOBODY
    return cpus
