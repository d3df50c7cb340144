"""What a recording saw of each class of events, by counts that do not depend on it.

All of it is about the whole recording, whatever the selection.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gstrace.events.tables import Kind
from gstrace.verdict.classes import CLASSES, Class
from gstrace.verdict.observed import recorded

if TYPE_CHECKING:
    from gstrace.events.snapshots import Count, Snapshots
    from gstrace.trace import Trace


NO_SNAPSHOTS: Final = "the kernel's own counts from before and after the recording are not there"
NOT_COUNTED: Final = "the snapshots have no count of them"
NOT_ENCLOSED: Final = "the snapshots do not enclose the recording"
_SAME_CLOCK: Final = ("monotonic", "mono")
"""Trace clocks that are CLOCK_MONOTONIC, as the snapshots' times are."""
# Options of perf record, as its own header has them.
_ALL_CPUS: Final = {"-a", "--all-cpus"}
_SOME_CPUS: Final = {"-C", "--cpu"}
_MAYBE_ALL: Final = re.compile(r"--all-cpus|-\w*a\w*")
_OWN: Final = "--exclude-perf"


@dataclass(frozen=True)
class Seen:
    """One class: what the recording holds, what its events prove besides, and what others counted (None: nobody).

    source: the files of the independent count. why: what there is to say about these numbers, as a sentence, or empty.
    """

    of: Class
    observed: int
    inferred: int
    independent: int | None
    source: str
    why: str

    @property
    def ratio(self) -> float | None:
        """The share that was recorded; None where nobody knows, or nothing happened."""
        return self.observed / self.independent if self.independent else None

    @property
    def unseen(self) -> int | None:
        """How many are in no figure: neither recorded nor proven by other events."""
        if self.independent is None:
            return None
        return max(0, self.independent - self.observed - self.inferred)


@dataclass(frozen=True)
class Certificate:
    """Every class, and what is to be known about all of them, as sentences."""

    seen: tuple[Seen, ...]
    notes: tuple[str, ...]

    @property
    def known(self) -> bool:
        """Whether anything independent is known at all."""
        return any(s.independent is not None for s in self.seen)


def certificate(trace: Trace) -> Certificate:
    """What the recording saw. Where not all of the machine was recorded nothing can be compared."""
    numbers, inferred = recorded(trace), trace.gst.manifest["inferred_switches"]
    partial = partly(trace)
    snapshots = trace.snapshots
    seen = tuple(
        _seen(of, sum(numbers[name] for name in of.recorded), inferred if of.name == "context switches" else 0, *known)
        for of in CLASSES
        for known in [_independent(of, snapshots, partial)]
    )
    return Certificate(seen, tuple(_notes(trace)) if any(s.independent is not None for s in seen) else ())


def _independent(of: Class, snapshots: Snapshots, partial: str) -> tuple[int | None, str, str]:
    """The independent count, its files, and why there is none."""
    if not of.counters:
        return None, "", of.counted
    if partial:
        return None, "", partial
    if not snapshots.counts:
        return None, "", NO_SNAPSHOTS
    found = {name: snapshots.counts[name] for name in of.counters if name in snapshots.counts}
    if not found:
        return None, "", NOT_COUNTED
    files = ", ".join(dict.fromkeys(count.source for count in found.values()))
    total, why = _sum(found)
    return total, files, why


def _sum(counts: dict[str, Count]) -> tuple[int | None, str]:
    for name, count in counts.items():
        if count.value is None:
            return None, f"{name} in {count.source}: {count.why}"
    return sum(count.value or 0 for count in counts.values()), ""


def _seen(of: Class, observed: int, inferred: int, independent: int | None, source: str, why: str) -> Seen:
    if independent is not None:
        why = _remark(of, observed, inferred, independent)
    return Seen(of, observed, inferred, independent, source, why)


def _remark(of: Class, observed: int, inferred: int, independent: int) -> str:
    if observed > independent:
        return f"more were recorded than counted: {' or '.join(filter(None, (NOT_ENCLOSED, of.more)))}"
    proven = min(inferred, independent - observed)
    if proven:
        lacking = independent - observed
        return f"of {lacking:,} that were not recorded other events prove {proven:,}: those are in the bill"
    return ""


def partly(trace: Trace) -> str:
    """Why the recording is not of the whole machine; empty where it is, or may be."""
    if "chosen" in trace.gst.table(Kind.LOSS).column("kind").to_pylist():
        return "only some threads or CPUs were recorded"
    program, *options = _command(trace) or [""]
    by_perf = program.rpartition("/")[2].startswith("perf")
    if by_perf and not any(map(_MAYBE_ALL.fullmatch, options)) and not idle_traced(trace):
        return "only some threads were recorded: perf ran without -a"
    return ""


def idle_traced(trace: Trace) -> bool:
    """Whether an interrupt of an idle CPU is there: then the recorder followed CPUs and not threads."""
    import polars as pl

    idle = (table.filter(pl.col("tid") == 0).select("tid").head(1) for table in (trace.tables.irq, trace.tables.nmi))
    return any(found.collect().height for found in idle)


def _command(trace: Trace) -> list[str]:
    return trace.capture.text("recorder_command").split()


def _notes(trace: Trace) -> Iterator[str]:
    words = set(_command(trace))
    if _SOME_CPUS & words or not (_ALL_CPUS & words or idle_traced(trace)):
        yield "the shares hold if the whole machine was recorded, which the recording does not show"
    if _OWN in words:
        yield f"the recorder's own events were left out ({_OWN}), and are in the independent counts"
    if trace.losses:
        yield "events that the recorder lost are among the unseen, and in every interval already"
    yield _stretch(trace)


def _stretch(trace: Trace) -> str:
    """How the time between the snapshots relates to the recording's."""
    times, events = trace.snapshots.stretch, trace.gst.span()
    if times is None or events is None or trace.capture.text("clock") not in _SAME_CLOCK:
        return (
            "when the snapshots were taken is not known on the trace's clock: the recording may be longer, or shorter"
        )
    before, after = events[0] - times[0], times[1] - events[1]
    if before < 0 or after < 0:
        return "a snapshot was taken while the recording ran: events may be recorded that the counts do not have"
    return (
        f"the snapshots are {(times[1] - times[0]) / 1e9:.6f} s apart, {before / 1e6:.3f} ms of it before the first "
        f"event and {after / 1e6:.3f} ms behind the last: what happened there is among the unseen"
    )
