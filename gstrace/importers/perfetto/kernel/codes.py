"""What the arrays of these kernels hold: statuses, and the places of packets, bundles, CPUs and the walk."""

from __future__ import annotations

from gstrace.events.losses import LOSS_CODE
from gstrace.events.tables import Kind
from gstrace.importers.kernel import HEAD_FIELDS

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
