"""One question answered: every scheme's bill, cycles, difference and verdict on every microarchitecture asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gstrace.pricing.bill import Bill, Counts, bill
from gstrace.pricing.difference import LEDGER_SETS, Cost, Expansion, expand, needed, price
from gstrace.replay.situations import Event, decode, likeliest
from gstrace.schemes import abi as abis
from gstrace.schemes.compile import Scheme
from gstrace.schemes.compile import completions as machines_of
from gstrace.schemes.facts import Facts
from gstrace.schemes.operations import LEDGERS, OPERATIONS
from gstrace.uarchs import prices
from gstrace.uarchs.facts import Known, resolve
from gstrace.verdict.breakeven import Driver, drivers
from gstrace.verdict.decide import Verdict, decide, share_cheaper

if TYPE_CHECKING:
    import numpy.typing as npt

    from gstrace.events.capture import Capture
    from gstrace.uarchs.uarch import Uarch

Quantiles = dict[str, float | None]
PRICE_NAMES: Final = tuple(op.price for op in OPERATIONS)
PRICES: Final = tuple(dict.fromkeys(PRICE_NAMES))
"""Prices that bills draw on; two operations may share one (MOV to FS and to GS)."""
_PRICE_OF: Final = [PRICES.index(name) for name in PRICE_NAMES]


@dataclass(frozen=True)
class Machine:
    """A microarchitecture to price on: why this one, and what is known of the machine when it is this one."""

    uarch: Uarch
    why: str
    known: Mapping[str, Known]

    @property
    def facts(self) -> Facts:
        names = {f.name for f in fields(Facts)}
        values: dict[str, Any] = {name: known.value for name, known in self.known.items() if name in names}
        return Facts(**values)


def machine(capture: Capture, uarch: Uarch, why: str, *, named: bool, assume: Mapping[str, str]) -> Machine:
    """What is known of the recorded machine (or of the one named): docs/contract.md, `--uarch`."""
    return Machine(uarch, why, resolve(capture, uarch, named=named, assume=assume))


@dataclass(frozen=True)
class Priced:
    """One scheme on one microarchitecture. Cycles over the selection; None where they cannot be had (`verdict.why`)."""

    scheme: Scheme
    machine: Machine
    bill: Bill
    cycles: dict[str, Quantiles] | None
    difference: dict[str, Quantiles] | None
    per_entry: Quantiles | None
    per_switch: Quantiles | None
    share_cheaper: tuple[float, float] | None
    verdict: Verdict
    quality: str | None
    drivers: tuple[Driver, ...]

    @property
    def who(self) -> dict[str, str]:
        """The scheme and the microarchitecture, as rows and JSON name them."""
        return {"scheme": self.scheme.name, "uarch": self.machine.uarch.id}


def events(counts: Counts) -> dict[str, int]:
    """How often each class of event occurred, by the names of `report by-event`."""
    found: dict[str, int] = {}
    for code, n in counts.items():
        name = event_class(code)
        found[name] = found.get(name, 0) + n
    return dict(sorted(found.items()))


def event_class(code: int) -> str:
    """A situation's event in a word or two: `entry syscall`, `switch gs`, `interrupt open`, …"""
    event, values = decode(code)
    match event:
        case Event.ENTRY | Event.RETURN | Event.ARRIVAL:
            return f"{event.name.lower()} {values['via']}"
        case Event.INTERRUPT:
            return "interrupt settled" if values["origin"] == "user" else "interrupt open"
        case Event.NMI:
            return f"nmi {'open' if values['origin'].startswith('unknown') else values['origin']}"
        case Event.SWITCH_GS | Event.SWITCH_FS:
            inferred = " inferred" if values["inferred"] == "yes" else ""
            return f"{event.name.lower().replace('_', ' ')}{inferred}"
    return event.name.lower().replace("_", " ")


def entries_and_switches(counts: Counts) -> tuple[int, int]:
    """Entries from user mode at the likeliest completion, and context switches, inferred ones included."""
    entries = switches = 0
    for code, n in counts.items():
        happened = likeliest(code)
        entries += n * happened.count(Event.ENTRY)
        switches += n * happened.count(Event.SWITCH_GS)
    return entries, switches


def inferred_switches(counts: Counts) -> int:
    """Switches that the events prove but the recorder did not write."""
    return events(counts).get("switch gs inferred", 0)


def left_open(counts: Counts, priced: Sequence[Priced]) -> dict[str, int]:
    """Events that may have been several things which a scheme bills differently, as `events` names them."""
    still_open = frozenset[int]().union(*(p.bill.open for p in priced))
    return events({code: n for code, n in counts.items() if code in still_open})


def price_draws(uarch: Uarch) -> npt.NDArray[np.float64]:
    """float64 [draws, operations], cycles, in the order of `OPERATIONS`; NaN where the uarch has no price."""
    return prices.draw(uarch, PRICES)[:, _PRICE_OF]


def price_ranges(uarch: Uarch) -> npt.NDArray[np.float64]:
    """float64 [3, operations]: low, typical and high cycles, in the order of `OPERATIONS`; NaN as above."""
    return prices.ranges(uarch, PRICES)[:, _PRICE_OF]


def uarch_quality(uarch: Uarch) -> str | None:
    """The worst quality among the prices that bills draw on."""
    return prices.quality(uarch, PRICES)


class Desk:
    """Prices schemes on one machine against one baseline: the draws are made once and shared."""

    def __init__(self, on: Machine, baseline: Scheme, counts: Counts, ledger: str, abi: str = "asis") -> None:
        self.on, self.baseline, self.counts, self.ledger, self.abi = on, baseline, counts, ledger, abi
        self._draws = price_draws(on.uarch)
        self._unpriced = np.isnan(self._draws[0])
        self._entries, self._switches = entries_and_switches(counts)
        self._baselines: dict[Facts, Expansion] = {}

    def priced(self, scheme: Scheme) -> Priced:
        """One scheme's figures. The baseline bills each call as it was, whatever the ABI mode."""
        if self.abi == "inst" and not scheme.user_gs:
            nothing = np.zeros((len(LEDGERS), len(OPERATIONS)), np.int64)
            return _unpriced(scheme, self.on, Bill(nothing, nothing, unbounded=False), abis.FAULTS, None)
        facts, counts = self.on.facts, self.counts
        scheme = abis.under(scheme, self.abi)
        own = machines_of([scheme], facts)
        pair = machines_of([scheme, self.baseline], facts)
        amounts = [expand(scheme, None, f, counts) for f in own]
        gaps = [expand(scheme, self.baseline, f, counts) for f in pair]
        lacking = self._unfit(scheme) or self._lacking([*(e["both"] for e in amounts), *map(self._baseline_on, pair)])
        quality = prices.quality(self.on.uarch, [n for n, u in zip(PRICE_NAMES, self._used(gaps), strict=True) if u])
        head = (scheme, self.on, bill(scheme, own, counts))
        if lacking:
            return _unpriced(*head, lacking, quality)
        cycles = {name: self._cost(amounts, name).quantiles() for name in LEDGER_SETS}
        costs = {name: self._cost(gaps, name) for name in LEDGER_SETS}
        difference = {name: cost.quantiles() for name, cost in costs.items()}
        chosen = costs[self.ledger]
        return Priced(
            *head,
            cycles,
            difference,
            _per(difference[self.ledger], self._entries),
            _per(difference[self.ledger], self._switches),
            share_cheaper(chosen),
            decide(chosen),
            quality,
            self._drivers(gaps[0][self.ledger]),
        )

    def _baseline_on(self, facts: Facts) -> Expansion:
        if facts not in self._baselines:
            self._baselines[facts] = expand(self.baseline, None, facts, self.counts)["both"]
        return self._baselines[facts]

    def _cost(self, expansions: Sequence[Mapping[str, Expansion]], name: str) -> Cost:
        return price([e[name] for e in expansions], self._draws, self.counts)

    def _used(self, gaps: Sequence[Mapping[str, Expansion]]) -> list[bool]:
        return [bool(u) for u in needed([e[self.ledger] for e in gaps])]

    def _unfit(self, scheme: Scheme) -> str:
        """Why this CPU cannot run the scheme or the baseline at all; empty if it can, or nobody knows."""
        needs = dict.fromkeys((*scheme.document.needs, *self.baseline.document.needs))
        uarch = self.on.uarch
        lacking = {n: uarch.facts[n] for n in needs if n in uarch.facts and not uarch.facts[n].value}
        return "; ".join(f"{uarch.id} has no {name}: {fact.source}" for name, fact in lacking.items())

    def _lacking(self, expansions: Sequence[Expansion]) -> str:
        """Why no cycles can be given: an instruction that the bill needs and this CPU lacks; empty if none."""
        names = [PRICE_NAMES[i] for i in np.flatnonzero(needed(expansions) & self._unpriced)]
        missing = prices.missing(self.on.uarch, list(dict.fromkeys(names)))
        return "; ".join(f"{self.on.uarch.id} has no {name}: {reason}" for name, reason in missing.items())

    def _drivers(self, gap: Expansion) -> tuple[Driver, ...]:
        times = np.zeros(len(PRICES))
        np.add.at(times, _PRICE_OF, gap.likely())
        return tuple(drivers(times, PRICES, prices.ranges(self.on.uarch, PRICES)))


def _unpriced(scheme: Scheme, on: Machine, billed: Bill, why: str, quality: str | None) -> Priced:
    return Priced(scheme, on, billed, None, None, None, None, None, Verdict(None, why), quality, ())


def _per(figure: Quantiles, number: int) -> Quantiles | None:
    return {k: None if v is None else v / number for k, v in figure.items()} if number else None


def to_json(p: Priced, ledger: str) -> dict[str, Any]:
    """One entry of the answer's `schemes` (schemas/what-if.v1.json)."""
    cheaper = p.share_cheaper
    return {
        "id": p.scheme.name,
        "uarch": p.machine.uarch.id,
        "parameters": dict(p.scheme.parameters),
        "user_gs": p.scheme.user_gs,
        "bill": p.bill.to_json(),
        "cycles": p.cycles and p.cycles[ledger],
        "difference": p.difference and p.difference[ledger],
        "by_ledger": {
            name: {"cycles": p.cycles and p.cycles[name], "difference": p.difference and p.difference[name]}
            for name in LEDGERS
        },
        "per_event": {"entry": p.per_entry, "switch": p.per_switch},
        "share_cheaper": None if cheaper is None else {"least": cheaper[0], "most": cheaper[1]},
        "quality": p.quality,
        "verdict": p.verdict.word,
        "why": p.verdict.why,
    }
