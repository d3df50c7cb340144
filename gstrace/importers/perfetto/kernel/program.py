"""Kernel: an event's message → columns, by the program that `plan.py` made of its declaration."""

from __future__ import annotations

from gstrace.events.tables import NULL
from gstrace.importers.kernel import (
    A0,
    B0,
    C0,
    CODE,
    D0,
    FIRST,
    LAST,
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
    hash_text,
)
from gstrace.importers.perfetto.kernel.codes import GENERIC, NAMED, NAMED_KEY, NARROW, NEEDS, REPEATED
from gstrace.importers.perfetto.kernel.wire import field, varint
from gstrace.jit import inlined


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
