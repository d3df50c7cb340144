"""Kernel: walks the records of a buffer and fills columns; the only place where a record's bytes become numbers.

    type u32  misc u16  size u16  body  [tail]

Every record is checked against the buffer's end before it is read, and every part of it against the record's.
Functions change `state`, `rows` and `notes` in place and say how it went; nothing here raises.
Twin: tests/importers/perfdata/plain.py.
"""

from __future__ import annotations

from gstrace.events.losses import LOSS_CODE
from gstrace.events.tables import NULL, Kind, Task
from gstrace.importers.kernel import KIND, LESSER, LOW32, NEED, TYPE, decode, digest, find, load, put
from gstrace.importers.perfdata.layout import (
    CHAIN,
    CPU,
    EACH,
    FIXED,
    GROUP,
    ORIGIN,
    TAIL,
    TAIL_CPU,
    TAIL_TID,
    TAIL_TIME,
    TIME,
)
from gstrace.jit import inlined, njit

DONE, MORE, FULL, BAD, META, START = range(6)
"""What `walk` may say: all taken; a record reaches over the end; a buffer must be emptied; no record can be here;
this record is the caller's; the first row that is not of the time before the recording is next."""

# state
(
    ROW,
    STARTED,
    NEWEST,
    ROUND,
    HORIZON,
    BY_TYPE,
    ID_AT,
    TEXTS,
    MARKS,
    CHAINED,
    CHAINS,
    POOLED,
    MAPPED,
    UNKNOWN_ID,
    UNREAD,
    SWITCHES,
) = range(16)
STATE_FIELDS = 16
"""ROW: the next free row. STARTED: rows may be made. NEWEST: largest time so far. ROUND, HORIZON: NEWEST at the last
round's end, and at the one's before. BY_TYPE: events are told apart by their raw data's type, having no ids.
ID_AT: where a sample's id is. TEXTS, MARKS, CHAINED, CHAINS, POOLED: how full `notes` is. MAPPED: process of the last
mark of a mapping. UNKNOWN_ID, UNREAD: records of undeclared events, and records that could not be decoded.
SWITCHES: SWITCH records become rows, no tracepoint telling of switches."""

UNREADABLE = 255
"""KIND of an event that is wanted, but that this file cannot decode."""

SAMPLE, ROUND_END = 9, 68
MMAP, LOST, COMM, EXIT, THROTTLE, UNTHROTTLE, FORK, MMAP2, LOST_SAMPLES = 1, 2, 3, 4, 5, 6, 7, 10, 13
SWITCH, SWITCH_CPU_WIDE = 14, 15
SWITCH_OUT, PREEMPTED = 0x2000, 0x4000
HEADER_ATTR, EVENT_TYPE, TRACING_DATA, ID_INDEX, AUXTRACE, THREAD_MAP = 64, 65, 66, 69, 71, 73
EVENT_UPDATE, TIME_CONV, HEADER_FEATURE, COMPRESSED, FINISHED_INIT, COMPRESSED2 = 78, 79, 80, 81, 82, 83
TYPES = 128
"""Record types that are counted each; larger ones are counted together, as the last."""

CONTEXTS, IN_KERNEL, IN_USER, IN_USER_DEFERRED = -4095, -128, -512, -640
MAX_CPU = 0xFFFF

K_TASK, K_LOSS, K_SWITCH = int(Kind.TASK), int(Kind.LOSS), int(Kind.SWITCH)
T_FORK, T_EXEC, T_EXIT, T_RENAME = int(Task.FORK), int(Task.EXEC), int(Task.EXIT), int(Task.RENAME)
L_LOST, L_LOST_SAMPLES, L_FILTERED = LOSS_CODE["lost"], LOSS_CODE["lost_samples"], LOSS_CODE["filtered"]
L_THROTTLED, L_THROTTLE_END = LOSS_CODE["throttled"], LOSS_CODE["throttle_end"]


@inlined
def note_text(notes, state, row, at, length):
    n = state[TEXTS]
    notes.text_row[n], notes.text_at[n], notes.text_length[n] = row, at, length
    state[TEXTS] = n + 1


@njit
def note_chain(words, at, nr, event, notes, state):
    """Number of this event's chain among the distinct ones since the last reset.

    A chain is its kernel frames, and whether user frames follow. → number, or −1 where `notes` is full.
    """
    if state[CHAINS] >= notes.chain_event.size or state[POOLED] + nr > notes.pool.size:
        return -1
    start = state[POOLED]
    n, in_kernel, user = start, False, 0
    key = event + (nr & 0)  # int64, and so wrapping, without a compiler too
    for i in range(nr):
        ip = load(words, at + (i << 3))
        if ip < 0 and ip >= CONTEXTS:
            in_kernel = ip == IN_KERNEL
            if ip == IN_USER or ip == IN_USER_DEFERRED:
                user = 1
        elif in_kernel:
            notes.pool[n] = ip
            n += 1
            key = (key ^ ip) * -7046029254386353131
            key ^= (key >> 29) & 0x7FFFFFFFF
    key = ((key ^ user) * -4417276706812531889) | 1
    mask = notes.chain_key.size - 1
    slot = (key >> 20) & mask
    while notes.chain_key[slot] != 0:
        if notes.chain_key[slot] == key:
            return notes.chain_number[slot]
        slot = (slot + 1) & mask
    number = state[CHAINS]
    notes.chain_key[slot], notes.chain_number[slot] = key, number
    notes.chain_event[number], notes.chain_user[number] = event, user
    notes.chain_start[number], notes.chain_end[number] = start, n
    state[CHAINS], state[POOLED] = number + 1, n
    return number


@inlined
def find_raw(words, at, size, event):
    """Where a sample's raw data and call chain are.

    → (first byte of the data, its length, first frame, frames); first byte 0 where the sample is too short for them.
    """
    p, end = at + event[FIXED], at + size
    if event[GROUP] > 0:
        if end - p < event[GROUP]:
            return 0, 0, 0, 0
        members = load(words, p)
        p += event[GROUP]
        if members < 0 or members > (end - p) // event[EACH]:
            return 0, 0, 0, 0
        p += members * event[EACH]
    frames, nr = 0, 0
    if event[CHAIN] > 0:
        if end - p < 8:
            return 0, 0, 0, 0
        nr = load(words, p)
        frames = p + 8
        if nr < 0 or nr > (end - frames) >> 3:
            return 0, 0, 0, 0
        p = frames + (nr << 3)
    if end - p < 4:
        return 0, 0, 0, 0
    length = load(words, p) & LOW32
    if length > end - p - 4 or length < 2:
        return 0, 0, 0, 0
    return p + 4, length, frames, nr


@inlined
def is_wanted(event, e, notes, state):
    """Whether an event's samples become rows; those that do not are counted."""
    if event[KIND] == 0:
        notes.unwanted[e] += 1
    elif event[KIND] == UNREADABLE:
        state[UNREAD] += 1
    else:
        return True
    return False


@inlined
def sample(words, at, size, plan, rows, notes, state):
    """One SAMPLE → one row, or a count. → DONE; FULL or START: nothing done yet."""
    e, row = 0, state[ROW]
    if row >= rows.ts.size or state[TEXTS] >= notes.text_row.size or state[CHAINED] >= notes.chained_row.size:
        return FULL
    if state[ID_AT] > 0:
        e = find(plan, load(words, at + state[ID_AT])) if size >= state[ID_AT] + 8 else -1
        if e < 0:
            state[UNKNOWN_ID] += 1
            return DONE
    event = plan.events[e]
    if size < event[FIXED]:
        state[UNREAD] += 1
        return DONE
    ts = load(words, at + event[TIME]) if event[TIME] > 0 else NULL
    state[NEWEST] = max(state[NEWEST], ts)
    if state[BY_TYPE] == 0 and not is_wanted(event, e, notes, state):
        return DONE
    raw, length, frames, nr = find_raw(words, at, size, event)
    if raw == 0:
        state[UNREAD] += 1
        return DONE
    if state[BY_TYPE] > 0:
        e = find(plan, load(words, raw) & 0xFFFF)
        if e < 0:
            state[UNKNOWN_ID] += 1
            return DONE
        event = plan.events[e]
        if not is_wanted(event, e, notes, state):
            return DONE
    cpu = load(words, at + event[CPU]) & LOW32
    if load(words, raw) & 0xFFFF != event[TYPE] or length < event[NEED] or ts <= 0 or cpu > MAX_CPU:
        state[UNREAD] += 1
        return DONE
    if state[STARTED] == 0:
        return START
    tid, a, b, c, d, text, text_length = decode(words, raw, length, event, plan.ops)
    if event[ORIGIN] > 0 and nr > 0:
        number = note_chain(words, frames, nr, e, notes, state)
        if number < 0:
            return FULL
        n = state[CHAINED]
        notes.chained_row[n], notes.chained_number[n] = row, number
        state[CHAINED] = n + 1
    if tid == NULL:
        tid = -1
    put(rows, row, event[KIND], event[LESSER], cpu, tid, ts, a, b, c, d, digest(words, at, size, plan.salt))
    if text_length >= 0:
        note_text(notes, state, row, text, text_length)
    state[ROW] = row + 1
    return DONE


@inlined
def shortest_body(kind):
    """Bytes, with the header, that a record of this type has before its tail."""
    if kind == COMM or kind == MMAP or kind == MMAP2 or kind == LOST_SAMPLES:
        return 16
    return 24 if kind == LOST else 32


@inlined
def own_time(words, at, size, kind, event, state):
    """A side record's time: of its tail, else of its own; unknown (≤ 0) before the start, else the newest so far."""
    if event[TAIL_TIME] > 0:
        return load(words, at + size - event[TAIL_TIME])
    if kind == FORK or kind == EXIT:
        return load(words, at + 24)
    if kind == THROTTLE or kind == UNTHROTTLE:
        return load(words, at + 8)
    return state[NEWEST] if state[STARTED] > 0 else NULL


@inlined
def side_event(words, at, size, plan, state):
    """Row of `plan.events` that a record which is no sample belongs to; the first where it does not say.

    With IDENTIFIER the id is a sample's first word and every other record's last; 0 in those that perf made.
    """
    if state[ID_AT] == 8 and size >= 16:
        return max(find(plan, load(words, at + size - 8)), 0)
    return 0


@njit
def side(words, at, size, kind, misc, plan, rows, notes, state):
    """One record of a task's life or of a loss → one row; one made before the recording began → a mark.

    → DONE; FULL or START: nothing done yet.
    """
    row = state[ROW]
    if row >= rows.ts.size or state[TEXTS] >= notes.text_row.size or state[MARKS] >= notes.marks.size:
        return FULL
    event = plan.events[side_event(words, at, size, plan, state)]
    body = size - event[TAIL]
    if body < shortest_body(kind):
        state[UNREAD] += 1
        return DONE
    ts = own_time(words, at, size, kind, event, state)
    state[NEWEST] = max(state[NEWEST], ts)
    pid = load(words, at + 8) & LOW32
    maps = kind == MMAP or kind == MMAP2
    if maps or ((kind == COMM or kind == FORK) and ts <= 0):
        if state[STARTED] > 0 or ts > 0 or (maps and pid == state[MAPPED]):
            notes.skipped[kind] += 1
            return DONE
        if maps:
            state[MAPPED] = pid
        n = state[MARKS]
        notes.marks[n] = at
        state[MARKS] = n + 1
        return DONE
    if state[STARTED] == 0:
        return START
    cpu = load(words, at + size - event[TAIL_CPU]) & LOW32 if event[TAIL_CPU] > 0 and ts > 0 else -1
    if cpu > MAX_CPU:
        cpu = -1
    if ts <= 0:
        ts = state[NEWEST]
    hashed = digest(words, at, size, plan.salt)
    # A task's row is of some CPU; without CPU words in this file's tails, of the first.
    on = max(cpu, 0)
    if kind == COMM:
        tid = (load(words, at + 12) << 32) >> 32
        what = T_EXEC if misc & 0x2000 else T_RENAME
        put(rows, row, K_TASK, plan.task_lesser[what], on, tid, ts, what | (pid << 8), tid, NULL, NULL, hashed)
        note_text(notes, state, row, at + 16, body - 16)
    elif kind == FORK or kind == EXIT:
        tid = (load(words, at + 16) << 32) >> 32
        what = T_FORK if kind == FORK else T_EXIT
        by = load(words, at + 16) >> 32 if kind == FORK else tid
        put(rows, row, K_TASK, plan.task_lesser[what], on, by, ts, what | (pid << 8), tid, NULL, NULL, hashed)
    elif kind == LOST:
        put(rows, row, K_LOSS, 0, cpu, -1, ts, L_LOST, load(words, at + 16), NULL, NULL, hashed)
    elif kind == LOST_SAMPLES:
        what = L_FILTERED if misc & 0x8000 else L_LOST_SAMPLES
        put(rows, row, K_LOSS, 0, cpu, -1, ts, what, load(words, at + 8), NULL, NULL, hashed)
    else:
        what = L_THROTTLED if kind == THROTTLE else L_THROTTLE_END
        put(rows, row, K_LOSS, 0, cpu, -1, ts, what, NULL, NULL, NULL, hashed)
    state[ROW] = row + 1
    return DONE


@njit
def switch(words, at, size, kind, misc, plan, rows, state):
    """One SWITCH or SWITCH_CPU_WIDE → one row, from its half at the way out: the half at the way in says less.

    The tail tells the thread that leaves; who comes, only SWITCH_CPU_WIDE does.
    → DONE; FULL or START: nothing done yet.
    """
    row = state[ROW]
    if row >= rows.ts.size:
        return FULL
    event = plan.events[side_event(words, at, size, plan, state)]
    ts, cpu, body = 0, 0, 16 if kind == SWITCH_CPU_WIDE else 8
    if event[TAIL_TIME] > 0 and event[TAIL_CPU] > 0 and event[TAIL_TID] > 0 and size - event[TAIL] >= body:
        ts = load(words, at + size - event[TAIL_TIME])
        cpu = load(words, at + size - event[TAIL_CPU]) & LOW32
    if ts <= 0 or cpu > MAX_CPU:
        state[UNREAD] += 1
        return DONE
    state[NEWEST] = max(state[NEWEST], ts)
    if state[STARTED] == 0:
        return START
    prev = load(words, at + size - event[TAIL_TID]) >> 32
    following = load(words, at + 8) >> 32 if kind == SWITCH_CPU_WIDE else -1
    waits = 0 if misc & PREEMPTED else 1
    hashed = digest(words, at, size, plan.salt)
    put(rows, row, K_SWITCH, 0, cpu, prev, ts, following, waits, NULL, NULL, hashed)
    state[ROW] = row + 1
    return DONE


@inlined
def is_callers(kind):
    """Record types that the kernel leaves to its caller: what they hold is not for rows, or is not inside of them."""
    return (
        (kind >= HEADER_ATTR and kind <= TRACING_DATA)
        or kind == ID_INDEX
        or kind == AUXTRACE
        or kind == THREAD_MAP
        or (kind >= EVENT_UPDATE and kind <= COMPRESSED2 and kind != TIME_CONV and kind != FINISHED_INIT)
    )


@njit
def walk(words, at, end, plan, rows, notes, state):
    """Take whole records of bytes [at, end) of `words` (int64[::1], 8 bytes more than end).

    plan: `plan.Plan`; rows: `batch.Batch`; notes: `buffers.Notes`; state: int64[STATE_FIELDS].
    → (status, first byte not taken).
    """
    while end - at >= 8:
        head = load(words, at)
        kind, misc, size = head & LOW32, (head >> 32) & 0xFFFF, (head >> 48) & 0xFFFF
        status = DONE
        if kind != SAMPLE and is_callers(kind):
            return META, at
        if size < 8:
            return BAD, at
        if size > end - at:
            return MORE, at
        if kind == SAMPLE:
            status = sample(words, at, size, plan, rows, notes, state)
        elif (kind >= MMAP and kind <= FORK) or kind == MMAP2 or kind == LOST_SAMPLES:
            status = side(words, at, size, kind, misc, plan, rows, notes, state)
        elif (kind == SWITCH or kind == SWITCH_CPU_WIDE) and misc & SWITCH_OUT and state[SWITCHES] > 0:
            status = switch(words, at, size, kind, misc, plan, rows, state)
        elif kind != ROUND_END:
            notes.skipped[min(kind, TYPES - 1)] += 1
        elif state[STARTED] > 0:
            # perf flushes at a round's end what is not newer than the newest of the round before: nothing older
            # than that can come. Before the start there is no promise: marks may still become rows of time 0.
            state[HORIZON], state[ROUND] = state[ROUND], state[NEWEST]
        if status != DONE:
            return status, at
        at += size
    return (DONE if at == end else MORE), at
