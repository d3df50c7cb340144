"""What a rule may ask, and how that reads: events, fields and machine facts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gstrace.replay.situations import Event, Field, fields
from gstrace.schemes.facts import MEANING

EVENTS: Final[dict[str, dict[str, Event]]] = {
    "entry": {"": Event.ENTRY},
    "return": {"": Event.RETURN},
    "arrival": {"": Event.ARRIVAL},
    "nmi": {"": Event.NMI},
    "switch": {"gs": Event.SWITCH_GS, "fs": Event.SWITCH_FS},
    "set": {"gs": Event.SET_GS, "fs": Event.SET_FS},
    "get": {"gs": Event.GET_GS, "fs": Event.GET_FS},
    "fork": {"": Event.FORK},
    "exec": {"": Event.EXEC},
    "exit": {"": Event.EXIT},
    "core_dump": {"": Event.CORE_DUMP},
}
"""A rule's event → its situations; where each base has a situation of its own, by ledger."""

TITLES: Final = {
    "entry": "entry from user mode",
    "return": "return to user mode",
    "arrival": "interrupt or exception from kernel mode",
    "nmi": "NMI, in and out",
    "switch": "context switch",
    "set": "arch_prctl(ARCH_SET_*), without its entry and return",
    "get": "arch_prctl(ARCH_GET_*), without its entry and return",
    "fork": "new thread, on the parent's side",
    "exec": "exec",
    "exit": "exit of a thread",
    "core_dump": "core dump",
}

LEDGER: Final = {event: ledger for by_ledger in EVENTS.values() for ledger, event in by_ledger.items() if ledger}
"""The one ledger that a situation belongs to; situations that are not here bill both."""

FACTS: Final = dict.fromkeys(MEANING, ("true", "false"))


def common_fields(events: Iterable[Event]) -> dict[str, Field]:
    """The fields that all these situations have."""
    by_name = [{f.name: f for f in fields(event)} for event in events]
    return {name: f for name, f in by_name[0].items() if all(name in others for others in by_name)}


_NAMES: Final = {
    "via": "by",
    "prev_selector": "prev's selector is",
    "next_selector": "next's selector is",
    "prev_base": "prev's base is",
    "next_base": "next's base is",
    "size": "the base is",
}
_VALUES: Final = {
    "page_fault": "page fault",
    "syscall": "system call",
    "set": "not null",
    "zero": "never set",
    "zero_set": "0 by arch_prctl",
    "low": "at most 4 GiB",
    "high": "above 4 GiB",
}
_PHRASES: Final = {
    ("origin", "user"): "from user mode",
    ("origin", "kernel"): "from kernel mode",
    ("succeeds", "yes"): "the call succeeds",
    ("succeeds", "no"): "the call is refused",
    ("differs", "yes"): "the CPU's user base is not next's, and next is no kernel thread",
    ("differs", "no"): "the CPU has next's base already, or next is a kernel thread",
    ("null_seg", "true"): "null-segment bug",
    ("null_seg", "false"): "no null-segment bug",
    ("fences", "true"): "kernel fences on",
    ("fences", "false"): "kernel fences off",
    ("fences_user", "true"): "user fences on",
    ("fences_user", "false"): "user fences off",
    ("since_5_9", "true"): "Linux 5.9 or newer",
    ("since_5_9", "false"): "Linux before 5.9",
}
_SETS: Final = {
    frozenset({"zero", "zero_set"}): "0",
    frozenset({"low", "high"}): "not 0",
    frozenset({"zero", "zero_set", "low"}): "at most 4 GiB",
}


def condition(name: str, values: Iterable[str]) -> str:
    """One condition of a rule in words."""
    values = tuple(values)
    asked = "differs" if name == "differs_null_seg" else name
    if len(values) == 1 and (asked, values[0]) in _PHRASES:
        return _PHRASES[asked, values[0]]
    if asked not in _NAMES:
        return f"{name}={'|'.join(values)}"
    return f"{_NAMES[asked]} {_SETS.get(frozenset(values)) or _either([_VALUES.get(v, v) for v in values])}"


def _either(texts: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(texts[:-1]), texts[-1]]))
