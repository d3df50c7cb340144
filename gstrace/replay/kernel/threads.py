"""Kernel: who a thread is, and the return to user mode that it still owes (RULES E2, E5, E7, T1, T6)."""

from __future__ import annotations

from gstrace.events.tables import NULL
from gstrace.jit import inlined, njit
from gstrace.replay.kernel.cells import emit
from gstrace.replay.kernel.codes import (
    IDLE,
    MAYBE,
    MAYBE_EXCEPTION,
    MAYBE_RETURN,
    NO,
    NULL_SELECTOR,
    RETURN,
    STRANGER,
    UNKNOWN_BASE,
    UNTOLD_SELECTOR,
    VIA_AT,
    YES,
    ZERO,
)
from gstrace.replay.state import (
    CALL,
    COMM,
    DEAD,
    EPOCH,
    EPOCH_NOW,
    EXITING,
    FIRST,
    FS_BASE,
    FS_SELECTOR,
    FS_VALUE,
    GS_BASE,
    GS_SELECTOR,
    GS_VALUE,
    HELD_FS,
    HELD_FS_NULL_SEG,
    HELD_GS,
    KERNEL,
    LAST,
    LAST_TS,
    NEWBORN,
    NOBODY,
    OUT,
    PEND,
    PEND_CPU,
    PEND_SEQ,
    PEND_TS,
    PEND_VIA,
    PEND_W,
    RAN,
    SELECTORS_NULL,
    SLOTS,
    STOP,
    STOP_CPU,
    STOP_SEQ,
    STOP_TS,
    STOP_W,
    SYMBOLS,
    TGEN,
    THREAD_FIELDS,
    TID,
    USER_WRITES,
)


@njit
def symbol(st, nonzero):
    """A base that nobody knows, different from every other name: odd if it cannot be 0."""
    st.g[SYMBOLS] += 1
    return -(2 * st.g[SYMBOLS] + (1 if nonzero else 0))


@njit
def forget_bases(st, slot):
    """Both bases could be anything; a kernel thread's are zero (RULES T1). So could selectors, unless taken as null."""
    t = st.threads[slot]
    if t[KERNEL] == YES:
        t[GS_VALUE], t[FS_VALUE] = 0, 0
        t[GS_BASE], t[FS_BASE] = ZERO, ZERO
    else:
        t[GS_VALUE], t[FS_VALUE] = symbol(st, False), symbol(st, False)
        t[GS_BASE], t[FS_BASE] = UNKNOWN_BASE, UNKNOWN_BASE
    if not st.g[SELECTORS_NULL]:
        selector = NULL_SELECTOR if t[KERNEL] == YES else UNTOLD_SELECTOR
        t[GS_SELECTOR], t[FS_SELECTOR] = selector, selector


@njit
def rename_base(st, t, value, base, c, held):
    """A base that user code may have written: another than before, in the thread and on its CPU."""
    was = t[value]
    t[value], t[base] = symbol(st, False), UNKNOWN_BASE
    c[held] = t[value] if c[held] == was else NOBODY


@inlined
def may_have_written(st, slot, cpu):
    """The thread may have run in user mode here, and so have written its bases (`Options.user_writes`)."""
    t = st.threads[slot]
    if st.g[USER_WRITES] and t[KERNEL] != YES and t[CALL] != YES and not (t[NEWBORN] or t[EXITING]):
        wrote(st, slot, cpu)


@njit
def wrote(st, slot, cpu):
    """Both bases of the thread that runs here are others than they were."""
    t, c = st.threads[slot], st.cpus[cpu]
    fs = t[FS_VALUE]
    rename_base(st, t, GS_VALUE, GS_BASE, c, HELD_GS)
    rename_base(st, t, FS_VALUE, FS_BASE, c, HELD_FS)
    c[HELD_FS_NULL_SEG] = t[FS_VALUE] if c[HELD_FS_NULL_SEG] == fs else NOBODY


@njit
def new_thread(st, tid, generation, ts):
    """A slot for a thread not seen before: nothing is known but that tids 0 and 2 are the kernel's."""
    slot = st.g[SLOTS]
    st.g[SLOTS] += 1
    t = st.threads[slot]
    for i in range(THREAD_FIELDS):
        t[i] = 0
    t[TID], t[TGEN], t[COMM], t[FIRST], t[LAST] = tid, generation, -1, ts, ts
    t[KERNEL] = YES if tid == 0 or tid == 2 else MAYBE
    t[CALL] = MAYBE
    t[EPOCH] = st.g[EPOCH_NOW]
    forget_bases(st, slot)
    return slot


@inlined
def thread(st, tid, ts):
    """The slot of a tid now; after a loss (T6) what a lost event could have changed is unknown."""
    if tid < 0 or tid >= st.tidmap.size:
        st.threads[STRANGER, PEND] = 0
        st.threads[STRANGER, CALL] = MAYBE
        forget_bases(st, STRANGER)
        return STRANGER
    slot = st.tidmap[tid] - 1
    if slot < 0 or st.threads[slot, DEAD]:
        generation = 0 if slot < 0 else st.threads[slot, TGEN] + 1
        slot = new_thread(st, tid, generation, ts)
        st.tidmap[tid] = slot + 1
    t = st.threads[slot]
    if t[EPOCH] != st.g[EPOCH_NOW]:
        t[EPOCH] = st.g[EPOCH_NOW]
        forget_bases(st, slot)
        if slot != IDLE:
            t[CALL] = MAYBE
            t[NEWBORN] = 0
            t[PEND] = 2 if t[PEND] > 0 else 0
    t[LAST] = ts
    return slot


@inlined
def spend(st, cpu_row, slot, ts):
    """The time since a CPU's last event was this thread's; −1: nobody knows whose."""
    if cpu_row[LAST_TS] != NULL and ts > cpu_row[LAST_TS]:
        st.threads[slot if slot >= 0 else STRANGER, RAN] += ts - cpu_row[LAST_TS]


@njit
def is_user(st, slot):
    """This thread came from user mode: whatever it was taken for, it is no kernel thread."""
    t = st.threads[slot]
    if t[KERNEL] != NO and slot > STRANGER:
        was = t[KERNEL]
        t[KERNEL] = NO
        if was == YES:
            forget_bases(st, slot)


@inlined
def arm(st, slot, via, w, cpu, ts, seq):
    """The thread is in the kernel and will return to user mode, here and now unless a switch comes first."""
    t = st.threads[slot]
    t[PEND], t[PEND_VIA], t[PEND_W], t[PEND_CPU], t[PEND_TS], t[PEND_SEQ] = 1, via, w, cpu, ts, seq


@inlined
def prove_return(st, emitted, slot):
    """The thread is seen in user mode again: its return happened where it was last due."""
    t = st.threads[slot]
    if t[PEND] > 0:
        code = RETURN | t[PEND_VIA] << VIA_AT
        emit(st, emitted, t[PEND_W], t[PEND_CPU], slot, code, 1, t[PEND_TS], t[PEND_SEQ])
        t[PEND] = 0


@njit
def doubt_return(st, emitted, slot):
    """The return happened where it was due, or an interrupt since then came before it."""
    t = st.threads[slot]
    code = MAYBE_RETURN | t[PEND_VIA] << VIA_AT
    emit(st, emitted, t[PEND_W], t[PEND_CPU], slot, code, 1, t[PEND_TS], t[PEND_SEQ])


@njit
def elsewhere(st, slot, w, cpu):
    """Whether the place where the return was due is another window of the workload or another CPU."""
    t = st.threads[slot]
    return t[PEND_CPU] != cpu or st.window_segment[t[PEND_W]] != st.window_segment[w]


@njit
def stops(st, emitted, slot, w, cpu, ts, seq):
    """A traced thread stops in no call of its own: after the return due, an exception may have brought it here (E4)."""
    t = st.threads[slot]
    if t[KERNEL] == YES or t[CALL] == YES or t[NEWBORN] or t[EXITING]:
        return
    t[STOP], t[STOP_W], t[STOP_CPU], t[STOP_TS], t[STOP_SEQ] = 1, w, cpu, ts, seq
    if t[PEND] > 0:
        if elsewhere(st, slot, w, cpu):
            doubt_return(st, emitted, slot)
            arm(st, slot, t[PEND_VIA], w, cpu, ts, seq)
            t[STOP] = 2
        t[PEND] = 2


@inlined
def doubt_stop(st, emitted, slot):
    """No signal has told of an exception at the thread's last stop: there may have been one."""
    t = st.threads[slot]
    if t[STOP]:
        t[STOP] = 0
        emit(st, emitted, t[STOP_W], t[STOP_CPU], slot, MAYBE_EXCEPTION, 1, t[STOP_TS], t[STOP_SEQ])


@njit
def carry_return(st, emitted, slot, w, cpu, ts, seq):
    """The thread runs again: a return still due happens here (E7)."""
    t = st.threads[slot]
    t[OUT] = 0
    if t[PEND] == 0:
        return
    if t[PEND] == 2 and elsewhere(st, slot, w, cpu):
        doubt_return(st, emitted, slot)
    arm(st, slot, t[PEND_VIA], w, cpu, ts, seq)
