"""Kernel: walks the packets of a buffer and fills columns from their bundles.

Functions change their arrays in place and say how it went; nothing here raises.
Twin: tests/importers/perfetto/plain.py.
"""

from __future__ import annotations

from gstrace.events.tables import NULL
from gstrace.importers.kernel import KIND, LESSER, find, put
from gstrace.importers.perfetto.kernel.codes import (
    BAD,
    BEGIN,
    BUNDLE,
    BUNDLE_END,
    BUNDLES,
    CLOCK,
    CLOCKS,
    CPU,
    DONE,
    DROPPED,
    EARLY,
    ENTRY,
    ERROR,
    ERRORS,
    F_DEFLATE,
    F_ZSTD,
    FIRST_OF,
    FOREVER,
    FULL,
    GONE,
    HEEDED,
    INSIDE,
    K_LOSS,
    K_SWITCH,
    K_WAKING,
    L_LOST,
    LATEST,
    LOST,
    MACHINE,
    MAX_CPU,
    MAX_TID,
    META,
    MISSING,
    NEWEST,
    NEXT,
    OVERRUN,
    OWN,
    PLAUSIBLE,
    PREVIOUS,
    ROW,
    RUNS,
    SEEN,
    SINCE,
    STATE,
    SUSPECT,
    SWITCH,
    SWITCH_END,
    SWITCH_TS,
    TEXTS,
    UNPLACED,
    UNREAD,
    WAKING,
    WAKING_END,
    WAKING_TS,
    WHERE,
    WOKEN,
)
from gstrace.importers.perfetto.kernel.program import event_key, fits, message
from gstrace.importers.perfetto.kernel.wire import bundle, event, field, frame, packet, varint
from gstrace.jit import inlined, njit


@inlined
def miss(c, since, number):
    """Events are missing before the CPU's next one; where some were already, from the first stamp on."""
    c[SINCE], c[GONE] = (min(since, c[SINCE]), NULL) if c[MISSING] > 0 else (since, number)
    c[MISSING] = 1


@inlined
def begin_bundle(b, c, state):
    """What a bundle's own fields say of its CPU: events missing before its first one."""
    c[SEEN] += 1
    if c[SUSPECT] > 0:
        # None of this CPU's was lost where the recorder tells how far the previous bundle went, and that one was read;
        # what lies before the first one is left out by BEGIN.
        if b[PREVIOUS] == NULL or (c[NEWEST] > 0 and b[PREVIOUS] > c[NEWEST]):
            miss(c, c[NEWEST], NULL)
        c[SUSPECT] = 0
    if b[LOST] > 0:
        miss(c, b[PREVIOUS] if b[PREVIOUS] != NULL else c[NEWEST], c[OVERRUN])
    state[CLOCKS] |= 1 << min(max(b[CLOCK], 0), 31)


@inlined
def meet(c, ts, b, cpu, rows, state):
    """The next event of a CPU: a row for what is missing before it. → whether it is one to be counted."""
    if b[ERROR] != NULL and ts > b[ERROR]:
        miss(c, b[ERROR], NULL)
        b[ERROR] = NULL
    if c[MISSING] > 0:
        if ts > state[BEGIN]:
            since = c[SINCE] if c[SINCE] > 0 else NULL
            put(rows, state[ROW], K_LOSS, 0, cpu, -1, ts, L_LOST, c[GONE], since, NULL, 0)
            state[ROW] += 1
        c[MISSING], c[RUNS] = 0, -1
    c[NEWEST] = max(c[NEWEST], ts)
    state[LATEST] = max(state[LATEST], ts)
    if ts <= state[BEGIN]:
        state[EARLY] += 1
        return False
    return True


@inlined
def happen(words, ts, pid, number, at, end, counted, plan, rows, notes, cpu, c, state):
    """One event, its message words[at:end], → its row, if it is to be counted. → whether the message can be read."""
    if pid >= 0:
        c[RUNS] = pid
    key, _, _, fine = event_key(words, number, at, end)
    known = find(plan, key) if fine else -1
    if known < 0:
        return fine
    program = plan.events[known]
    tid, x, y, z, d, text, length, fine = message(words, at, end, program, plan.ops)
    if not fine:
        return False
    if tid == NULL:
        tid = pid
    if not fits(program, x, y, z) or tid < -1 or tid > MAX_TID:
        # One that only informs is missed by nobody.
        state[UNREAD] += 1 if counted and program[LESSER] == 0 else 0
    elif counted:
        put(rows, state[ROW], program[KIND], program[LESSER], cpu, tid, ts, x, y, z, d, 0)
        if length >= 0:
            n = state[TEXTS]
            notes.text_row[n], notes.text_at[n], notes.text_length[n] = state[ROW], text, length
            state[TEXTS] = n + 1
        state[ROW] += 1
    if program[KIND] == K_SWITCH:
        c[RUNS] = x if x != NULL else -1
    return True


@inlined
def three(words, b, first, last):
    """The next of three packed arrays, the first of which counts stamps from `last`.

    → (stamp, first byte behind it, number of the second, behind it, of the third, behind it, whether they can be).
    """
    delta, ts_behind = varint(words, b[first], b[first + 1])
    two, two_behind = varint(words, b[first + 2], b[first + 3])
    three, three_behind = varint(words, b[first + 4], b[first + 5])
    ts = last + delta
    fine = ts_behind > 0 and two_behind > 0 and three_behind > 0 and ts > 0 and ts <= PLAUSIBLE
    return ts, ts_behind, two, two_behind, three, three_behind, fine


@njit
def merge(words, end, plan, rows, notes, b, cpus, state):
    """The rest of a bundle: its events and its compact switches and wakings, by time. → DONE, FULL or BAD.

    A compact switch does not say who ran before: the thread that the CPU ran last, by the switch before or by an event
    since then, which outranks it (some kernels trace no switch out of idle).
    """
    cpu = b[CPU]
    c = cpus[cpu]
    entry = b[ENTRY]
    after = entry
    ts, pid, number, content, content_end = FOREVER, -1, 0, 0, 0
    switch_ts, switch_after, prev_state, state_after, next_pid, next_after = FOREVER, 0, 0, 0, 0, 0
    waking_ts, waking_after, woken, woken_after, where, where_after = FOREVER, 0, 0, 0, 0, 0
    need_event, need_switch, need_waking = True, True, True
    while True:
        if need_event:
            need_event, ts, entry = False, FOREVER, after
            while after < end:
                found, wire, _, start, behind = field(words, after, end)
                entry, after = after, behind
                if found == 2 and wire == 2:
                    ts, pid, number, content, content_end, fine = event(words, start, behind)
                    if not fine:
                        return BAD
                    if ts > 0 and ts <= PLAUSIBLE:
                        break
                    state[UNREAD] += 1
                    ts = FOREVER
            if ts == FOREVER:
                entry = end
        if need_switch:
            need_switch, switch_ts = False, FOREVER
            if b[SWITCH] < b[SWITCH_END]:
                switch_ts, switch_after, prev_state, state_after, next_pid, next_after, fine = three(
                    words, b, SWITCH, b[SWITCH_TS]
                )
                if not fine or next_pid < 0 or next_pid > MAX_TID:
                    return BAD
        if need_waking:
            need_waking, waking_ts = False, FOREVER
            if b[WAKING] < b[WAKING_END]:
                waking_ts, waking_after, woken, woken_after, where, where_after, fine = three(
                    words, b, WAKING, b[WAKING_TS]
                )
                if not fine or woken < 0 or woken > MAX_TID or where < -1 or where > MAX_CPU:
                    return BAD
        if ts == FOREVER and switch_ts == FOREVER and waking_ts == FOREVER:
            b[ENTRY] = end
            break
        if state[ROW] + 2 > rows.ts.size:
            b[ENTRY] = entry
            return FULL
        if waking_ts <= ts and waking_ts <= switch_ts:
            if meet(c, waking_ts, b, cpu, rows, state):
                put(rows, state[ROW], K_WAKING, plan.waking_lesser, cpu, -1, waking_ts, woken, where, NULL, NULL, 0)
                state[ROW] += 1
            b[WAKING], b[WOKEN], b[WHERE], b[WAKING_TS] = waking_after, woken_after, where_after, waking_ts
            need_waking = True
        elif switch_ts < ts or (switch_ts == ts and pid == next_pid and pid != c[RUNS]):
            if meet(c, switch_ts, b, cpu, rows, state):
                put(rows, state[ROW], K_SWITCH, 0, cpu, c[RUNS], switch_ts, next_pid, prev_state, NULL, NULL, 0)
                state[ROW] += 1
            c[RUNS] = next_pid
            b[SWITCH], b[STATE], b[NEXT], b[SWITCH_TS] = switch_after, state_after, next_after, switch_ts
            need_switch = True
        else:
            counted = meet(c, ts, b, cpu, rows, state)
            if not happen(words, ts, pid, number, content, content_end, counted, plan, rows, notes, cpu, c, state):
                return BAD
            need_event = True
    if b[ERROR] != NULL or b[ERRORS] > 1:
        miss(c, b[ERROR] if b[ERROR] != NULL else c[NEWEST], NULL)
    return DONE


@njit
def walk(words, at, end, plan, rows, notes, cpus, b, head, state):
    """Take whole packets of bytes [at, end) of `words` (int64[::1], 16 bytes more than end).

    plan: `plan.Plan`; rows: `batch.Batch`; notes: `buffers.Notes`; cpus: int64 [MAX_CPU + 1, CPU_FIELDS]; b, head,
    state: int64 [BUNDLE_FIELDS], [PACKET_FIELDS], [STATE_FIELDS]. A bundle may be taken in parts: `b` holds how far.
    → (status, first byte not taken). META: `head` says what it is; the packet is not taken.
    """
    while at < end:
        status, start, behind = frame(words, at, end)
        if status != DONE:
            return status, at
        if state[INSIDE] != at:
            if not packet(words, start, behind, head):
                return BAD, at
            if head[OWN] == F_DEFLATE or head[OWN] == F_ZSTD:
                return META, at
            if head[DROPPED] > 0 and head[FIRST_OF] == 0 and state[HEEDED] != at:
                return META, at
        if head[BUNDLE] > 0 and head[MACHINE] == 0:
            if state[INSIDE] != at:
                if not bundle(words, head[BUNDLE], head[BUNDLE_END], b):
                    return BAD, at
                if b[CPU] >= 0 and b[CPU] <= MAX_CPU:
                    begin_bundle(b, cpus[b[CPU]], state)
            state[INSIDE] = at
            if b[CPU] < 0 or b[CPU] > MAX_CPU:
                state[UNPLACED] += 1
            else:
                status = merge(words, head[BUNDLE_END], plan, rows, notes, b, cpus, state)
                if status != DONE:
                    return status, at
                state[BUNDLES] += 1
        state[INSIDE] = state[HEEDED] = -1
        at = behind
    return DONE, at
