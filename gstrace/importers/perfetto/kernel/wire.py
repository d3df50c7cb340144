"""Kernel: bytes → fields, packets, bundles and events.

    Trace      0a length TracePacket  0a length TracePacket  …
    a field    key varint (number << 3 | wire type)  then by type: varint · 8 bytes · length varint, bytes · 4 bytes

Nothing is assumed of the order of fields, nor that varints are the shortest. Every field is checked against the end of
the message it is in before it is read.
"""

from __future__ import annotations

from gstrace.events.tables import NULL
from gstrace.importers.kernel import load
from gstrace.importers.perfetto.kernel.codes import (
    BAD,
    BUNDLE,
    BUNDLE_END,
    CLOCK,
    COMPACT,
    COMPACT_END,
    CPU,
    DONE,
    DROPPED,
    ENTRY,
    ERROR,
    ERRORS,
    F_BUFFERS,
    F_CONFIG,
    F_CPUS,
    F_DEFLATE,
    F_EVENTS,
    F_SYSTEM,
    F_TREE,
    F_ZSTD,
    FIRST_OF,
    LONGEST,
    LOST,
    MACHINE,
    MAX_TID,
    MORE,
    OWN,
    PACKED,
    PACKED_END,
    PREVIOUS,
    SEQUENCE,
    SWITCH,
    WAKING,
)
from gstrace.jit import inlined, njit


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
