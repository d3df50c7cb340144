"""The plain twin: what threads and CPUs remember about the bases, written for the reader and for no speed.

Each method is one event and gives the situation codes it makes. docs/rules.md has the rules by their letters.
Whether a return to user mode is due, where an interrupt came from and which thread runs is the caller's business.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Literal

from gstrace.replay.situations import Event, encode

Ledger = Literal["gs", "fs"]
LEDGERS: tuple[Ledger, ...] = ("gs", "fs")
_SWITCH = {"gs": Event.SWITCH_GS, "fs": Event.SWITCH_FS}
_SET = {"gs": Event.SET_GS, "fs": Event.SET_FS}
_GET = {"gs": Event.GET_GS, "fs": Event.GET_FS}


@dataclass(frozen=True)
class Value:
    """Which base it is: equal names are equal bases. `open`: it may be any base, also one that has another name."""

    name: object
    open: bool = False


ZERO = Value(0)


@dataclass(frozen=True)
class Base:
    """A thread's FS or GS: the value that user code has, the class of the thread struct's base, the selector.

    kind, selector: values of situations.FIELDS. Value and kind part where Linux forgets the base of a thread
    that was switched out with a selector (S2).
    """

    value: Value = ZERO
    kind: str = "zero"
    selector: str = "null"

    def saved(self) -> Base:
        """After save_base_legacy (S2): with a selector the thread struct's base is 0."""
        if self.selector == "set":
            return replace(self, kind="zero")
        if self.selector == "unknown" and self.kind != "zero":
            return replace(self, kind="unknown")
        return self


_fresh = count()


def unknown() -> Base:
    """A base nobody has seen: any value, 0 included."""
    return Base(Value(("unknown", next(_fresh)), open=True), "unknown")


def high(name: object) -> Base:
    """A base above 4 GiB."""
    return Base(Value(name), "high")


@dataclass
class Thread:
    """kernel: None where nobody knows. A kernel thread's bases are 0 (T1)."""

    kernel: bool | None = False
    base: dict[Ledger, Base] = field(default_factory=lambda: {"gs": Base(), "fs": Base()})


def _nobody() -> dict[str, Value | None]:
    return {"gs": None, "fs": None, "fs_null_seg": None}


@dataclass
class Machine:
    """held: per CPU, the user bases last put there by a scheme that writes on change; None where nobody knows.

    `fs_null_seg` is `fs` on a CPU with the null-segment bug, where an exit's null load leaves the base.
    """

    held: dict[int, dict[str, Value | None]] = field(default_factory=lambda: defaultdict(_nobody))

    # ---- arrivals and returns (E1–E6, N1–N3) ----

    def entry(self, via: str = "syscall") -> list[int]:
        return [encode(Event.ENTRY, via=via)]

    def leave(self, via: str = "syscall") -> list[int]:
        """The return to user mode."""
        return [encode(Event.RETURN, via=via)]

    def arrival(self, via: str = "interrupt") -> list[int]:
        return [encode(Event.ARRIVAL, via=via)]

    def nmi(self, origin: str) -> list[int]:
        return [encode(Event.NMI, origin=origin)]

    # ---- switches (S1–S4) ----

    def switch(self, cpu: int, prev: Thread, nxt: Thread, *, inferred: bool = False) -> list[int]:
        codes = []
        for ledger in LEDGERS:
            prev.base[ledger] = prev.base[ledger].saved()
            p, n = prev.base[ledger], nxt.base[ledger]
            places = ("gs",) if ledger == "gs" else ("fs", "fs_null_seg")
            asked = {place: self._differs(self.held[cpu][place], n.value, nxt.kernel) for place in places}
            codes.append(
                encode(
                    _SWITCH[ledger],
                    inferred="yes" if inferred else "no",
                    prev_selector=p.selector,
                    next_selector=n.selector,
                    prev_base=p.kind,
                    next_base=n.kind,
                    **{"differs_null_seg" if place == "fs_null_seg" else "differs": a for place, a in asked.items()},
                )
            )
            for place in places:
                self._put(cpu, place, n.value, nxt.kernel, asked[place])
        return codes

    @staticmethod
    def _differs(held: Value | None, value: Value, kernel: bool | None) -> str:
        """Whether a scheme that writes on change writes."""
        if kernel or held == value:
            return "no"
        doubtful = held is None or held.open or value.open or kernel is None
        return "unknown" if doubtful else "yes"

    def _put(self, cpu: int, place: str, value: Value, kernel: bool | None, wrote: str) -> None:
        if kernel is False:
            self.held[cpu][place] = value
        elif kernel is None and wrote != "no":
            self.held[cpu][place] = None

    # ---- calls (P1–P5) ----

    def set_base(
        self,
        cpu: int,
        thread: Thread,
        ledger: Ledger,
        value: Value | None,
        size: str = "high",
        succeeds: str = "yes",
    ) -> list[int]:
        """ARCH_SET_GS, ARCH_SET_FS. value: None where the trace does not say; size: high, low (0 included), unknown."""
        if succeeds != "no":
            known = value is not None and succeeds == "yes"
            base = self._set_to(value, size) if known else replace(unknown(), selector=thread.base[ledger].selector)
            thread.base[ledger] = base
            for place in self.held[cpu]:
                if place.startswith(ledger):
                    self.held[cpu][place] = base.value if succeeds == "yes" else None
        return [encode(_SET[ledger], succeeds=succeeds, size=size)]

    @staticmethod
    def _set_to(value: Value, size: str) -> Base:
        return Base(value, "zero_set" if value == ZERO else size)

    def get_base(self, ledger: Ledger) -> list[int]:
        """ARCH_GET_GS, ARCH_GET_FS: also one that fails has read the base (P5)."""
        return [encode(_GET[ledger])]

    # ---- the life of threads (C1–C4) ----

    def fork(self, parent: Thread, *, settls: object = None) -> tuple[Thread, list[int]]:
        """The child has its parent's bases, and with CLONE_SETTLS an FS of its own that is not 0."""
        child = Thread(parent.kernel, dict(parent.base))
        if settls is not None and not parent.kernel:
            child.base["fs"] = Base(Value(settls), "nonzero")
        return child, [encode(Event.FORK)]

    def exec(self, cpu: int, thread: Thread) -> list[int]:
        """Both bases are 0 afterwards, the CPU's too; whoever execs is a user task from then on."""
        thread.kernel = False
        for ledger in LEDGERS:
            thread.base[ledger] = Base()
        for place in self.held[cpu]:
            self.held[cpu][place] = ZERO
        return [encode(Event.EXEC)]

    def exit(self, cpu: int, thread: Thread) -> list[int]:
        """The selectors become null; the thread struct's bases stay, and its last switch still sees them."""
        for ledger in LEDGERS:
            thread.base[ledger] = replace(thread.base[ledger], selector="null")
        self.held[cpu]["fs"] = ZERO
        return [encode(Event.EXIT)]

    def core_dump(self) -> list[int]:
        return [encode(Event.CORE_DUMP)]
