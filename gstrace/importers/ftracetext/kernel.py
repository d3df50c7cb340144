"""Kernel: lines of ftrace text → columns. What it does not fully understand it leaves to Python, in its place.

`text` is a block of whole lines as uint8[::1] that ends with a line's end: no scan runs beyond, for each stops there.
A line is taken only if the patterns of `shape.py` would take it just so. Twin: the reader without this kernel.
"""

from __future__ import annotations

import numpy as np

from gstrace.events.tables import NULL, Kind
from gstrace.importers.kernel import put
from gstrace.jit import inlined, njit

DONE, FULL, LEFT = range(3)
"""What `decode` and `find_names` may say: all lines taken; no room for another row; the next line is left to Python."""
NO, YES, UNSURE = range(3)

SWITCH = int(Kind.SWITCH)

# An event's name as it stands in the text: a row of `names`. SIGN: what stands behind it.
AT, SIZE, SIGN, EVENT = range(4)
NAME_FIELDS = 4
COLON, BRACKET, ARROW, NOTHING = range(4)

# An event: a row of `events`. It is left to Python, passed over, or a row of the stream.
WHAT, KIND, LESSER, SURE, FIRST_FORM, LAST_FORM, TID0, A0, B0, C0, D0, LOW, HIGH = *range(11), 11, 16
EVENT_FIELDS = 21
"""SURE: a payload of none of the forms is for Python to judge, else another event's. TID0 … D0: the columns before the
first step. LOW, HIGH: from there on, what fits into tid, a, b, c, d."""
BY_PYTHON, PASSED_OVER, ROW = range(3)

# A form of a payload: a row of `forms`, its steps are steps[FIRST:LAST].
FIRST, LAST = range(2)

# A step: CODE, then numbers that each code reads in its own way.
CODE, FROM, LENGTH, TARGET, KEEP, MASK, SHIFT, SIGNED, EDGE, ZERO = range(10)
STEP_FIELDS = 10
"""FROM, LENGTH: a literal in `literals`; OPTIONAL: FROM is the step behind the part. TARGET: a column, or `NOWHERE`;
the value is masked, shifted and or-ed to what KEEP leaves of the column; ZERO: whether it is 0 instead of the value."""
LITERAL, DECIMAL, HEX, DIGIT, WORD, SKIP, OPTIONAL, END, REST, STOP = range(10)
NOWHERE = -1

# What is kept between calls.
LAST_TIME, COARSE, UNITLESS, USED = range(4)
STATE_FIELDS = 4
LAST_ON, BROUGHT_IN, LOSING = range(3)
CPU_FIELDS = 3
SEEN, SKIPPED, MADE = range(3)
COUNT_FIELDS = 3

CHOICES, CHOICE_FIELDS = 8, 3
_CHOSEN, _WHERE, _LOWEST = range(3)
_TRIES = 64
"""How often a form may choose again before it is left to Python."""

MOST_CPU, MOST_TID = 0xFFFE, (1 << 22) - 1
"""MOST_TID: the kernel's PID_MAX_LIMIT leaves none beyond."""
MOST_TIME = 1 << 62
_LONGEST_LINE, _LONGEST_COMM, _LONGEST_NAME = 1 << 12, 96, 64
LOW32 = 0xFFFFFFFF


@inlined
def byte(text, at):
    return np.int64(text[np.uint64(at)])


@inlined
def is_blank(c):
    return c == 32 or c == 9


@inlined
def is_space(c):
    return c == 32 or 9 <= c <= 13


@inlined
def is_word(c):
    return 97 <= c <= 122 or 48 <= c <= 57 or c == 95 or 65 <= c <= 90


@inlined
def blanks(text, at):
    """The first byte that is no blank."""
    while is_blank(byte(text, at)):
        at += 1
    return at


@inlined
def decimal(text, at):
    """→ (value, first byte behind, digits); more than 18 digits are not read to their end."""
    value = 0
    end = at + 19
    i = at
    while i < end:
        digit = byte(text, i) - 48
        if digit < 0 or digit > 9:
            break
        if i < end - 1:
            value = value * 10 + digit
        i += 1
    return value, i, i - at


@inlined
def hexadecimal(text, at):
    """→ (value, first byte behind, digits); more than 16 digits are not read to their end."""
    value = 0
    end = at + 17
    i = at
    while i < end:
        c = byte(text, i)
        if 48 <= c <= 57:
            digit = c - 48
        elif 97 <= c <= 102:
            digit = c - 87
        else:
            break
        value = (value << 4) | digit
        i += 1
    return value, i, i - at


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
    while not is_space(c) and c != 91 and c != 93 and c != 58:
        i += 1
        c = byte(text, i)
    return blanks(text, i) if 3 <= i - at <= 9 and is_blank(c) else -1


@njit
def head(text, at):
    """A line's head. → (YES, NO or UNSURE; tid, cpu, ns or the clock's number, its fraction's digits, byte behind)."""
    i = at
    last = at + _LONGEST_COMM
    while True:
        while byte(text, i) != 45:
            if byte(text, i) == 10 or i >= last:
                return NO, 0, 0, 0, 0, i
            i += 1
        if i > last:
            return NO, 0, 0, 0, 0, i
        tid, end, digits = decimal(text, i + 1)
        if 0 < digits <= 10 and is_blank(byte(text, end)):
            break
        i += 1
    i = blanks(text, end)
    if 48 <= byte(text, i) <= 57:
        cpu, i, digits = decimal(text, i)
        i = flags(text, i)
        if digits > 5 or i < 0:
            return UNSURE, 0, 0, 0, 0, at
        seconds, end, digits = decimal(text, i)
    else:
        if byte(text, i) == 40:
            i = blanks(text, i + 1)
            start = i
            if byte(text, i) == 45:
                while byte(text, i) == 45:
                    i += 1
            else:
                _, i, digits = decimal(text, i)
                if digits > 10:
                    return UNSURE, 0, 0, 0, 0, at
            if i == start or byte(text, i) != 41:
                return UNSURE, 0, 0, 0, 0, at
            i = blanks(text, i + 1)
        if byte(text, i) != 91:
            return UNSURE, 0, 0, 0, 0, at
        cpu, i, digits = decimal(text, i + 1)
        if digits < 3 or digits > 5 or byte(text, i) != 93 or not is_blank(byte(text, i + 1)):
            return UNSURE, 0, 0, 0, 0, at
        i = blanks(text, i + 1)
        seconds, end, digits = decimal(text, i)
        if digits == 0 or (byte(text, end) != 46 and byte(text, end) != 58):
            i = flags(text, i)
            if i < 0:
                return UNSURE, 0, 0, 0, 0, at
            seconds, end, digits = decimal(text, i)
    if digits == 0 or digits > 18:
        return UNSURE, 0, 0, 0, 0, i
    ts, fraction = seconds, -1
    if byte(text, end) == 46:
        part, i, fraction = decimal(text, end + 1)
        end = i
        if fraction == 0 or fraction > 9 or seconds > 4_000_000_000:
            return UNSURE, 0, 0, 0, 0, i
        for _ in range(fraction, 9):
            part *= 10
        ts = seconds * 1_000_000_000 + part
    if byte(text, end) != 58 or not is_blank(byte(text, end + 1)):
        return UNSURE, 0, 0, 0, 0, end
    return YES, tid, cpu, max(ts, 1), fraction, blanks(text, end + 1)


@inlined
def event_name(text, at):
    """The word at a byte and what stands behind it. → (its end, sign, first byte of what it says)."""
    i = at
    while is_word(byte(text, i)) or byte(text, i) == 46 or byte(text, i) == 45:
        i += 1
    c = byte(text, i)
    if c == 58:
        return i, COLON, blanks(text, i + 1)
    if c == 40:
        return i, BRACKET, i + 1
    if c == 32 and byte(text, i + 1) == 45 and byte(text, i + 2) == 62:
        return i, ARROW, i + 4 if byte(text, i + 3) == 32 else -1
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
        while byte(text, i) != 10:
            i += 1
        at = i + 1
    return DONE, at


@inlined
def same(text, at, end, literals, start, size):
    """Whether a literal stands at a byte."""
    if at + size > end:
        return False
    i = 0
    while i < size and byte(text, at + i) == byte(literals, start + i):
        i += 1
    return i == size


@njit
def last_place(text, low, high, end, literals, start, size, edge):
    """The last place from high down to low where a literal stands, with `edge` not behind a letter; −1: none."""
    first = byte(literals, start)
    high = min(high, end - size)
    while high >= low:
        here = byte(text, high) == first and same(text, high, end, literals, start, size)
        if here and not (edge and is_word(byte(text, high - 1))):
            return high
        high -= 1
    return -1


@inlined
def state_of(text, at, end):
    """A task's state: a number as it is; 0 for one that can run on, 1 for one that waits; −1 for a number too long."""
    value, behind, digits = decimal(text, at)
    if behind == end:
        return value & 0x7FFFFFFF if digits <= 18 else -1
    if digits > 18:
        return -1
    return 0 if byte(text, at) == 82 else 1


@inlined
def rest_hash(text, at, end):
    """`tracepoints.name_hash` of the bytes."""
    value = 0x811C9DC5
    for i in range(at, end):
        value = ((value ^ byte(text, i)) * 0x01000193) & LOW32
    return value & 0x7FFFFFFF


@njit
def match(text, at, end, steps, form, literals, choices, columns):
    """Run a form's steps on text[at:end], as the pattern it was made from would. → YES (`columns` set), NO, UNSURE."""
    step, depth, tries = form[FIRST], 0, 0
    while step < form[LAST]:
        op = steps[step]
        code = op[CODE]
        ok, value = True, 0
        if code == LITERAL:
            ok = same(text, at, end, literals, op[FROM], op[LENGTH])
            at += op[LENGTH]
        elif code == DECIMAL or code == HEX:
            negative = op[SIGNED] != 0 and at < end and byte(text, at) == 45
            if code == HEX:
                value, at, digits = hexadecimal(text, at)
                most = 16
            else:
                value, at, digits = decimal(text, at + 1 if negative else at)
                most = 18
            if digits > most:
                return UNSURE
            ok = digits > 0 and at <= end
            if negative:
                value = -value
        elif code == DIGIT:
            ok = at < end and 48 <= byte(text, at) <= 57
            at += 1
        elif code == WORD:
            start = at
            while at < end and not is_space(byte(text, at)):
                at += 1
            ok = at > start
            if ok:
                value = state_of(text, start, at)
                if value < 0:
                    return UNSURE
        elif code == SKIP:
            low = at
            at = last_place(text, low, end, end, literals, op[FROM], op[LENGTH], op[EDGE])
            ok = at >= 0
            if ok:
                if depth == CHOICES:
                    return UNSURE
                choices[depth, _CHOSEN], choices[depth, _WHERE], choices[depth, _LOWEST] = step, at, low
                depth += 1
        elif code == OPTIONAL:
            if depth == CHOICES:
                return UNSURE
            choices[depth, _CHOSEN], choices[depth, _LOWEST] = step, at
            depth += 1
        elif code == END:
            ok = at == end
        elif code == REST:
            value = rest_hash(text, at, end)
            at = end
        else:
            return UNSURE
        if ok:
            if op[TARGET] != NOWHERE:
                if op[ZERO]:
                    value = 1 if value == 0 else 0
                columns[op[TARGET]] = (columns[op[TARGET]] & op[KEEP]) | ((value & op[MASK]) << op[SHIFT])
            step += 1
            continue
        while not ok and depth:
            tries += 1
            if tries > _TRIES:
                return UNSURE
            choice = choices[depth - 1]
            step = choice[_CHOSEN]
            op = steps[step]
            if op[CODE] == OPTIONAL:
                at, step, ok = choice[_LOWEST], op[FROM], True
                depth -= 1
                continue
            low, high = choice[_LOWEST], choice[_WHERE] - 1
            at = last_place(text, low, high, end, literals, op[FROM], op[LENGTH], op[EDGE])
            if at >= 0:
                choice[_WHERE] = at
                step, ok = step + 1, True
            else:
                depth -= 1
        if not ok:
            return NO
    return YES


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
        while byte(text, line_end) != 10:
            line_end += 1
        end = line_end
        while end > start and is_space(byte(text, end - 1)):
            end -= 1
        if line_end - at > _LONGEST_LINE:
            return LEFT, at, row
        if sign == ARROW:
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
            if not fits(columns, event) or (not found[tid] and (is_switch or cpus[cpu, BROUGHT_IN] != tid)):
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
