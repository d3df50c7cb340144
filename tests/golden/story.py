"""Golden cases read as stories: threads by name, events in order → situation codes → what a scheme executes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from oracle.machine import LEDGERS, ZERO, Base, Ledger, Machine, Thread, Value, high, unknown

from gstrace.replay import situations
from gstrace.schemes.facts import Facts

if TYPE_CHECKING:
    from gstrace.schemes.compile import Scheme

Table = dict[str, Any]
_NOT_FACTS = ("cpu_user",)
_SIDES = {"irq": "interrupt", "page_fault": "page_fault"}


def facts(case: Table) -> Facts:
    """The machine of a case: no null-segment bug and no fences where it is silent."""
    given = {name: value for name, value in case.get("facts", {}).items() if name not in _NOT_FACTS}
    given.setdefault("null_seg", False)
    if "mitigations" not in given:
        given.setdefault("fences", False)
        given.setdefault("fences_user", False)
    return Facts(**{"kernel": (6, 1), **given})


def codes(case: Table) -> list[int]:
    """The situations of a case, some of them unknown."""
    return list(_Story(case).tell())


def bill(scheme: Scheme, codes: Iterable[int], facts: Facts) -> dict[Ledger, tuple[Counter[str], Counter[str]]]:
    """Per ledger the least and the most of each operation, every situation by itself."""
    total = {ledger: (Counter[str](), Counter[str]()) for ledger in LEDGERS}
    for code in codes:
        possible = [_sum(scheme, known, facts) for known in situations.completions(code)]
        for ledger, (low, high_) in total.items():
            for op in set().union(*(p[ledger] for p in possible)):
                low[op] += min(p[ledger][op] for p in possible)
                high_[op] += max(p[ledger][op] for p in possible)
    return {ledger: (+low, +high_) for ledger, (low, high_) in total.items()}


def _sum(scheme: Scheme, codes: Iterable[int], facts: Facts) -> dict[Ledger, Counter[str]]:
    bills = [scheme.bill(code, facts) for code in codes]
    return {ledger: sum((Counter(getattr(b, ledger)) for b in bills), Counter()) for ledger in LEDGERS}


class _Story:
    def __init__(self, case: Table) -> None:
        self.events = case["events"]
        self.machine = Machine()
        self.threads = {name: _thread(t) for name, t in case.get("threads", {}).items()}
        held = case.get("facts", {}).get("cpu_user", {})
        by_cpu = held if isinstance(held, list) else [held] * (1 + max(e.get("cpu", 0) for e in self.events))
        for cpu, bases in enumerate(by_cpu):
            for ledger, base in bases.items():
                self.machine.held[cpu][ledger] = _base(base).value
            self.machine.held[cpu]["fs_null_seg"] = self.machine.held[cpu]["fs"]

    def tell(self) -> Iterator[int]:
        for event in self.events:
            do = event["do"]
            if do.endswith(("_user", "_kernel")):
                yield from self._arrives(*do.rsplit("_", 1), event)
            else:
                yield from getattr(self, "first_return" if do == "return" else do)(event)

    def _who(self, event: Table, role: str = "task") -> Thread:
        who = event.get(role, {})
        return self.threads[who] if isinstance(who, str) else _thread(who)

    def _arrives(self, what: str, origin: str, event: Table) -> Iterator[int]:
        if what == "nmi":
            yield from self.machine.nmi(origin)
        elif origin == "kernel":
            yield from self.machine.arrival(_SIDES[what])
        else:
            yield from self._round_trip(_SIDES[what], event)

    def _round_trip(self, via: str, event: Table, inside: Iterable[int] = ()) -> Iterator[int]:
        yield from self.machine.entry(via)
        yield from inside
        if event.get("returns", True):
            yield from self.machine.leave(via)

    def syscall(self, event: Table) -> Iterator[int]:
        return self._round_trip("syscall", event)

    def arch_prctl(self, event: Table) -> Iterator[int]:
        verb, ledger = event["code"].lower().split("_")
        inside = self.machine.get_base(ledger) if verb == "get" else self._set(ledger, event)
        return self._round_trip("syscall", event, inside)

    def _set(self, ledger: Ledger, event: Table) -> list[int]:
        value = _base(event["value"]).value
        size = "low" if event.get("small") or value == ZERO else "high"
        succeeds = "no" if event.get("fails") else "yes"
        return self.machine.set_base(event.get("cpu", 0), self._who(event), ledger, value, size, succeeds)

    def switch(self, event: Table) -> list[int]:
        return self.machine.switch(event.get("cpu", 0), self._who(event, "prev"), self._who(event, "next"))

    def fork(self, event: Table) -> list[int]:
        child, made = self.machine.fork(self._who(event), settls=event.get("settls"))
        self.threads[event.get("child", "")] = child
        return made

    def exec(self, event: Table) -> list[int]:
        return self.machine.exec(event.get("cpu", 0), self._who(event))

    def exit(self, event: Table) -> list[int]:
        return self.machine.exit(event.get("cpu", 0), self._who(event))

    def coredump(self, _event: Table) -> list[int]:
        return self.machine.core_dump()

    def first_return(self, _event: Table) -> list[int]:
        return self.machine.leave()


def _thread(table: Table) -> Thread:
    if table.get("kernel"):
        return Thread(kernel=True)
    bases = {}
    for ledger in LEDGERS:
        base = _base(table[ledger]) if ledger in table else unknown()
        bases[ledger] = Base(base.value, base.kind, "set" if table.get(f"{ledger}_sel") else "null")
    return Thread(kernel=False, base=bases)


def _base(name: str) -> Base:
    if name == "0":
        return Base()
    return Base(Value(name, open=True), "unknown") if name.startswith("?") else high(name)
