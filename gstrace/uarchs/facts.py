"""Machine facts: what a bill depends on besides the recorded events, each with where it is known from.

Who decides, strongest first: `--assume`; a microarchitecture that the user named, for what a CPU brings by itself; the
recording. What the recorded kernel was told (PTI, mitigations, `nosmap`, its release) stays when a CPU is named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from gstrace.errors import UsageError, nearest
from gstrace.uarchs.load import match
from gstrace.uarchs.recorded import Known, Release, boot, smap_off, stated

if TYPE_CHECKING:
    from gstrace.events.capture import Capture
    from gstrace.uarchs.uarch import Uarch

__all__ = ["ASSUMED", "FACTS", "PER_SCHEME", "Known", "recorded_scheme", "resolve"]

FACTS: Final = {
    "null_seg": "the null-segment bug: loading a null selector leaves the base",
    "mitigations": "SWAPGS fences are considered at all",
    "smap": "SMAP is in use",
    "meltdown": "the CPU is affected by Meltdown",
    "swapgs_bug": "the CPU speculates past SWAPGS",
    "pti": "page table isolation is on",
    "fsgsbase": "FSGSBASE is on; of a named CPU: it has it",
    "fred": "FRED is on; of a named CPU: it has it",
    "fences": "a fence on every arrival from kernel mode",
    "fences_user": "a fence on every interrupt, exception and NMI from user mode",
    "kernel": "major and minor number of the kernel's release",
}
"""Every machine fact that can be assumed."""

_OWN: Final = ("null_seg", "smap", "meltdown", "swapgs_bug", "fsgsbase", "fred")
PER_SCHEME: Final = "follows from mitigations, smap, meltdown, swapgs_bug, pti and the scheme"
ASSUMED: Final = "assumed"
"""Source of a fact that the user stated."""

_WORDS: Final = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
    "unknown": None,
}


def resolve(capture: Capture, uarch: Uarch, named: bool, assume: Mapping[str, str]) -> dict[str, Known]:
    """Every fact of `FACTS` for one recording priced on one microarchitecture.

    named: the user asked for `uarch`; otherwise it was matched to the recorded CPU, and says only what the kernel
    decides by CPUID alone. assume: by name, `true`, `false` or `unknown`; `kernel` as `6.1`. Raises UsageError for a
    name that is no machine fact and a value that is none.
    """
    facts = stated(capture) | dict.fromkeys(("fences", "fences_user"), Known(None, PER_SCHEME))
    for name in _OWN:
        own = uarch.facts.get(name)
        if own is not None and (named or (own.by_cpuid and facts[name].value is None)):
            facts[name] = Known(own.value, f"{uarch.id}: {own.source}")
    if named and (told := smap_off(capture)):
        facts["smap"] = told
    facts |= {name: _assumed(name, value) for name, value in assume.items()}
    if facts["pti"].value is None and "pti" not in assume:
        facts["pti"] = _default_pti(facts["meltdown"].value, facts["pti"])
    return {name: facts[name] for name in FACTS}


def recorded_scheme(capture: Capture, facts: Mapping[str, Known]) -> tuple[str | None, str]:
    """Which scheme the recorded kernel itself ran, and why; None where the recording does not tell.

    facts: those of the recording, as `resolve` gives them for the matched microarchitecture and no assumption.
    """
    if (foreign := _not_x86(capture)) is not None:
        return None, foreign
    kernel, told = facts["kernel"].value, boot(capture)
    if facts["fred"].value is True:
        return "fred", facts["fred"].source
    if isinstance(kernel, tuple) and kernel < (4, 7):
        return "linux-legacy:small-bases=gdt", f"{facts['kernel'].source}: before 4.7"
    if facts["fsgsbase"].value is False:
        return "linux-legacy", facts["fsgsbase"].source
    if not isinstance(kernel, tuple):
        return None, facts["kernel"].source
    if facts["fsgsbase"].value is True:
        return "linux-fsgsbase", f"{facts['fsgsbase'].source}; kernel {kernel[0]}.{kernel[1]}"
    # fred=on was needed up to 7.0.
    fred = kernel >= (7, 1) or (kernel >= (6, 9) and (told or {}).get("fred") == "on")
    return _by_cpu(capture, kernel, told, fred=fred and facts["fred"].value is None)


def _by_cpu(capture: Capture, kernel: Release, told: Mapping[str, str] | None, *, fred: bool) -> tuple[str | None, str]:
    """The scheme that a kernel of 5.9 or later takes by default on the CPU that the recording names."""
    uarch, why = match(capture)
    has = {name: fact.value for name, fact in uarch.facts.items()}
    seen = "no boot parameter was recorded" if told is None else "no boot parameter says otherwise"
    if has.get("fred") and fred:
        return "fred", f"{why}, which has FRED; kernel {kernel[0]}.{kernel[1]}; {seen}"
    if has.get("fsgsbase"):
        return "linux-fsgsbase", f"{why}, which has FSGSBASE; kernel {kernel[0]}.{kernel[1]}; {seen}"
    return None, f"the CPU's flags were not recorded, and {why}"


def is_x86_64(capture: Capture) -> bool | None:
    """Whether the recorded machine is one that the schemes are of; None where the recording does not say."""
    if architecture := capture.text("architecture"):
        return architecture in ("x86_64", "amd64")
    # Only x86 has a `flags` line and these vendors.
    told = "cpu_flags" in capture.facts or capture.text("cpu_vendor") in (
        "GenuineIntel",
        "AuthenticAMD",
        "HygonGenuine",
    )
    return True if told else None


def _not_x86(capture: Capture) -> str | None:
    is_x86 = is_x86_64(capture)
    if is_x86 is None:
        return "the recording does not say which architecture it is of"
    return None if is_x86 else f"the recording is of {capture.text('architecture')}, the schemes are of x86-64"


def _default_pti(meltdown: object, unknown: Known) -> Known:
    if meltdown is None:
        return Known(None, f"{unknown.source}, nor whether the CPU has Meltdown")
    if meltdown:
        return Known(True, "on by default where the CPU has Meltdown, and nothing recorded switches it off")
    return Known(False, "off by default where the CPU does not have Meltdown")


def _assumed(name: str, text: str) -> Known:
    if name not in FACTS:
        raise nearest(name, list(FACTS), what="machine fact")
    word = text.strip().lower()
    if name == "kernel" and (found := re.fullmatch(r"(\d+)\.(\d+)([.-].*)?", word)):
        return Known((int(found[1]), int(found[2])), ASSUMED)
    if name in ("fences", "fences_user") and word == "unknown":
        raise UsageError(f"{name} {PER_SCHEME}", hint="assume one of those unknown: --assume mitigations=unknown")
    if word not in _WORDS or (name == "kernel" and word != "unknown"):
        expected = "a release such as 6.1" if name == "kernel" else "true, false"
        raise UsageError(f"{name}={text}: {expected} or unknown was expected")
    return Known(_WORDS[word], ASSUMED)
