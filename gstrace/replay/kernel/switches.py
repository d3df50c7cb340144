"""Kernel: context switches, recorded and inferred (RULES S1–S4, T10), and what CPUs hold."""

from __future__ import annotations

from gstrace.events.tables import NULL
from gstrace.jit import inlined, njit
from gstrace.replay.kernel.cells import emit
from gstrace.replay.kernel.codes import (
    DIFFERS_AT,
    DIFFERS_NULL_SEG_AT,
    INFERRED_AT,
    MAYBE,
    NEXT_BASE_AT,
    NEXT_SELECTOR_AT,
    NO,
    NR_EXECVE,
    NR_EXECVEAT,
    PREV_BASE_AT,
    PREV_SELECTOR_AT,
    SET_SELECTOR,
    SWITCH_FS,
    SWITCH_GS,
    UNKNOWN_BASE,
    UNKNOWN_SELECTOR,
    YES,
    ZERO,
    ZERO_SET,
)
from gstrace.replay.kernel.threads import carry_return, may_have_written
from gstrace.replay.state import (
    CALL,
    DEPTH,
    FS_BASE,
    FS_SELECTOR,
    FS_VALUE,
    GS_BASE,
    GS_SELECTOR,
    GS_VALUE,
    HELD_FS,
    HELD_FS_NULL_SEG,
    HELD_GS,
    INFERRED,
    KERNEL,
    LAST_LINE,
    LAST_NMI,
    LAST_PREV,
    NOBODY,
    NR,
    OUT,
    OWN_TS,
    PID,
    RUN,
    TID,
)


@njit
def differs(held, value, kernel):
    """Whether a scheme that writes on change writes: the CPU's base is not next's, and next is no kernel thread."""
    if kernel == YES:
        return NO
    if held == NOBODY:
        return MAYBE
    if held == value:
        return NO
    # A symbol that may be anything equals nobody knows what; one that is not 0 is another thread's TLS.
    held_open, value_open = held < 0 and held % 2 == 0, value < 0 and value % 2 == 0
    return MAYBE if held_open or value_open or kernel == MAYBE else YES


@njit
def put(cpu_row, field, value, kernel, wrote):
    """The base that a CPU holds after a switch."""
    if kernel == NO:
        cpu_row[field] = value
    elif kernel == MAYBE and wrote != NO:
        cpu_row[field] = NOBODY


@njit
def save_base(t, base, selector):
    """Switched out with a selector, a thread's base in its thread struct is 0 from then on (S2)."""
    if t[selector] == SET_SELECTOR:
        t[base] = ZERO
    elif t[selector] >= UNKNOWN_SELECTOR and t[base] > ZERO_SET:
        t[base] = UNKNOWN_BASE


@njit
def switch(st, emitted, prev, nxt, inferred, w, cpu, ts, seq):
    """One context switch, recorded or inferred: both ledgers' situations, then the CPU's and the threads' new state."""
    p, n, c = st.threads[prev], st.threads[nxt], st.cpus[cpu]
    may_have_written(st, prev, cpu)
    save_base(p, GS_BASE, GS_SELECTOR)
    save_base(p, FS_BASE, FS_SELECTOR)
    kernel = n[KERNEL]
    gs = differs(c[HELD_GS], n[GS_VALUE], kernel)
    fs = differs(c[HELD_FS], n[FS_VALUE], kernel)
    fs_null_seg = differs(c[HELD_FS_NULL_SEG], n[FS_VALUE], kernel)
    code = SWITCH_GS | inferred << INFERRED_AT | p[GS_SELECTOR] << PREV_SELECTOR_AT | n[GS_SELECTOR] << NEXT_SELECTOR_AT
    code |= p[GS_BASE] << PREV_BASE_AT | n[GS_BASE] << NEXT_BASE_AT | gs << DIFFERS_AT
    emit(st, emitted, w, cpu, prev, code, 1, ts, seq)
    code = SWITCH_FS | inferred << INFERRED_AT | p[FS_SELECTOR] << PREV_SELECTOR_AT | n[FS_SELECTOR] << NEXT_SELECTOR_AT
    code |= (
        p[FS_BASE] << PREV_BASE_AT | n[FS_BASE] << NEXT_BASE_AT | fs << DIFFERS_AT | fs_null_seg << DIFFERS_NULL_SEG_AT
    )
    emit(st, emitted, w, cpu, prev, code, 1, ts, seq)
    put(c, HELD_GS, n[GS_VALUE], kernel, gs)
    put(c, HELD_FS, n[FS_VALUE], kernel, fs)
    put(c, HELD_FS_NULL_SEG, n[FS_VALUE], kernel, fs_null_seg)
    p[OUT] = 1
    c[RUN] = nxt
    c[DEPTH] = 0
    c[OWN_TS] = ts
    carry_return(st, emitted, nxt, w, cpu, ts, seq)


@inlined
def runs(st, emitted, slot, w, cpu, ts, seq):
    """This thread runs on this CPU. If another one should, a switch was not traced (T10): replay it as inferred."""
    c = st.cpus[cpu]
    if c[RUN] == slot:
        return
    if c[RUN] < 0:
        c[RUN] = slot
        carry_return(st, emitted, slot, w, cpu, ts, seq)
        return
    ran = st.threads[c[RUN]]
    if ran[CALL] == YES and (ran[NR] == NR_EXECVE or ran[NR] == NR_EXECVEAT) and ran[PID] == st.threads[slot, TID]:
        c[RUN] = slot  # a thread that execs takes its leader's number: no switch
        return
    st.g[INFERRED] += 1
    switch(st, emitted, c[RUN], slot, 1, w, cpu, ts, seq)


@njit
def renumber(st, cpu, slot, old_tid):
    """A thread that execs as another than the leader goes on under the leader's number: no switch."""
    c = st.cpus[cpu]
    if c[RUN] >= 0 and st.threads[c[RUN], TID] == old_tid:
        c[RUN] = slot


@njit
def forget_cpu(st, cpu):
    """Which thread runs, how deep in interrupts, and which bases the CPU holds: unknown."""
    c = st.cpus[cpu]
    c[RUN], c[DEPTH], c[LAST_PREV], c[LAST_LINE], c[LAST_NMI] = -1, 0, -1, -1, -1
    c[OWN_TS] = NULL
    c[HELD_GS], c[HELD_FS], c[HELD_FS_NULL_SEG] = NOBODY, NOBODY, NOBODY
