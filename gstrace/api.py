"""What the commands and notebooks call: open a recording, ask what-if, make reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gstrace.errors import NothingToPrice, UsageError, nearest
from gstrace.replay.selection import EVERYTHING, Selection
from gstrace.trace import Trace

if TYPE_CHECKING:
    import polars as pl

    from gstrace.record.session import Recorded
    from gstrace.reports.table import Table
    from gstrace.samples import Sample
    from gstrace.schemes.compile import Scheme
    from gstrace.trace import Part
    from gstrace.verdict.answer import Machine, Priced
    from gstrace.verdict.question import Place, Question

__all__ = [
    "Answer",
    "Selection",
    "Trace",
    "check",
    "explain",
    "ingest",
    "open",
    "record",
    "report",
    "sample",
    "scheme",
    "schemes",
    "uarch",
    "uarchs",
    "what_if",
]


def record(
    output: str | Path,
    command: Sequence[str] = (),
    *,
    everything: bool = False,
    duration: float | None = None,
    using: str = "",
    buffer: int | None = None,
) -> Recorded:
    """Record a command, or `everything` on this machine, with what a full answer needs. Raises GstraceError.

    duration: seconds at most. using: `recorder_names()`; default: the first that is installed. buffer: bytes per CPU.
    Writes `output` in the recorder's own format and `output`.machine/ beside it; `.status` is the command's.
    """
    from gstrace.record import session

    place = Path(output)
    return session.record(place, command, everything=everything, duration=duration, using=using, buffer=buffer)


def ingest(
    trace: str | Path,
    output: str | Path | None = None,
    *,
    force: bool = False,
    machine: str | Path | None = None,
    input_format: str = "",
    quiet: bool = False,
) -> Trace:
    """A recording (`-`: standard input) → a `.gst` directory, opened. Raises GstraceError; see docs/contract.md."""
    from gstrace import ingest as work
    from gstrace.importers.source import Source

    place = Path(output) if output else destination(trace)
    folder = Path(machine) if machine else None
    with Source(trace) as source:
        return Trace(work.ingest(source, place, force=force, machine=folder, wanted=input_format, quiet=quiet))


def destination(trace: str | Path) -> Path:
    """Where `ingest` puts a recording's `.gst`: `perf.data` → `perf.gst` beside it. Raises UsageError for `-`."""
    if str(trace) == "-":
        raise UsageError("a recording from standard input has no name", hint="say where to put it: -o NAME.gst")
    path = Path(trace)
    return path.parent / f"{path.stem}.gst"


def open(  # noqa: A001  (the word for it, as in gzip.open)
    path: str | Path | None = None, *, machine: str | Path | None = None, input_format: str = "", quiet: bool = True
) -> Trace:
    """A `.gst`, or a recording (ingested into a cache on the way); no path: the newest `.gst` in this folder."""
    from gstrace.store.gst import Gst

    place = newest(Path()) if path is None else Path(path)
    # A directory of `perf record --threads` is a recording.
    if place.is_dir() and not (place / "data").is_file():
        return Trace(Gst(place), machine=Path(machine) if machine else None)
    from gstrace import shelf

    return Trace(shelf.take(path or place, Path(machine) if machine else None, input_format, quiet=quiet))


def newest(folder: Path) -> Path:
    """The `.gst` in a folder that was written last. Raises UsageError where there is none."""
    found = [p for p in folder.glob("*.gst") if p.is_dir()]
    if not found:
        hint = "`gstrace ingest perf.data` makes one; `gstrace demo` needs none"
        raise UsageError("no .gst in this folder", hint=hint)
    return max(found, key=lambda p: (p.stat().st_mtime_ns, p.name))


@dataclass(frozen=True)
class Answer:
    """What-if, answered. `to_json()` is the whole; `table()` one row a scheme; `to_parquet(folder)` every report."""

    trace: Trace
    question: Question
    part: Part
    baseline_why: str
    machines: Sequence[Machine]
    priced: Sequence[Priced]
    command: str = ""

    @property
    def selection(self) -> Selection:
        """The part of the recording that was asked about."""
        return self.question.selection

    @property
    def counts(self) -> Mapping[int, int]:
        """Situation → how often, in that part."""
        return self.part.counts

    @property
    def ledger(self) -> str:
        """Which base the figures are for."""
        return self.question.ledger

    @property
    def baseline(self) -> Scheme:
        """The scheme that others are compared with."""
        return self.question.baseline

    def to_json(self) -> dict[str, Any]:
        """The answer as docs/contract.md and schemas/what-if.v1.json state it."""
        from gstrace.reports.answer import answer_json

        return answer_json(self)

    def table(self) -> pl.DataFrame:
        """One row per scheme and microarchitecture: difference, verdict, cycles."""
        return self.report("summary").rows

    def to_parquet(self, folder: str | Path) -> list[Path]:
        """Write every report table as `folder/KIND.parquet`. → the files."""
        from gstrace.reports.tables import write_all

        return write_all(self, Path(folder))

    def report(self, kind: str) -> Table:
        """One report as a table (`reports.tables.REPORTS` has the kinds). Raises UsageError for a kind that is none."""
        from gstrace.reports.tables import build

        return build(kind, self)

    def events(self) -> Iterator[pl.DataFrame]:
        """Each event of the selection re-priced: the rows of `report events`, in pieces that fit in memory."""
        from gstrace.reports.events import frames

        return frames(self)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def text(self, width: int = 0) -> str:
        """The answer in words, wrapped at a number of columns (0: 80)."""
        from gstrace.reports.text import WIDTH, answer_text

        return answer_text(self, width or WIDTH)

    def __str__(self) -> str:
        return self.text()


def what_if(
    trace: Trace | str | Path | None = None,
    schemes: Iterable[str] = ("all",),
    *,
    baseline: str = "",
    uarch: str | Iterable[str] = (),
    ledger: str = "both",
    abi: str = "asis",
    window: str = "",
    selection: Selection = EVERYTHING,
    assume: Mapping[str, str] | None = None,
    command: str = "",
) -> Answer:
    """Re-price a recording under every scheme. Raises UsageError for unknown names, NothingToPrice for no events.

    schemes, uarch: names, globs, `all`, files; schemes also NAME:param=value. baseline: default the scheme that the
    recorded kernel ran where that can be told, else swapgs. uarch: default by CPUID, else generic. abi: a recorded
    arch_prctl as the call it was (asis), or as the instruction (inst). assume: by name (`report assumptions`).
    """
    from gstrace.verdict.question import Question

    recording = trace if isinstance(trace, Trace) else open(trace)
    if window:
        selection = replace(selection, window=window)
    wanted = _chosen(schemes, ledger, abi)
    refuse_foreign(recording)
    refuse_incomplete(recording)
    base, why = baseline_of(recording, baseline)
    by_name = {s.name: s for s in wanted}
    if by_name.setdefault(base.name, base).document.where != base.document.where:
        raise UsageError(f"{by_name[base.name].document.where} and {base.document.where} both have the id {base.id}")
    places = places_for(recording, [uarch] if isinstance(uarch, str) and uarch else uarch or ())
    question = Question(tuple(by_name.values()), base, places, selection, ledger, abi, dict(assume or {}))
    machines, part = question.machines(recording.capture), question.part(recording)
    if not part.counts:
        raise NothingToPrice("the selection holds no event that a scheme could be billed for")
    return Answer(recording, question, part, why, machines, question.priced(part.counts, machines), command)


def _chosen(schemes: Iterable[str], ledger: str, abi: str) -> tuple[Scheme, ...]:
    """The schemes asked for. Raises UsageError for names that are none, and where the ABI mode leaves no scheme."""
    from gstrace.pricing.difference import LEDGER_SETS
    from gstrace.schemes import library
    from gstrace.schemes.abi import ABIS, FAULTS

    if ledger not in LEDGER_SETS:
        raise nearest(ledger, list(LEDGER_SETS), what="ledger")
    if abi not in ABIS:
        raise nearest(abi, list(ABIS), what="ABI mode")
    wanted = library.expand([schemes] if isinstance(schemes, str) else schemes)
    if abi == "inst" and not any(scheme.user_gs for scheme in wanted):
        raise UsageError(f"--abi inst: {', '.join(s.name for s in wanted)}: {FAULTS}")
    return wanted


def report(kind: str, answer: Answer) -> Table:
    """One report of an answer as a table. Raises UsageError for a kind that is none."""
    return answer.report(kind)


def events(answer: Answer) -> Iterator[pl.DataFrame]:
    """The rows of `report events` in pieces: every event of the selection, re-priced."""
    return answer.events()


def event_text(answer: Answer, form: str) -> Iterator[str]:
    """`report events` as text in pieces; form: table, json, csv or md."""
    from gstrace.reports import stream

    return stream.event_text(answer, form)


def refuse_foreign(trace: Trace) -> None:
    """Raise NothingToPrice for a recording of another architecture."""
    architecture = trace.capture.text("architecture")
    if architecture not in ("", "x86_64", "amd64"):
        raise NothingToPrice(f"the recording is of {architecture}: the schemes do not apply, they are of x86-64")


def refuse_incomplete(trace: Trace) -> None:
    """Raise NothingToPrice for a recording without the events that every bill needs."""
    lacking = [wanted for wanted in trace.not_recorded if wanted.needed]
    if lacking:
        from gstrace.events.recorders import record_line

        line = record_line(trace.gst.manifest["format"], [wanted.tracepoints[0] for wanted in lacking])
        raise NothingToPrice(
            f"the recording has no {', no '.join(w.name for w in lacking)}: without them no bill can be counted",
            hint=f"record these too: {line}",
        )


def baseline_of(trace: Trace, asked: str = "") -> tuple[Scheme, str]:
    """The scheme that others are compared with, and why that one."""
    from gstrace.schemes import library
    from gstrace.uarchs import load
    from gstrace.uarchs.facts import recorded_scheme, resolve

    if asked:
        return library.parse(asked), "asked for"
    matched, _ = load.match(trace.capture)
    name, why = recorded_scheme(trace.capture, resolve(trace.capture, matched, named=False, assume={}))
    if name is None:
        return library.parse("swapgs"), f"no recorded scheme to compare with: {why}"
    return library.parse(name), f"what the recorded kernel ran: {why}"


def places_for(trace: Trace, asked: Iterable[str] = ()) -> tuple[Place, ...]:
    """The microarchitectures to price on: those asked for, else the recorded one."""
    from gstrace.uarchs import load
    from gstrace.verdict.question import Place

    if names := list(asked):
        return tuple(Place(uarch, "asked for", named=True) for uarch in load.select(names))
    return (Place(*load.match(trace.capture), named=False),)


def machines_for(trace: Trace, asked: Iterable[str] = (), assume: Mapping[str, str] | None = None) -> list[Machine]:
    """What is known of the machine on each microarchitecture to price on."""
    from gstrace.verdict.question import machines

    return machines(trace.capture, places_for(trace, asked), assume or {})


# ---- what needs no recording, and loads no heavy package ----


def check_names(
    schemes: Iterable[str] = (),
    uarchs: Iterable[str] = (),
    baseline: str = "",
    abi: str = "asis",
    assume: Mapping[str, str] | None = None,
) -> None:
    """Raise UsageError for a name that does not exist, before anything long begins."""
    from gstrace.schemes import library
    from gstrace.uarchs import load

    _chosen(schemes or ("all",), "both", abi)
    if assume:
        from gstrace.verdict.assumptions import assumed

        assumed(assume)
    load.select(uarchs)
    if baseline:
        library.parse(baseline)


def check_format(trace: str | Path, input_format: str = "") -> None:
    """Raise UsageError for a recording that is not there, UnreadableInput for one of no known format."""
    from gstrace.importers.registry import find
    from gstrace.importers.source import Source

    with Source(trace) as source:
        find(source, input_format)


def recorder_names() -> tuple[str, ...]:
    from gstrace.record.recorder import RECORDERS

    return tuple(RECORDERS)


def scheme_names() -> tuple[str, ...]:
    from gstrace.schemes import library

    return library.names()


def uarch_names() -> tuple[str, ...]:
    from gstrace.uarchs import load

    return load.names()


def event_names() -> tuple[str, ...]:
    """The events that a scheme has rules for."""
    from gstrace.schemes.words import EVENTS

    return tuple(EVENTS)


def schemes() -> list[dict[str, Any]]:
    """One row per scheme."""
    from gstrace import catalogue

    return catalogue.schemes()


def scheme(name: str) -> dict[str, Any]:
    """One scheme in full: NAME, NAME:param=value or a file."""
    from gstrace import catalogue

    return catalogue.scheme(name)


def uarchs() -> list[dict[str, Any]]:
    """One row per microarchitecture."""
    from gstrace import catalogue

    return catalogue.uarchs()


def uarch(name: str) -> dict[str, Any]:
    """One microarchitecture in full, a name or a file: prices and facts, each with its source."""
    from gstrace import catalogue

    return catalogue.uarch(name)


def explain(scheme: str, event: str = "") -> list[dict[str, Any]]:
    """What a scheme executes in each situation, in words, with reason and source; of one event if it is named."""
    from gstrace import catalogue

    return catalogue.bills(scheme, event)


def sample() -> Sample:
    """The recording that comes with gstrace."""
    from gstrace import samples

    return samples.find()


def check() -> Iterator[dict[str, str]]:
    """What this installation can prove of itself, one row per proof: check, result (`ok`, `FAILED`), detail."""
    from gstrace import check as proofs

    return proofs.check()
