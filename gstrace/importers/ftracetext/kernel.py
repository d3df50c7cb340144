"""Kernel: lines of ftrace text → columns. What it does not fully understand it leaves to Python, in its place.

`text` is a block of whole lines as uint8[::1] that ends with a line's end: no scan runs beyond, for each stops there.
A line is taken only if the patterns of `shape.py` would take it just so. Twin: the reader without this kernel.
"""

from __future__ import annotations

from gstrace.events.tables import NULL, Kind
from gstrace.importers.forms.kernel import (
    COLON,
    DASH,
    DOT,
    LINE_END,
    NO,
    SPACE,
    UNSURE,
    YES,
    blanks,
    byte,
    decimal,
    is_blank,
    is_digit,
    is_space,
    is_word,
    match,
)
from gstrace.importers.kernel import LOW32, put
from gstrace.jit import inlined, njit

DONE, FULL, LEFT = range(3)
"""What `decode` and `find_names` may say: all lines taken; no room for another row; the next line is left to Python."""

SWITCH = int(Kind.SWITCH)

# An event's name as it stands in the text: a row of `names`. SIGN: what stands behind it.
AT, SIZE, SIGN, EVENT = range(4)
NAME_FIELDS = 4
SAYS, CALLED, RETURNED, NOTHING = range(4)

# An event: a row of `events`. It is left to Python, passed over, or a row of the stream.
WHAT, KIND, LESSER, SURE, FIRST_FORM, LAST_FORM, TID0, A0, B0, C0, D0, LOW, HIGH = *range(11), 11, 16
EVENT_FIELDS = 21
"""SURE: a payload of none of the forms is for Python to judge, else another event's. TID0 … D0: the columns before the
first step. LOW, HIGH: from there on, what fits into tid, a, b, c, d."""
BY_PYTHON, PASSED_OVER, ROW = range(3)

# What is kept between calls.
LAST_TIME, COARSE, UNITLESS, USED = range(4)
STATE_FIELDS = 4
LAST_ON, BROUGHT_IN, LOSING = range(3)
CPU_FIELDS = 3
SEEN, SKIPPED, MADE = range(3)
COUNT_FIELDS = 3

# What is known of a thread: by a switch that brings it in, and by a line of its own.
HEARD, MET = 1, 2

MOST_CPU, MOST_TID = 0xFFFE, (1 << 22) - 1
"""MOST_TID: the kernel's PID_MAX_LIMIT leaves none beyond."""
MOST_TIME = 1 << 62
_ROUND, _ROUND_END, _SQUARE, _SQUARE_END, _MORE = b"()[]>"
_LONGEST_LINE, _LONGEST_COMM, _LONGEST_NAME = 1 << 12, 96, 64


@inlined
def name_slot(names, slots, pool, text, at, size, sign):
    """The event of a name; −1 for one not known."""
    value = 0x811C9DC5 ^ sign
    for i in range(at, at + size):
        value = ((value ^ byte(text, i)) * 0x01000193) & LOW32
    slot = value & (slots.size - 1)
    while slots[slot] >= 0:
        name = names[slots[slot]]
        if name[SIZE] == size and name[SIGN] == sign:
            i = 0
            while i < size and byte(pool, name[AT] + i) == byte(text, at + i):
                i += 1
            if i == size:
                return name[EVENT]
        slot = (slot + 1) & (slots.size - 1)
    return -1


@inlined
def flags(text, at):
    """The first byte behind a word of flags and blanks; −1 where there is none."""
    i = at
    c = byte(text, i)
    while not is_space(c) and c != _SQUARE and c != _SQUARE_END and c != COLON:
        i += 1
        c = byte(text, i)
    return blanks(text, i) if 3 <= i - at <= 9 and is_blank(c) else -1


@njit
def head(text, at):
    """A line's head. → (YES, NO or UNSURE; tid, cpu, ns or the clock's number, its fraction's digits, byte behind)."""
    i = at
    last = at + _LONGEST_COMM
    while True:
        while byte(text, i) != DASH:
            if byte(text, i) == LINE_END or i >= last:
                return NO, 0, 0, 0, 0, i
            i += 1
        if i > last:
            return NO, 0, 0, 0, 0, i
        tid, end, digits = decimal(text, i + 1)
        if 0 < digits <= 10 and is_blank(byte(text, end)):
            break
        i += 1
    i = blanks(text, end)
    if is_digit(byte(text, i)):
        cpu, i, digits = decimal(text, i)
        i = flags(text, i)
        if digits > 5 or i < 0:
            return UNSURE, 0, 0, 0, 0, at
        seconds, end, digits = decimal(text, i)
    else:
        if byte(text, i) == _ROUND:
            i = blanks(text, i + 1)
            start = i
            if byte(text, i) == DASH:
                while byte(text, i) == DASH:
                    i += 1
            else:
                _, i, digits = decimal(text, i)
                if digits > 10:
                    return UNSURE, 0, 0, 0, 0, at
            if i == start or byte(text, i) != _ROUND_END:
                return UNSURE, 0, 0, 0, 0, at
            i = blanks(text, i + 1)
        if byte(text, i) != _SQUARE:
            return UNSURE, 0, 0, 0, 0, at
        cpu, i, digits = decimal(text, i + 1)
        if digits < 3 or digits > 5 or byte(text, i) != _SQUARE_END or not is_blank(byte(text, i + 1)):
            return UNSURE, 0, 0, 0, 0, at
        i = blanks(text, i + 1)
        seconds, end, digits = decimal(text, i)
        if digits == 0 or (byte(text, end) != DOT and byte(text, end) != COLON):
            i = flags(text, i)
            if i < 0:
                return UNSURE, 0, 0, 0, 0, at
            seconds, end, digits = decimal(text, i)
    if digits == 0 or digits > 18:
        return UNSURE, 0, 0, 0, 0, i
    ts, fraction = seconds, -1
    if byte(text, end) == DOT:
        part, i, fraction = decimal(text, end + 1)
        end = i
        if fraction == 0 or fraction > 9 or seconds > 4_000_000_000:
            return UNSURE, 0, 0, 0, 0, i
        for _ in range(fraction, 9):
            part *= 10
        ts = seconds * 1_000_000_000 + part
    if byte(text, end) != COLON or not is_blank(byte(text, end + 1)):
        return UNSURE, 0, 0, 0, 0, end
    return YES, tid, cpu, max(ts, 1), fraction, blanks(text, end + 1)


@inlined
def event_name(text, at):
    """The word at a byte and what stands behind it. → (its end, sign, first byte of what it says)."""
    i = at
    while is_word(byte(text, i)) or byte(text, i) == DOT or byte(text, i) == DASH:
        i += 1
    c = byte(text, i)
    if c == COLON:
        return i, SAYS, blanks(text, i + 1)
    if c == _ROUND:
        return i, CALLED, i + 1
    if c == SPACE and byte(text, i + 1) == DASH and byte(text, i + 2) == _MORE:
        return i, RETURNED, i + 4 if byte(text, i + 3) == SPACE else -1
    # `call->` has its arrow's dash taken for a part of the name.
    return i, NOTHING, i


@njit
def find_names(text, at, names, slots, pool):
    """Lines of known names, from a line's first byte on. → (DONE or LEFT, first byte of the line left)."""
    while at < text.size:
        found, _, _, _, _, i = head(text, at)
        if found == UNSURE:
            return LEFT, at
        if found == YES:
            end, sign, _ = event_name(text, i)
            if end == i or end - i > _LONGEST_NAME or name_slot(names, slots, pool, text, i, end - i, sign) < 0:
                return LEFT, at
        while byte(text, i) != LINE_END:
            i += 1
        at = i + 1
    return DONE, at


@njit
def payload_row(text, at, end, event, forms, steps, literals, choices, columns):
    """The columns of an event's payload. → YES, NO where none of its forms fits, UNSURE."""
    for form in range(event[FIRST_FORM], event[LAST_FORM]):
        for i in range(5):
            columns[i] = event[TID0 + i]
        matched = match(text, at, end, steps, forms[form], literals, choices, columns)
        if matched != NO:
            return matched
    return NO


@inlined
def fits(columns, event):
    """Whether every number has room in its table's column."""
    for i in range(5):
        if columns[i] != NULL and (columns[i] < event[LOW + i] or columns[i] > event[HIGH + i]):
            return False
    return True


@njit
def decode(
    text,
    at,
    rows,
    row,
    names,
    slots,
    pool,
    events,
    forms,
    steps,
    literals,
    choices,
    columns,
    state,
    cpus,
    found,
    counts,
):
    """Lines from a line's first byte on → rows[row:]. → (DONE, FULL or LEFT; first byte of the next line, rows filled).

    choices [CHOICES, CHOICE_FIELDS], columns [5]: scratch. state, cpus [CPU, CPU_FIELDS], found [tid], counts [event,
    COUNT_FIELDS]: kept between calls.
    """
    while at < text.size:
        if row == rows.ts.size:
            return FULL, at, row
        known, tid, cpu, ts, fraction, i = head(text, at)
        if known != YES or cpu > MOST_CPU or tid > MOST_TID or ts > MOST_TIME or cpus[cpu, LOSING]:
            return LEFT, at, row
        name_end, sign, start = event_name(text, i)
        number = name_slot(names, slots, pool, text, i, name_end - i, sign)
        if number < 0 or start < 0 or name_end - i > _LONGEST_NAME:
            return LEFT, at, row
        event = events[number]
        if event[WHAT] == BY_PYTHON:
            return LEFT, at, row
        line_end = start
        while byte(text, line_end) != LINE_END:
            line_end += 1
        end = line_end
        while end > start and is_space(byte(text, end - 1)):
            end -= 1
        if line_end - at > _LONGEST_LINE:
            return LEFT, at, row
        if sign == RETURNED:
            for place in range(start, end):
                if is_space(byte(text, place)):
                    return LEFT, at, row
        matched = NO
        if event[WHAT] == ROW:
            matched = payload_row(text, start, end, event, forms, steps, literals, choices, columns)
            if matched == UNSURE or (matched == NO and event[SURE]):
                return LEFT, at, row
        if matched == YES:
            if columns[0] == NULL:
                columns[0] = tid
            is_switch = event[KIND] == SWITCH
            if not fits(columns, event) or (found[tid] < MET and (is_switch or cpus[cpu, BROUGHT_IN] != tid)):
                return LEFT, at, row
            if is_switch and (columns[1] < 0 or columns[1] > MOST_TID or found[columns[1]] < HEARD):
                return LEFT, at, row
            if is_switch:
                cpus[cpu, BROUGHT_IN] = columns[1]
            put(
                rows, row, event[KIND], event[LESSER], cpu, columns[0], ts, columns[1], columns[2], columns[3],
                columns[4], 0,
            )  # fmt: skip
            row += 1
            counts[number, MADE] += 1
            state[USED] += 1
        else:
            counts[number, SKIPPED] += 1
        counts[number, SEEN] += 1
        state[COARSE] += 0 <= fraction < 9
        state[UNITLESS] += fraction < 0
        state[LAST_TIME] = cpus[cpu, LAST_ON] = ts
        at = line_end + 1
    return DONE, at, row
