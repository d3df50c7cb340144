"""Kernel, shared by the formats that carry the kernel's raw event data: words at any place, digests, fields → columns.

`words` is a buffer of bytes as int64[::1], little endian, with 8 bytes more than may be read. Everything is int64:
uint64 beside int64 would become float64. Only an index is made unsigned where it matters: the compiler then does not
ask whether it counts from the end. The digest wraps on overflow; without a compiler NumPy would warn of it.
"""

from __future__ import annotations

import numpy as np

from gstrace.jit import inlined, njit

LOW32 = 0xFFFFFFFF

# An event's program: a row of `heads` and its steps in `ops`. What a head says:
KIND, LESSER, TYPE, NEED, FIRST, LAST, TID0, A0, B0, C0, D0 = range(11)
HEAD_FIELDS = 11
"""kind, lesser: as in `Batch`; TYPE: its id, as the raw data repeats it; NEED: bytes of raw data the steps read;
FIRST, LAST: its steps are ops[FIRST:LAST]; TID0 … D0: what the columns hold before the first step (`NULL`: unknown)."""

# What a step says: which column, what to do, with which bytes.
TARGET, CODE, OFFSET, SIZE, LEFT, MASK, SHIFT = range(7)
OP_FIELDS = 7
"""A number is read at OFFSET, cut to its size by shifts of LEFT (which keep its sign), masked, shifted, or-ed in.
A text is at OFFSET for SIZE bytes (0: to the end of the data), or where the word at OFFSET says."""

TO_TID, TO_A, TO_B, TO_C, TO_D, TO_TEXT = range(6)
NUMBER, IS_ZERO, TEXT_HERE, TEXT_DATA_LOC, TEXT_REL_LOC, HASH_HERE, HASH_DATA_LOC, HASH_REL_LOC = range(8)


@inlined
def load(words, at):
    """Eight bytes at byte `at`, aligned or not."""
    i = at >> 3
    s = (at & 7) << 3
    if s == 0:
        return words[np.uint64(i)]
    return ((words[np.uint64(i)] >> s) & ((1 << (64 - s)) - 1)) | (words[np.uint64(i + 1)] << (64 - s))


@inlined
def digest(words, at, size, salt):
    """A hash of size bytes: products of salted halves of words, independent of each other and so fast. Never 0."""
    total = size
    n = size >> 3
    if at & 7:
        for i in range(n):
            x = load(words, at + (i << 3)) ^ salt[i]
            total += (x & LOW32) * ((x >> 32) & LOW32)
    else:
        first = at >> 3
        for i in range(n):
            x = words[np.uint64(first + i)] ^ salt[np.uint64(i)]
            total += (x & LOW32) * ((x >> 32) & LOW32)
    rest = size & 7
    if rest:
        x = (load(words, at + (n << 3)) & ((1 << (rest << 3)) - 1)) ^ salt[n]
        total += (x & LOW32) * ((x >> 32) & LOW32)
    return total | 1


@inlined
def put(rows, row, kind, lesser, cpu, tid, ts, a, b, c, d, hashed):
    """One row of a `Batch`, its text unknown."""
    row = np.uint64(row)
    rows.kind[row], rows.lesser[row], rows.cpu[row], rows.tid[row], rows.text[row] = kind, lesser, cpu, tid, -1
    rows.ts[row], rows.a[row], rows.b[row], rows.c[row], rows.d[row] = ts, a, b, c, d
    rows.digest[row] = hashed


@inlined
def find(plan, key):
    """What `programs.lookup` put into `plan.keys` and `plan.values` for a key, or −1. Free places end the search."""
    mask = plan.keys.size - 1
    slot = (key ^ (key >> 15)) & mask
    while plan.values[slot] >= 0:
        if plan.keys[slot] == key:
            return plan.values[slot]
        slot = (slot + 1) & mask
    return -1


@njit
def find_text(words, raw, size, op):
    """Where a step's text is. → (byte, length); length 0 where the data is too short for it."""
    code = op[CODE] - (HASH_HERE - TEXT_HERE if op[CODE] >= HASH_HERE else 0)
    start = op[OFFSET]
    length = op[SIZE]
    if code == TEXT_HERE:
        if length == 0:
            length = size - start
    else:
        word = load(words, raw + start) & LOW32
        length = word >> 16
        start = (word & 0xFFFF) + (start + 4 if code == TEXT_REL_LOC else 0)
    if length < 0 or start + length > size:
        return raw, 0
    return raw + start, length


@njit
def hash_text(words, at, length):
    """`tracepoints.name_hash` of the text up to its NUL."""
    value = 0x811C9DC5
    for i in range(at, at + length):
        byte = load(words, i) & 0xFF
        if byte == 0:
            break
        value = ((value ^ byte) * 0x01000193) & LOW32
    return value & 0x7FFFFFFF


@inlined
def decode(words, raw, size, head, ops):
    """Run an event's program on its raw data, words[raw : raw + size] with size ≥ NEED.

    → (tid, a, b, c, d, first byte of its text, length of its text or −1).
    """
    tid, a, b, c, d = head[TID0], head[A0], head[B0], head[C0], head[D0]
    text, length = 0, -1
    for k in range(head[FIRST], head[LAST]):
        op = ops[k]
        code = op[CODE]
        if code == NUMBER:
            value = ((load(words, raw + op[OFFSET]) << op[LEFT]) >> op[LEFT]) & op[MASK]
        elif code == IS_ZERO:
            value = 1 if ((load(words, raw + op[OFFSET]) << op[LEFT]) >> op[LEFT]) == 0 else 0
        else:
            where, found = find_text(words, raw, size, op)
            if code < HASH_HERE:
                text, length = where, found
                continue
            value = hash_text(words, where, found) & op[MASK]
        value <<= op[SHIFT]
        target = op[TARGET]
        if target == TO_TID:
            tid |= value
        elif target == TO_A:
            a |= value
        elif target == TO_B:
            b |= value
        elif target == TO_C:
            c |= value
        else:
            d |= value
    return tid, a, b, c, d, text, length
