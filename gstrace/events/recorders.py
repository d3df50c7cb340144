"""How each recorder is told to record events: what a message offers where a recording lacks some."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

NEEDED: Final = (
    "raw_syscalls:sys_enter",
    "raw_syscalls:sys_exit",
    "sched:sched_switch",
    "exceptions:page_fault_user",
)
"""What every bill needs, and what most bills are made of."""


@dataclass(frozen=True)
class Recorder:
    """line: what to run or write; event: how it names one, by `system` and `name`; between: what parts them;
    comms: names of its own processes.
    """

    line: str
    event: str
    between: str
    comms: tuple[str, ...]


RECORD: Final = "gstrace record -a -o perf.data -- CMD"
"""What records all that a full answer needs, and the machine."""

_PERF: Final = Recorder("perf record -a -e {events},…", "{system}:{name}", ",", ("perf",))
RECORDERS: Final = {
    "perf.data": _PERF,
    "perf script text": _PERF,
    "trace.dat": Recorder("trace-cmd record {events} …", "-e {system}:{name}", " ", ("trace-cmd",)),
    "ftrace text": Recorder(
        "echo {events} … > /sys/kernel/tracing/set_event", "{system}:{name}", " ", ("trace-cmd", "atrace")
    ),
    "Perfetto": Recorder(
        "ftrace_config {{ {events} … }}",
        'ftrace_events: "{system}/{name}"',
        " ",
        ("traced", "traced_probes", "perfetto", "tracebox"),
    ),
}
"""By the title of the format that the recorder writes (`importers/registry.py`)."""


def record_line(title: str, events: Collection[str] = NEEDED) -> str:
    """What records everything; or, for who has that recorder only, these events (`system:name`) and more."""
    recorder = RECORDERS[title]
    parts = (event.partition(":") for event in events)
    told = recorder.between.join(recorder.event.format(system=system, name=name) for system, _, name in parts)
    return f"{RECORD}; or: {recorder.line.format(events=told)}"
