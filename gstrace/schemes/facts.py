"""Facts about a machine that a bill can depend on, and what follows from them for a scheme.

A fact that nobody knows is None. It is one fact for all events of a machine, so its values are scenarios
(`Facts.completions`), never a choice per event.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product
from typing import Final, NamedTuple


class BillFacts(NamedTuple):
    """What rules may ask: the facts as one scheme sees them."""

    null_seg: bool | None
    fences: bool | None
    fences_user: bool | None
    since_5_9: bool | None


MEANING: Final = {
    "null_seg": "loading a null selector leaves the segment's base as it was (the null-segment bug)",
    "fences": "an LFENCE follows the SWAPGS decision of each arrival from kernel mode (RULES E6)",
    "fences_user": "an LFENCE follows the SWAPGS of interrupts, exceptions and NMIs from user mode (RULES E6)",
    "since_5_9": "the kernel is 5.9 or newer",
}
"""The facts of `BillFacts` in words."""

_LIKELY: Final[dict[str, tuple[object, object]]] = {
    "null_seg": (False, True),
    "mitigations": (True, False),
    "smap": (True, False),
    "meltdown": (False, True),
    "swapgs_bug": (False, True),
    "pti": (False, True),
    "kernel": ((5, 9), (5, 8)),
}
"""Values of an unknown fact, the likelier first. For kernels both stand for all on their side of 5.9."""

_FENCE: Final = ("mitigations", "smap", "meltdown")
_BEHIND: Final = {
    "null_seg": ("null_seg",),
    "fences": _FENCE,
    "fences_user": (*_FENCE, "swapgs_bug", "pti"),
    "since_5_9": ("kernel",),
}


@dataclass(frozen=True)
class Facts:
    """A machine's facts; None where nobody knows.

    mitigations: not switched off on the command line. meltdown, swapgs_bug: whole words of the kernel's list of bugs.
    fsgsbase, fred: the CPU has them; no bill depends on them. kernel: (major, minor).
    fences, fences_user: stated directly, they outrank what would follow from the others.
    """

    null_seg: bool | None = None
    mitigations: bool | None = None
    smap: bool | None = None
    meltdown: bool | None = None
    swapgs_bug: bool | None = None
    pti: bool | None = None
    fsgsbase: bool | None = None
    fred: bool | None = None
    kernel: tuple[int, int] | None = None
    fences: bool | None = None
    fences_user: bool | None = None

    def seen_by(self, *, user_gs: bool) -> BillFacts:
        """The facts as rules ask them. user_gs: whether the scheme lets user code change GS without the kernel.

        Kernel fences need mitigations and a GS base that an attacker can choose: through user_gs, or because SMAP does
        not hold under speculation. User fences need those, the SWAPGS bug, and no PTI, whose CR3 write serialises.
        """
        exposed = _any(user_gs, _not(self.smap), self.meltdown)
        fences = _all(self.mitigations, exposed) if self.fences is None else self.fences
        user = _all(fences, self.swapgs_bug, _not(self.pti)) if self.fences_user is None else self.fences_user
        since = None if self.kernel is None else self.kernel >= (5, 9)
        return BillFacts(self.null_seg, fences, user, since)

    def completions(self, asked: Iterable[tuple[bool, frozenset[str]]]) -> tuple[Facts, ...]:
        """Every machine that this may be, as far as the askers can tell them apart; the likeliest first.

        asked: a pair per scheme, its user_gs and the fields of `BillFacts` that its bill depends on. Asking for several
        schemes at once keeps their difference right: a scenario is the same machine for all of them.
        """
        asked = tuple(asked)
        behind = {fact for _, names in asked for name in names for fact in _BEHIND[name]}
        unknown = [fact for fact in _LIKELY if fact in behind and getattr(self, fact) is None]
        found: dict[tuple[bool | None, ...], Facts] = {}
        for values in product(*(_LIKELY[fact] for fact in unknown)):
            facts = replace(self, **dict(zip(unknown, values, strict=True)))  # type: ignore[arg-type]
            seen = ((facts.seen_by(user_gs=user_gs), names) for user_gs, names in asked)
            found.setdefault(tuple(getattr(view, n) for view, names in seen for n in sorted(names)), facts)
        return tuple(found.values())


def _not(fact: bool | None) -> bool | None:
    return None if fact is None else not fact


def _all(*facts: bool | None) -> bool | None:
    if False in facts:
        return False
    return None if None in facts else True


def _any(*facts: bool | None) -> bool | None:
    return _not(_all(*(_not(f) for f in facts)))
