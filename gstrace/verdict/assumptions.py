"""What an answer takes for granted, each with a name and a sentence; and what the user told it to assume."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gstrace.uarchs.facts import FACTS, is_x86_64

if TYPE_CHECKING:
    from gstrace.events.capture import Capture
    from gstrace.verdict.answer import Machine


@dataclass(frozen=True)
class Assumption:
    """`value` is what this answer assumes, `default` what it would without being told."""

    name: str
    sentence: str
    value: str
    default: str


_SENTENCES: Final = {
    "selectors-null": """
no thread has a descriptor's selector in FS or GS, but those that called modify_ldt or set_thread_area and whoever was
cloned from them: theirs is open""",
    "user-writes-gs": """
user code writes its FS and GS bases by arch_prctl only, never by WRFSBASE or WRGSBASE""",
    "tls-distinct": """
the FS base that a new thread gets with CLONE_SETTLS is not 0 and equals no other thread's""",
    "unknown-bases": """
a base set before the recording began is likeliest 0 for GS and above 4 GiB for FS; this decides p50, never a bound""",
    "unknown-origin": """
an interrupt that hit user or kernel mode, nobody knows which, likeliest hit user mode, an NMI kernel mode; this decides
p50, never a bound""",
    "lost-events": """
a lost event likeliest cost nothing; this decides p50, never a bound""",
}
_VALUES: Final = {
    "selectors-null": "yes",
    "user-writes-gs": "no",
    "tls-distinct": "yes",
    "unknown-bases": "gs=zero fs=high",
    "unknown-origin": "irq=user nmi=kernel",
    "lost-events": "nothing",
}
STANDING: Final = tuple(
    Assumption(name, " ".join(text.split()), _VALUES[name], _VALUES[name]) for name, text in _SENTENCES.items()
)
"""The assumptions behind every answer."""

ASSUMED: Final = "assumed"


ARCHITECTURE: Final = Assumption(
    "architecture", "the recorded machine is of x86-64, though the recording does not say so", "x86_64", "x86_64"
)
"""The assumption behind an answer about a recording that does not say which architecture it is of."""


def assumptions(capture: Capture, machines: Iterable[Machine]) -> list[Assumption]:
    """The standing ones, what the recording does not say, then the machine facts that the user stated."""
    untold = [ARCHITECTURE] if is_x86_64(capture) is None else []
    told: dict[str, Assumption] = {}
    for machine in machines:
        for name, known in machine.known.items():
            if known.source == ASSUMED:
                told.setdefault(name, Assumption(name, FACTS[name], fact_text(known.value), "as recorded"))
    return [*STANDING, *untold, *told.values()]


def fact_text(value: object) -> str:
    """A machine fact's value as `--assume` takes it: `true`, `false`, `unknown`, `6.1`."""
    if value is None:
        return "unknown"
    return ".".join(map(str, value)) if isinstance(value, tuple) else str(value).lower()
