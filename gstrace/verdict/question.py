"""What is asked of a recording, as values; asking it again with one assumption flipped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from gstrace.trace import Part
from gstrace.verdict.answer import Desk, Machine, Priced, machine
from gstrace.verdict.assumptions import Assumption, assumed, assumptions

if TYPE_CHECKING:
    from gstrace.events.capture import Capture
    from gstrace.replay.selection import Selection
    from gstrace.schemes.compile import Scheme
    from gstrace.trace import Trace
    from gstrace.uarchs.uarch import Uarch


class Place(NamedTuple):
    """A microarchitecture to price on, why this one, and whether the user named it."""

    uarch: Uarch
    why: str
    named: bool


@dataclass(frozen=True)
class Question:
    """Which schemes, against which baseline, on which CPUs, of which part, taking what for granted.

    abi: `schemes.abi.ABIS`. assume: `--assume`, by name.
    """

    schemes: tuple[Scheme, ...]
    baseline: Scheme
    places: tuple[Place, ...]
    selection: Selection
    ledger: str = "both"
    abi: str = "asis"
    assume: Mapping[str, str] = field(default_factory=dict)

    def part(self, trace: Trace) -> Part:
        """The part of a recording that is asked about, counted as assumed."""
        taken = assumed(self.assume)
        return Part(trace, self.selection, taken.options, taken.rules)

    def machines(self, capture: Capture) -> list[Machine]:
        """What is known of the machine on each microarchitecture."""
        return machines(capture, self.places, self.assume)

    def priced(self, counts: Mapping[int, int], machines: Sequence[Machine]) -> list[Priced]:
        """Every scheme on every machine."""
        desks = [Desk(on, self.baseline, counts, self.ledger, self.abi) for on in machines]
        return [desk.priced(scheme) for desk in desks for scheme in self.schemes]

    def assumptions(self, capture: Capture, machines: Sequence[Machine]) -> list[Assumption]:
        """Everything that the answer takes for granted."""
        return assumptions(capture, [m.known for m in machines], self.assume)


def machines(capture: Capture, places: Iterable[Place], assume: Mapping[str, str]) -> list[Machine]:
    """What is known of the machine at each place. Raises UsageError for an assumption that is none."""
    facts = assumed(assume).facts
    return [machine(capture, p.uarch, p.why, named=p.named, assume=facts) for p in places]


class Flip(NamedTuple):
    """One assumption with another value, and what a scheme's price would be then; `other` None: it has none."""

    assumption: Assumption
    other: str | None
    after: Priced | None
    before: Priced


def flips(question: Question, trace: Trace, machines: Sequence[Machine], before: Sequence[Priced]) -> Iterator[Flip]:
    """Each assumption at each other value, for each scheme and machine."""
    counts = question.part(trace).counts
    for assumption in question.assumptions(trace.capture, machines):
        if not assumption.others:
            yield from (Flip(assumption, None, None, priced) for priced in before)
        for other in assumption.others:
            flipped = replace(question, assume={**question.assume, assumption.name: other})
            counted, on = flipped.part(trace).counts, flipped.machines(trace.capture)
            same = counted == counts and [m.facts for m in on] == [m.facts for m in machines]
            after = before if same else flipped.priced(counted, on)
            yield from (Flip(assumption, other, b, a) for b, a in zip(after, before, strict=True))
