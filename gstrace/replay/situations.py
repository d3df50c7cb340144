"""The situation code: an event class with every fact that a scheme's bill can depend on, as one integer.

    bit   0–4    event (`Event`)
    bit   5–…    the event's own fields, in the order of `FIELDS[event]`, each `width` bits

A field's last values are *unknown* ones: they stand for several known values (`Field.unknown`); `unknown_VALUE` for the
same as `unknown`, with another value the likeliest, where one is told to assume so (`rewriting.py`). A code without
an unknown field is *known*: schemes are written for those alone. An unknown code stands for its *completions*,
each a tuple of known codes that may have happened instead (an interrupt of unknown origin is an entry and a return,
or a kernel arrival). The first completion is the likeliest; it decides p50 and no bound.

A `sched_switch` makes two situations, one per ledger (GS, FS), since no rule mixes the two bases.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from itertools import product
from typing import Final


class Event(IntEnum):
    """What happened. LOST, MAYBE_* and INTERRUPT are never known by themselves: they only have completions."""

    ENTRY = 1
    RETURN = 2
    ARRIVAL = 3
    NMI = 4
    SWITCH_GS = 5
    SWITCH_FS = 6
    SET_GS = 7
    SET_FS = 8
    GET_GS = 9
    GET_FS = 10
    FORK = 11
    EXEC = 12
    EXIT = 13
    CORE_DUMP = 14
    INTERRUPT = 15
    MAYBE_RETURN = 16
    MAYBE_CORE_DUMP = 17
    LOST = 18
    LOST_UNCOUNTED = 19
    MAYBE_EXCEPTION = 20


COMPOSITE: Final = frozenset(
    {
        Event.INTERRUPT,
        Event.MAYBE_RETURN,
        Event.MAYBE_CORE_DUMP,
        Event.LOST,
        Event.LOST_UNCOUNTED,
        Event.MAYBE_EXCEPTION,
    }
)
"""Events that have completions only."""

MEANING: Final[dict[Event, str]] = {
    Event.ENTRY: "arrival in the kernel from user mode",
    Event.RETURN: "return to user mode",
    Event.ARRIVAL: "interrupt or exception that hit kernel mode",
    Event.NMI: "NMI, in and out",
    Event.SWITCH_GS: "context switch, GS base",
    Event.SWITCH_FS: "context switch, FS base",
    Event.SET_GS: "arch_prctl(ARCH_SET_GS), without its entry and return",
    Event.SET_FS: "arch_prctl(ARCH_SET_FS), without its entry and return",
    Event.GET_GS: "arch_prctl(ARCH_GET_GS), without its entry and return",
    Event.GET_FS: "arch_prctl(ARCH_GET_FS), without its entry and return",
    Event.FORK: "new thread, on the parent's side",
    Event.EXEC: "exec",
    Event.EXIT: "a thread's exit",
    Event.CORE_DUMP: "core dump",
    Event.INTERRUPT: "interrupt from user or kernel mode: not recorded which",
    Event.MAYBE_RETURN: "return to user mode that may have happened here or elsewhere",
    Event.MAYBE_CORE_DUMP: "core dump that may have been written",
    Event.LOST: "event that the recorder lost",
    Event.LOST_UNCOUNTED: "events that the recorder lost, nobody knows how many",
    Event.MAYBE_EXCEPTION: "exception that may have stopped a traced thread for its tracer",
}


@dataclass(frozen=True)
class Field:
    """One field of a code: its values by number, and what each unknown value may stand for (likeliest first)."""

    name: str
    width: int
    values: tuple[str, ...]
    unknown: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def known(self) -> tuple[str, ...]:
        return tuple(v for v in self.values if v not in self.unknown)


def _yes_no(name: str, likely: str) -> Field:
    other = "no" if likely == "yes" else "yes"
    values = ("no", "yes", "unknown", f"unknown_{other}")
    return Field(name, 2, values, {"unknown": (likely, other), f"unknown_{other}": (other, likely)})


def _base(name: str, likely: str, other: str) -> Field:
    # zero: never set. zero_set: set to 0 by arch_prctl. low: 1 to 4 GiB, where kernels before 4.7 took a GDT slot.
    values = ("zero", "zero_set", "low", "high", "unknown", "nonzero", f"unknown_{other}")
    rest = ("low", "zero_set")
    unknown = {"unknown": (likely, other, *rest), f"unknown_{other}": (other, likely, *rest)}
    return Field(name, 3, values, {**unknown, "nonzero": ("high", "low")})


def _selector(name: str) -> Field:
    # unknown: of a thread that asked for a descriptor, likely to use it. untold: of any other.
    doubts: dict[str, tuple[str, ...]] = {"unknown": ("set", "null"), "untold": ("null", "set")}
    return Field(name, 2, ("null", "set", "unknown", "untold"), doubts)


def _switch(likely_base: str, other_base: str, likely_write: str) -> tuple[Field, ...]:
    return (
        Field("inferred", 1, ("no", "yes")),
        _selector("prev_selector"),
        _selector("next_selector"),
        _base("prev_base", likely_base, other_base),
        _base("next_base", likely_base, other_base),
        _yes_no("differs", likely_write),
    )


QUIET: Final = {"brief": 0, "10us": 10_000, "100us": 100_000, "1ms": 1_000_000}
"""How long the thread had had no event of its own on this CPU when an interrupt or NMI of unknown origin hit it: at
least so many ns. Only `settled` decides by it; a known origin has the first value."""

_QUIET = Field("quiet", 2, tuple(QUIET), {word: ("brief",) for word, least in QUIET.items() if least})
_VIA = Field("via", 2, ("syscall", "interrupt", "page_fault", "exception"))
_SET = (_yes_no("succeeds", "yes"), Field("size", 2, ("high", "low", "unknown"), {"unknown": ("high", "low")}))

FIELDS: Final[dict[Event, tuple[Field, ...]]] = {
    Event.ENTRY: (_VIA,),
    Event.RETURN: (_VIA,),
    Event.ARRIVAL: (_VIA,),
    Event.NMI: (
        Field(
            "origin",
            2,
            ("kernel", "user", "unknown", "unknown_user"),
            {"unknown": ("kernel", "user"), "unknown_user": ("user", "kernel")},
        ),
        _QUIET,
    ),
    # differs: the base last put on this CPU is not next's (what a scheme that writes on change asks).
    Event.SWITCH_GS: _switch("zero", "high", "no"),
    # differs_null_seg: the same on a CPU with the null-segment bug, where a null load leaves the FS base.
    Event.SWITCH_FS: (*_switch("high", "zero", "yes"), _yes_no("differs_null_seg", "yes")),
    Event.SET_GS: _SET,
    Event.SET_FS: _SET,
    # user: by assumption; where the recording tells, it is an ENTRY and a RETURN, or an ARRIVAL.
    Event.INTERRUPT: (_VIA, _QUIET, Field("origin", 2, ("unknown", "unknown_kernel", "user"))),
    Event.MAYBE_RETURN: (_VIA,),
    Event.LOST: (Field("likely", 1, ("nothing", "call")),),
}
"""The fields of each event, lowest bits first; an event that is not here has none."""

EVENT_BITS: Final = 5
CODE_BITS: Final = 22
"""Every code is below 2**CODE_BITS."""


def fields(event: Event) -> tuple[Field, ...]:
    """The fields of an event, lowest bits first."""
    return FIELDS.get(event, ())


def encode(event: Event, **values: str) -> int:
    """The code of an event; a field not named takes its first value. Raises KeyError, ValueError for unknown ones."""
    code, shift = int(event), EVENT_BITS
    for f in fields(event):
        code |= f.values.index(values.pop(f.name, f.values[0])) << shift
        shift += f.width
    if values:
        raise KeyError(f"{event.name} has no field {', '.join(values)}")
    return code


def decode(code: int) -> tuple[Event, dict[str, str]]:
    """The event of a code and the value of each field. Raises ValueError for a number that is no code."""
    event, rest, values = Event(code & (1 << EVENT_BITS) - 1), code >> EVENT_BITS, {}
    for f in fields(event):
        number = rest & (1 << f.width) - 1
        if number >= len(f.values):
            raise ValueError(f"{code} is no situation: {f.name} has no value {number}")
        values[f.name] = f.values[number]
        rest >>= f.width
    if rest:
        raise ValueError(f"{code} is no situation: bits left over")
    return event, values


def name(code: int) -> str:
    """A situation in words: `switch_gs prev_base=zero next_base=high …`. How quiet is told of unknown origins alone."""
    event, values = decode(code)
    if event is Event.NMI and not values["origin"].startswith("unknown"):
        del values["quiet"]
    return " ".join([event.name.lower(), *(f"{k}={v}" for k, v in values.items())])


@cache
def known_codes() -> tuple[int, ...]:
    """Every known situation, ascending: what a scheme must be total over."""
    codes = (
        encode(event, **dict(zip((f.name for f in fields(event)), chosen, strict=True)))
        for event in Event
        if event not in COMPOSITE
        for chosen in product(*(f.known for f in fields(event)))
    )
    return tuple(sorted(c for c in codes if _legal(c)))


def _legal(code: int) -> bool:
    event, values = decode(code)
    # System calls enter from user mode only, and arrivals from kernel mode have no system call among them.
    return not (event is Event.ARRIVAL and values["via"] == "syscall")


@cache
def completions(code: int) -> tuple[tuple[int, ...], ...]:
    """What a situation may stand for: tuples of known codes, the likeliest first; a known code only itself."""
    event, values = decode(code)
    via = values.get("via", "")
    match event:
        case Event.INTERRUPT:
            user = (encode(Event.ENTRY, via=via), encode(Event.RETURN, via=via))
            kernel = (encode(Event.ARRIVAL, via=via),)
            origins = {"unknown": (user, kernel), "unknown_kernel": (kernel, user), "user": (user,)}
            return origins[values["origin"]]
        case Event.MAYBE_RETURN:
            return ((encode(Event.RETURN, via=via),), ())
        case Event.MAYBE_CORE_DUMP:
            return ((encode(Event.CORE_DUMP),), ())
        case Event.MAYBE_EXCEPTION:
            return ((), (encode(Event.ENTRY, via="exception"), encode(Event.RETURN, via="exception")))
        case Event.LOST | Event.LOST_UNCOUNTED:
            nothing: tuple[int, ...] = ()
            call = (encode(Event.ENTRY, via="syscall"),)
            first, second = (call, nothing) if values.get("likely") == "call" else (nothing, call)
            return (first, second, *(single for single in _single_events() if single != call))
    choices = [f.unknown.get(values[f.name], (values[f.name],)) for f in fields(event)]
    names = [f.name for f in fields(event)]
    return tuple((encode(event, **dict(zip(names, chosen, strict=True))),) for chosen in product(*choices))


def settled(counts: Mapping[int, int], after: int) -> dict[int, int]:
    """Counts where an interrupt or NMI of unknown origin hit user mode if its thread had been quiet for `after` ns.

    A thread that has had no event for long runs user code, or a long stretch of the kernel, or stood still with its
    whole machine: so this is an assumption, and none of the replay's own.
    """
    found = Counter[int]()
    for code, n in counts.items():
        event, values = decode(code)
        is_open = event is Event.INTERRUPT or values.get("origin") == "unknown"
        if not is_open or QUIET[values["quiet"]] < after:
            found[code] += n
        elif event is Event.NMI:
            found[encode(event, origin="user")] += n
        else:
            for known in completions(code)[0]:
                found[known] += n
    return dict(found)


def likeliest(code: int) -> list[Event]:
    """The events of a situation's likeliest completion."""
    return [decode(known)[0] for known in completions(code)[0]]


def _single_events() -> Iterator[tuple[int, ...]]:
    """Everything that one recorded event can make: what a lost one may have been."""
    for code in known_codes():
        event, values = decode(code)
        if event is Event.ENTRY and values["via"] != "syscall":
            yield (code, encode(Event.RETURN, via=values["via"]))
        else:
            yield (code,)
