"""A scheme's TOML file, checked: parameters, sequences, rules. What is wrong is said with file and rule number.

id, title, description    words
user_gs                   whether user code may change GS without the kernel
needs                     CPU features without which the scheme cannot run
[parameters.NAME]         values, default, meaning
[sequence.NAME]           counts of operations and sequences; or `by` and a table of counts for each of its values
[[rule]]                  when, unless (conditions); gs, fs (counts); why, source
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from gstrace.errors import UsageError, nearest
from gstrace.schemes.cost import Choice, Cost
from gstrace.schemes.operations import LEDGERS, NAMES
from gstrace.schemes.words import EVENTS, FACTS, LEDGER, common_fields

if TYPE_CHECKING:
    from gstrace.replay.situations import Event

T = TypeVar("T")
Table = dict[str, Any]
Conditions = Mapping[str, tuple[str, ...]]

KEYS: Final = ("id", "title", "description", "user_gs", "needs", "parameters", "sequence", "rule")
RULE_KEYS: Final = ("when", "unless", "gs", "fs", "why", "source")
FEATURES: Final = ("fsgsbase", "fred", "lkgs", "rdpid")


class SchemeError(UsageError):
    """A scheme's file is no scheme, or not a total one."""


@dataclass(frozen=True)
class Parameter:
    values: tuple[str, ...]
    default: str
    meaning: str


@dataclass(frozen=True)
class Rule:
    """One row of a scheme's table. A situation matches if it meets all of `when` and not all of `unless`.

    number: place in the file, from 1. names: the events as the file names them. events: the situations they stand for.
    when, unless: values by field, parameter or fact ("true", "false").
    """

    number: int
    names: tuple[str, ...]
    events: frozenset[Event]
    when: Conditions
    unless: Conditions
    gs: Cost
    fs: Cost
    why: str
    source: str

    def matches(self, context: Mapping[str, str]) -> bool:
        return _meets(self.when, context) and not (self.unless and _meets(self.unless, context))

    def asks(self) -> frozenset[str]:
        """The fields, parameters and facts that it, or a sequence in its bill, looks at."""
        return frozenset({*self.when, *self.unless}) | self.gs.asks() | self.fs.asks()


def _meets(conditions: Conditions, context: Mapping[str, str]) -> bool:
    return all(context[name] in values for name, values in conditions.items())


@dataclass(frozen=True)
class Document:
    """A checked file. `where` names it in messages."""

    where: str
    id: str
    title: str
    description: str
    user_gs: bool
    needs: tuple[str, ...]
    parameters: Mapping[str, Parameter]
    rules: tuple[Rule, ...]


def read(text: str, where: str, shared: str = "") -> Document:
    """A scheme from the text of its file; `shared` holds sequences it may use. Raises SchemeError."""
    doc = _toml(text, where)
    _only(doc, KEYS, where)
    parameters = {name: _parameter(p, f"{where}: parameter {name}") for name, p in _tables(doc, "parameters", where)}
    sequences = {**_toml(shared, where).get("sequence", {}), **dict(_tables(doc, "sequence", where))}
    rules = doc.get("rule", [])
    if not isinstance(rules, list) or not rules:
        raise SchemeError(f"{where}: no [[rule]]")
    reader = _Rules(where, parameters, sequences)
    return Document(
        where=where,
        id=_text(doc, "id", where),
        title=_text(doc, "title", where),
        description=_text(doc, "description", where),
        user_gs=_typed(doc, "user_gs", bool, where),
        needs=tuple(_one_of(n, FEATURES, where, "CPU feature") for n in _strings(doc, "needs", where, default=())),
        parameters=parameters,
        rules=tuple(reader.rule(number, rule) for number, rule in enumerate(rules, 1)),
    )


@dataclass(frozen=True)
class _Rules:
    """Reads the rules of one file, which may use its parameters and sequences."""

    where: str
    parameters: Mapping[str, Parameter]
    sequences: Mapping[str, Table]

    def rule(self, number: int, rule: object) -> Rule:
        where = f"{self.where}: rule {number}"
        rule = _table(rule, where)
        _only(rule, RULE_KEYS, where)
        when = dict(_table(rule.get("when", {}), f"{where}: when"))
        names = tuple(_one_of(n, EVENTS, where, "event") for n in _strings(when, "event", f"{where}: when"))
        ledgers = tuple(_one_of(n, LEDGERS, where, "ledger") for n in _strings(when, "ledger", where, default=()))
        events = frozenset(_situations(names, ledgers, where))
        values = self._values(events)
        for ledger in LEDGERS:
            if rule.get(ledger) and not any(LEDGER.get(event, ledger) == ledger for event in events):
                raise SchemeError(f"{where}: bills {ledger}, but none of its situations has that ledger")
        conditions = {name: asked for name, asked in when.items() if name not in {"event", "ledger"}}
        return Rule(
            number=number,
            names=names,
            events=events,
            when=_conditions(conditions, values, f"{where}: when"),
            unless=_conditions(_table(rule.get("unless", {}), f"{where}: unless"), values, f"{where}: unless"),
            gs=self._cost(rule.get("gs", {}), values, f"{where}: gs"),
            fs=self._cost(rule.get("fs", {}), values, f"{where}: fs"),
            why=_text(rule, "why", where),
            source=_text(rule, "source", where),
        )

    def _values(self, events: Iterable[Event]) -> dict[str, tuple[str, ...]]:
        """Everything that a rule about these situations may ask, with the values it may ask for."""
        fields = {name: f.known for name, f in common_fields(events).items()}
        parameters = {name: p.values for name, p in self.parameters.items()}
        for name in parameters:
            if name in fields or name in FACTS:
                raise SchemeError(f"{self.where}: parameter {name} has the name of a field or machine fact")
        return {**fields, **FACTS, **parameters}

    def _cost(self, counts: object, values: Mapping[str, tuple[str, ...]], where: str, depth: int = 0) -> Cost:
        if depth > 8:
            raise SchemeError(f"{where}: sequences go round in a circle")
        ops, choices = Cost.NOTHING, []
        for name, count in _table(counts, where).items():
            if type(count) is not int or count < 1:
                raise SchemeError(f"{where}: {name} = {count!r} is no count (a whole number from 1)")
            if name in NAMES:
                ops += Cost({name: count})
                continue
            sequence = self.sequences[_one_of(name, [*NAMES, *self.sequences], where, "operation or sequence")]
            inside = f"{where}: sequence {name}"
            if "by" in sequence:
                choices.append((count, self._choice(sequence, values, inside, depth)))
            else:
                ops += self._cost(sequence, values, inside, depth + 1) * count
        return ops + Cost({}, tuple(choices))

    def _choice(self, sequence: Table, values: Mapping[str, tuple[str, ...]], where: str, depth: int) -> Choice:
        by = _one_of(_text(sequence, "by", where), values, where, "field of this event, parameter or machine fact")
        options = {value: counts for value, counts in sequence.items() if value != "by"}
        if set(options) != set(values[by]):
            raise SchemeError(f"{where}: by {by} needs a table for each of {', '.join(values[by])}")
        return Choice(by, {v: self._cost(options[v], values, f"{where}.{v}", depth + 1) for v in values[by]})


def _situations(names: Iterable[str], ledgers: tuple[str, ...], where: str) -> Iterable[Event]:
    for name in names:
        by_ledger = EVENTS[name]
        if ledgers and "" in by_ledger:
            raise SchemeError(f"{where}: a rule for {name} has no ledger: it bills gs and fs at once")
        yield from (event for ledger, event in by_ledger.items() if not ledgers or ledger in ledgers)


def _conditions(asked: Table, values: Mapping[str, tuple[str, ...]], where: str) -> Conditions:
    conditions = {}
    for name, wanted in asked.items():
        _one_of(name, values, where, "field of this event, parameter or machine fact")
        listed = wanted if isinstance(wanted, list) else [wanted]
        if not listed:
            raise SchemeError(f"{where}: {name} = [] can never hold")
        # TOML's true and false are the values of facts.
        texts = [str(v).lower() if isinstance(v, bool) and name in FACTS else v for v in listed]
        conditions[name] = tuple(_one_of(v, values[name], where, f"value of {name}") for v in texts)
    return conditions


def _parameter(table: object, where: str) -> Parameter:
    table = _table(table, where)
    _only(table, ("values", "default", "meaning"), where)
    values = tuple(_strings(table, "values", where))
    default = _one_of(_text(table, "default", where), values, where, "value")
    return Parameter(values, default, _text(table, "meaning", where))


# ---- what TOML may hold ----


def _toml(text: str, where: str) -> Table:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise SchemeError(f"{where}: not TOML: {e}") from e


def _only(table: Table, keys: Iterable[str], where: str) -> None:
    for key in table:
        _one_of(key, keys, where, "key")


def _one_of(name: object, known: Iterable[str], where: str, what: str) -> str:
    """The name, if it is known. Raises SchemeError with the nearest ones."""
    known = list(known)
    if isinstance(name, str) and name in known:
        return name
    error = nearest(str(name), known, what=what)
    raise SchemeError(f"{where}: {error.what}", hint=error.hint)


def _table(value: object, where: str) -> Table:
    if not isinstance(value, dict):
        raise SchemeError(f"{where}: a table is needed here, not {value!r}")
    return value


def _tables(doc: Table, key: str, where: str) -> list[tuple[str, Table]]:
    tables = _table(doc.get(key, {}), f"{where}: {key}")
    return [(name, _table(value, f"{where}: {key}.{name}")) for name, value in tables.items()]


def _typed(table: Table, key: str, kind: type[T], where: str) -> T:
    if key not in table:
        raise SchemeError(f"{where}: {key} is missing")
    value = table[key]
    if not isinstance(value, kind):
        raise SchemeError(f"{where}: {key} = {value!r} must be a {kind.__name__}")
    return value


def _text(table: Table, key: str, where: str) -> str:
    text = _typed(table, key, str, where)
    if not text.strip():
        raise SchemeError(f"{where}: {key} is empty")
    return text.strip()


def _strings(table: Table, key: str, where: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """A text or a list of texts. An empty list is as good as none."""
    value = table.get(key, default)
    if value is None:
        raise SchemeError(f"{where}: {key} is missing")
    texts = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, (list, tuple)) else (None,)
    if not all(isinstance(t, str) for t in texts) or (default is None and not texts):
        raise SchemeError(f"{where}: {key} = {value!r} must be a text or a list of texts")
    return texts
