"""From a microarchitecture's TOML to values, or to an error that names the place in the file."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

from gstrace.errors import UsageError, nearest
from gstrace.uarchs.uarch import CPU_FACTS, KINDS, PRICED, QUALITIES, CpuFact, Cpuid, Cycles, Price, Uarch

_TOP: Final = ("id", "name", "vendor", "description", "match", "facts", "price")
_PRICE: Final = ("cycles", "unsupported", "parts", "kind", "quality", "source", "note")
_CPUID: Final = ("vendor", "family", "model", "stepping")

Table = Mapping[str, object]


def uarch(data: Table, where: str) -> Uarch:
    """A file's content as a `Uarch`. `where` names the file in errors. Raises UsageError for anything amiss.

    An operation that has no price is no error: a bill that needs it has no cycles then, and says why.
    """
    _only(data, _TOP, where)
    match = _table(data.get("match", {}), f"{where}: [match]")
    _only(match, ("cpuid",), f"{where}: [match]")
    prices = {
        op: _price(_table(value, place), place)
        for op, value in _table(data.get("price", {}), f"{where}: [price]").items()
        if (place := _known(op, PRICED, f"{where}: [price.{op}]", "operation"))
    }
    _check_parts(prices, where)
    return Uarch(
        id=_text(data, "id", where),
        name=_text(data, "name", where),
        vendor=_text(data, "vendor", where),
        description=_text(data, "description", where),
        match=tuple(_cpuid(entry, f"{where}: [match]") for entry in _list(match.get("cpuid", []), where)),
        facts=MappingProxyType(_facts(_table(data.get("facts", {}), f"{where}: [facts]"), where)),
        prices=MappingProxyType(prices),
    )


def _price(data: Table, where: str) -> Price:
    _only(data, _PRICE, where)
    quality = _one_of(_text(data, "quality", where), QUALITIES, where, "quality")
    source, note = _text(data, "source", where), _text(data, "note", where, default="")
    if _boolean(data.get("unsupported", False), where, "unsupported"):
        if "cycles" in data or "parts" in data or not note:
            raise UsageError(f"{where}: an unsupported operation has a note with the reason, and no cycles")
        return Price(None, "unsupported", quality, source, note)
    kind = _one_of(_text(data, "kind", where), KINDS, where, "kind")
    parts = tuple(str(part) for part in _list(data.get("parts", []), where))
    return Price(_cycles(data.get("cycles"), where), kind, quality, source, note, parts)


def _cycles(data: object, where: str) -> Cycles:
    table = _table(data, f"{where}: cycles")
    _only(table, Cycles._fields, f"{where}: cycles")
    cycles = Cycles(*(_number(table.get(end), f"{where}: cycles.{end}") for end in Cycles._fields))
    if not 0 <= cycles.low <= cycles.typical <= cycles.high:
        raise UsageError(f"{where}: cycles must satisfy 0 ≤ low ≤ typical ≤ high, not {tuple(cycles)}")
    return cycles


def _check_parts(prices: Mapping[str, Price], where: str) -> None:
    for op, price in prices.items():
        if not price.parts or price.cycles is None:
            continue
        for part in price.parts:
            if part not in prices or prices[part].parts:
                raise UsageError(f"{where}: [price.{op}]: its part {part!r} is not a plain operation with a price")
        ranges = [cycles for part in price.parts if (cycles := prices[part].cycles)]
        if len(ranges) < len(price.parts):
            raise UsageError(f"{where}: [price.{op}]: a part of it is unsupported")
        total = Cycles(*(math.fsum(end) for end in zip(*ranges, strict=True)))
        if not all(math.isclose(a, b, abs_tol=1e-6) for a, b in zip(total, price.cycles, strict=True)):
            raise UsageError(f"{where}: [price.{op}]: cycles are not the sum of its parts, {tuple(total)}")


def _facts(data: Table, where: str) -> dict[str, CpuFact]:
    facts = {}
    for name, value in data.items():
        place = _known(name, CPU_FACTS, f"{where}: [facts] {name}", "CPU fact")
        table = _table(value, place)
        _only(table, ("value", "source", "by_cpuid"), place)
        facts[name] = CpuFact(
            _boolean(table.get("value"), place, "value"),
            _text(table, "source", place),
            _boolean(table.get("by_cpuid", False), place, "by_cpuid"),
        )
    return facts


def _cpuid(data: object, where: str) -> Cpuid:
    table = _table(data, f"{where}: cpuid")
    _only(table, _CPUID, f"{where}: cpuid")
    family = table.get("family")
    model, stepping = _range(table.get("model"), where, "model"), table.get("stepping")
    if not isinstance(family, int):
        raise UsageError(f"{where}: family must be a number")
    return Cpuid(
        _text(table, "vendor", where),
        family,
        model,
        None if stepping is None else _range(stepping, where, "stepping"),
    )


def _range(value: object, where: str, name: str) -> tuple[int, int]:
    match value:
        case bool():
            pass
        case int():
            return value, value
        case [int() as first, int() as last] if first <= last:
            return first, last
    raise UsageError(f"{where}: {name} must be a number, or first and last as [0x30, 0x3F]")


def _table(value: object, where: str) -> Table:
    if not isinstance(value, dict):
        raise UsageError(f"{where}: a table was expected")
    return value


def _list(value: object, where: str) -> list[object]:
    if not isinstance(value, list):
        raise UsageError(f"{where}: a list was expected, not {value!r}")
    return value


def _text(data: Table, key: str, where: str, *, default: str | None = None) -> str:
    value = data.get(key, default)
    if not isinstance(value, str) or (value == "" and default is None):
        raise UsageError(f"{where}: {key} must be a text that says something")
    return value


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UsageError(f"{where}: a number of cycles was expected")
    return float(value)


def _boolean(value: object, where: str, key: str) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"{where}: {key} must be true or false")
    return value


def _one_of(value: str, known: Collection[str], where: str, what: str) -> str:
    _known(value, known, where, what)
    return value


def _only(data: Table, known: Collection[str], where: str) -> None:
    for key in data:
        _known(key, known, where, "entry")


def _known(name: str, known: Collection[str], where: str, what: str) -> str:
    """`where`, if `name` is known there; else an error that offers the nearest."""
    if name in known:
        return where
    error = nearest(name, list(known), what=what)
    raise UsageError(f"{where}: {error.what}", hint=error.hint)
