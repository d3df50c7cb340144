"""The order of work of a recording, whoever records."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
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
"""Bytes for each CPU: at a million events a second some 0.3 s of a CPU that the recorder does not get to."""


@dataclass(frozen=True)
class Recorded:
    """status: of the command, as a shell gives it (docs/contract.md). events, lost: None where nobody knows.

    notes: what could not be had, a sentence each.
    """

    status: int
    size: int
    events: int | None
    lost: int | None
    notes: tuple[str, ...] = ()


def record(
    output: Path,
    command: Sequence[str],
    *,
    everything: bool = False,
    duration: float | None = None,
    using: str = "",
    buffer: int = BUFFER,
) -> Recorded:
    """Record a command, or with `everything` the whole system until it ends, `duration` s are over, or Ctrl-C.

    using: a name in `recorder.RECORDERS`; empty: the first that is there. Raises GstraceError; then what stood at
    `output` still does, and the command has not run or been told to end.
    """
    if not command and not everything:
        raise UsageError("nothing to record", hint="say a command: gstrace record -o FILE -- CMD…; or all: -a")
    with Place(output) as place, Command(command) as held:
        tracefs = wanted.tracefs()
        names = wanted.events(tracefs)
        asked = Wanted(names, wanted.chains(names), everything, buffer, held.pid)
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
        recorded = Recorded(0, size, events, lost, _notes(counters, ending))
        return replace(recorded, status=held.status(ending))


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


def _notes(counters: Counters, ending: Ending) -> tuple[str, ...]:
    early = "the recorder was ended from outside: what came later is not recorded"
    none = f"no hardware count of ring transitions: {counters.why}"
    return (*([early] if ending.early else ()), *([none] if counters.why else ()))
