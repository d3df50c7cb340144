"""The order of work of a recording, whoever records."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gstrace.errors import GstraceError, UsageError
from gstrace.record import recorder as recorders
from gstrace.record import wanted
from gstrace.record.command import Command, Ending
from gstrace.record.counters import Counters
from gstrace.record.place import Place
from gstrace.record.snapshot import Machine
from gstrace.record.wanted import Wanted

if TYPE_CHECKING:
    from gstrace.record.recorder import Recorder

BUFFER: Final = 32 << 20
"""Bytes for each CPU: at a million events a second a third of a second in which the recorder does not get to run."""
_MEMORY: Final = 16
"""All CPUs' buffers together take this part of the memory at most, unless their size is asked for."""


@dataclass(frozen=True)
class Recorded:
    """status: of the command, as a shell gives it (docs/contract.md). events, lost: None where nobody knows.

    early: the recorder was ended by others, and what came later is missing. notes: what else could not be had.
    """

    status: int
    size: int
    events: int | None
    lost: int | None
    early: bool = False
    notes: tuple[str, ...] = ()


def record(
    output: Path,
    command: Sequence[str],
    *,
    everything: bool = False,
    duration: float | None = None,
    using: str = "",
    buffer: int | None = None,
) -> Recorded:
    """Record a command, or with `everything` the whole system until it ends, `duration` s are over, or Ctrl-C.

    using: a name in `recorder.RECORDERS`; empty: perf. buffer: bytes for each CPU; None: `default_buffer()`.
    Raises GstraceError; then what stood at `output` still does, and the command has not run or been told to end.
    """
    if not command and not everything:
        raise UsageError("nothing to record", hint="say a command: gstrace record -o FILE -- CMD…; or all: -a")
    if duration is not None and not 0 <= duration < threading.TIMEOUT_MAX:
        raise UsageError(f"{duration:g} seconds cannot be waited for")
    with Place(output) as place, Command(command) as held:
        tracefs = wanted.tracefs()
        names = wanted.events(tracefs)
        asked = Wanted(names, wanted.chains(names), everything, buffer or default_buffer(), held.pid)
        recorder = recorders.named(using)(place.part, asked)
        counters, machine = Counters(asked), Machine(place.machine)
        try:
            machine.scope(everything=everything)
            ending = _stretch(recorder, counters, machine, held, duration, tracefs)
        except GstraceError as error:
            if error.kept:
                place.leave()
            raise
        events, lost = recorder.tally()
        size = place.part.stat().st_size
        place.keep()
        return Recorded(held.status(ending), size, events, lost, ending.early, _notes(counters))


def default_buffer() -> int:
    """Bytes for each CPU where nobody asks for a size."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(BUFFER, memory // _MEMORY // os.sysconf("SC_NPROCESSORS_ONLN"))


def _stretch(
    recorder: Recorder, counters: Counters, machine: Machine, held: Command, seconds: float | None, tracefs: Path
) -> Ending:
    """From nothing to a whole recording. The snapshots enclose the events, and little else."""
    with ExitStack() as undo:
        undo.callback(counters.abandon)
        undo.callback(recorder.abandon)
        machine.describe()
        machine.formats(tracefs, recorder.events)
        recorder.prepare()
        counters.prepare()
        machine.running((os.getpid(), *recorder.processes, *counters.processes))
        machine.counts("before")
        counters.begin()
        recorder.begin()
        held.go()
        ending = held.wait(seconds, recorder.processes)
        recorder.stop()
        counters.stop()
        machine.counts("after")
        recorder.end()
        machine.counters(counters.end())
        undo.pop_all()
    return ending


def _notes(counters: Counters) -> tuple[str, ...]:
    return (f"no hardware count of ring transitions: {counters.why}",) if counters.why else ()
