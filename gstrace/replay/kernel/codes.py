"""Numbers that the kernel works with: situations' fields as bits, kinds of rows, the kernel's and CPUs' own codes."""

from __future__ import annotations

from gstrace.events.tables import Found, Kind, Origin, Phase, Task
from gstrace.replay import situations as s
from gstrace.replay.situations import EVENT_BITS, Event

DONE, GROW, COARSEN, FULL = range(4)
"""What `replay` may say: all rows taken; make room (`grow`); double the windows' width; empty `emitted`."""

SPARE = 64
"""Room that one event may need in cells, slots or emitted rows, apart from a loss that spans windows."""

_BASES = {name: number for number, name in enumerate(s.FIELDS[Event.SWITCH_GS][3].values)}
ZERO, ZERO_SET, LOW, HIGH = (_BASES[n] for n in ("zero", "zero_set", "low", "high"))
UNKNOWN_BASE, NONZERO = _BASES["unknown"], _BASES["nonzero"]
NULL_SELECTOR, SET_SELECTOR, UNKNOWN_SELECTOR, UNTOLD_SELECTOR = range(4)
NO, YES, MAYBE = range(3)
SYSCALL, INTERRUPT, PAGE_FAULT, EXCEPTION = range(4)
NMI_KERNEL, NMI_USER, NMI_UNKNOWN = range(3)

VIA_AT = EVENT_BITS
ENTRY, RETURN, ARRIVAL, NMI = (int(e) for e in (Event.ENTRY, Event.RETURN, Event.ARRIVAL, Event.NMI))
OPEN_INTERRUPT, MAYBE_RETURN = int(Event.INTERRUPT), int(Event.MAYBE_RETURN)
FORKED, EXECED, EXITED = int(Event.FORK), int(Event.EXEC), int(Event.EXIT)
MAYBE_CORE_DUMP, LOST, LOST_UNCOUNTED = (int(e) for e in (Event.MAYBE_CORE_DUMP, Event.LOST, Event.LOST_UNCOUNTED))
MAYBE_EXCEPTION = int(Event.MAYBE_EXCEPTION)
SWITCH_GS, SWITCH_FS = int(Event.SWITCH_GS), int(Event.SWITCH_FS)
SET_GS, SET_FS, GET_GS, GET_FS = (int(e) for e in (Event.SET_GS, Event.SET_FS, Event.GET_GS, Event.GET_FS))


def _shift(event: Event, field: str) -> int:
    at = EVENT_BITS
    for f in s.fields(event):
        if f.name == field:
            return at
        at += f.width
    raise KeyError(field)


INFERRED_AT = _shift(Event.SWITCH_GS, "inferred")
PREV_SELECTOR_AT, NEXT_SELECTOR_AT = _shift(Event.SWITCH_GS, "prev_selector"), _shift(Event.SWITCH_GS, "next_selector")
PREV_BASE_AT, NEXT_BASE_AT = _shift(Event.SWITCH_GS, "prev_base"), _shift(Event.SWITCH_GS, "next_base")
QUIET_AT, NMI_QUIET_AT = _shift(Event.INTERRUPT, "quiet"), _shift(Event.NMI, "quiet")
QUIET_10US, QUIET_100US, QUIET_1MS = (least for least in s.QUIET.values() if least)
DIFFERS_AT, DIFFERS_NULL_SEG_AT = _shift(Event.SWITCH_FS, "differs"), _shift(Event.SWITCH_FS, "differs_null_seg")
SUCCEEDS_AT, SIZE_AT = _shift(Event.SET_GS, "succeeds"), _shift(Event.SET_GS, "size")
SIZE_HIGH, SIZE_LOW, SIZE_UNKNOWN = range(3)

K_SYS_ENTER, K_SYS_EXIT, K_ARCH_PRCTL = int(Kind.SYS_ENTER), int(Kind.SYS_EXIT), int(Kind.ARCH_PRCTL)
K_SWITCH, K_TASK, K_IRQ, K_EXCEPTION = int(Kind.SWITCH), int(Kind.TASK), int(Kind.IRQ), int(Kind.EXCEPTION)
K_NMI, K_SIGNAL, K_MARKER, K_LOSS = int(Kind.NMI), int(Kind.SIGNAL), int(Kind.MARKER), int(Kind.LOSS)
T_FOUND, T_FORK, T_EXEC, T_EXIT, T_RENAME = (int(t) for t in Task)
KERNEL_BY_NAME = int(Found.KERNEL_BY_NAME)
FROM_USER, FROM_KERNEL = int(Origin.USER), int(Origin.KERNEL)
IRQ_ENTRY, IRQ_EXIT = int(Phase.ENTRY), int(Phase.EXIT)

ARCH_SET_GS, ARCH_SET_FS, ARCH_GET_FS, ARCH_GET_GS = 0x1001, 0x1002, 0x1003, 0x1004
CLONE_THREAD, CLONE_SETTLS = 0x10000, 0x80000
NR_EXECVE, NR_MODIFY_LDT, NR_SET_THREAD_AREA, NR_EXECVEAT = 59, 154, 205, 322
I386_BRK, I386_SET_THREAD_AREA = 45, 243
"""With these numbers a 32-bit program begins: what x86-64 has in their places, recvfrom and mq_timedreceive, no program
begins with."""
I386_LEAST_BRK = 1 << 16
FOUR_GIB = 1 << 32
SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV = 4, 5, 7, 8, 11
TRAP_PERF = 6
MOST_LOST = 1 << 40
CORE_SIGNALS = 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 11 | 1 << 24 | 1 << 25 | 1 << 31

GONE = 0x10 | 0x20
"""prev_state of a thread that never runs again: dead or zombie. An exiting one may still be preempted or sleep."""

TRACED = 8
"""prev_state of a thread that stopped for its tracer."""

IDLE, STRANGER = 0, 1
