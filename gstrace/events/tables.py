"""Every event table, declared once: columns, dtypes, units, nulls, and where a value travels.

Between importer, store and replay all events travel in one *stream* of nine fixed columns, because
a kernel wants arrays and not records:

    kind  uint8    which table (`Kind`)
    cpu   int32    CPU number; −1 where a loss has no CPU
    tid   int32    thread that was running; −1 where unknown
    text  int32    index of a string (comm, marker name) in the stream's list; −1 for none
    seq   int64    position in the merged order of all CPUs, from 0, without gaps
    ts    int64    ns, trace clock
    a b c int64    payload; `NULL` where unknown

Each column of a table says in `source` which of these carries it, so that writing tables from the
stream and reading the stream back from tables are one loop over these declarations.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from gstrace.events.losses import LOSSES

SCHEMA_VERSION: Final = 2
"""2: how quiet open interrupts' threads were, exceptions of traced threads, `thread.selectors`, `bits32` and `ran`."""

NULL: Final = -(2**63)
"""Unknown payload in `a`, `b` or `c`; a null in the tables."""


class Kind(IntEnum):
    """The `kind` of a stream row: one table each."""

    SYS_ENTER = 1
    SYS_EXIT = 2
    ARCH_PRCTL = 3
    SWITCH = 4
    TASK = 5
    IRQ = 6
    EXCEPTION = 7
    WAKING = 8
    NMI = 9
    SIGNAL = 10
    MSR = 11
    MARKER = 12
    LOSS = 13


@dataclass(frozen=True)
class Column:
    """One column of a table.

    dtype: Arrow's name. unit: of the numbers, where they have one. null: whether unknown is possible.
    source: stream column; with `bits` = (first, width) only those bits of it.
    names: for a dictionary column, the text of each code (the index).
    """

    name: str
    dtype: str
    meaning: str
    source: str
    unit: str = ""
    null: bool = False
    bits: tuple[int, int] | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table: a row per what, and its columns after `seq`, `ts` and `cpu`."""

    name: str
    row: str
    columns: tuple[Column, ...]


class Task(IntEnum):
    """`task.kind`."""

    FOUND = 0
    FORK = 1
    EXEC = 2
    EXIT = 3
    RENAME = 4


class Found(IntEnum):
    """`task.flags` of a thread found: what marks it; null where nothing does."""

    USER = 0
    KERNEL = 1
    KERNEL_BY_NAME = 2


class Origin(IntEnum):
    """Where an interrupt, exception or NMI came from, when the trace says so (a call chain)."""

    UNKNOWN = 0
    USER = 1
    KERNEL = 2


class Phase(IntEnum):
    """`irq.phase`. ENTRY_ONLY: the recording has no exit event for this vector (RULES.md T5)."""

    ENTRY = 0
    EXIT = 1
    ENTRY_ONLY = 2


VECTORS: Final = (
    "irq_handler",
    "local_timer",
    "reschedule",
    "call_function",
    "call_function_single",
    "irq_work",
    "x86_platform_ipi",
    "spurious_apic",
    "error_apic",
    "threshold_apic",
    "deferred_error_apic",
    "thermal_apic",
    "other",
)
"""`irq.kind`: the kernel's irq_vectors tracepoints, and irq_handler for device interrupts."""

EXCEPTIONS: Final = ("page_fault_user", "page_fault_kernel")
"""`exception.kind`: the exceptions that have a tracepoint on x86."""

SEQ = Column("seq", "int64", "position in the merged order of all CPUs", "seq")
TS = Column("ts", "int64", "time on the trace clock", "ts", unit="ns")
CPU = Column("cpu", "uint16", "CPU number", "cpu")
TID = Column("tid", "int32", "thread that was running", "tid", null=True)
NR = Column("nr", "int32", "system call number", "a")
ORIGIN_NAMES: Final = tuple(o.name.lower() for o in Origin)


def _table(name: str, row: str, *columns: Column, tid: Column | None = TID) -> Table:
    return Table(name, row, (SEQ, TS, CPU, *((tid,) if tid else ()), *columns))


TABLES: Final[dict[Kind, Table]] = {
    Kind.SYS_ENTER: _table("sys_enter", "system call entered", NR),
    Kind.SYS_EXIT: _table(
        "sys_exit", "system call left", NR, Column("ret", "int64", "value returned; < 0 is −errno", "b", null=True)
    ),
    Kind.ARCH_PRCTL: _table(
        "arch_prctl",
        "arch_prctl call, at its end",
        Column("code", "int32", "ARCH_SET_GS 0x1001, SET_FS 0x1002, GET_FS 0x1003, GET_GS 0x1004", "a", null=True),
        Column("value", "int64", "second argument: the base to set, or where to put it", "b", null=True),
        Column("ret", "int64", "value returned; null where the end was not recorded", "c", null=True),
    ),
    Kind.SWITCH: _table(
        "switch",
        "context switch recorded",
        Column("prev_state", "int64", "prev's task state, the kernel's bits", "b"),
        Column("next_tid", "int32", "thread that runs from here", "a"),
        tid=Column("prev_tid", "int32", "thread that ran up to here", "tid", null=True),
    ),
    Kind.TASK: _table(
        "task",
        "thread found, forked, exec'ed, exited or renamed",
        Column("kind", "dictionary", "what happened", "a", bits=(0, 8), names=tuple(t.name.lower() for t in Task)),
        Column("tid", "int32", "the thread it happened to", "b"),
        Column("pid", "int32", "its process, where the record says so", "a", bits=(8, 32), null=True),
        Column(
            "flags",
            "int64",
            "fork: clone flags; found: 0 user, 1 kernel thread, 2 by its name alone; exec: the tid before it",
            "c",
            null=True,
        ),
        Column("comm", "string", "its name from here", "text", null=True),
        tid=Column("parent", "int32", "thread that was running: the parent of a fork", "tid", null=True),
    ),
    Kind.IRQ: _table(
        "irq",
        "interrupt side",
        Column("kind", "dictionary", "vector", "a", bits=(0, 8), names=VECTORS),
        Column("irq", "int32", "irq_handler: the line", "a", bits=(8, 24)),
        Column(
            "action", "uint32", "irq_handler: hash of the handler's name (handlers share a line)", "a", bits=(32, 31)
        ),
        Column("phase", "dictionary", "entry or exit", "b", names=tuple(p.name.lower() for p in Phase)),
        Column(
            "origin",
            "dictionary",
            "mode interrupted, where a call chain or what it held says so",
            "c",
            names=ORIGIN_NAMES,
        ),
    ),
    Kind.EXCEPTION: _table(
        "exception",
        "exception with a tracepoint",
        Column("kind", "dictionary", "which", "a", names=EXCEPTIONS),
        Column("origin", "dictionary", "mode interrupted", "c", names=ORIGIN_NAMES),
    ),
    Kind.WAKING: _table(
        "waking",
        "thread woken",
        Column("target_tid", "int32", "thread woken", "a"),
        Column("target_cpu", "int32", "CPU it is to run on", "b"),
    ),
    Kind.NMI: _table(
        "nmi",
        "NMI handler run (several may serve one NMI)",
        Column("handler", "int64", "address of the handler", "a"),
        Column(
            "origin",
            "dictionary",
            "mode interrupted, where a call chain or what it held says so",
            "c",
            names=ORIGIN_NAMES,
        ),
    ),
    Kind.SIGNAL: _table(
        "signal",
        "signal delivered",
        Column("sig", "int32", "signal number", "a"),
        Column("code", "int32", "si_code; > 0: sent by the kernel", "b"),
        Column("default", "bool", "no handler: the default action", "c", null=True),
    ),
    Kind.MSR: _table(
        "msr",
        "MSR access by the kernel's traced helpers",
        Column("write", "bool", "WRMSR, else RDMSR", "a"),
        Column("msr", "uint32", "register number", "b"),
        Column("value", "int64", "value, as two's complement", "c"),
    ),
    Kind.MARKER: _table(
        "marker",
        "window begun or ended by the workload",
        Column("begin", "bool", "begin, else end", "a"),
        Column("window", "int64", "number given to getpriority; null for a trace_marker's name", "b", null=True),
        Column("name", "string", "name given to trace_marker", "text", null=True),
    ),
    Kind.LOSS: Table(
        "loss",
        "stretch with missing or unusable events",
        (
            SEQ,
            Column("ts_to", "int64", "end of the stretch", "ts", unit="ns"),
            Column("cpu", "int32", "CPU; −1: any", "cpu"),
            Column("ts_from", "int64", "begin of the stretch; null: unknown", "c", unit="ns", null=True),
            Column("count", "int64", "events missing; null: unknown number", "b", null=True),
            Column("kind", "dictionary", "what went wrong", "a", names=tuple(loss.name for loss in LOSSES)),
        ),
    ),
}
"""Every event table by its kind."""


def _derived(name: str, dtype: str, meaning: str, *, unit: str = "", null: bool = False) -> Column:
    return Column(name, dtype, meaning, "", unit, null)


THREADS: Final = Table(
    "thread",
    "generation of a thread number; row 0 is the idle task of every CPU, row 1 stands for threads without a number",
    (
        _derived("tid", "int32", "thread number; −1: none"),
        _derived("tgen", "int32", "how many threads had this number before"),
        _derived("pid", "int32", "its process", null=True),
        _derived("comm", "string", "its last name", null=True),
        _derived("kernel", "bool", "whether it is a kernel thread", null=True),
        _derived(
            "selectors", "bool", "whether its FS or GS may ever have had a selector; null before version 2", null=True
        ),
        _derived("bits32", "bool", "whether it was seen to run a 32-bit program; null before version 2", null=True),
        _derived("first_ts", "int64", "first seen", unit="ns"),
        _derived("last_ts", "int64", "last seen", unit="ns"),
        _derived(
            "ran",
            "int64",
            "how long it was seen to run, over all CPUs; row 0: that they idled; row 1: that nobody knows who ran; null "
            "before version 2",
            unit="ns",
            null=True,
        ),
    ),
)
"""What the replay learnt of the threads."""

CELLS: Final = Table(
    "census",
    "window of time, CPU, thread and situation",
    (
        _derived("segment", "int32", "how many markers came before; −1: nobody knows when it was"),
        _derived("start", "int64", "begin of the window of time", unit="ns"),
        _derived("cpu", "int32", "CPU"),
        _derived("thread", "int32", "row of the thread table, from 0"),
        _derived("situation", "int32", "what happened, as a code"),
        _derived("count", "int64", "how often, at least once"),
    ),
)
"""What the replay counted."""
