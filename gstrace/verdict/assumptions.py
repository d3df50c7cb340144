"""What an answer takes for granted, each with a name and a sentence; what the user told it to assume instead.

An assumption is read in one of three ways: the replay follows threads by it (`Options`), open situations are read by it
(`Rule`), or it is a fact of the machine (`uarchs/facts.py`). All of them are given as `--assume NAME=VALUE`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from gstrace.errors import nearest
from gstrace.replay.options import DEFAULT, Options
from gstrace.replay.rewriting import Rule
from gstrace.replay.situations import QUIET, Event
from gstrace.uarchs.facts import ASSUMED, FACTS, PER_SCHEME, is_x86_64

if TYPE_CHECKING:
    from gstrace.events.capture import Capture
    from gstrace.uarchs.facts import Known


class Reading(NamedTuple):
    """What a value changes: fields of `Options`, rules for open situations."""

    options: Mapping[str, bool] = {}
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Standing:
    """An assumption behind every answer. values: what it may be instead of `default`, and what that changes."""

    name: str
    sentence: str
    default: str
    values: Mapping[str, Reading] = field(default_factory=dict)


_QUIET: Final = tuple(word for word, least in QUIET.items() if least)[::-1]
"""How long a thread may have been quiet, the longest first."""


def _settled(value: str) -> Reading:
    quiet = _QUIET[: _QUIET.index(value) + 1]
    return Reading(
        rules=(
            Rule(Event.INTERRUPT, {"quiet": quiet}, {"origin": "user"}),
            Rule(Event.NMI, {"quiet": quiet, "origin": ("unknown",)}, {"origin": "user"}),
        )
    )


def _bases(event: Event, base: str, **write: str) -> Reading:
    """Of an unknown base, this value is the likeliest; write: whether a scheme that writes on change then would."""
    fields = {"prev_base": base, "next_base": base, **write}
    return Reading(rules=tuple(Rule(event, {name: ("unknown",)}, {name: value}) for name, value in fields.items()))


STANDING: Final = tuple(
    Standing(name, " ".join(sentence.split()), default, values)
    for name, sentence, default, values in (
        (
            "selectors-null",
            """no thread has a descriptor's selector in FS or GS, but those that called modify_ldt or set_thread_area
            and whoever was cloned from them: theirs is open""",
            "yes",
            {"no": Reading({"selectors_null": False})},
        ),
        (
            "user-writes-gs",
            "user code writes its FS and GS bases by arch_prctl only, never by WRFSBASE or WRGSBASE",
            "no",
            {"yes": Reading({"user_writes": True})},
        ),
        (
            "tls-distinct",
            "the FS base that a new thread gets with CLONE_SETTLS is not 0 and equals no other thread's",
            "yes",
            {"no": Reading({"tls_distinct": False})},
        ),
        (
            "kernel-threads-by-name",
            "a thread named as the kernel names its own is one, where the recording does not mark them",
            "yes",
            {"no": Reading({"kernel_names": False})},
        ),
        (
            "settled-after",
            """a thread that has had no event for so long runs user code, so that an interrupt or NMI then hits user
            mode; never: however long, it may be anywhere""",
            "never",
            {value: _settled(value) for value in _QUIET},
        ),
        (
            "unknown-gs",
            "a GS base set before the recording began is likeliest 0; decides p50, never a bound",
            "zero",
            {"high": _bases(Event.SWITCH_GS, "unknown_high", differs="unknown_yes")},
        ),
        (
            "unknown-fs",
            "an FS base set before the recording began is likeliest above 4 GiB; decides p50, never a bound",
            "high",
            {"zero": _bases(Event.SWITCH_FS, "unknown_zero", differs="unknown_no", differs_null_seg="unknown_no")},
        ),
        (
            "unknown-interrupt",
            "an interrupt of unknown origin likeliest hit user mode; decides p50, never a bound",
            "user",
            {"kernel": Reading(rules=(Rule(Event.INTERRUPT, {"origin": ("unknown",)}, {"origin": "unknown_kernel"}),))},
        ),
        (
            "unknown-nmi",
            "an NMI of unknown origin likeliest hit kernel mode; decides p50, never a bound",
            "kernel",
            {"user": Reading(rules=(Rule(Event.NMI, {"origin": ("unknown",)}, {"origin": "unknown_user"}),))},
        ),
        (
            "lost-events",
            "a lost event likeliest cost nothing (call: was a system call entered); decides p50, never a bound",
            "nothing",
            {"call": Reading(rules=(Rule(Event.LOST, {}, {"likely": "call"}),))},
        ),
    )
)
"""The assumptions behind every answer, in the order in which they are applied."""

_BY_NAME: Final = {standing.name: standing for standing in STANDING}

ARCHITECTURE: Final = Standing(
    "architecture", "the recorded machine is of x86-64, though the recording does not say so", "x86_64"
)
"""The assumption behind an answer about a recording that does not say which architecture it is of."""


class Assumed(NamedTuple):
    """What the user told to assume: how the replay follows, how open situations are read, what the machine is."""

    options: Options = DEFAULT
    rules: tuple[Rule, ...] = ()
    facts: Mapping[str, str] = {}


def assumed(told: Mapping[str, str]) -> Assumed:
    """`--assume`, by name → what it means. Raises UsageError for a name or value that is none."""
    options, rules = DEFAULT, list[Rule]()
    for name in told:
        if name not in _BY_NAME and name not in FACTS:
            raise nearest(name, [*_BY_NAME, *FACTS], what="assumption")
    for name, standing in _BY_NAME.items():
        value = told.get(name, standing.default)
        if value != standing.default:
            if value not in standing.values:
                raise nearest(value, [standing.default, *standing.values], what=f"value of {name}")
            options = options._replace(**standing.values[value].options)
            rules += standing.values[value].rules
    facts = {name: value for name, value in told.items() if name in FACTS}
    return Assumed(options, tuple(rules), facts)


@dataclass(frozen=True)
class Assumption:
    """`value` is what an answer assumes, `default` what it would without being told; others: what it may be too."""

    name: str
    sentence: str
    value: str
    default: str
    others: tuple[str, ...] = ()


def assumptions(capture: Capture, machines: Iterable[Mapping[str, Known]], told: Mapping[str, str]) -> list[Assumption]:
    """The standing ones, what the recording does not say, and the machine facts that the user stated or nobody knows.

    machines: what is known of each machine that is priced on, by the fact's name.
    """
    found = [_standing(standing, told.get(standing.name, standing.default)) for standing in STANDING]
    if is_x86_64(capture) is None:
        found.append(_standing(ARCHITECTURE, ARCHITECTURE.default))
    facts: dict[str, Assumption] = {}
    for known in machines:
        for name, fact in known.items():
            if fact.source != PER_SCHEME and (fact.source == ASSUMED or fact.value is None):
                facts.setdefault(name, _fact(name, fact))
    return [*found, *facts.values()]


def _standing(standing: Standing, value: str) -> Assumption:
    others = tuple(other for other in (standing.default, *standing.values) if other != value)
    return Assumption(standing.name, standing.sentence, value, standing.default, others)


def _fact(name: str, fact: Known) -> Assumption:
    value = fact_text(fact.value)
    either = ("5.9", "5.8") if name == "kernel" else ("true", "false")
    default = "as recorded" if fact.source == ASSUMED else "unknown"
    return Assumption(name, FACTS[name], value, default, tuple(other for other in either if other != value))


def fact_text(value: object) -> str:
    """A machine fact's value as `--assume` takes it: `true`, `false`, `unknown`, `6.1`."""
    if value is None:
        return "unknown"
    return ".".join(map(str, value)) if isinstance(value, tuple) else str(value).lower()
