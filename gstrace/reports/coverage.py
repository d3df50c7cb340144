"""What a recording saw, as rows, JSON and text: the certificate of `verdict/coverage.py`, and origins of interrupts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from gstrace.replay.selection import EVERYTHING
from gstrace.reports.numbers import count, interval, share
from gstrace.verdict.coverage import Certificate, Seen, certificate
from gstrace.verdict.observed import Decided, origins
from gstrace.verdict.unseen import Added, Pricer, outlasts, total

if TYPE_CHECKING:
    from gstrace.reports.asked import Answer
    from gstrace.reports.declare import Row
    from gstrace.verdict.answer import Priced


WAYS: Final = ("record", "thread state", "open")
"""What may tell the mode that an interrupt hit: its record, by call chain or by what it found held; the thread's state;
open: nothing does, and both are in the intervals.
"""


def pricers(answer: Answer) -> list[tuple[Priced, Pricer]]:
    return [(p, Pricer(p, answer.baseline, answer.ledger)) for p in answer.priced]


# ---- rows and JSON ----


def coverage_rows(answer: Answer) -> Iterator[Row]:
    """Each class once per scheme and microarchitecture."""
    each = pricers(answer)
    for seen in certificate(answer.trace).seen:
        for p, pricer in each:
            added = pricer.adds(seen)
            why = "; ".join(dict.fromkeys(filter(None, (seen.why, added.why))))
            yield {**_head(seen), "why": why or None, **p.who, "adds_low": added.low, "adds_high": added.high}


def _head(seen: Seen) -> Row:
    return {
        "class": seen.of.name,
        "observed": seen.observed,
        "inferred": seen.inferred,
        "independent": seen.independent,
        "ratio": seen.ratio,
        "source": seen.source or None,
        "counted": seen.of.counted,
    }


def origin_rows(answer: Answer) -> Iterator[Row]:
    """Interrupts and NMIs by what told the mode that they hit."""
    for d in origins(answer.trace):
        for way, n in zip(WAYS, (d.by_record, d.by_state, d.open), strict=True):
            yield {"class": d.events, "decided_by": way, "count": n, "share": n / d.total if d.total else None}


def coverage_json(answer: Answer) -> dict[str, Any]:
    """The answer's keys `coverage`, `coverage_notes` and `origins`."""
    seen, each = certificate(answer.trace), pricers(answer)
    return {
        "coverage": [
            {**_head(s), "why": s.why or None, "adds": [_added(p, pricer.adds(s)) for p, pricer in each]}
            for s in seen.seen
        ],
        "coverage_notes": list(seen.notes),
        "origins": list(origin_rows(answer)),
    }


def _added(p: Priced, added: Added) -> dict[str, Any]:
    return {**p.who, "low": added.low, "high": added.high, "why": added.why or None}


# ---- text ----


def coverage_text(answer: Answer) -> Iterator[str]:
    """A section of the answer in words."""
    known = certificate(answer.trace)
    yield "Coverage, of the whole recording:"
    yield from (f"  {_share(s)}" for s in known.seen if s.independent is not None and (s.observed or s.independent))
    quiet = [s.of.name for s in known.seen if s.independent == 0 and not s.observed]
    if quiet:
        yield f"  none recorded and none counted: {', '.join(quiet)}"
    yield from _unknown(known)
    yield from (f"  {line}" for line in _remarks(known.seen))
    yield from (f"  {note}" for note in known.notes)
    yield from _adds(answer, known)
    yield from (f"  {_origins(d)}" for d in origins(answer.trace) if d.total)


def _share(seen: Seen) -> str:
    numbers = f"{count(seen.observed)} recorded"
    if seen.ratio is None or seen.ratio > 1:
        numbers += f", {count(seen.independent)} counted in {seen.source}"
    else:
        numbers = f"{share(seen.ratio, seen.ratio)}, {numbers} of {count(seen.independent)} in {seen.source}"
    return f"{seen.of.name}: {numbers}{f', {count(seen.inferred)} more proven by other events' * bool(seen.inferred)}"


def _unknown(known: Certificate) -> Iterator[str]:
    """Classes that nobody else counted, those of one reason together; only the reason where it is so with all."""
    reasons: dict[str, list[str]] = {}
    for s in known.seen:
        if s.independent is None and (known.known or s.of.counters):
            reasons.setdefault(s.why, []).append(s.of.name)
    for why, names in reasons.items():
        yield f"  not known: {', '.join(names)}: {why}" if known.known else f"  not known: {why}"


def _remarks(seen: Iterable[Seen]) -> Iterator[str]:
    remarks: dict[str, list[str]] = {}
    for s in seen:
        if s.independent is not None and s.why:
            remarks.setdefault(s.why, []).append(s.of.name)
    yield from (f"{', '.join(names)}: {why}" for why, names in remarks.items())


def _adds(answer: Answer, known: Certificate) -> Iterator[str]:
    """What the unseen could add, by scheme; those that it adds nothing to are left out, as those without a price."""
    if not known.known:
        return
    yield "  what was not seen could add to a difference, in cycles over the recording (none of it is in the figures):"
    for p, pricer in pricers(answer):
        added = total(pricer, known.seen)
        if added.low or added.high:
            yield f"    {_who(answer, p)}: {interval(added.low, added.high)}{_verdict(answer, p, added)}"


def _who(answer: Answer, p: Priced) -> str:
    return p.scheme.name if len(answer.machines) == 1 else f"{p.scheme.name} on {p.machine.uarch.id}"


def _verdict(answer: Answer, p: Priced, added: Added) -> str:
    """What that does to the verdict, which is about the selection: said where that is the whole recording."""
    outlasted = outlasts(p, answer.ledger, added) if answer.selection == EVERYTHING else None
    if outlasted is None:
        return ""
    return f", {p.verdict.word} all the same" if outlasted else f", enough to leave {p.verdict.word} open"


def _origins(d: Decided) -> str:
    parts = (
        (d.by_record, "by call chain or what they found held"),
        (d.by_state, "by the thread's state"),
        (d.open, "open"),
    )
    told = ", ".join(f"{count(n)} {how} ({share(n / d.total, n / d.total)})" for n, how in parts if n)
    return f"where {d.events} came from: {told}"
