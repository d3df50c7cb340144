"""Kernel: arrivals from user and from kernel mode, NMIs (RULES E1–E6, N1–N3, T5, T8, T9)."""

from __future__ import annotations

from gstrace.events.tables import NULL
from gstrace.jit import inlined, njit
from gstrace.replay.kernel.cells import emit
from gstrace.replay.kernel.codes import (
    ARRIVAL,
    CORE_SIGNALS,
    ENTRY,
    EXCEPTION,
    FROM_KERNEL,
    FROM_USER,
    INTERRUPT,
    IRQ_ENTRY,
    IRQ_EXIT,
    MAYBE_RETURN,
    NMI,
    NMI_KERNEL,
    NMI_QUIET_AT,
    NMI_UNKNOWN,
    NMI_USER,
    NO,
    OPEN_INTERRUPT,
    QUIET_1MS,
    QUIET_10US,
    QUIET_100US,
    QUIET_AT,
    RETURN,
    SIGBUS,
    SIGFPE,
    SIGILL,
    SIGSEGV,
    SIGTRAP,
    TRAP_PERF,
    VIA_AT,
    YES,
)
from gstrace.replay.kernel.threads import arm, doubt_stop, is_user, prove_return, wrote
from gstrace.replay.state import (
    CALL,
    DEPTH,
    DUMPS,
    EXITING,
    FAULTED,
    KERNEL,
    LAST_ACTION,
    LAST_LINE,
    LAST_NMI,
    LAST_PREV,
    NEWBORN,
    OWN_TS,
    PEND,
    PEND_VIA,
    RUN,
    STOP,
    STOP_CPU,
    STOP_SEQ,
    STOP_TS,
    STOP_W,
    USER_WRITES,
)


@inlined
def enters(st, emitted, slot, via, w, cpu, ts, seq):
    """An arrival from user mode: whatever was due has happened, and a new return is."""
    is_user(st, slot)
    t = st.threads[slot]
    if st.g[USER_WRITES] and t[KERNEL] != YES:
        wrote(st, slot, cpu)
    prove_return(st, emitted, slot)
    doubt_stop(st, emitted, slot)
    t[CALL], t[NEWBORN], t[FAULTED], t[DUMPS] = NO, 0, 0, 0
    emit(st, emitted, w, cpu, slot, ENTRY | via << VIA_AT, 1, ts, seq)
    arm(st, slot, via, w, cpu, ts, seq)


@njit
def infer_origin(st, slot, depth, origin):
    """Where an interrupt came from: the call chain's word, else the thread's state, else unknown."""
    if origin != 0:
        return origin
    t = st.threads[slot]
    if t[KERNEL] == YES or t[CALL] == YES or t[NEWBORN] or t[EXITING] or depth > 0:
        return FROM_KERNEL
    return 0


@njit
def quiet(c, ts):
    """How long the thread on this CPU had had no event of its own, as a value of the field; unknown is brief."""
    silence = ts - c[OWN_TS] if c[OWN_TS] != NULL else 0
    if silence >= QUIET_1MS:
        return 3
    if silence >= QUIET_100US:
        return 2
    return 1 if silence >= QUIET_10US else 0


@njit
def interrupt(st, emitted, slot, a, phase, origin, w, cpu, ts, seq):
    c = st.cpus[cpu]
    is_line = a & 0xFF == 0
    line, action = a >> 8 & 0xFFFFFF, a >> 32
    if phase == IRQ_EXIT:
        c[DEPTH] = max(0, c[DEPTH] - 1)
        if is_line and c[LAST_LINE] == line:
            return
        c[LAST_LINE] = -1
        return
    # Handlers that share a line run one after the other for one interrupt, the first of them first (T9).
    shared = is_line and c[LAST_LINE] == line and c[LAST_ACTION] != action
    if not shared:
        c[LAST_LINE], c[LAST_ACTION] = (line, action) if is_line else (-1, 0)
    if origin == FROM_USER:
        c[DEPTH] = 0
    if not shared:
        origin = infer_origin(st, slot, c[DEPTH], origin)
        if origin == FROM_USER:
            enters(st, emitted, slot, INTERRUPT, w, cpu, ts, seq)
        elif origin == FROM_KERNEL:
            c[OWN_TS] = ts  # the kernel was busy here
            emit(st, emitted, w, cpu, slot, ARRIVAL | INTERRUPT << VIA_AT, 1, ts, seq)
        else:
            code = OPEN_INTERRUPT | INTERRUPT << VIA_AT | quiet(c, ts) << QUIET_AT
            emit(st, emitted, w, cpu, slot, code, 1, ts, seq)
            if st.threads[slot, PEND] == 1:
                st.threads[slot, PEND] = 2
    if phase == IRQ_ENTRY:
        c[DEPTH] += 1


@njit
def nmi(st, emitted, slot, handler, origin, w, cpu, ts, seq):
    """One row per handler: further handlers right behind the first are of the same NMI (N3)."""
    c = st.cpus[cpu]
    same = c[LAST_NMI] >= 0 and c[LAST_ACTION] != handler
    if c[LAST_NMI] < 0:
        c[LAST_ACTION] = handler
    c[LAST_NMI] = 1
    if same:
        return
    if slot == c[LAST_PREV] and slot != c[RUN]:
        origin = FROM_KERNEL  # inside the switch, after its event
    origin = infer_origin(st, slot, c[DEPTH], origin)
    where = NMI_USER if origin == FROM_USER else NMI_KERNEL if origin == FROM_KERNEL else NMI_UNKNOWN
    if origin == FROM_USER:
        is_user(st, slot)
        prove_return(st, emitted, slot)
    code = NMI | where << VIA_AT
    if where == NMI_UNKNOWN:
        code |= quiet(c, ts) << NMI_QUIET_AT
    emit(st, emitted, w, cpu, slot, code, 1, ts, seq)


@njit
def entered_at_stop(st, emitted, slot):
    """The exception of a signal is the one that stopped the thread for its tracer: it entered there, and what was due
    had happened before.
    """
    is_user(st, slot)
    t = st.threads[slot]
    w, cpu, ts, seq = t[STOP_W], t[STOP_CPU], t[STOP_TS], t[STOP_SEQ]
    if st.g[USER_WRITES] and t[KERNEL] != YES:
        wrote(st, slot, cpu)
    if t[PEND] > 0:
        due = RETURN if t[STOP] == 1 else MAYBE_RETURN
        emit(st, emitted, w, cpu, slot, due | t[PEND_VIA] << VIA_AT, 1, ts, seq)
    emit(st, emitted, w, cpu, slot, ENTRY | EXCEPTION << VIA_AT, 1, ts, seq)
    t[CALL], t[NEWBORN], t[FAULTED], t[DUMPS], t[STOP] = NO, 0, 0, 0, 0


@njit
def signal(st, emitted, slot, sig, code, default, w, cpu, ts, seq):
    """A signal that the kernel sent for an exception tells of an entry without a tracepoint (E4)."""
    t = st.threads[slot]
    fault = sig == SIGSEGV or sig == SIGBUS
    trap = sig == SIGILL or sig == SIGFPE or (sig == SIGTRAP and code != TRAP_PERF)
    if code > 0 and t[CALL] != YES and (trap or (fault and not t[FAULTED])):
        if t[STOP]:
            entered_at_stop(st, emitted, slot)
            arm(st, slot, EXCEPTION, w, cpu, ts, seq)
        else:
            enters(st, emitted, slot, EXCEPTION, w, cpu, ts, seq)
    t[FAULTED] = 0
    if 0 < sig < 32 and CORE_SIGNALS >> sig & 1 and default != 0:
        t[DUMPS] = 1  # or there is a handler, if nobody knows: then the thread is seen in user mode again
