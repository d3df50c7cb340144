"""A scheme in words: the bill of each situation, the rule behind it and where that comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from gstrace.errors import nearest
from gstrace.schemes.facts import Facts
from gstrace.schemes.operations import INDEX
from gstrace.schemes.words import EVENTS, TITLES, condition

if TYPE_CHECKING:
    from gstrace.schemes.compile import Scheme
    from gstrace.schemes.cost import Cost
    from gstrace.schemes.document import Rule

NOTHING = "nothing"


class Explained(NamedTuple):
    """One rule about one event. gs, fs: what it executes; empty where the rule is about the other base only."""

    event: str
    title: str
    when: str
    gs: str
    fs: str
    why: str
    source: str


def explain(scheme: Scheme, event: str | None = None, facts: Facts | None = None) -> list[Explained]:
    """Every rule that the scheme's parameters leave, by event; facts that are given and known decide what they can.

    Raises UsageError for an event that is none.
    """
    if event is not None and event not in EVENTS:
        raise nearest(event, list(EVENTS), what="event")
    given = scheme.given(facts or Facts())
    return [
        Explained(
            event=name,
            title=TITLES[name],
            when=_when(rule, given),
            gs=_ledger(rule, name, "gs", given),
            fs=_ledger(rule, name, "fs", given),
            why=rule.why,
            source=rule.source,
        )
        for name in ([event] if event else EVENTS)
        for rule in scheme.rules
        if name in rule.names and all(given.get(n, values[0]) in values for n, values in rule.when.items())
    ]


def _when(rule: Rule, given: Mapping[str, str]) -> str:
    met = [condition(name, values) for name, values in rule.when.items() if name not in given]
    spared = [condition(name, values) for name, values in rule.unless.items() if name not in given]
    unless = f"unless {' and '.join(spared)}" if spared else ""
    return "; ".join(filter(None, [", ".join(met), unless])) or "always"


def _ledger(rule: Rule, event: str, ledger: str, given: Mapping[str, str]) -> str:
    situation = EVENTS[event].get(ledger)
    if situation is not None and situation not in rule.events:
        return ""
    asked = {name: values[0] for name, values in rule.when.items() if len(values) == 1}
    cost = (rule.gs if ledger == "gs" else rule.fs).decided({**given, **asked})
    return _text(cost) or NOTHING


def _text(cost: Cost) -> str:
    """Operations in the order of a bill's columns, then those that depend on something, with what they depend on."""
    ops = sorted(cost.ops, key=INDEX.__getitem__)
    parts = [f"{cost.ops[op]} × {op}" if cost.ops[op] > 1 else op for op in ops]
    for times, choice in cost.choices:
        alike: dict[str, list[str]] = {}
        for value, option in choice.options.items():
            alike.setdefault(_text(option * times), []).append(value)
        if len(alike) == 1:
            parts.extend(alike)
            continue
        for text, values in alike.items():
            if text:
                link = "and" if " if " in text and ", " not in text else "if"
                parts.append(f"{f'({text})' if ', ' in text else text} {link} {condition(choice.by, values)}")
    return ", ".join(filter(None, parts))
