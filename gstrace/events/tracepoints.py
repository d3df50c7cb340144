"""One row per tracepoint: its name in each format, the table it fills, its fields as columns.

A `fields` value is the field's name in the kernel's format text; `args[1]` is an element of an array,
`&name` a 31-bit hash of a string, `=N` a constant, `!name` 1 where the field is 0. Offsets and sizes come
from the format text recorded with the trace, never from here.
`rank`: where several tracepoints tell of the same thing, the lowest rank recorded counts and the others only inform.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Final

from gstrace.events.tables import VECTORS, Kind, Phase, Task

_UNBILLED: Final = frozenset({Kind.WAKING, Kind.MSR})
"""Stored where they were recorded, but no bill depends on them."""


@dataclass(frozen=True)
class Tracepoint:
    """How one tracepoint becomes a stream row.

    perf: `system:name`, as perf, tracefs and trace.dat say it; `*` stands for any part of a name.
    fields: stream column (`tid a b c d`, or `text`) → field of the format. `tid` defaults to common_pid.
    d is known to importers only: a system call's third argument (it tells markers).
    origin: its call chain, or what it found held, tells where the interrupt came from (goes to column c).
    perfetto: number of the event's own message in Perfetto's FtraceEvent; None: it has none, and is a generic event.
    """

    perf: str
    kind: Kind
    fields: dict[str, str] = field(default_factory=dict)
    rank: int = 0
    role: str = ""
    origin: bool = False
    perfetto: int | None = None

    @property
    def system(self) -> str:
        return self.perf.partition(":")[0]

    @property
    def name(self) -> str:
        return self.perf.partition(":")[2]

    @property
    def is_asked(self) -> bool:
        """Whether a recording asks for it: not where a better row tells the same, nor where no rule looks at it."""
        return self.rank == 0 and self.kind not in _UNBILLED

    @property
    def wants_chain(self) -> bool:
        """Whether to record its call chain: an exit has its entry's origin."""
        return self.origin and not self.name.endswith("_exit")

    def is_lesser(self, ranks: Mapping[str, int]) -> bool:
        """Whether a better one of its role is recorded too; ranks: `best_ranks`."""
        return ranks.get(self.role, self.rank) < self.rank


_VECTOR_MESSAGES: Final = {("local_timer", Phase.ENTRY): 559, ("local_timer", Phase.EXIT): 560}


def _vector(name: str, phase: Phase, pattern: str = "") -> Tracepoint:
    code = VECTORS.index(name)
    side = "entry" if phase is Phase.ENTRY else "exit"
    return Tracepoint(
        f"irq_vectors:{pattern or name}_{side}",
        Kind.IRQ,
        {"a": f"={code}", "b": f"={int(phase)}"},
        origin=True,
        perfetto=_VECTOR_MESSAGES.get((name, phase)),
    )


TRACEPOINTS: Final = (
    Tracepoint(
        "raw_syscalls:sys_enter",
        Kind.SYS_ENTER,
        {"a": "id", "b": "args[0]", "c": "args[1]", "d": "args[2]"},
        role="sys_enter",
        perfetto=329,
    ),
    Tracepoint("raw_syscalls:sys_exit", Kind.SYS_EXIT, {"a": "id", "b": "ret"}, role="sys_exit", perfetto=330),
    Tracepoint(
        "syscalls:sys_enter_arch_prctl",
        Kind.SYS_ENTER,
        {"a": "__syscall_nr", "b": "option", "c": "arg2"},
        rank=1,
        role="sys_enter",
    ),
    Tracepoint(
        "syscalls:sys_exit_arch_prctl", Kind.SYS_EXIT, {"a": "__syscall_nr", "b": "ret"}, rank=1, role="sys_exit"
    ),
    Tracepoint(
        "syscalls:sys_enter_getpriority",
        Kind.SYS_ENTER,
        {"a": "__syscall_nr", "b": "which", "c": "who"},
        rank=1,
        role="sys_enter",
    ),
    Tracepoint("syscalls:sys_enter_*", Kind.SYS_ENTER, {"a": "__syscall_nr"}, rank=1, role="sys_enter"),
    Tracepoint("syscalls:sys_exit_*", Kind.SYS_EXIT, {"a": "__syscall_nr", "b": "ret"}, rank=1, role="sys_exit"),
    Tracepoint(
        "sched:sched_switch",
        Kind.SWITCH,
        {"tid": "prev_pid", "a": "next_pid", "b": "prev_state"},
        role="switch",
        perfetto=4,
    ),
    Tracepoint(
        "task:task_newtask",
        Kind.TASK,
        {"a": f"={int(Task.FORK)}", "b": "pid", "c": "clone_flags", "text": "comm"},
        role="fork",
        perfetto=235,
    ),
    Tracepoint(
        "sched:sched_process_fork",
        Kind.TASK,
        {"a": f"={int(Task.FORK)}", "b": "child_pid"},
        rank=1,
        role="fork",
        perfetto=239,
    ),
    Tracepoint(
        "sched:sched_process_exec",
        Kind.TASK,
        {"a": f"={int(Task.EXEC)}", "b": "pid", "c": "old_pid"},
        role="exec",
        perfetto=237,
    ),
    Tracepoint(
        "sched:sched_process_exit", Kind.TASK, {"a": f"={int(Task.EXIT)}", "b": "pid"}, role="exit", perfetto=238
    ),
    Tracepoint(
        "task:task_rename",
        Kind.TASK,
        {"a": f"={int(Task.RENAME)}", "b": "pid", "text": "newcomm"},
        role="rename",
        perfetto=236,
    ),
    Tracepoint("exceptions:page_fault_user", Kind.EXCEPTION, {"a": "=0", "c": "=1"}),
    Tracepoint("exceptions:page_fault_kernel", Kind.EXCEPTION, {"a": "=1", "c": "=2"}),
    *(_vector(name, phase) for name in VECTORS[1:-1] for phase in (Phase.ENTRY, Phase.EXIT)),
    *(_vector("other", phase, "*") for phase in (Phase.ENTRY, Phase.EXIT)),
    Tracepoint(
        "irq:irq_handler_entry",
        Kind.IRQ,
        {"a": "=0", "a.irq": "irq", "a.action": "&name", "b": "=0"},
        origin=True,
        perfetto=36,
    ),
    Tracepoint("irq:irq_handler_exit", Kind.IRQ, {"a": "=0", "a.irq": "irq", "b": "=1"}, origin=True, perfetto=37),
    Tracepoint("nmi:nmi_handler", Kind.NMI, {"a": "handler"}, origin=True),
    Tracepoint("signal:signal_deliver", Kind.SIGNAL, {"a": "sig", "b": "code", "c": "!sa_handler"}, perfetto=324),
    Tracepoint("sched:sched_waking", Kind.WAKING, {"a": "pid", "b": "target_cpu"}, role="waking", perfetto=20),
    Tracepoint("sched:sched_wakeup", Kind.WAKING, {"a": "pid", "b": "target_cpu"}, rank=1, role="waking", perfetto=17),
    Tracepoint("msr:write_msr", Kind.MSR, {"a": "=1", "b": "msr", "c": "val"}),
    Tracepoint("msr:read_msr", Kind.MSR, {"a": "=0", "b": "msr", "c": "val"}),
    Tracepoint("ftrace:print", Kind.MARKER, {"text": "buf"}, perfetto=3),
)
"""In order: of several rows that match a name, the first counts."""


@dataclass(frozen=True)
class Wanted:
    """A class of events that a full answer counts, and the tracepoints of which one must be recorded for it.

    needed: without it there is no answer; otherwise `missing` says what the answer then leaves out.
    part: tracepoints of some of these events alone, a pattern that ends in `*`: with any of them there is an answer,
    about those.
    """

    name: str
    tracepoints: tuple[str, ...]
    missing: str
    needed: bool = False
    part: str = ""

    def but(self, names: Sequence[str]) -> Wanted:
        """What is left out where only these of the events were recorded."""
        more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
        name = f"{self.name} other than {', '.join(names[:_TOLD])}{more}"
        return replace(self, name=name, missing=f"{self.missing}; those counted are a lower bound", needed=False)


_TOLD: Final = 6
_UNCOUNTED: Final = "their entries and returns are not counted"
WANTED: Final = (
    Wanted("system calls entered", ("raw_syscalls:sys_enter",), _UNCOUNTED, needed=True, part="syscalls:sys_enter_*"),
    Wanted("system calls left", ("raw_syscalls:sys_exit",), _UNCOUNTED, needed=True, part="syscalls:sys_exit_*"),
    Wanted("context switches", ("sched:sched_switch", "record:SWITCH"), "no switch is counted", needed=True),
    Wanted("page faults of user mode", ("exceptions:page_fault_user",), _UNCOUNTED),
    Wanted("page faults of kernel mode", ("exceptions:page_fault_kernel",), "their fences are not counted"),
    Wanted("timer interrupts", ("irq_vectors:local_timer_entry",), _UNCOUNTED),
    Wanted("reschedule interrupts", ("irq_vectors:reschedule_entry",), _UNCOUNTED),
    Wanted("function call interrupts", ("irq_vectors:call_function_single_entry",), _UNCOUNTED),
    Wanted("device interrupts", ("irq:irq_handler_entry",), _UNCOUNTED),
    Wanted("NMIs", ("nmi:nmi_handler",), "none is counted"),
    Wanted(
        "exceptions without a tracepoint",
        ("signal:signal_deliver",),
        "not even those that end in a signal are counted",
    ),
    Wanted("forks", ("task:task_newtask", "sched:sched_process_fork", "record:FORK"), "a child's bases are unknown"),
    Wanted("execs", ("sched:sched_process_exec", "record:COMM_EXEC"), "bases are taken to outlive an exec"),
    Wanted(
        "exits",
        ("sched:sched_process_exit", "record:EXIT"),
        "they are not counted, and returns of killed threads are",
    ),
)


def not_recorded(recorded: Collection[str]) -> list[Wanted]:
    """The classes of which a recording has no tracepoint, or only a part; recorded: their names, `system:name`."""
    lacking = [w for w in WANTED if not any(t in recorded for t in w.tracepoints)]
    parts = [sorted(t for t in recorded if w.part and fnmatchcase(t, w.part)) for w in lacking]
    return [
        w.but([t.removeprefix(w.part[:-1]) for t in part]) if part else w
        for w, part in zip(lacking, parts, strict=True)
    ]


def find(perf_name: str) -> Tracepoint | None:
    """The row for `system:name`, or None where gstrace has no use for the event."""
    return next((tracepoint for tracepoint in TRACEPOINTS if fnmatchcase(perf_name, tracepoint.perf)), None)


def best_ranks(recorded: Iterable[Tracepoint]) -> dict[str, int]:
    """The best (lowest) rank recorded in each role."""
    best: dict[str, int] = {}
    for tracepoint in recorded:
        if tracepoint.role:
            best[tracepoint.role] = min(tracepoint.rank, best.get(tracepoint.role, tracepoint.rank))
    return best


def exit_of(entry: str) -> str:
    """The event that ends what this one begins: `…_entry` → `…_exit`."""
    return f"{entry.removesuffix('_entry')}_exit"


def name_hash(text: bytes) -> int:
    """31 bits for a name, the same in every format (`&name`): FNV-1a."""
    value = 0x811C9DC5
    for byte in text:
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value & 0x7FFFFFFF
