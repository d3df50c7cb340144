"""What the recorder itself did while it recorded (RULES T2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from gstrace.replay.select import counts, part
from gstrace.trace import Part
from gstrace.verdict.answer import entries_and_switches

if TYPE_CHECKING:
    from gstrace.replay.selection import Selection
    from gstrace.trace import Trace


class Tracer(NamedTuple):
    """The recorder's processes in a selection.

    names: of its threads. entries, switches: from user mode, and away from it. cpu: ns that it ran, over the whole
    recording; share: of the busy CPU time that is known, of which `unsure` is left out. None where nobody knows.
    """

    names: tuple[str, ...]
    threads: int
    entries: int
    switches: int
    cpu: int | None
    share: float | None
    unsure: int | None


NOBODY: Final = Tracer((), 0, 0, 0, 0, None, None)


def tracer(trace: Trace, selection: Selection) -> Tracer:
    """The recorder's part of a selection, whether or not that leaves it out."""
    if not trace.tracer.any():
        return NOBODY
    runtime = trace.runtime
    cells = Part(trace, replace(selection, without_tracer=False)).cells
    own = trace.threads.filter(trace.tracer)
    return Tracer(
        tuple(own["comm"].drop_nulls().unique().sort()),
        own.height,
        *entries_and_switches(counts(part(cells, trace.tracer[cells.thread]))),
        None if runtime is None else runtime.of(trace.tracer),
        None if runtime is None else runtime.share(trace.tracer),
        None if runtime is None else runtime.unsure,
    )
