"""Kernel: walks the pages of the ring buffer and fills columns.

    page:   time u64   commit u32 or u64   data, as many bytes as commit says   [events lost]
    event:  kind :5  delta :27   [u32]   raw data

Every page is checked against the buffer's end before it is read, and every event against its page's data. Functions
change `state`, `rows` and `notes` in place and say how it went; nothing here raises.
Twin: tests/importers/tracedat/plain.py.
"""

from __future__ import annotations

from gstrace.events.losses import LOSS_CODE
from gstrace.events.tables import NULL, Kind
from gstrace.importers.kernel import KIND, LESSER, LOW32, NEED, decode, load, put
from gstrace.jit import inlined, njit

DONE, FULL, BAD = range(3)
"""What `walk` may say: all taken; rows must be taken away first; what is behind the last row of this page cannot be."""

# state
ROW, TEXTS, LAST, CPU, PAGE, DATA, WORD, MULT, SHIFT, OFFSET, UNKNOWN_ID, UNREAD, HOLLOW = range(13)
CHAINS, STACK, OWNER, OWNER_EVENT = range(13, 17)
STATE_FIELDS = 17
"""ROW, TEXTS, CHAINS: how full `rows` and `notes` are. LAST: the CPU's newest time, ns, `NULL` before the first. CPU:
whose pages these are. PAGE: their size; DATA: where their data begin; WORD: bytes of the kernel's long. MULT, SHIFT,
OFFSET: from stamps to ns. UNKNOWN_ID, UNREAD: events that are not declared, and that could not be decoded. HOLLOW:
pages that promise data and have zeros. STACK: row of `plan.events` of kernel_stack, −1 where it is not declared.
OWNER, OWNER_EVENT: the row that a kernel_stack now would tell of, −1 for none, and its row of `plan.events`."""

SMALLEST = 8
"""Bytes of the shortest event, with its head."""

COMMITTED = (1 << 27) - 1
LOST, COUNTED = 1 << 31, 1 << 30
LONG, PADDING, TIME_EXTEND, TIME_STAMP = 0, 29, 30, 31
"""Kinds of event; those between are data of so many words."""

STAMP_TOP = -(1 << 59)
"""The bits that an absolute stamp has no room for."""
LATEST = 1 << 62

K_LOSS, L_LOST = int(Kind.LOSS), LOSS_CODE["lost"]
K_IRQ, K_NMI = int(Kind.IRQ), int(Kind.NMI)


@inlined
def nanoseconds(stamp, state):
    """A stamp as time of the recording; `NULL` where it cannot be one."""
    if stamp < 0 or stamp >= LATEST:
        return NULL
    if state[MULT] > 0:
        low = (stamp & LOW32) * state[MULT]
        high = (stamp >> 32) * state[MULT] + ((low >> 32) & LOW32)
        shift = state[SHIFT]
        if shift > 32:
            stamp = high >> (shift - 32)
        elif high >> (shift + 30) == 0:
            stamp = (high << (32 - shift)) | ((low & LOW32) >> shift)
        else:
            return NULL
    ts = stamp + state[OFFSET]
    return ts if ts > 0 and ts < LATEST else NULL


@inlined
def lose(stamp, count, rows, state):
    """A row for what this CPU lost between its newest time and this one; count: how many, `NULL` for unknown."""
    ts = nanoseconds(stamp, state)
    if ts == NULL:
        state[UNREAD] += 1
        return
    row = state[ROW]
    put(rows, row, K_LOSS, 0, state[CPU], -1, ts, L_LOST, count, state[LAST], NULL, 0)
    state[ROW], state[OWNER] = row + 1, -1


@inlined
def chain(words, raw, size, owner, rows, notes, state):
    """A kernel_stack: of the event right before it on its CPU, if that is of the same thread."""
    if owner >= 0 and size >= 8 and rows.tid[owner] == load(words, raw) >> 32:
        n = state[CHAINS]
        notes.chain_row[n], notes.chain_event[n] = owner, state[OWNER_EVENT]
        notes.chain_at[n], notes.chain_length[n] = raw, size
        state[CHAINS] = n + 1


@inlined
def event(words, raw, size, stamp, plan, rows, notes, state):
    """One event → one row, or a count."""
    number = load(words, raw) & 0xFFFF
    place = plan.places[number]
    if place < 0:
        state[UNKNOWN_ID] += 1
        return
    notes.met[place] += 1
    owner = state[OWNER]
    state[OWNER] = -1
    if place == state[STACK]:
        chain(words, raw, size, owner, rows, notes, state)
        return
    head = plan.events[place]
    if head[KIND] == 0:
        return
    ts = nanoseconds(stamp, state)
    if size < head[NEED] or ts == NULL:
        state[UNREAD] += 1
        return
    tid, a, b, c, d, text, length = decode(words, raw, size, head, plan.ops)
    row = state[ROW]
    if tid == NULL:
        tid = -1
    put(rows, row, head[KIND], head[LESSER], state[CPU], tid, ts, a, b, c, d, 0)
    if length >= 0:
        n = state[TEXTS]
        notes.text_row[n], notes.text_at[n], notes.text_length[n] = row, text, length
        state[TEXTS] = n + 1
    if head[KIND] == K_IRQ or head[KIND] == K_NMI:
        state[OWNER], state[OWNER_EVENT] = row, place
    state[ROW] = row + 1


@inlined
def events(words, at, end, stamp, plan, rows, notes, state):
    """A page's data, bytes [at, end). → (DONE or BAD, the last stamp)."""
    top = stamp & STAMP_TOP
    while end - at >= 4:
        two = load(words, at)
        kind, delta, second = two & 31, (two >> 5) & 0x7FFFFFF, (two >> 32) & LOW32
        at += 4
        if kind == LONG or kind >= PADDING:
            if kind == PADDING and delta == 0:
                return DONE, stamp
            if end - at < 4:
                return BAD, stamp
        if kind == TIME_EXTEND:
            stamp += delta + (second << 27)
            at += 4
            continue
        if kind == TIME_STAMP:
            absolute = (delta + (second << 27)) & ~STAMP_TOP
            if top != 0:
                absolute |= stamp & STAMP_TOP
                absolute += 1 << 59 if absolute < stamp else 0
            stamp = absolute
            at += 4
            continue
        size = kind << 2
        if kind == LONG or kind == PADDING:
            if kind == LONG and second == 0:
                state[HOLLOW] += 1
                lose(stamp, NULL, rows, state)
                return DONE, stamp
            # The word counts itself.
            size = ((second + 3) & ~3) - 4
            at += 4
        if size < 0 or size > end - at:
            return BAD, stamp
        stamp += delta
        if kind != PADDING and size >= 4:
            event(words, at, size, stamp, plan, rows, notes, state)
        elif kind != PADDING:
            state[UNREAD] += 1
        at += size
    return DONE, stamp


@inlined
def page(words, at, there, plan, rows, notes, state):
    """One page, of which so many bytes are there. → DONE, or BAD: it claims more data than it has room for, or there
    are.
    """
    data = state[DATA]
    if there < data:
        return BAD
    stamp, commit = load(words, at), load(words, at + 8)
    used = commit & COMMITTED
    if used > state[PAGE] - data:
        return BAD
    if commit & LOST:
        count = NULL
        if commit & COUNTED and data + used + state[WORD] <= there:
            count = load(words, at + data + used)
            if state[WORD] == 4:
                count &= LOW32
        lose(stamp, count if count > 0 else NULL, rows, state)
    end = at + data + used if data + used < there else at + there
    status, stamp = events(words, at + data, end, stamp, plan, rows, notes, state)
    ts = nanoseconds(stamp, state)
    state[LAST] = max(state[LAST], ts)
    return BAD if data + used > there else status


@njit
def walk(words, at, end, plan, rows, notes, state):
    """Take the pages of bytes [at, end) of `words` (int64[::1], 16 bytes more than end); the last one may be cut.

    plan: `plan.Plan`; rows: `batch.Batch`, for more events than a page can have; notes: `plan.Notes`;
    state: int64[STATE_FIELDS]. → (status, first byte of the first page not taken).
    """
    size = state[PAGE]
    while at < end:
        if rows.ts.size - state[ROW] < size // SMALLEST + 2:
            return FULL, at
        status = page(words, at, min(size, end - at), plan, rows, notes, state)
        if status != DONE:
            return status, at
        at += size
    return DONE, end
