"""Kernel: arch_prctl calls and the life of threads (RULES P1–P5, C1–C4, S4), and losses (T6)."""

from __future__ import annotations

from gstrace.events.tables import NULL
from gstrace.jit import njit
from gstrace.replay.kernel.cells import emit
from gstrace.replay.kernel.codes import (
    ARCH_GET_FS,
    ARCH_GET_GS,
    ARCH_SET_FS,
    ARCH_SET_GS,
    CLONE_SETTLS,
    CLONE_THREAD,
    EXECED,
    EXITED,
    FORKED,
    FOUR_GIB,
    GET_FS,
    GET_GS,
    HIGH,
    I386_BRK,
    I386_LEAST_BRK,
    I386_SET_THREAD_AREA,
    KERNEL_BY_NAME,
    LOST,
    LOST_UNCOUNTED,
    LOW,
    MAYBE,
    MAYBE_CORE_DUMP,
    MOST_LOST,
    NO,
    NONZERO,
    NR_MODIFY_LDT,
    NR_SET_THREAD_AREA,
    NULL_SELECTOR,
    SET_FS,
    SET_GS,
    SET_SELECTOR,
    SIZE_AT,
    SIZE_HIGH,
    SIZE_LOW,
    SIZE_UNKNOWN,
    STRANGER,
    SUCCEEDS_AT,
    T_EXEC,
    T_EXIT,
    T_FORK,
    T_FOUND,
    T_RENAME,
    UNKNOWN_BASE,
    UNKNOWN_SELECTOR,
    YES,
    ZERO_SET,
)
from gstrace.replay.kernel.switches import forget_cpu
from gstrace.replay.kernel.threads import (
    doubt_return,
    doubt_stop,
    elsewhere,
    forget_bases,
    may_have_written,
    new_thread,
    spend,
    symbol,
    thread,
)
from gstrace.replay.state import (
    BITS32,
    CALL,
    COMM,
    DEAD,
    DESCRIPTOR,
    DUMPS,
    EPOCH_NOW,
    EXITING,
    FRESH,
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
    KERNEL_NAMES,
    LAST_TS,
    LAST_W,
    NEWBORN,
    NOBODY,
    OUT,
    PEND,
    PID,
    SELECTED,
    STOP,
    TGEN,
    TLS_DISTINCT,
    TOLD_LOST,
)


@njit
def size_of(value):
    if value == NULL:
        return SIZE_UNKNOWN
    return SIZE_LOW if 0 <= value <= FOUR_GIB else SIZE_HIGH


@njit
def set_base(st, slot, cpu, fs, value, ret):
    """The thread's base and the CPU's after ARCH_SET_FS or ARCH_SET_GS; unknown success leaves it unknown."""
    t, c = st.threads[slot], st.cpus[cpu]
    if ret != NULL and ret < 0:
        return
    value_at, base_at, selector_at = (FS_VALUE, FS_BASE, FS_SELECTOR) if fs else (GS_VALUE, GS_BASE, GS_SELECTOR)
    if ret == NULL or value == NULL:
        t[value_at] = symbol(st, False)
        t[base_at] = UNKNOWN_BASE
    else:
        t[value_at] = value
        t[base_at] = ZERO_SET if value == 0 else LOW if size_of(value) == SIZE_LOW else HIGH
    if ret != NULL:
        t[selector_at] = NULL_SELECTOR
    elif t[selector_at] == SET_SELECTOR:
        t[selector_at] = UNKNOWN_SELECTOR
    held = t[value_at] if ret != NULL else NOBODY
    if fs:
        c[HELD_FS], c[HELD_FS_NULL_SEG] = held, held
    else:
        c[HELD_GS] = held


@njit
def arch_prctl(st, emitted, slot, code, value, ret, w, cpu, ts, seq):
    if code == ARCH_GET_GS or code == ARCH_GET_FS:
        emit(st, emitted, w, cpu, slot, GET_GS if code == ARCH_GET_GS else GET_FS, 1, ts, seq)
    elif code == ARCH_SET_GS or code == ARCH_SET_FS:
        succeeds = MAYBE if ret == NULL else YES if ret >= 0 else NO
        event = SET_GS if code == ARCH_SET_GS else SET_FS
        emit(st, emitted, w, cpu, slot, event | succeeds << SUCCEEDS_AT | size_of(value) << SIZE_AT, 1, ts, seq)
        set_base(st, slot, cpu, code == ARCH_SET_FS, value, ret)


@njit
def call_ends(st, slot, nr, ret):
    """What a successful call tells of the thread: a descriptor of its own may mean a selector of its own (S4)."""
    t = st.threads[slot]
    t[CALL], t[NEWBORN] = NO, 0
    if (nr == NR_MODIFY_LDT or nr == NR_SET_THREAD_AREA) and (ret == NULL or ret >= 0):
        may_select(t, max(t[SELECTED], DESCRIPTOR))
    begins_32_bit = (nr == I386_BRK and ret >= I386_LEAST_BRK) or (nr == I386_SET_THREAD_AREA and ret == 0)
    if t[FRESH] == 2 and begins_32_bit:
        may_select(t, BITS32)


@njit
def may_select(t, why):
    """The thread may have selectors from here on."""
    t[GS_SELECTOR], t[FS_SELECTOR], t[SELECTED] = UNKNOWN_SELECTOR, UNKNOWN_SELECTOR, why


@njit
def fork(st, emitted, parent, tid, pid, flags, text, w, cpu, ts, seq):
    """C1: the child has its parent's bases, and an FS of its own with CLONE_SETTLS. No child is an idle thread (0)."""
    emit(st, emitted, w, cpu, parent, FORKED, 1, ts, seq)
    may_have_written(st, parent, cpu)
    if tid <= 0 or tid >= st.tidmap.size:
        return
    older = st.tidmap[tid] - 1
    child = new_thread(st, tid, 0 if older < 0 else st.threads[older, TGEN] + 1, ts)
    st.tidmap[tid] = child + 1
    p, t = st.threads[parent], st.threads[child]
    for i in range(GS_VALUE, FS_SELECTOR + 1):
        t[i] = p[i]
    if p[GS_SELECTOR] == UNKNOWN_SELECTOR or p[FS_SELECTOR] == UNKNOWN_SELECTOR:
        t[SELECTED] = p[SELECTED]
    t[KERNEL] = p[KERNEL]
    t[COMM] = text if text >= 0 else p[COMM]
    t[CALL], t[NEWBORN], t[OUT] = NO, 1, 1
    if flags == NULL:
        t[PID] = pid
        if p[KERNEL] != YES:
            t[FS_VALUE], t[FS_BASE] = symbol(st, False), UNKNOWN_BASE
        return
    t[PID] = pid if pid > 0 else p[PID] if flags & CLONE_THREAD else tid
    if flags & CLONE_SETTLS and p[KERNEL] != YES:
        distinct = st.g[TLS_DISTINCT] == 1
        t[FS_VALUE], t[FS_BASE] = symbol(st, distinct), NONZERO if distinct else UNKNOWN_BASE
        t[FS_SELECTOR] = NULL_SELECTOR


@njit
def execs(st, emitted, slot, text, w, cpu, ts, seq):
    """C2: both bases are 0 afterwards, on the CPU too; a kernel thread that execs is a user task from then on."""
    emit(st, emitted, w, cpu, slot, EXECED, 1, ts, seq)
    t, c = st.threads[slot], st.cpus[cpu]
    for i in range(GS_VALUE, FS_SELECTOR + 1):
        t[i] = 0
    t[FRESH] = 1
    if t[KERNEL] != NO:
        t[KERNEL], t[NEWBORN] = NO, 1
    if text >= 0:
        t[COMM] = text
    c[HELD_GS], c[HELD_FS], c[HELD_FS_NULL_SEG] = 0, 0, 0


@njit
def takes_number(st, slot, old_tid):
    """A thread that execs as another than the leader goes on under the leader's number."""
    old = st.tidmap[old_tid] - 1 if 0 <= old_tid < st.tidmap.size else -1
    if old < 0 or old == slot or slot <= STRANGER:
        return
    t, o = st.threads[slot], st.threads[old]
    for i in range(CALL, SELECTED + 1):
        t[i] = o[i]
    o[PEND], o[STOP], o[DEAD] = 0, 0, 1


@njit
def exits(st, emitted, slot, w, cpu, ts, seq):
    """C3, C4, E5: the return that was due never comes; the selectors become null, the thread struct's bases stay."""
    t, c = st.threads[slot], st.cpus[cpu]
    may_have_written(st, slot, cpu)
    if t[DUMPS]:
        emit(st, emitted, w, cpu, slot, MAYBE_CORE_DUMP, 1, ts, seq)
    if t[PEND] == 2 and elsewhere(st, slot, w, cpu):
        doubt_return(st, emitted, slot)
    doubt_stop(st, emitted, slot)
    t[PEND], t[DUMPS], t[EXITING] = 0, 0, 1
    emit(st, emitted, w, cpu, slot, EXITED, 1, ts, seq)
    t[GS_SELECTOR], t[FS_SELECTOR] = NULL_SELECTOR, NULL_SELECTOR
    c[HELD_FS] = 0


@njit
def found(st, tid, pid, kernel, text, ts):
    """A thread that ran before the recording began."""
    slot = thread(st, tid, ts)
    t = st.threads[slot]
    if slot <= STRANGER:
        return
    t[PID] = pid if pid > 0 else t[PID]
    t[COMM] = text if text >= 0 else t[COMM]
    by_name = kernel == KERNEL_BY_NAME
    if kernel != NULL and t[KERNEL] == MAYBE and (not by_name or st.g[KERNEL_NAMES]):
        t[KERNEL] = YES if kernel else NO
        forget_bases(st, slot)
    t[OUT] = 1


@njit
def task(st, emitted, slot, a, subject, flags, text, w, cpu, ts, seq):
    what, pid = a & 0xFF, a >> 8 & 0xFFFFFFFF
    if what == T_FOUND:
        found(st, subject, pid, flags, text, ts)
    elif what == T_FORK:
        fork(st, emitted, slot, subject, pid, flags, text, w, cpu, ts, seq)
    elif what == T_EXEC:
        if flags != NULL and flags != subject:
            takes_number(st, slot, flags)
        execs(st, emitted, slot, text, w, cpu, ts, seq)
    elif what == T_EXIT:
        exits(st, emitted, slot, w, cpu, ts, seq)
    elif what == T_RENAME and text >= 0:
        st.threads[thread(st, subject, ts), COMM] = text


@njit
def lose(st, emitted, count, again, w, cpu, ts, seq):
    """Events are missing on a CPU since its last one (T6): each window in between may hold them all. Without a CPU
    (or with one that no event was seen on) they may be missing anywhere. again: a sum of what was told already.
    """
    if again and count > 0:
        told = min(count, st.g[TOLD_LOST])
        st.g[TOLD_LOST] -= told
        count -= told
        if count == 0:
            return
    elif count > 0:
        st.g[TOLD_LOST] += min(count, MOST_LOST)
    st.g[EPOCH_NOW] += 1
    # A number that no recorder reaches is damage: nobody knows how many.
    code, n = (LOST, count) if 0 <= count <= MOST_LOST else (LOST_UNCOUNTED, 1)
    if cpu < 0 or cpu >= st.cpus.shape[0]:
        emit(st, emitted, 0, 0, STRANGER, code, n, ts, seq)
        for any_cpu in range(st.cpus.shape[0]):
            forget_cpu(st, any_cpu)
        return
    segment = -1
    for i in range(max(1, st.cpus[cpu, LAST_W]), w + 1):
        if st.window_segment[i] != segment:
            segment = st.window_segment[i]
            emit(st, emitted, i, cpu, STRANGER, code, n, ts, seq)
            if emitted.shape[0] > 1:
                emitted[emitted[0, 0], 7] = st.cpus[cpu, LAST_TS]
    spend(st, st.cpus[cpu], -1, ts)
    st.cpus[cpu, LAST_W], st.cpus[cpu, LAST_TS] = w, ts  # what is lost from here on is told by the next one
    forget_cpu(st, cpu)
