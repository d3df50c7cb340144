"""What an event's payload says, as a declared table: a pattern per form, its groups named after the stream's columns.

A group `a_x`, `b_x`, … is a hexadecimal number without 0x; `text` is a text; the others are decimal numbers (0x is
understood). Names of programs may hold anything, so patterns lean on what stands behind them.
What else a column holds (a constant, the event's kind) comes from `events/tracepoints.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from gstrace.events.kthreads import is_kernel_name
from gstrace.events.tables import NULL, TABLES, Kind, Origin
from gstrace.events.tracepoints import TRACEPOINTS, Tracepoint, name_hash

NUMBERS: Final = {
    b"arch_prctl": 158, b"getpriority": 140, b"modify_ldt": 154, b"set_thread_area": 205,
    b"execve": 59, b"execveat": 322, b"exit": 60, b"exit_group": 231, b"clone": 56, b"clone3": 435,
    b"fork": 57, b"vfork": 58, b"rt_sigreturn": 15, b"read": 0, b"write": 1, b"close": 3, b"poll": 7,
    b"mmap": 9, b"mprotect": 10, b"munmap": 11, b"brk": 12, b"ioctl": 16, b"wait4": 61, b"futex": 202,
}  # fmt: skip
"""x86-64's numbers of calls that the replay looks at, and of common ones: where a call is traced by its name, the text
does not tell its number. Others are `NO_NUMBER`."""

NO_NUMBER: Final = -1

_PID: Final = rb".*\bpid=(?P<%s>\d+)"
_PREV: Final = rb".*\bprev_pid=(?P<tid>\d+) prev_prio=-?\d+ prev_state=(?P<state>\S+) "
_NR: Final = rb"NR (?P<a>-?\d+)"
_ARGS: Final = rb"(?: \((?P<b_x>[0-9a-f]+)(?:, (?P<c_x>[0-9a-f]+)(?:, (?P<d_x>[0-9a-f]+))?)?)?"

PATTERNS: Final[dict[str, tuple[bytes, ...]]] = {
    "sys_enter": (_NR + _ARGS, rb"id=(?P<a>-?\d+)"),
    "sys_exit": (_NR + rb" = (?P<b>-?\d+)\s*$", rb"id=(?P<a>-?\d+) ret=(?P<b>-?(?:0x[0-9a-f]+|\d+))\s*$"),
    "sched_switch": (
        _PREV + rb"(?:==> )?next_comm=.*\bnext_pid=(?P<a>\d+) ",
        rb".*:(?P<tid>\d+) \[-?\d+\] (?P<state>\S+) ==> .*:(?P<a>\d+) \[-?\d+\]",
    ),
    "task_newtask": (rb"pid=(?P<b>\d+) comm=(?P<text>.*) clone_flags=(?:0x)?(?P<c_x>[0-9a-f]+) oom_score_adj=",),
    "sched_process_fork": (rb".*\bchild_pid=(?P<b>\d+)\s*$",),
    "sched_process_exec": (rb".*\bpid=(?P<b>\d+) old_pid=(?P<c>\d+)\s*$",),
    "sched_process_exit": (_PID % b"b" + rb" prio=",),
    "task_rename": (rb"(?:pid=(?P<b>\d+) )?oldcomm=.* newcomm=(?P<text>.*) oom_score_adj=",),
    "irq_handler_entry": (rb"irq=(?P<irq>\d+) name=(?P<action>.*)",),
    "irq_handler_exit": (rb"irq=(?P<irq>\d+) ret=",),
    "nmi_handler": (rb"(?P<symbol>\S+?)(?:\(\))? delta_ns",),
    "signal_deliver": (rb"sig=(?P<a>\d+) errno=-?\d+ code=(?P<b>-?\d+) sa_handler=(?:0x)?(?P<handler_x>[0-9a-f]+)",),
    "sched_waking": (
        _PID % b"a" + rb" prio=-?\d+ (?:success=\d )?target_cpu=(?P<b>\d+)",
        rb".*:(?P<a>\d+) \[-?\d+\].*\bCPU:(?P<b>\d+)",
    ),
    "write_msr": (rb"(?P<b_x>[0-9a-f]+), value (?P<c_x>[0-9a-f]+)",),
    "tracing_mark_write": (rb"(?P<text>gstrace:.*)",),
    "print": (rb"(?:\S+: )?(?P<text>gstrace:.*)",),
}
PATTERNS["sched_wakeup"] = PATTERNS["sched_waking"]
PATTERNS["read_msr"] = PATTERNS["write_msr"]
PATTERNS["0"] = PATTERNS["tracing_mark_write"]

COMING: Final = re.compile(rb".*(?:next_comm=(?P<named>.*) next_pid=\d+ |==> (?P<short>.*):\d+ \[-?\d+\])")
"""The name of the thread that a switch brings in, in either of its forms."""

STATES: Final = ((ord("R"), 0), (ord("t"), 8), (ord("X"), 0x10), (ord("Z"), 0x20))
"""Letters of task states that the replay looks at, and the kernel's bits (include/linux/sched.h): can run on, stopped
for its tracer, dead, zombie. With any other the task waits."""

WAITS: Final = 1

MARKERS: Final = ("tracing_mark_write", "print", "0")
"""What `ftrace:print` is called: by the kernel, by trace-cmd, by kernels of 2012."""

_NAMED: Final = {
    "sys_enter_arch_prctl": re.compile(rb"option: (?:0x)?(?P<b_x>[0-9a-f]+), \S+ (?:0x)?(?P<c_x>[0-9a-f]+)"),
    "sys_enter_getpriority": re.compile(rb"which: (?:0x)?(?P<b_x>[0-9a-f]+), who: (?:0x)?(?P<c_x>[0-9a-f]+)"),
}
_RETURNED: Final = re.compile(rb"(?:.*= )?(?P<b_x>(?:0x)?[0-9a-f]+)\s*$")
_NOTHING: Final = re.compile(rb"")
_VECTOR: Final = re.compile(rb"vector=")
"""What tells an interrupt's entry or exit from another event of such a name: a softirq's, a function's."""


@dataclass(frozen=True)
class Decoder:
    """How one event of the text becomes a row: the tracepoint, its payload's forms, columns that are constants."""

    tracepoint: Tracepoint
    patterns: tuple[re.Pattern[bytes], ...]
    fixed: dict[str, int]
    sure: bool = True
    """Whether a payload of none of the forms is a damaged one, not another event's."""

    def fields(self, payload: bytes) -> dict[str, bytes] | None:
        """The payload's groups; None where no form fits."""
        for pattern in self.patterns:
            match = pattern.match(payload)
            if match:
                return {name: value for name, value in match.groupdict().items() if value is not None}
        return None


def decoder(name: str) -> Decoder | None:
    """How to read the event of this name, which a text gives without its system; None for events of no use."""
    row = _BY_NAME.get("print" if name in MARKERS else name)
    if row is None and name.startswith(("sys_enter_", "sys_exit_")):
        row = _BY_NAME[name[: name.index("_", 4)] + "_*"]
    side = f"*_{name.rpartition('_')[2]}"
    sure = name not in MARKERS
    if row is None and side in _OTHER_VECTOR:
        row, sure = _OTHER_VECTOR[side], False
    if row is None:
        return None
    fixed = {column: int(source[1:]) for column, source in row.fields.items() if source.startswith("=")}
    if row.origin:
        fixed["c"] = int(Origin.UNKNOWN)
    if name in PATTERNS:
        return Decoder(row, _COMPILED[name], fixed, sure)
    if row.system == "syscalls":
        call = name.split("_", 2)[2].encode()
        fixed["a"] = NUMBERS.get(call, NO_NUMBER)
        return Decoder(
            row, (_RETURNED,) if name.startswith("sys_exit_") else (_NAMED.get(name, _NOTHING), _NOTHING), fixed
        )
    return Decoder(row, (_NOTHING if sure else _VECTOR,), fixed, sure)


def kernel_coming(payload: bytes) -> bytes:
    """The name of the thread that a switch's payload brings in, if the kernel gives it to its own; else empty."""
    match = COMING.match(payload)
    name = (match["named"] or match["short"] or b"") if match else b""
    return name if is_kernel_name(name.decode("utf-8", "replace")) else b""


def value(name: str, text: bytes) -> int:
    """A group's number as a signed word."""
    number = int(text, 16 if name.endswith("_x") or b"0x" in text[:3] else 10)
    number &= 0xFFFFFFFFFFFFFFFF
    return number - (1 << 64) if number >> 63 else number


def fits(kind: Kind, row: dict[str, int]) -> bool:
    """Whether every number has room in its table's column; one that has not is no number of a kernel."""
    return all(low <= row[name] <= high for name, low, high in ROOM[kind] if row.get(name, NULL) != NULL)


def columns(decoder: Decoder, fields: dict[str, bytes]) -> dict[str, int]:
    """The numbers of a row by column: what the payload says, and what the event's kind says."""
    row = dict(decoder.fixed)
    for name, text in fields.items():
        if name in _SPECIAL or name == "text":
            continue
        row[name.removesuffix("_x")] = value(name, text)
    if "irq" in fields:
        row["a"] |= (int(fields["irq"]) & 0xFFFFFF) << 8
    if "action" in fields:
        row["a"] |= name_hash(fields["action"]) << 32
    if "state" in fields:
        row["b"] = _state(fields["state"])
    if "symbol" in fields:
        row["a"] = name_hash(fields["symbol"])
    if "handler_x" in fields:
        row["c"] = int(not int(fields["handler_x"], 16))
    return row


def _state(text: bytes) -> int:
    """A task's state: raw numbers are kept."""
    if text.isdigit():
        return int(text) & 0x7FFFFFFF
    return dict(STATES).get(text[0], WAITS)


_SPECIAL: Final = frozenset({"irq", "action", "state", "symbol", "handler_x"})
_WIDTHS: Final = {"int32": (-(1 << 31), (1 << 31) - 1), "uint32": (0, (1 << 32) - 1)}
ROOM: Final = {
    kind: [(c.source, *_WIDTHS[c.dtype]) for c in table.columns if c.dtype in _WIDTHS and c.bits is None]
    for kind, table in TABLES.items()
}
_SIDES: Final = {"*_entry", "*_exit"}
_BY_NAME: Final = {row.name: row for row in reversed(TRACEPOINTS) if row.name not in _SIDES}
_OTHER_VECTOR: Final = {row.name: row for row in TRACEPOINTS if row.name in _SIDES}
_COMPILED: Final = {name: tuple(map(re.compile, forms)) for name, forms in PATTERNS.items()}
