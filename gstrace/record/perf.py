"""Recording with `perf record`."""

from __future__ import annotations

import mmap
import signal
import struct
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gstrace.errors import RecordError
from gstrace.events.tables import Kind
from gstrace.events.tracepoints import find
from gstrace.record.control import Controlled, ended_how, in_a_line

if TYPE_CHECKING:
    from gstrace.record.wanted import Wanted

_REFUSED: Final = frozenset({"irq_vectors:irq_work_exit"})
"""By the kernel (trace/irq_vectors.h): perf's own wake-ups are irq_works, each would be followed by another."""

_FED: Final = frozenset({Kind.SYS_ENTER, Kind.SYS_EXIT, Kind.EXCEPTION})

_WHOLE: Final = (0, -signal.SIGINT, -signal.SIGTERM)
"""How perf may end with its file whole: these signals it obeys and then ends by, also where its tasks have ended."""

_RECORD: Final = struct.Struct("=IHH")
"""perf_event_header: type, misc, size."""
_COUNT: Final = struct.Struct("=Q")
_LOST, _SAMPLE, _LOST_SAMPLES = 2, 9, 13
_FILTERED: Final = 1 << 15
"""misc of a LOST_SAMPLES: a filter of perf's own dropped them, on purpose."""


class Perf:
    """perf.data, with the call chains of interrupts, on CLOCK_MONOTONIC, which the machine's snapshots have too."""

    def __init__(self, output: Path, wanted: Wanted) -> None:
        self._output = output
        self.events = tuple(event for event in wanted.events if event not in _REFUSED)
        self._perf = Controlled(record_arguments(output, wanted, self.events))

    @property
    def processes(self) -> tuple[int, ...]:
        return self._perf.processes

    def prepare(self) -> None:
        self._perf.start()

    def begin(self) -> None:
        self._perf.begin()

    def stop(self) -> None:
        self._perf.stop()

    def end(self) -> None:
        status = self._perf.end()
        if status in _WHOLE:
            return
        kept = self._output.exists() and self._output.stat().st_size > 0
        raise RecordError(
            f"perf {ended_how(status)} while it recorded{_after(in_a_line(self._perf.said))}",
            kept=f"what it wrote, in {self._output}" if kept else "",
            hint=f"gstrace ingest {self._output} reads what is there" if kept else "",
        )

    def abandon(self) -> None:
        self._perf.abandon()

    def tally(self) -> tuple[int | None, int | None]:
        return tally(self._output)


def record_arguments(output: Path, wanted: Wanted, events: tuple[str, ...]) -> list[str]:
    """What perf is asked.

    --exclude-perf filters the events of the last -e before it: perf's own calls and faults, since writing down one of
    them makes others. Its switches, and the interrupts that hit it, are part of what the CPUs did.
    """
    own = [event for event in events if (row := find(event)) is not None and row.kind in _FED]
    lists = [[event for event in events if event not in own], own]
    asked = [",".join(_with_chain(event, wanted.chains) for event in listed) for listed in lists]
    whom = ["-a"] if wanted.everything else ["-p", str(wanted.target)]
    # -c 1: each event. -B -N: no build ids, nothing is looked up by symbol.
    fixed = ["-B", "-N", "-c", "1", "-k", "CLOCK_MONOTONIC", "-m", str(pages(wanted.buffer))]
    told = [word for listed in asked if listed for word in ("-e", listed)]
    return ["record", *whom, *fixed, *told, "--exclude-perf", "-o", str(output)]


def _with_chain(event: str, chains: Collection[str]) -> str:
    return f"{event}/call-graph=fp/" if event in chains else event


def pages(buffer: int) -> int:
    """The least power of two of pages that holds so many bytes: the kernel takes no other number."""
    return 1 << max(0, -(-buffer // mmap.PAGESIZE) - 1).bit_length()


def tally(path: Path) -> tuple[int, int]:
    """Events in a perf.data and events that it says were lost, by its records' headers alone.

    perf tells of a lost event up to twice: where the next one found room (LOST), and at the end (LOST_SAMPLES, from 6.1
    on, which also knows those that none came after).
    """
    events, lost = 0, {_LOST: 0, _LOST_SAMPLES: 0}
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        place, length = struct.unpack_from("=QQ", data, 40)
        end = min(len(data), place + length)
        while place + 8 <= end:
            kind, misc, size = _RECORD.unpack_from(data, place)
            if size < 8 or place + size > end:
                break
            if kind == _SAMPLE:
                events += 1
            elif kind in lost and size >= 24 and not misc & _FILTERED:
                lost[kind] += _COUNT.unpack_from(data, place + (16 if kind == _LOST else 8))[0]
            place += size
    return events, max(lost.values())


def _after(said: str) -> str:
    return f": {said}" if said else ""
