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
IMPOSSIBLE: Final = "the snapshots enclose the recording, so this cannot be"
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
    numbers, partial, around = recorded(trace), partly(trace), margins(trace)
    enclosed = around is not None and min(around) >= 0
    seen = []
    for of in CLASSES:
        inferred = trace.gst.manifest["inferred_switches"] if of.name == "context switches" else 0
        observed = sum(numbers[name] for name in of.recorded)
        independent, source, why = _independent(of, trace.snapshots, partial)
        if independent is not None:
            why = _remark(of, observed, inferred, independent, enclosed=enclosed)
        seen.append(Seen(of, observed, inferred, independent, source, why))
    known = any(s.independent is not None for s in seen)
    return Certificate(tuple(seen), tuple(_notes(trace, around)) if known else ())


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


def _remark(of: Class, observed: int, inferred: int, independent: int, *, enclosed: bool) -> str:
    """enclosed: whether the snapshots are known to have been taken before and after."""
    if observed > independent:
        reasons = [*([] if enclosed else [NOT_ENCLOSED]), *([of.more] if of.more else [])]
        return f"more were recorded than counted: {', or '.join(reasons) or IMPOSSIBLE}"
    proven = min(inferred, independent - observed)
    if proven:
        lacking = independent - observed
        return f"of {lacking:,} that were not recorded other events prove {proven:,}: those are in the bill"
    return ""


def partly(trace: Trace) -> str:
    """Why the recording is not of the whole machine; empty where it is, or may be."""
    if "chosen" in trace.gst.table(Kind.LOSS).column("kind").to_pylist():
        return "only some threads or CPUs were recorded"
    if trace.snapshots.whole is not None:
        return "" if trace.snapshots.whole else "only some threads were recorded"
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


def blind_when_idle(trace: Trace) -> list[int]:
    """CPUs that went idle more than once, and of which neither a switch out of idle nor an interrupt of the idle thread
    is recorded: a kernel that hides all that happens there (RULES T10).
    """
    import polars as pl

    idle, went = pl.col("tid") == 0, pl.len() > 1
    entered = trace.tables.switch.filter(pl.col("next_tid") == 0).group_by("cpu").agg(went.alias("went"))
    seen = [
        trace.tables.switch.filter(pl.col("prev_tid") == 0).select("cpu"),
        *(table.filter(idle).select("cpu") for table in (trace.tables.irq, trace.tables.nmi)),
    ]
    blind = entered.filter("went").join(pl.concat(seen), on="cpu", how="anti")
    return sorted(blind.select("cpu").collect()["cpu"].to_list())


def _command(trace: Trace) -> list[str]:
    return trace.capture.text("recorder_command").split()


def _notes(trace: Trace, around: tuple[int, int] | None) -> Iterator[str]:
    words = set(_command(trace))
    shown = trace.snapshots.whole or (not _SOME_CPUS & words and bool(_ALL_CPUS & words or idle_traced(trace)))
    if not shown:
        yield "the shares hold if the whole machine was recorded, which the recording does not show"
    if _OWN in words:
        yield f"events of the recorder itself were left out ({_OWN}); the independent counts have them"
    if blind := ", ".join(map(str, blind_when_idle(trace))):
        yield (
            f"nothing that happens on CPU {blind} while it idles is recorded: interrupts of an idle CPU are among the "
            "unseen, switches out of idle are inferred"
        )
    if trace.losses:
        yield "events that the recorder lost are among the unseen, and in every interval already"
    if around is None:
        yield "when the snapshots were taken is not known on the trace's clock: the recording may be longer, or shorter"
    elif min(around) < 0:
        yield "a snapshot was taken while the recording ran: events may be recorded that the counts do not have"
    else:
        before, after = (f"{ns / 1e6:.3f} ms" for ns in around)
        yield f"the snapshots enclose the recording and {before} before it, {after} behind it: the unseen may lie there"


def margins(trace: Trace) -> tuple[int, int] | None:
    """From the first snapshot to the first event, and from the last event to the last snapshot, in ns; negative where
    the event was earlier, or later. None: nobody knows.
    """
    times, events = trace.snapshots.stretch, trace.gst.span()
    if times is None or events is None or trace.capture.text("clock") not in _SAME_CLOCK:
        return None
    return events[0] - times[0], times[1] - events[1]
