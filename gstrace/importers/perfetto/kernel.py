"""Kernel: walks the packets of a buffer, counts what their bundles hold, and fills columns from them.

    Trace      0a length TracePacket  0a length TracePacket  …
    a field    key varint (number << 3 | wire type)  then by type: varint · 8 bytes · length varint, bytes · 4 bytes

Nothing is assumed of the order of fields, nor that varints are the shortest. Every field is checked against the end of
the message it is in before it is read. Functions change their arrays in place and say how it went; nothing here raises.
Twin: tests/importers/perfetto/plain.py.
"""

from __future__ import annotations

from gstrace.events.losses import LOSS_CODE
from gstrace.events.tables import NULL, Kind
from gstrace.importers.kernel import (
    A0,
    B0,
    C0,
    CODE,
    D0,
    FIRST,
    HEAD_FIELDS,
    KIND,
    LAST,
    LESSER,
    MASK,
    NUMBER,
    OFFSET,
    SHIFT,
    SIZE,
    TARGET,
    TEXT_HERE,
    TID0,
    TO_A,
    TO_B,
    TO_C,
    TO_D,
    digest,
    hash_text,
    load,
    put,
)
from gstrace.jit import inlined, njit

DONE, MORE, FULL, BAD, META = range(5)
"""What a walk may say: all taken; a packet reaches over the end; a buffer must be emptied; no packet can be here; this
packet is the caller's."""

# An event's program is a row of `kernel.heads` and, behind it:
NAMED, REPEATED, NEEDS, NARROW = range(HEAD_FIELDS, HEAD_FIELDS + 4)
EVENT_FIELDS = HEAD_FIELDS + 4
"""NAMED: its fields are (name, value) pairs, and its steps' OFFSET a `name_key`; otherwise OFFSET is a field's number.
REPEATED: number of the one repeated field that steps read, 0 for none.
NEEDS, NARROW: bits 1 a, 2 b, 4 c: columns that must be known; columns that have 32 bits. A step's SIZE is the place in
a repeated field, −1 for a field that is not."""

# A packet, as far as it matters here.
BUNDLE, BUNDLE_END, OWN, PACKED, PACKED_END, SEQUENCE, DROPPED, FIRST_OF, MACHINE = range(9)
PACKET_FIELDS = 9
"""BUNDLE, BUNDLE_END: the bytes of its ftrace events, 0 for none. OWN: the number of its last field of `is_callers`,
whose bytes are PACKED, PACKED_END. The rest: fields' values."""

# A bundle, as its fields say, and how far it is taken.
(
    CPU, LOST, COMPACT, COMPACT_END, CLOCK, PREVIOUS, ERROR, ERRORS, ENTRY,
    SWITCH, SWITCH_END, STATE, STATE_END, NEXT, NEXT_END,
    WAKING, WAKING_END, WOKEN, WOKEN_END, WHERE, WHERE_END, SWITCH_TS, WAKING_TS,
) = range(23)  # fmt: skip
BUNDLE_FIELDS = 23
"""ERROR, ERRORS: the smallest stamp of a page that could not be read, and how many. ENTRY: first byte of the next
event's field. The pairs are the next byte and the end of packed arrays. SWITCH_TS, WAKING_TS: what the next stamps are
counted from."""

# What is kept of each CPU.
RUNS, NEWEST, MISSING, SINCE, GONE, SUSPECT, SEEN, BEFORE, GAPS, OVERRUN = range(10)
CPU_FIELDS = 10
"""RUNS: the thread that runs, −1 for unknown. NEWEST: largest stamp. MISSING, SINCE, GONE: events are missing before
the next one, from that stamp on, so many. SUSPECT: a packet was lost that may have held this CPU's events. SEEN:
bundles so far. BEFORE: the first bundle's previous_bundle_end_timestamp, `NULL` where it has none. GAPS: bundles before
which the kernel lost events. OVERRUN: how many it lost before each of those, `NULL` for unknown."""

# What is kept of the walk.
(
    ROW, TEXTS, BUNDLES, UNREAD, UNPLACED, EARLY, LATEST, BEGIN, INSIDE, HEEDED,
    FOUND, OVERFLOW, FOREIGN, CLOCKS, WRITERS, SWITCHES, WAKINGS,
) = range(17)  # fmt: skip
STATE_FIELDS = 17
"""ROW: the next free row. TEXTS: how many are noted. BUNDLES: those with events, so far. UNREAD: events that could not
be decoded. UNPLACED: bundles without a CPU. EARLY: events that are not newer than BEGIN, left out. LATEST: newest
stamp. INSIDE: where the packet is that was left half taken, HEEDED: whose loss the caller knows of; −1 for none.
FOUND: notes so far. OVERFLOW: events that had no place in the counts. FOREIGN: bundles of other machines. CLOCKS: a bit
for each ftrace_clock met. WRITERS: sequences of packets that have bundles. SWITCHES, WAKINGS: whether there are compact
ones."""

F_EVENTS, F_TREE, F_CONFIG, F_STATS, F_BUFFERS, F_SYSTEM, F_CPUS, F_DEFLATE, F_ZSTD = 1, 2, 33, 34, 35, 45, 67, 50, 133
GENERIC = 327
LONGEST = 1 << 40
PLAUSIBLE = 1 << 62
FOREVER = (1 << 63) - 1
MAX_CPU, MAX_TID = 0xFFFF, 0x7FFFFFFF
NAMED_KEY = 1 << 62

K_SWITCH, K_WAKING, K_LOSS = int(Kind.SWITCH), int(Kind.WAKING), int(Kind.LOSS)
L_LOST = LOSS_CODE["lost"]


@inlined
def varint(words, at, end):
    """→ (value, first byte behind it), behind 0 where it does not end before `end` or after ten bytes."""
    if at >= end:
        return 0, 0
    word = load(words, at)
    value = word & 0x7F
    if word & 0x80 == 0:
        return value, at + 1
    for i in range(1, 8):
        word >>= 8
        value |= (word & 0x7F) << 7 * i
        if word & 0x80 == 0:
            return (value, at + i + 1) if at + i < end else (0, 0)
    if at + 8 >= end:
        return 0, 0
    word = load(words, at + 8)
    value |= (word & 0x7F) << 56
    if word & 0x80 == 0:
        return value, at + 9
    if at + 9 >= end or word & 0x8000:
        return 0, 0
    return value | ((word >> 8) & 1) << 63, at + 10


@inlined
def field(words, at, end):
    """→ (number, wire type, value or length, first byte of the content, first byte behind), behind 0 for no field."""
    key, start = varint(words, at, end)
    wire, number = key & 7, key >> 3
    if start == 0 or number < 1 or number > 0x1FFFFFFF:
        return 0, 0, 0, 0, 0
    if wire == 0:
        value, behind = varint(words, start, end)
        return number, wire, value, start, behind
    if wire == 2:
        length, content = varint(words, start, end)
        if content == 0 or length < 0 or length > end - content:
            return 0, 0, 0, 0, 0
        return number, wire, length, content, content + length
    size = 8 if wire == 1 else 4
    if (wire != 1 and wire != 5) or size > end - start:
        return 0, 0, 0, 0, 0
    return number, wire, 0, start, start + size


@inlined
def frame(words, at, end):
    """The packet that begins here. → (DONE, MORE or BAD, first byte of its content, first byte behind)."""
    key, start = varint(words, at, end)
    size, content = 0, 0
    if start > 0 and key != 10:
        return BAD, at, at
    if start > 0:
        size, content = varint(words, start, end)
    if content == 0:
        return (MORE if end - at < 20 else BAD), at, at
    if size < 0 or size > LONGEST:
        return BAD, at, at
    return (DONE if size <= end - content else MORE), content, content + size


@inlined
def is_callers(number):
    """Fields that are not for columns: what they say is rare, or is packets again."""
    return (
        number == F_TREE
        or (number >= F_CONFIG and number <= F_BUFFERS)
        or number == F_SYSTEM
        or number == F_CPUS
        or number == F_DEFLATE
        or number == F_ZSTD
    )


@njit
def packet(words, at, end, head):
    """Fill `head` from a packet's content. → whether it is one."""
    head[:] = 0
    while at < end:
        number, wire, value, start, behind = field(words, at, end)
        if behind == 0:
            return False
        if wire == 2:
            if number == F_EVENTS:
                head[BUNDLE], head[BUNDLE_END] = start, behind
            elif is_callers(number):
                head[OWN], head[PACKED], head[PACKED_END] = number, start, behind
        elif wire == 0:
            if number == 10:
                head[SEQUENCE] = value
            elif number == 42:
                head[DROPPED] = value
            elif number == 87:
                head[FIRST_OF] = value
            elif number == 98:
                head[MACHINE] = value
        at = behind
    return True


@njit
def bundle(words, at, end, b):
    """Fill `b` from a bundle's content: all of its fields, but of events only where they are. → whether it is one."""
    b[:] = 0
    b[CPU], b[PREVIOUS], b[ERROR], b[ENTRY] = -1, NULL, NULL, end
    while at < end:
        number, wire, value, start, behind = field(words, at, end)
        if behind == 0:
            return False
        if number == 2 and wire == 2:
            b[ENTRY] = min(b[ENTRY], at)
        elif number == 4 and wire == 2:
            b[COMPACT], b[COMPACT_END] = start, behind
        elif number == 8 and wire == 2:
            stamp, _, _, _, _, fine = event(words, start, behind)
            if not fine:
                return False
            b[ERRORS] += 1
            if stamp <= 0:
                b[LOST] = 1
            elif b[ERROR] == NULL or stamp < b[ERROR]:
                b[ERROR] = stamp
        elif wire == 0:
            if number == 1:
                b[CPU] = value
            elif number == 3:
                b[LOST] = value
            elif number == 5:
                b[CLOCK] = value
            elif number == 10:
                b[PREVIOUS] = value
        at = behind
    return compact(words, b[COMPACT], b[COMPACT_END], b)


@njit
def compact(words, at, end, b):
    """Where a bundle's packed arrays are. → whether they are packed, and none is there twice."""
    while at < end:
        number, wire, _, start, behind = field(words, at, end)
        if behind == 0:
            return False
        place = -1
        if number >= 1 and number <= 3:
            place = SWITCH + 2 * (number - 1)
        elif number >= 7 and number <= 9:
            place = WAKING + 2 * (number - 7)
        if place >= 0:
            if wire != 2 or b[place] != 0:
                return False
            b[place], b[place + 1] = start, behind
        at = behind
    return True


@inlined
def event(words, at, end):
    """One FtraceEvent. → (stamp, thread, number of its message, the message's bytes from, to, whether it is one)."""
    ts, pid, number, message, message_end = NULL, -1, 0, 0, 0
    while at < end:
        found, wire, value, start, behind = field(words, at, end)
        if behind == 0:
            return ts, pid, number, message, message_end, False
        if wire == 2:
            number, message, message_end = found, start, behind
        elif wire == 0:
            if found == 1:
                ts = value
            elif found == 2:
                pid = value if value >= 0 and value <= MAX_TID else -1
        at = behind
    return ts, pid, number, message, message_end, True


@inlined
def name_key(words, at, length):
    return length << 32 | hash_text(words, at, length)


@inlined
def event_key(words, number, at, end):
    """What events are told apart by: their message's number; of a GenericFtraceEvent, its name.

    → (key, the name's first byte, its length, whether the message can be read).
    """
    if number != GENERIC:
        return number, 0, 0, True
    key, name, length = NAMED_KEY, at, 0
    while at < end:
        found, wire, size, start, behind = field(words, at, end)
        if behind == 0:
            return key, name, length, False
        if found == 1 and wire == 2:
            # A tracepoint's name is short; hashing is for those alone.
            length = min(size, 255)
            key, name = NAMED_KEY | name_key(words, start, length), start
        at = behind
    return key, name, length, True


@inlined
def pair(words, at, end):
    """One (name, value) of a GenericFtraceEvent, as if it were a field. → as `field`, the number being a `name_key`."""
    key, kind, number, first, last = 0, 1, 0, at, at
    while at < end:
        found, wire, value, start, behind = field(words, at, end)
        if behind == 0:
            return 0, 0, 0, 0, 0
        if found == 1 and wire == 2:
            key = name_key(words, start, min(value, 255))
        elif found == 3 and wire == 2:
            kind, first, last = 2, start, behind
        elif (found == 4 or found == 5) and wire == 0:
            kind, number = 0, value
        at = behind
    return key, kind, number, first, max(last, 1)


@inlined
def assign(value, op, tid, a, b, c, d):
    """A step's number into its column's bits. → (tid, a, b, c, d)."""
    keep = ~(op[MASK] << op[SHIFT])
    value = (value & op[MASK]) << op[SHIFT]
    target = op[TARGET]
    if target == TO_A:
        a = (a & keep) | value
    elif target == TO_B:
        b = (b & keep) | value
    elif target == TO_C:
        c = (c & keep) | value
    elif target == TO_D:
        d = (d & keep) | value
    else:
        tid = (tid & keep) | value
    return tid, a, b, c, d


@inlined
def message(words, at, end, program, ops):
    """Run an event's program on its message, up to the last field that a step reads; what follows is not looked at.

    → (tid, a, b, c, d, first byte of its text, length of it or −1, whether the message can be read).
    """
    tid, a, b, c, d = program[TID0], program[A0], program[B0], program[C0], program[D0]
    text, length, place = 0, -1, 0
    repeated, left = program[REPEATED], program[LAST] - program[FIRST]
    while at < end and left > 0:
        number, wire, value, start, behind = field(words, at, end)
        if behind == 0:
            return tid, a, b, c, d, text, length, False
        at = behind
        if program[NAMED] > 0:
            if number != 2 or wire != 2:
                continue
            number, wire, value, start, behind = pair(words, start, behind)
            if behind == 0:
                return tid, a, b, c, d, text, length, False
        packed = number == repeated and wire == 2
        if packed:
            # A repeated number may as well be packed: its places one after the other.
            behind = start + value
        while True:
            if packed:
                if start >= behind:
                    break
                value, start = varint(words, start, behind)
                if start == 0:
                    return tid, a, b, c, d, text, length, False
            for k in range(program[FIRST], program[LAST]):
                op = ops[k]
                if op[OFFSET] != number or (op[SIZE] >= 0 and op[SIZE] != place):
                    continue
                if op[CODE] == NUMBER:
                    if wire == 0 or packed:
                        tid, a, b, c, d = assign(value, op, tid, a, b, c, d)
                elif wire == 2 and op[CODE] == TEXT_HERE:
                    text, length = start, behind - start
                elif wire == 2:
                    value = hash_text(words, start, min(behind - start, 255))
                    tid, a, b, c, d = assign(value, op, tid, a, b, c, d)
                left -= 1
                break
            place += number == repeated
            if not packed:
                break
    return tid, a, b, c, d, text, length, True


@inlined
def fits(program, a, b, c):
    """Whether all columns are known that must be, and those of 32 bits have no more."""
    needs, narrow = program[NEEDS], program[NARROW]
    if (needs & 1 and a == NULL) or (needs & 2 and b == NULL) or (needs & 4 and c == NULL):
        return False
    return not (
        (narrow & 1 and a != NULL and a >> 31 != 0 and a >> 31 != -1)
        or (narrow & 2 and b != NULL and b >> 31 != 0 and b >> 31 != -1)
        or (narrow & 4 and c != NULL and c >> 31 != 0 and c >> 31 != -1)
    )


@inlined
def find_event(plan, key):
    """Row of `plan.events` for an event's key, or −1. The table has free places, so the search ends."""
    mask = plan.keys.size - 1
    slot = (key ^ (key >> 15)) & mask
    while plan.values[slot] >= 0:
        if plan.keys[slot] == key:
            return plan.values[slot]
        slot = (slot + 1) & mask
    return -1


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
    known = find_event(plan, key) if fine else -1
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


@inlined
def first_met(key, at, length, found, state):
    """Count an event or a descriptor, and note the first of each for the caller: (key, first byte, length).

    The table has four times as many places as there are notes, so the search ends.
    """
    mask = found.keys.size - 1
    slot = (key ^ (key >> 15)) & mask
    while found.counts[slot] > 0:
        if found.keys[slot] == key:
            found.counts[slot] += 1
            return
        slot = (slot + 1) & mask
    n = state[FOUND]
    if n >= found.notes.shape[0]:
        state[OVERFLOW] += 1
        return
    found.keys[slot], found.counts[slot] = key, 1
    found.notes[n, 0], found.notes[n, 1], found.notes[n, 2] = key, at, length
    state[FOUND] = n + 1


@inlined
def born(words, number, at, end, ts, births, found):
    """Note the thread that this event says is new, with the first time that one says so."""
    for i in range(births.shape[0]):
        if births[i, 0] != number:
            continue
        while at < end:
            got, wire, value, _, behind = field(words, at, end)
            if behind == 0:
                return
            if got == births[i, 1] and wire == 0 and value >= 0 and value < found.born.size:
                before = found.born[value]
                found.born[value] = ts if before == 0 else min(before, ts)
            at = behind


@njit
def look(words, at, end, b, salt, births, found, state):
    """A bundle's events counted by key, its descriptors noted, its threads born. → smallest stamp, 0 where damaged."""
    least = FOREVER
    while at < end:
        number, wire, size, start, behind = field(words, at, end)
        if number == 2 and wire == 2:
            ts, _, kind, content, content_end, fine = event(words, start, behind)
            if not fine:
                return 0
            if ts > 0 and ts <= PLAUSIBLE:
                least = min(least, ts)
                key, name, length, fine = event_key(words, kind, content, content_end)
                if not fine:
                    return 0
                first_met(key, name, length, found, state)
                born(words, kind, content, content_end, ts, births, found)
        elif number == 11 and wire == 2 and size < (salt.size - 1) << 3:
            first_met(digest(words, start, size, salt) | (-1 << 63), start, size, found, state)
        at = behind
    ts, there = varint(words, b[SWITCH], b[SWITCH_END])
    if there > 0 and ts > 0:
        least, state[SWITCHES] = min(least, ts), 1
    ts, there = varint(words, b[WAKING], b[WAKING_END])
    if there > 0 and ts > 0:
        least, state[WAKINGS] = min(least, ts), 1
    return least


@inlined
def writer(head, found, state):
    """Note a sequence that has bundles, and whether its first one says that others were before it."""
    for i in range(state[WRITERS]):
        if found.writers[i, 0] == head[SEQUENCE]:
            return
    n = state[WRITERS]
    if n < found.writers.shape[0]:
        found.writers[n, 0] = head[SEQUENCE]
        found.writers[n, 1] = 1 if head[DROPPED] > 0 and head[FIRST_OF] == 0 else 0
        state[WRITERS] = n + 1


@njit
def survey(words, at, end, salt, births, found, cpus, b, head, state):
    """As `walk`, but only looks: what is in the file, for the pass that makes rows. META: the packet is the caller's.

    salt: for `digest`. births: int64 [any, 2], message and field that name a new thread. found: `buffers.Found`.
    Each bundle's smallest stamp goes to `found.least`; FULL where that has no room.
    """
    while at < end:
        status, start, behind = frame(words, at, end)
        if status != DONE:
            return status, at
        if not packet(words, start, behind, head):
            return BAD, at
        if head[OWN] > 0:
            return META, at
        if head[BUNDLE] > 0 and head[MACHINE] != 0:
            state[FOREIGN] += 1
        elif head[BUNDLE] > 0:
            if state[BUNDLES] >= found.least.size:
                return FULL, at
            if not bundle(words, head[BUNDLE], head[BUNDLE_END], b):
                return BAD, at
            writer(head, found, state)
            if b[CPU] >= 0 and b[CPU] <= MAX_CPU:
                least = look(words, head[BUNDLE], head[BUNDLE_END], b, salt, births, found, state)
                if least == 0:
                    return BAD, at
                c = cpus[b[CPU]]
                if c[SEEN] == 0:
                    c[BEFORE] = b[PREVIOUS]
                c[SEEN] += 1
                c[GAPS] += 1 if b[LOST] > 0 else 0
                found.least[state[BUNDLES]] = least
                state[BUNDLES] += 1
                state[CLOCKS] |= 1 << min(max(b[CLOCK], 0), 31)
        at = behind
    return DONE, at
