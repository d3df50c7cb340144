"""What a recording holds of each class of events, as numbers; and how it decided where interrupts came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from gstrace.events.tables import EXCEPTIONS, VECTORS
from gstrace.replay.situations import Event, completions, decode, encode
from gstrace.verdict.classes import INTERRUPTS

if TYPE_CHECKING:
    import polars as pl

    from gstrace.pricing.bill import Counts
    from gstrace.trace import Trace

    LeftOpen = Callable[[Event, Mapping[str, str]], bool | None]

_NMI_OF_USER: Final = encode(Event.NMI, origin="user")


def recorded(trace: Trace) -> dict[str, int]:
    """How often each thing was recorded, in all of the recording, by the names of `classes.Class.recorded`."""
    rows, counts = trace.gst.manifest["rows"], trace.counts()
    return {
        "switch": rows["switch"],
        "sys_enter": rows["sys_enter"],
        "entry": sum(n * _entries(code) for code, n in counts.items()),
        "exception": sum(n for code, n in counts.items() if decode(code) == (Event.ENTRY, {"via": "exception"})),
        "NMI": sum(n for code, n in counts.items() if decode(code)[0] is Event.NMI),
        **{INTERRUPTS + vector: n for vector, n in interrupts(trace).items()},
        **_by_kind(trace.tables.exception, EXCEPTIONS),
        **_by_kind(trace.tables.task, ("fork", "exec", "exit")),
    }


def _entries(code: int) -> int:
    """Entries from user mode at a situation's likeliest completion, an NMI's included."""
    return sum(known == _NMI_OF_USER or decode(known)[0] is Event.ENTRY for known in completions(code)[0])


def _by_kind(table: pl.LazyFrame, kinds: tuple[str, ...]) -> dict[str, int]:
    import polars as pl

    found = table.group_by(pl.col("kind").cast(pl.String)).len().collect()
    return dict.fromkeys(kinds, 0) | {k: n for k, n in found.iter_rows() if k in kinds}


def interrupts(trace: Trace, *, telling: bool = False) -> dict[str, int]:
    """Vector → interrupts recorded; telling: those of them whose own record tells where they came from."""
    import polars as pl

    begun = trace.tables.irq.filter(pl.col("phase").cast(pl.String) != "exit")
    if telling:
        begun = begun.filter(pl.col("origin").cast(pl.String) != "unknown")
    keys = pl.col("kind").cast(pl.String), pl.col("irq"), pl.col("action")
    found = dict.fromkeys(VECTORS, 0)
    # Every handler of a shared line runs for each of its interrupts, with a row each (RULES T9).
    lines = begun.group_by(keys).len().group_by("kind", "irq").agg(pl.col("len").max())
    for vector, n in lines.group_by("kind").agg(pl.col("len").sum()).collect().iter_rows():
        found[vector] = n
    return found


class Decided(NamedTuple):
    """How many interrupts or NMIs the recording holds, by what told the mode that they hit.

    by_record: the event's own, by its call chain or by what it found held. by_state: the replay, by the thread's.
    """

    events: str
    by_record: int
    by_state: int
    open: int

    @property
    def total(self) -> int:
        return self.by_record + self.by_state + self.open


def origins(trace: Trace) -> tuple[Decided, Decided]:
    """Interrupts and NMIs of all of the recording: decided by their record, by the thread's state, or left open."""
    import polars as pl

    counts = trace.counts()
    telling = trace.tables.nmi.filter(pl.col("origin").cast(pl.String) != "unknown").select(pl.len()).collect().item()
    return (
        _decided("interrupts", counts, _interrupt, sum(interrupts(trace, telling=True).values())),
        _decided("NMIs", counts, _nmi, telling),
    )


def _decided(events: str, counts: Counts, left_open: LeftOpen, telling: int) -> Decided:
    found: dict[bool | None, int] = {}
    for code, n in counts.items():
        answer = left_open(*decode(code))
        found[answer] = found.get(answer, 0) + n
    known = found.get(False, 0)
    # Several handlers of one NMI have a row each, and are one.
    by_record = min(telling, known)
    return Decided(events, by_record, known - by_record, found.get(True, 0))


def _interrupt(event: Event, values: Mapping[str, str]) -> bool | None:
    """Whether it is an interrupt of unknown origin; None: no interrupt, or its other half."""
    if values.get("via") != "interrupt" or event in (Event.RETURN, Event.MAYBE_RETURN):
        return None
    return event is Event.INTERRUPT


def _nmi(event: Event, values: Mapping[str, str]) -> bool | None:
    return values["origin"] == "unknown" if event is Event.NMI else None
