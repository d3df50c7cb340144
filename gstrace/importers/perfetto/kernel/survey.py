"""Kernel: walks the packets of a buffer and only looks: what their bundles hold, for the pass that makes rows."""

from __future__ import annotations

from gstrace.importers.kernel import digest
from gstrace.importers.perfetto.kernel.codes import (
    BAD,
    BEFORE,
    BUNDLE,
    BUNDLE_END,
    BUNDLES,
    CLOCK,
    CLOCKS,
    CPU,
    DONE,
    DROPPED,
    FIRST_OF,
    FOREIGN,
    FOREVER,
    FOUND,
    FULL,
    GAPS,
    LOST,
    MACHINE,
    MAX_CPU,
    META,
    OVERFLOW,
    OWN,
    PLAUSIBLE,
    PREVIOUS,
    SEEN,
    SEQUENCE,
    SWITCH,
    SWITCH_END,
    SWITCHES,
    WAKING,
    WAKING_END,
    WAKINGS,
    WRITERS,
)
from gstrace.importers.perfetto.kernel.program import event_key
from gstrace.importers.perfetto.kernel.wire import bundle, event, field, frame, packet, varint
from gstrace.jit import inlined, njit


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
