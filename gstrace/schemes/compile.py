"""From rules to bills: exactly one rule decides each situation, whatever the machine.

A bill depends on the event and on the few fields, parameters and facts that the event's rules look at; each such
combination is decided once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from gstrace.replay import situations
from gstrace.replay.situations import COMPOSITE, Event
from gstrace.schemes.document import Document, Rule, SchemeError
from gstrace.schemes.operations import INDEX, LEDGERS
from gstrace.schemes.words import EVENTS, FACTS, LEDGER, condition

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from gstrace.schemes.facts import Facts


class Bill(NamedTuple):
    """Counts of operations per ledger, each ≥ 1."""

    gs: Mapping[str, int]
    fs: Mapping[str, int]


@dataclass(frozen=True)
class Scheme:
    """A scheme with its parameters chosen. `name` is what the user asked for, NAME or NAME:param=value."""

    name: str
    document: Document
    parameters: Mapping[str, str]
    _bills: dict[tuple[object, ...], Bill] = field(default_factory=dict, init=False, repr=False, compare=False)
    _matrices: dict[tuple[object, ...], npt.NDArray[np.int64]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def id(self) -> str:
        return self.document.id

    @property
    def user_gs(self) -> bool:
        """Whether user code may change GS without the kernel."""
        return self.document.user_gs

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that these parameters leave."""
        return tuple(r for r in self.document.rules if _possible(r, self.parameters))

    @cached_property
    def depends(self) -> frozenset[str]:
        """The facts of `BillFacts` that any of its bills depends on."""
        return frozenset(name for rule in self.rules for name in rule.asks() if name in FACTS)

    @cached_property
    def _by_event(self) -> dict[Event, tuple[tuple[Rule, ...], tuple[str, ...]]]:
        return {event: _about(self.rules, event) for event in Event}

    def bill(self, code: int, facts: Facts) -> Bill:
        """What a known situation costs. Raises ValueError for an unknown one, or if a fact it depends on is unknown."""
        return self._bill(code, self.given(facts))

    def matrix(self, codes: Sequence[int], facts: Facts) -> npt.NDArray[np.int64]:
        """Bills of known situations, int64 [len(codes), ledger (gs, fs), operation (`operations.NAMES`)].

        Machines that this scheme cannot tell apart share one, so it is not to be changed. Raises as `bill`.
        """
        given = self.given(facts)
        key = (*(given.get(name) for name in sorted(self.depends)), tuple(codes))
        if key not in self._matrices:
            self._matrices[key] = self._spelt_out(codes, given)
        return self._matrices[key]

    def _spelt_out(self, codes: Sequence[int], given: Mapping[str, str]) -> npt.NDArray[np.int64]:
        import numpy as np

        bills = [self._bill(int(code), given) for code in codes]
        # Few bills differ: each is spelt out once.
        different = {id(bill): bill for bill in bills}
        rows = np.zeros((len(different), len(LEDGERS), len(INDEX)), np.int64)
        for row, bill in zip(rows, different.values(), strict=True):
            for counts, ops in zip(row, bill, strict=True):
                for op, n in ops.items():
                    counts[INDEX[op]] = n
        place = {bill: row for row, bill in enumerate(different)}
        return rows[np.array([place[id(bill)] for bill in bills], np.intp)]

    def given(self, facts: Facts) -> dict[str, str]:
        """Parameters and facts as conditions name them; an unknown fact is left out."""
        seen = facts.seen_by(user_gs=self.user_gs)._asdict()
        return {name: str(value).lower() for name, value in seen.items() if value is not None} | dict(self.parameters)

    def _bill(self, code: int, given: Mapping[str, str]) -> Bill:
        event, values = _known(code)
        rules, asked = self._by_event[event]
        try:
            key = (event, *(values[name] if name in values else given[name] for name in asked))
        except KeyError as e:
            raise ValueError(f"{self.name}: the bill depends on {e}, which nobody knows") from None
        if key not in self._bills:
            context = {**given, **values}
            self._bills[key] = _bill(_the_rule(self.document, rules, event, context, asked), event, context)
        return self._bills[key]

    def completions(self, facts: Facts) -> tuple[Facts, ...]:
        """Every machine that `facts` may mean, as far as this scheme's bills differ; the likeliest first."""
        return completions([self], facts)


def completions(schemes: Iterable[Scheme], facts: Facts) -> tuple[Facts, ...]:
    """Every machine that `facts` may mean, as far as any of the schemes' bills differ; the likeliest first.

    Differences between schemes are right only when both are billed on the same machine: ask for them together.
    """
    return facts.completions((s.user_gs, s.depends) for s in schemes)


def check_total(scheme: Scheme | Document) -> None:
    """See that exactly one rule matches each known situation, for all parameters and machine facts.

    Raises SchemeError that names the first situation without a rule, or with two, and says how many there are.
    """
    document = scheme.document if isinstance(scheme, Scheme) else scheme
    wrong = [problem for event in Event if event not in COMPOSITE for problem in _problems(document, event)]
    if wrong:
        more = f" ({len(wrong) - 1} more such)" if len(wrong) > 1 else ""
        raise SchemeError(f"{document.where}: {wrong[0]}{more}", hint="exactly one rule must match each situation")


def _problems(document: Document, event: Event) -> Iterator[str]:
    rules, asked = _about(document.rules, event)
    free = {name: p.values for name, p in document.parameters.items()} | FACTS
    inside = [name for name in asked if name not in free]
    outside = [name for name in asked if name in free]
    situated = {tuple(values[n] for n in inside): None for values in _known_values(event)}
    for values in product(situated, product(*(free[name] for name in outside))):
        context = dict(zip((*inside, *outside), (*values[0], *values[1]), strict=True))
        try:
            _the_rule(document, rules, event, context, asked)
        except SchemeError as e:
            yield e.what


def _known_values(event: Event) -> Iterator[Mapping[str, str]]:
    return (values for e, values in map(_known, situations.known_codes()) if e is event)


@cache
def _known(code: int) -> tuple[Event, Mapping[str, str]]:
    if code not in _KNOWN:
        raise ValueError(f"{situations.name(code)}: not a known situation; bill its completions")
    return situations.decode(code)


_KNOWN = frozenset(situations.known_codes())


def _about(rules: Iterable[Rule], event: Event) -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    """The rules about an event, and everything that they look at."""
    about = tuple(r for r in rules if event in r.events)
    return about, tuple(sorted(frozenset[str]().union(*(r.asks() for r in about))))


def _possible(rule: Rule, parameters: Mapping[str, str]) -> bool:
    return all(parameters[name] in values for name, values in rule.when.items() if name in parameters)


def _the_rule(
    document: Document, rules: Iterable[Rule], event: Event, context: Mapping[str, str], asked: Iterable[str]
) -> Rule:
    found = [r for r in rules if r.matches(context)]
    if len(found) == 1:
        return found[0]
    situation = f"{_words(event)}{''.join(f', {condition(n, [context[n]])}' for n in asked)}"
    if not found:
        raise SchemeError(f"not total: no rule of {document.id} for {situation}")
    rivals = " and ".join(f"{r.number} ({r.why})" for r in found)
    raise SchemeError(f"ambiguous: {situation} matches rules {rivals}")


def _words(event: Event) -> str:
    for name, by_ledger in EVENTS.items():
        for ledger, e in by_ledger.items():
            if e is event:
                return f"{name} {ledger}".strip()
    raise KeyError(event)


def _bill(rule: Rule, event: Event, context: Mapping[str, str]) -> Bill:
    ledger = LEDGER.get(event)
    costs = {"gs": rule.gs, "fs": rule.fs}
    return Bill(*({} if ledger not in {None, name} else dict(costs[name].counts(context)) for name in LEDGERS))
