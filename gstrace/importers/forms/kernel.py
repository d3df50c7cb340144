"""Kernel: runs the steps of a form, made by `steps.py` from its pattern, on a text; and what reads of texts share.

`text` is uint8[::1] and ends with a line's end: no scan runs beyond it, for each stops there. Twin: the patterns.
"""

from __future__ import annotations

import numpy as np

from gstrace.importers.kernel import LOW32
from gstrace.importers.payloads import STATES, WAITS
from gstrace.jit import inlined, njit

NO, YES, UNSURE = range(3)
"""Whether something is there; UNSURE is for Python to say."""

# A form of a payload: a row of `forms`, its steps are steps[FIRST:LAST].
FIRST, LAST = range(2)

# A step: CODE, then numbers that each code reads in its own way.
CODE, FROM, LENGTH, TARGET, KEEP, MASK, SHIFT, SIGNED, EDGE, ZERO = range(10)
STEP_FIELDS = 10
"""FROM, LENGTH: a literal in `literals`; OPTIONAL: FROM is the step behind the part. TARGET: a column, or `NOWHERE`;
the value is masked, shifted and or-ed to what KEEP leaves of the column; ZERO: whether it is 0 instead of the value."""
LITERAL, DECIMAL, HEX, DIGIT, WORD, SKIP, OPTIONAL, END, REST, STOP = range(10)
NOWHERE = -1

CHOICES, CHOICE_FIELDS = 8, 3
"""Scratch for `match`: what may be chosen again."""
_CHOSEN, _WHERE, _LOWEST = range(3)
_TRIES = 64
"""How often a form may choose again before it is left to Python."""


SPACE, TAB, DASH, DOT, COLON, ZERO_DIGIT, NINE, UNDERSCORE, LINE_END = b" \t-.:09_\n"


@inlined
def byte(text, at):
    return np.int64(text[np.uint64(at)])


@inlined
def is_blank(c):
    return c == SPACE or c == TAB


@inlined
def is_space(c):
    return c == SPACE or TAB <= c <= 13


@inlined
def is_digit(c):
    return ZERO_DIGIT <= c <= NINE


@inlined
def is_word(c):
    # Of a letter, the bit that makes it small does not matter.
    return 97 <= c | 32 <= 122 or is_digit(c) or c == UNDERSCORE


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
        digit = byte(text, i) - ZERO_DIGIT
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
        if is_digit(c):
            digit = c - ZERO_DIGIT
        elif 97 <= c <= 102:
            digit = c - 97 + 10
        else:
            break
        value = (value << 4) | digit
        i += 1
    return value, i, i - at


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
    """A task's state: a number as it is, a letter as `payloads.STATES` has it; −1 for a number too long."""
    value, behind, digits = decimal(text, at)
    if behind == end:
        return value & 0x7FFFFFFF if digits <= 18 else -1
    if digits > 18:
        return -1
    letter = byte(text, at)
    for i in range(len(STATES)):
        known, state = STATES[i]
        if letter == known:
            return state
    return WAITS


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
            negative = op[SIGNED] != 0 and at < end and byte(text, at) == DASH
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
            ok = at < end and is_digit(byte(text, at))
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
