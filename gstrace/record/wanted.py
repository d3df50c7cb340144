"""What a recording asks for: the tracepoints of this kernel that a full answer needs, and of whom."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gstrace.errors import RecordError
from gstrace.events.tracepoints import TRACEPOINTS, find

TRACEFS: Final = (Path("/sys/kernel/tracing"), Path("/sys/kernel/debug/tracing"))
"""Where the kernel's documentation mounts it, and where it was before 4.1."""


@dataclass(frozen=True)
class Wanted:
    """What a recorder is told.

    events: `system:name`, each there on this kernel. chains: those of them that want the kernel's call chain.
    everything: all CPUs and tasks; otherwise `target`, a process that waits to be let go, and its children.
    buffer: bytes for each CPU.
    """

    events: tuple[str, ...]
    chains: frozenset[str]
    everything: bool
    buffer: int
    target: int | None = None


def tracefs() -> Path:
    """The mount of tracefs that can be read. Raises RecordError."""
    found = [place for place in TRACEFS if _readable(place / "events")]
    if not found:
        raise RecordError(
            f"the kernel's list of tracepoints, {TRACEFS[0]}/events, cannot be read",
            hint="record as root: sudo gstrace record …; or let others read it: "
            f"sudo mount -o remount,mode=755 {TRACEFS[0]} && sudo sysctl kernel.perf_event_paranoid=-1",
        )
    return found[0]


def events(place: Path) -> tuple[str, ...]:
    """The tracepoints that a recording asks for, of those under `place` (tracefs), in the order of `TRACEPOINTS`.

    Only what can be switched on counts as there: the formats of `ftrace:*` lie beside, without an `enable`.
    """
    systems = dict.fromkeys(tracepoint.system for tracepoint in TRACEPOINTS)
    there = [
        f"{system}:{enable.parent.name}"
        for system in systems
        for enable in sorted((place / "events" / system).glob("*/enable"))
    ]
    rows = [(TRACEPOINTS.index(row), name) for name in there if (row := find(name)) is not None and row.is_asked]
    return tuple(name for _, name in sorted(rows))


def chains(names: tuple[str, ...]) -> frozenset[str]:
    """Those of the tracepoints whose call chain tells something."""
    return frozenset(name for name in names if (row := find(name)) is not None and row.wants_chain)


def _readable(folder: Path) -> bool:
    try:
        return any(folder.iterdir())
    except OSError:
        return False
