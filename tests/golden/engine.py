"""Golden cases through the real engine: rows into the replay kernel, its census into a bill.

A case begins in the middle of things, so threads and CPUs are given their state by hand; from there on only rows count.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from oracle.stream import rows

from gstrace.pricing.bill import Bill, bill
from gstrace.replay import state as st
from gstrace.replay.engine import Replay
from gstrace.replay.kernel.codes import HIGH, NO, NULL_SELECTOR, SET_SELECTOR, YES, ZERO
from gstrace.schemes.compile import completions

if TYPE_CHECKING:
    from gstrace.schemes.compile import Scheme
    from gstrace.schemes.facts import Facts

Table = dict[str, Any]
FIELDS = {
    "gs": (st.GS_VALUE, st.GS_BASE, st.GS_SELECTOR),
    "fs": (st.FS_VALUE, st.FS_BASE, st.FS_SELECTOR),
}
HELD = {"gs": (st.HELD_GS,), "fs": (st.HELD_FS, st.HELD_FS_NULL_SEG)}
CODES = {"SET_GS": 0x1001, "SET_FS": 0x1002, "GET_FS": 0x1003, "GET_GS": 0x1004}
SOMEBODY = "somebody"


class Engine:
    """One golden case, told to a `Replay` row by row."""

    def __init__(self, case: Table) -> None:
        self._replay, self._ts, self._tids = Replay(), 1, dict[str, int]()
        self._feed(kind="waking", tid=99)
        self._values: dict[str, int] = {}
        for name, thread in {SOMEBODY: {}, **case.get("threads", {})}.items():
            self._make(name, thread)
        held = case.get("facts", {}).get("cpu_user", {})
        for cpu in range(2):
            for ledger, base in (held[cpu] if isinstance(held, list) else held).items():
                for at in HELD[ledger]:
                    self._replay.state.cpus[cpu, at] = self._value(base)
        for event in case["events"]:
            self._tell(event)
        # A case's calls include their returns, also of a thread that is switched out when the case ends.
        self._replay.state.threads[:, st.OUT] = 0
        self._replay.finish()

    def bill(self, scheme: Scheme, facts: Facts) -> Bill:
        """The case's bill: of all that was counted but the first row."""
        census = self._replay.census()
        counts: Counter[int] = Counter()
        for code, n in zip(census.situation.tolist(), census.count.tolist(), strict=True):
            counts[code] += n
        return bill(scheme, completions([scheme], facts), counts)

    # ---- threads ----

    def _make(self, name: str, thread: Table) -> None:
        tid = self._tids[name] = 100 + len(self._tids)
        is_kernel = bool(thread.get("kernel"))
        self._feed(kind="task", what="found", tid=-1, subject=tid, pid=tid, kernel=None)
        slot = self._replay.state.tidmap[tid] - 1
        t = self._replay.state.threads[slot]
        t[st.KERNEL] = YES if is_kernel else NO
        for ledger, (value, base, selector) in FIELDS.items():
            said = "0" if is_kernel else thread.get(ledger)
            if said is None or said.startswith("?"):
                continue  # found threads are of unknown base
            t[value], t[base] = self._value(said), ZERO if said == "0" else HIGH
            t[selector] = SET_SELECTOR if thread.get(f"{ledger}_sel") else NULL_SELECTOR

    def _value(self, name: str, *, small: bool = False) -> int:
        if name == "0":
            return 0
        number = self._values.setdefault(name, 1 + len(self._values))
        return number << (12 if small else 40)

    def _who(self, event: Table, role: str = "task") -> int:
        who = event.get(role, SOMEBODY)
        if isinstance(who, str):
            return self._tids[who]
        name = f"{role} {len(self._tids)}"
        self._make(name, who)
        return self._tids[name]

    # ---- events ----

    def _feed(self, *, tid: int, cpu: int = 0, **event: Any) -> None:
        self._ts += 1000
        if tid > 0 and self._ts > 2001:
            state = self._replay.state
            state.cpus[cpu, st.RUN] = state.tidmap[tid] - 1  # no switch is to be inferred
            state.threads[state.cpus[cpu, st.RUN], st.OUT] = 0
        self._replay.feed(rows([{"cpu": cpu, "tid": tid, "ts": self._ts, **event}]))

    def _tell(self, event: Table) -> None:
        do, cpu = event["do"], event.get("cpu", 0)
        if do.endswith(("_user", "_kernel")):
            self._arrives(*do.rsplit("_", 1))
        elif do == "switch":
            prev, nxt = self._who(event, "prev"), self._who(event, "next")
            self._feed(kind="switch", cpu=cpu, tid=prev, next=nxt, gone=False)
        elif do in ("syscall", "arch_prctl"):
            self._calls(event, cpu)
        elif do == "return":
            self._feed(kind="sys_exit", tid=max(self._tids.values()), nr=56, ret=0)
        elif do == "coredump":
            self._feed(kind="signal", tid=self._who(event), sig=6, code=0, default=True)
        else:
            self._lives(do, event, cpu)

    def _arrives(self, what: str, origin: str) -> None:
        tid = self._tids[SOMEBODY]
        if what == "nmi":
            self._feed(kind="nmi", tid=tid, handler=1, origin=origin)
        elif what == "page_fault":
            self._feed(kind="exception", tid=tid, user=origin == "user")
        else:
            self._feed(kind="irq", tid=tid, phase="entry", origin=origin)
            self._feed(kind="irq", tid=tid, phase="exit", origin=origin)

    def _calls(self, event: Table, cpu: int) -> None:
        tid, is_prctl = self._who(event), event["do"] == "arch_prctl"
        nr = 158 if is_prctl else 39
        self._feed(kind="sys_enter", cpu=cpu, tid=tid, nr=nr)
        ret = -1 if event.get("fails") else 0
        if is_prctl:
            value = self._value(event.get("value", "0"), small=event.get("small", False))
            self._feed(kind="arch_prctl", cpu=cpu, tid=tid, code=CODES[event["code"]], value=value, ret=ret)
        if event.get("returns", True):
            self._feed(kind="sys_exit", cpu=cpu, tid=tid, nr=nr, ret=ret)

    def _lives(self, do: str, event: Table, cpu: int) -> None:
        tid = self._who(event)
        told: Table = {"subject": tid, "old": None}
        if do == "fork":
            child = self._tids[event.get("child", "nameless child")] = 100 + len(self._tids)
            told = {"subject": child, "flags": 0x80000 if "settls" in event else 0}
        self._feed(kind="task", what=do, cpu=cpu, tid=tid, **told)
