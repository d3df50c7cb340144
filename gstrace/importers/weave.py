"""Kernel: ordered rows as decoded → the stream. One call recorded twice becomes one; calls that matter get their end.

- Rows whose tracepoint is outranked in this file (`lesser`) inform and are dropped.
- `arch_prctl` is one row at its end: code and value from its entry (raw or named), ret from its exit.
- `getpriority(0x6773, ID, 0 | 1)` makes a marker right before its own entry.
- An interrupt or NMI that found preemption off deeper than another of its kind did, or a softirq, hit the kernel: in
  user mode both are as low as they can be, and what the tracing itself adds is the same for all of a kind.
Twin: tests/oracle.
"""

from __future__ import annotations

from gstrace.events.tables import NULL, Kind, Origin, Phase, Task
from gstrace.jit import inlined, njit

DONE, FULL = range(2)
"""What `weave` may say: all rows taken; the output is full."""

NEAR = 256
"""How many rows of one time are compared for copies."""

NR_GETPRIORITY, NR_ARCH_PRCTL = 140, 158
MARK = 0x6773
LOW32 = 0xFFFFFFFF

FROM_KERNEL, IRQ_EXIT = int(Origin.KERNEL), int(Phase.EXIT)
KINDS = 257
"""Kinds of interrupts, by vector; NMIs are the last."""

SYS_ENTER, SYS_EXIT, ARCH_PRCTL = int(Kind.SYS_ENTER), int(Kind.SYS_EXIT), int(Kind.ARCH_PRCTL)
TASK, MARKER, IRQ, NMI = int(Kind.TASK), int(Kind.MARKER), int(Kind.IRQ), int(Kind.NMI)
EXEC, RENAME = int(Task.EXEC), int(Task.RENAME)

# open_calls[tid % rows, …]: an arch_prctl call not ended yet; where another thread needs the place, its end is unknown.
CALLER, CODE, VALUE, STATE = range(4)
CALL_FIELDS = 4
NO_CALL, NAMED, ENTERED = range(3)


@njit
def put(out, n, kind, cpu, tid, text, seq, ts, a, b, c):
    """One row of the stream at n. → the next n."""
    out.kind[n], out.cpu[n], out.tid[n], out.text[n] = kind, cpu, tid, text
    out.seq[n], out.ts[n], out.a[n], out.b[n], out.c[n] = seq + n, ts, a, b, c
    return n + 1


@inlined
def enter(out, n, calls, lesser, cpu, tid, seq, ts, nr, arg0, arg1, arg2):
    if nr == NR_ARCH_PRCTL and arg0 != NULL:
        arg0 = (arg0 << 32) >> 32  # an int to the kernel: the register's upper half is anything
    call = calls[tid % calls.shape[0]]
    open_here = call[STATE] != NO_CALL and call[CALLER] == tid
    if nr == NR_ARCH_PRCTL and call[STATE] == ENTERED and call[CALLER] != tid:
        n = put(out, n, ARCH_PRCTL, cpu, call[CALLER], -1, seq, ts, call[CODE], call[VALUE], NULL)
        call[STATE] = NO_CALL
    if lesser:
        if nr == NR_ARCH_PRCTL and not open_here:
            call[CALLER], call[CODE], call[VALUE], call[STATE] = tid, arg0, arg1, NAMED
        return n
    if open_here and (call[STATE] == ENTERED or nr != NR_ARCH_PRCTL):
        n = put(out, n, ARCH_PRCTL, cpu, tid, -1, seq, ts, call[CODE], call[VALUE], NULL)
        call[STATE] = NO_CALL
    if nr == NR_GETPRIORITY and arg0 & LOW32 == MARK and arg1 != NULL and arg2 != NULL and arg2 & LOW32 <= 1:
        n = put(out, n, MARKER, cpu, tid, -1, seq, ts, 1 - (arg2 & LOW32), arg1 & LOW32, NULL)
    n = put(out, n, SYS_ENTER, cpu, tid, -1, seq, ts, nr, NULL, NULL)
    if nr == NR_ARCH_PRCTL:
        if arg0 != NULL or call[STATE] != NAMED or call[CALLER] != tid:
            call[CODE], call[VALUE] = arg0, arg1
        call[CALLER], call[STATE] = tid, ENTERED
    return n


@inlined
def leave(out, n, calls, lesser, cpu, tid, seq, ts, nr, ret):
    call = calls[tid % calls.shape[0]]
    if nr == NR_ARCH_PRCTL and call[STATE] != NO_CALL and call[CALLER] == tid:
        n = put(out, n, ARCH_PRCTL, cpu, tid, -1, seq, ts, call[CODE], call[VALUE], ret)
        call[STATE] = NO_CALL
    if not lesser:
        n = put(out, n, SYS_EXIT, cpu, tid, -1, seq, ts, nr, ret, NULL)
    return n


@inlined
def origin(least, kind, vector, phase, said, held):
    """Where an interrupt or NMI came from: its chain's word, or what the interrupted code held (`Batch.d`)."""
    if held == NULL or (kind == IRQ and phase == IRQ_EXIT):
        return said
    at = vector & 0xFF if kind == IRQ else KINDS - 1
    least[at] = min(least[at], held)
    return FROM_KERNEL if held > least[at] else said


@njit
def weave(out, calls, least, seq, begin, order, kind, lesser, cpu, tid, text, ts, a, b, c, d, start):
    """Rows order[start:] of decoded columns → `out` (`Rows`), at most four each; negative places are left out.

    calls: int64 [any, CALL_FIELDS]; least: int64 [KINDS], the least that one of a kind held so far; both are kept
    between calls. seq: of the first row put out. begin: ns, the time that rows
    known before the recording (ts 0) get. → (status, first place of `order` not taken, rows put out).
    """
    n = 0
    for place in range(start, order.size):
        if n + 4 > out.ts.size:
            return FULL, place, n
        i = order[place]
        if i < 0:
            continue
        at = ts[i] if ts[i] != 0 else begin
        if kind[i] == SYS_ENTER:
            n = enter(out, n, calls, lesser[i], cpu[i], tid[i], seq, at, a[i], b[i], c[i], d[i])
        elif kind[i] == SYS_EXIT:
            n = leave(out, n, calls, lesser[i], cpu[i], tid[i], seq, at, a[i], b[i])
        elif not lesser[i]:
            says = c[i]
            if kind[i] == IRQ or kind[i] == NMI:
                says = origin(least, kind[i], a[i], b[i], says, d[i])
            n = put(out, n, kind[i], cpu[i], tid[i], text[i], seq, at, a[i], b[i], says)
        elif kind[i] == TASK and a[i] & 0xFF == EXEC and text[i] >= 0:
            n = put(out, n, TASK, cpu[i], tid[i], text[i], seq, at, (a[i] & ~0xFF) | RENAME, b[i], c[i])
    return DONE, order.size, n


@njit
def drop_duplicates(order, ts, cpu, digest):
    """Of rows in order of ts, put −1 for second copies of one record: same ts, CPU and digest (0: not compared). → how
    many.
    """
    found = 0
    for place in range(1, order.size):
        i = order[place]
        before = place - 1
        while before >= 0 and place - before <= NEAR and (order[before] < 0 or ts[order[before]] == ts[i]):
            j = order[before]
            if j >= 0 and digest[i] != 0 and digest[j] == digest[i] and cpu[j] == cpu[i]:
                order[place] = -1
                found += 1
                break
            before -= 1
    return found
