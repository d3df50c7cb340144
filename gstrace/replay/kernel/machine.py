"""The one state machine: time-ordered events in, situations counted.

Rules by their numbers in docs/rules.md. Nothing here knows a scheme: a situation holds every fact that any bill can
depend on. Its parts, one file each: `codes` (numbers), `cells`, `threads`, `switches`, `entries`, `lives`. They take
the `State` and change it in place; `replay` and `finish` are the only entries. Twin: tests/oracle/replay.py.
"""

from __future__ import annotations

from gstrace.events.tables import NULL
from gstrace.jit import inlined, njit
from gstrace.replay.kernel.cells import emit, open_window, room
from gstrace.replay.kernel.codes import (
    ARRIVAL,
    COARSEN,
    DONE,
    GONE,
    IDLE,
    K_ARCH_PRCTL,
    K_EXCEPTION,
    K_IRQ,
    K_LOSS,
    K_MARKER,
    K_NMI,
    K_SIGNAL,
    K_SWITCH,
    K_SYS_ENTER,
    K_SYS_EXIT,
    K_TASK,
    PAGE_FAULT,
    STRANGER,
    SYSCALL,
    T_EXEC,
    T_FOUND,
    T_RENAME,
    TRACED,
    VIA_AT,
    YES,
)
from gstrace.replay.kernel.entries import enters, interrupt, nmi, signal
from gstrace.replay.kernel.lives import arch_prctl, call_ends, lose, task
from gstrace.replay.kernel.switches import (
    renumber,
    runs,
    switch,
)
from gstrace.replay.kernel.threads import (
    arm,
    doubt_return,
    doubt_stop,
    is_user,
    new_thread,
    prove_return,
    spend,
    stops,
    thread,
)
from gstrace.replay.state import (
    CALL,
    DEAD,
    DEPTH,
    EPOCH,
    EPOCH_NOW,
    EXITING,
    FAULTED,
    FRESH,
    INFERRED,
    LAST_LINE,
    LAST_NMI,
    LAST_PREV,
    LAST_TS,
    LAST_W,
    NOW,
    NR,
    OUT,
    OWN_TS,
    PEND,
    RUN,
    SEGMENT,
    SLOTS,
    STARTED,
    T0,
    WINDOW,
)


@inlined
def step(st, emitted, blinds, kind, cpu, tid, text, seq, ts, a, b, c):
    """One event."""
    g = st.g
    w = g[WINDOW]
    if kind == K_LOSS:
        if blinds[a]:
            lose(st, emitted, b, blinds[a] == 2, w, cpu, ts, seq)
        return
    if kind == K_MARKER:
        g[SEGMENT] += 1
        return
    row = st.cpus[cpu]
    if kind != K_IRQ:
        row[LAST_LINE] = -1
    if kind != K_NMI:
        row[LAST_NMI], row[LAST_PREV] = -1, -1
    slot = STRANGER
    ran, inferred = row[RUN], g[INFERRED]
    if not (kind == K_TASK and (a & 0xFF == T_FOUND or a & 0xFF == T_RENAME)):
        slot = thread(st, tid, ts)
        if st.threads[slot, EXITING] and (kind == K_SYS_ENTER or (kind == K_EXCEPTION and a == 0)):
            st.threads[slot, DEAD] = 1  # its number is in use again
            slot = thread(st, tid, ts)
        if kind == K_TASK and a & 0xFF == T_EXEC and c != NULL and c != b:
            renumber(st, cpu, slot, c)
        # A call whose end was not recorded is told wherever that becomes known.
        if slot != STRANGER and kind != K_NMI and not (kind == K_ARCH_PRCTL and c == NULL):
            runs(st, emitted, slot, w, cpu, ts, seq)
    # Where a switch was not traced, nobody knows when it was.
    spend(st, row, ran if g[INFERRED] == inferred else -1, ts)
    if kind == K_SYS_ENTER:
        row[DEPTH] = 0
        enters(st, emitted, slot, SYSCALL, w, cpu, ts, seq)
        t = st.threads[slot]
        t[CALL], t[NR], t[PEND] = YES, a, 0
        t[FRESH] = 2 if t[FRESH] == 1 else 0
    elif kind == K_SYS_EXIT:
        row[DEPTH] = 0
        is_user(st, slot)
        prove_return(st, emitted, slot)
        call_ends(st, slot, a, b)
        arm(st, slot, SYSCALL, w, cpu, ts, seq)
    elif kind == K_SWITCH:
        if b != NULL and b & TRACED:
            doubt_stop(st, emitted, slot)
            stops(st, emitted, slot, w, cpu, ts, seq)
        switch(st, emitted, slot, thread(st, a, ts), 0, w, cpu, ts, seq)
        row[LAST_PREV] = slot
        st.threads[slot, DEAD] = st.threads[slot, EXITING] if b != NULL and b & GONE else 0
    elif kind == K_EXCEPTION:
        if a == 0:
            row[DEPTH] = 0
            enters(st, emitted, slot, PAGE_FAULT, w, cpu, ts, seq)
            st.threads[slot, FAULTED] = 1
        else:
            emit(st, emitted, w, cpu, slot, ARRIVAL | PAGE_FAULT << VIA_AT, 1, ts, seq)
    elif kind == K_IRQ:
        interrupt(st, emitted, slot, a, b, c, w, cpu, ts, seq)
    elif kind == K_NMI:
        nmi(st, emitted, slot, a, c, w, cpu, ts, seq)
    elif kind == K_ARCH_PRCTL:
        arch_prctl(st, emitted, slot, a, b, c, w, cpu, ts, seq)
    elif kind == K_SIGNAL:
        signal(st, emitted, slot, a, b, c, w, cpu, ts, seq)
    elif kind == K_TASK:
        task(st, emitted, slot, a, b, c, text, w, cpu, ts, seq)
    if kind != K_IRQ and kind != K_NMI and row[DEPTH] == 0:
        row[OWN_TS] = ts
    row[LAST_W], row[LAST_TS] = g[WINDOW], ts


@njit
def replay(st, emitted, blinds, kind, cpu, tid, text, seq, ts, a, b, c, start):
    """Replay rows[start:] of a batch, in merged order (`events/tables.py`).

    blinds: uint8 [losses], 1 where a loss kind means missing events, 2 where it tells of them again.
    The caller sees to it that st.cpus has every cpu.
    → (status, first row not taken). After GROW, COARSEN or FULL call again from there.
    """
    g = st.g
    for i in range(start, ts.size):
        if not g[STARTED]:
            new_thread(st, 0, 0, ts[i])
            new_thread(st, -1, 0, ts[i])
            st.tidmap[0] = IDLE + 1
            g[T0], g[STARTED], g[NOW] = ts[i], 1, ts[i]
            st.window_start[0] = ts[i]
        status = room(st, emitted, cpu[i], kind[i])
        if status != DONE:
            return status, i
        if open_window(st, ts[i]):
            return COARSEN, i
        g[NOW] = max(g[NOW], ts[i])
        step(st, emitted, blinds, kind[i], cpu[i], tid[i], text[i], seq[i], ts[i], a[i], b[i], c[i])
    return DONE, ts.size


@njit
def finish(st, emitted, start):
    """At the end of a recording: returns still due of threads that run. → (status, first slot not taken)."""
    now = st.g[NOW]
    for cpu in range(st.cpus.shape[0] if start == 0 else 0):
        row = st.cpus[cpu]
        spend(st, row, row[RUN], now)
        row[LAST_TS] = now if row[LAST_TS] != NULL else NULL
    for slot in range(start, st.g[SLOTS]):
        if room(st, emitted, -1, 0) != DONE:
            return room(st, emitted, -1, 0), slot
        t = st.threads[slot]
        doubt_stop(st, emitted, slot)
        if not t[OUT] and t[EPOCH] == st.g[EPOCH_NOW]:
            prove_return(st, emitted, slot)
        elif t[PEND] == 2 or (t[PEND] and not t[OUT]):
            doubt_return(st, emitted, slot)
        t[PEND] = 0
    return DONE, st.g[SLOTS]
