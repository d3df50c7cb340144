"""The replay again, plainly: objects and dictionaries, one event at a time, situations by their names. Slow and, it is
hoped, obviously right; the kernel must count the same. Rules by their numbers in docs/rules.md.

An event is a dict with `kind` (a table's name), `cpu`, `tid`, `ts`, and the payload by the names used below.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from gstrace.replay.options import DEFAULT, Options
from gstrace.replay.situations import QUIET, Event, encode

FIRST_WIDTH = 1 << 20
MOST_BINS = 2048
ANYWHERE = -1
EXCEPTION_SIGNALS = {4: "trap", 5: "trap", 8: "trap", 7: "fault", 11: "fault"}
CORE_SIGNALS = {3, 4, 5, 6, 7, 8, 11, 24, 25, 31}
EXEC_CALLS, DESCRIPTOR_CALLS = {59, 322}, {154, 205}
CLONE_THREAD, CLONE_SETTLS = 0x10000, 0x80000


@dataclass(frozen=True)
class Base:
    """A base: its value, or an unknown one (`value` None) that only itself is equal to; `nonzero` if it cannot be 0."""

    value: int | None
    name: int = 0
    nonzero: bool = False

    def against(self, other: Base) -> str:
        """Whether two bases differ: no, yes, unknown."""
        if self == other:
            return "no"
        anything = [b.value is None and not b.nonzero for b in (self, other)]
        return "unknown" if any(anything) else "yes"


ZERO = Base(0)


@dataclass(frozen=True)
class Ledger:
    """One of a thread's two segments: the base, the class of the thread struct's base, the selector."""

    base: Base = ZERO
    kind: str = "zero"
    selector: str = "null"


@dataclass(frozen=True)
class Due:
    """A return to user mode that is to come, and where it would be counted. doubtful: it may be over already."""

    via: str
    place: tuple[int, int, int]
    doubtful: bool = False


@dataclass
class Thread:
    """One generation of a thread. kernel, in_call: True, False, None unknown."""

    row: int
    tid: int
    generation: int
    kernel: bool | None
    epoch: int
    gs: Ledger = field(default_factory=Ledger)
    fs: Ledger = field(default_factory=Ledger)
    pid: int = 0
    in_call: bool | None = None
    call: int = 0
    newborn: bool = False
    exiting: bool = False
    dead: bool = False
    out: bool = False
    faulted: bool = False
    dumps: bool = False
    due: Due | None = None
    ran: int = 0
    stopped: tuple[int, int, int] | None = None
    told: bool = False
    calls_since_exec: int | None = None
    selected: int = 0


@dataclass
class Cpu:
    """One CPU. held: what a scheme that writes on change last put there, None unknown."""

    runs: Thread | None = None
    depth: int = 0
    line: tuple[int, int] | None = None
    nmi: int | None = None
    switched_out: Thread | None = None
    last_segment: int | None = None
    last_ts: int | None = None
    own: int | None = None
    held: dict[str, Base | None] = field(default_factory=lambda: dict.fromkeys(("gs", "fs", "fs_null_seg")))


class Replay:
    """Feed events in order; `cells` is the census: (segment, time, cpu, thread, situation) → count, time by `width`."""

    def __init__(self, options: Options = DEFAULT) -> None:
        self._options = options
        self._counted: Counter[tuple[int, int, int, int, int]] = Counter()
        self.width = FIRST_WIDTH
        self.inferred = self._told_lost = 0
        self._names = count(1)
        self._threads: dict[int, Thread] = {}
        self.all: list[Thread] = []
        self._cpus: dict[int, Cpu] = {}
        self._segment, self._epoch, self._ts, self._now, self._begin = 0, 0, 0, 0, None
        self._pieces: list[int] = []

    # ---- counting ----

    @property
    def cells(self) -> dict[tuple[int, int, int, int, int], int]:
        begin = self._begin or 0
        cells: Counter[tuple[int, int, int, int, int]] = Counter()
        for (segment, ts, cpu, row, code), n in self._counted.items():
            start = begin if segment == ANYWHERE else begin + (ts - begin) // self.width * self.width
            cells[segment, start, cpu, row, code] += n
        return dict(cells)

    def _count(self, place: tuple[int, int, int], thread: Thread, event: Event, n: int = 1, **fields: str) -> None:
        segment, ts, cpu = place
        self._counted[segment, ts, cpu, thread.row, encode(event, **fields)] += n

    def _unknown(self, *, nonzero: bool = False) -> Base:
        return Base(None, next(self._names), nonzero)

    # ---- threads ----

    def _new(self, tid: int, generation: int = 0) -> Thread:
        kernel = True if tid in (0, 2) else None
        thread = Thread(len(self.all), tid, generation, kernel, self._epoch)
        self.all.append(thread)
        self._forget(thread)
        return thread

    def _forget(self, t: Thread) -> None:
        if t.kernel:
            t.gs, t.fs = replace(t.gs, base=ZERO, kind="zero"), replace(t.fs, base=ZERO, kind="zero")
        else:
            t.gs = replace(t.gs, base=self._unknown(), kind="unknown")
            t.fs = replace(t.fs, base=self._unknown(), kind="unknown")
        if not self._options.selectors_null:
            selector = "null" if t.kernel else "untold"
            t.gs, t.fs = replace(t.gs, selector=selector), replace(t.fs, selector=selector)

    def _has_written(self, t: Thread, c: Cpu) -> None:
        """User code wrote both bases: nobody knows what, only that the CPU has the same if it had the same."""
        if not self._options.user_writes or t.kernel:
            return
        for side, places in (("gs", ("gs",)), ("fs", ("fs", "fs_null_seg"))):
            ledger: Ledger = getattr(t, side)
            base = self._unknown()
            for place in places:
                c.held[place] = base if c.held[place] == ledger.base else None
            setattr(t, side, replace(ledger, base=base, kind="unknown"))

    def _may_have_written(self, t: Thread, c: Cpu) -> None:
        if t.in_call is not True and not t.newborn and not t.exiting:
            self._has_written(t, c)

    def _thread(self, tid: int) -> Thread:
        if not 0 <= tid <= 1 << 22:
            stranger = self.all[1]
            stranger.due, stranger.in_call = None, None
            self._forget(stranger)
            return stranger
        t = self._threads.get(tid)
        if t is None or t.dead:
            t = self._threads[tid] = self._new(tid, 0 if t is None else t.generation + 1)
        if t.epoch != self._epoch:
            t.epoch = self._epoch
            self._forget(t)
            if tid != 0:
                t.in_call, t.newborn = None, False
                t.due = t.due and replace(t.due, doubtful=True)
        return t

    def _is_user(self, t: Thread) -> None:
        if t.row > 1 and t.kernel is not False:
            was, t.kernel = t.kernel, False
            if was:
                self._forget(t)

    # ---- returns (E2, E5, E7) ----

    def _returned(self, t: Thread) -> None:
        if t.due:
            self._count(t.due.place, t, Event.RETURN, via=t.due.via)
            t.due = None

    def _here(self, cpu: int) -> tuple[int, int, int]:
        return self._segment, self._now, cpu

    def _moved(self, t: Thread, cpu: int) -> bool:
        return t.due is not None and (t.due.place[0], t.due.place[2]) != (self._segment, cpu)

    def _runs_again(self, t: Thread, cpu: int) -> None:
        t.out = False
        if t.due:
            if t.due.doubtful and self._moved(t, cpu):
                self._count(t.due.place, t, Event.MAYBE_RETURN, via=t.due.via)
            t.due = Due(t.due.via, self._here(cpu))

    # ---- switches (S1–S4, T10) ----

    def _switch(self, cpu: int, p: Thread, n: Thread, *, inferred: bool = False) -> None:
        c = self._cpus[cpu]
        self._may_have_written(p, c)
        for side in ("gs", "fs"):
            ledger: Ledger = getattr(p, side)
            if ledger.selector == "set":
                ledger = replace(ledger, kind="zero")
            elif ledger.selector in ("unknown", "untold") and ledger.kind not in ("zero", "zero_set"):
                ledger = replace(ledger, kind="unknown")
            setattr(p, side, ledger)
        words = {"inferred": "yes" if inferred else "no"}
        for side, event, held in (("gs", Event.SWITCH_GS, ("gs",)), ("fs", Event.SWITCH_FS, ("fs", "fs_null_seg"))):
            prev, nxt = getattr(p, side), getattr(n, side)
            values = {h: self._differs(c.held[h], nxt.base, n.kernel) for h in held}
            asked = {"differs": values[side]}
            if side == "fs":
                asked["differs_null_seg"] = values["fs_null_seg"]
            self._count(
                self._here(cpu),
                p,
                event,
                prev_selector=prev.selector,
                next_selector=nxt.selector,
                prev_base=prev.kind,
                next_base=nxt.kind,
                **words,
                **asked,
            )
            for h in held:
                if n.kernel is False:
                    c.held[h] = nxt.base
                elif n.kernel is None and values[h] != "no":
                    c.held[h] = None
        p.out = True
        c.runs, c.depth, c.own = n, 0, self._ts
        self._runs_again(n, cpu)

    @staticmethod
    def _differs(held: Base | None, base: Base, kernel: bool | None) -> str:
        if kernel:
            return "no"
        if held is None:
            return "unknown"
        word = held.against(base)
        return "unknown" if word == "yes" and kernel is None else word

    def _seen(self, cpu: int, t: Thread) -> None:
        c = self._cpus[cpu]
        if c.runs is t:
            return
        if c.runs is None:
            c.runs = t
            self._runs_again(t, cpu)
        elif c.runs.in_call and c.runs.call in EXEC_CALLS and c.runs.pid == t.tid:
            c.runs = t
        else:
            self.inferred += 1
            self._switch(cpu, c.runs, t, inferred=True)

    # ---- entries ----

    def _stops(self, cpu: int, t: Thread) -> None:
        """E4: for its tracer, and perhaps by an exception."""
        self._doubt_stop(t)
        if not (t.kernel or t.in_call or t.newborn or t.exiting):
            elsewhere = self._moved(t, cpu)
            if elsewhere and t.due:
                self._count(t.due.place, t, Event.MAYBE_RETURN, via=t.due.via)
            t.stopped, t.told = self._here(cpu), elsewhere
            t.due = t.due and Due(t.due.via, self._here(cpu) if elsewhere else t.due.place, doubtful=True)

    def _doubt_stop(self, t: Thread) -> None:
        if t.stopped:
            self._count(t.stopped, t, Event.MAYBE_EXCEPTION)
        t.stopped = None

    def _entered_at_stop(self, t: Thread, stop: tuple[int, int, int]) -> None:
        """The exception that a signal tells of stopped the thread: what was due before has happened before."""
        self._is_user(t)
        self._has_written(t, self._cpus[stop[2]])
        if t.due:
            self._count(stop, t, Event.MAYBE_RETURN if t.told else Event.RETURN, via=t.due.via)
        self._count(stop, t, Event.ENTRY, via="exception")
        t.in_call, t.newborn, t.faulted, t.dumps, t.stopped = False, False, False, False, None

    def _enters(self, cpu: int, t: Thread, via: str) -> None:
        self._is_user(t)
        self._has_written(t, self._cpus[cpu])
        self._returned(t)
        self._doubt_stop(t)
        t.in_call, t.newborn, t.faulted, t.dumps = False, False, False, False
        self._count(self._here(cpu), t, Event.ENTRY, via=via)
        t.due = Due(via, self._here(cpu))

    def _origin(self, t: Thread, depth: int, said: str) -> str:
        if said != "unknown":
            return said
        return "kernel" if t.kernel or t.in_call or t.newborn or t.exiting or depth else "unknown"

    # ---- one event ----

    def feed(self, e: dict[str, Any]) -> None:
        if self._begin is None:
            self._begin = self._now = e["ts"]
            self._threads[0] = self._new(0)
            self._new(-1)
        self._ts, self._now = e["ts"], max(self._now, e["ts"])
        while (self._now - self._begin) // self.width >= MOST_BINS:
            self.width *= 2
        self._visit_window()
        kind, cpu = e["kind"], e["cpu"]
        if kind == "loss":
            self._loss(e)
            return
        if kind == "marker":
            self._segment += 1
            return
        c = self._cpus.setdefault(cpu, Cpu())
        if kind != "irq":
            c.line = None
        if kind != "nmi":
            c.nmi = c.switched_out = None
        t = self.all[1]
        before, inferred = c.runs, self.inferred
        renumbered = kind == "task" and e["what"] == "exec" and e["old"] not in (None, e["subject"])
        if renumbered and c.runs and c.runs.tid == e["old"]:
            c.runs = self._thread(e["tid"])
        if not (kind == "task" and e["what"] in ("found", "rename")):
            t = self._thread(e["tid"])
            if t.exiting and (kind == "sys_enter" or (kind == "exception" and e["user"])):
                t.dead = True
                t = self._thread(e["tid"])
            unended = kind == "arch_prctl" and e["ret"] is None
            if t is not self.all[1] and kind != "nmi" and not unended:
                self._seen(cpu, t)
        self._spend(c, before if self.inferred == inferred else None, e["ts"])
        getattr(self, {"switch": "_switched"}.get(kind, f"_{kind}"), lambda *_: None)(e, cpu, c, t)
        if kind not in ("irq", "nmi") and not c.depth:
            c.own = e["ts"]
        c.last_segment, c.last_ts = self._segment, e["ts"]

    def _spend(self, c: Cpu, who: Thread | None, until: int) -> None:
        """Since the CPU's last event this thread ran; None: nobody knows who."""
        if c.last_ts is not None:
            (who or self.all[1]).ran += max(0, until - c.last_ts)

    def _visit_window(self) -> None:
        if not self._pieces or self._pieces[-1] != self._segment:
            self._pieces.append(self._segment)

    def _sys_enter(self, e: dict[str, Any], cpu: int, c: Cpu, t: Thread) -> None:
        c.depth = 0
        self._enters(cpu, t, "syscall")
        t.in_call, t.call, t.due = True, e["nr"], None
        t.calls_since_exec = None if t.calls_since_exec is None else t.calls_since_exec + 1

    def _sys_exit(self, e: dict[str, Any], cpu: int, c: Cpu, t: Thread) -> None:
        c.depth = 0
        self._is_user(t)
        self._returned(t)
        t.in_call, t.newborn = False, False
        if e["nr"] in DESCRIPTOR_CALLS and (e["ret"] is None or e["ret"] >= 0):
            self._may_select(t, max(t.selected, 1))
        begins_32_bit = (e["nr"] == 45 and (e["ret"] or 0) >= 0x10000) or (e["nr"] == 243 and e["ret"] == 0)
        if t.calls_since_exec == 1 and begins_32_bit:
            self._may_select(t, 2)
        t.due = Due("syscall", self._here(cpu))

    @staticmethod
    def _may_select(t: Thread, why: int) -> None:
        """S4. why: 1 a descriptor, 2 a 32-bit program."""
        t.gs, t.fs, t.selected = replace(t.gs, selector="unknown"), replace(t.fs, selector="unknown"), why

    def _switched(self, e: dict[str, Any], cpu: int, c: Cpu, t: Thread) -> None:
        if e.get("traced"):
            self._stops(cpu, t)
        self._switch(cpu, t, self._thread(e["next"]))
        c.switched_out = t
        t.dead = t.exiting and e["gone"]

    def _exception(self, e: dict[str, Any], cpu: int, c: Cpu, t: Thread) -> None:
        if e["user"]:
            c.depth = 0
            self._enters(cpu, t, "page_fault")
            t.faulted = True
        else:
            self._count(self._here(cpu), t, Event.ARRIVAL, via="page_fault")

    def _irq(self, e: dict[str, Any], cpu: int, c: Cpu, t: Thread) -> None:
        line = e.get("line")
        if e["phase"] == "exit":
            c.depth = max(0, c.depth - 1)
            if line is None or c.line is None or c.line[0] != line[0]:
                c.line = None
            return
        shared = line is not None and c.line is not None and c.line[0] == line[0] and c.line[1] != line[1]
        if not shared:
            c.line = line
        if e["origin"] == "user":
            c.depth = 0
        if not shared:
            origin = self._origin(t, c.depth, e["origin"])
            if origin == "user":
                self._enters(cpu, t, "interrupt")
            elif origin == "kernel":
                c.own = e["ts"]
                self._count(self._here(cpu), t, Event.ARRIVAL, via="interrupt")
            else:
                self._count(self._here(cpu), t, Event.INTERRUPT, via="interrupt", quiet=self._quiet(c, e["ts"]))
                t.due = t.due and replace(t.due, doubtful=True)
        if e["phase"] == "entry":
            c.depth += 1

    @staticmethod
    def _quiet(c: Cpu, ts: int) -> str:
        silence = 0 if c.own is None else ts - c.own
        return [word for word, least in QUIET.items() if silence >= least or not least][-1]

    def _nmi(self, e: dict[str, Any], cpu: int, c: Cpu, t: Thread) -> None:
        same = c.nmi is not None and c.nmi != e["handler"]
        if c.nmi is None:
            c.nmi = e["handler"]
        if same:
            return
        inside_switch = t is c.switched_out and t is not c.runs
        origin = "kernel" if inside_switch else self._origin(t, c.depth, e["origin"])
        if origin == "user":
            self._is_user(t)
            self._returned(t)
        quiet = {"quiet": self._quiet(c, e["ts"])} if origin == "unknown" else {}
        self._count(self._here(cpu), t, Event.NMI, origin=origin, **quiet)

    def _signal(self, e: dict[str, Any], cpu: int, c: Cpu, t: Thread) -> None:
        sort = EXCEPTION_SIGNALS.get(e["sig"])
        if e["sig"] == 5 and e["code"] == 6:
            sort = None
        told = sort == "trap" or (sort == "fault" and not t.faulted)
        if e["code"] > 0 and t.in_call is not True and told:
            if t.stopped:
                self._entered_at_stop(t, t.stopped)
                t.due = Due("exception", self._here(cpu))
            else:
                self._enters(cpu, t, "exception")
        t.faulted = False
        t.dumps |= e["sig"] in CORE_SIGNALS and e["default"] is not False

    def _arch_prctl(self, e: dict[str, Any], cpu: int, c: Cpu, t: Thread) -> None:
        side = {0x1001: "gs", 0x1002: "fs", 0x1003: "fs", 0x1004: "gs"}.get(e["code"])
        if side is None:
            return
        if e["code"] in (0x1003, 0x1004):
            self._count(self._here(cpu), t, Event.GET_GS if side == "gs" else Event.GET_FS)
            return
        value, ret = e["value"], e["ret"]
        succeeds = "unknown" if ret is None else "yes" if ret >= 0 else "no"
        size = "unknown" if value is None else "low" if 0 <= value <= 1 << 32 else "high"
        event = Event.SET_GS if side == "gs" else Event.SET_FS
        self._count(self._here(cpu), t, event, succeeds=succeeds, size=size)
        if succeeds == "no":
            return
        ledger: Ledger = getattr(t, side)
        if succeeds == "unknown" or value is None:
            selector = "null" if ret is not None else "unknown" if ledger.selector == "set" else ledger.selector
            ledger = Ledger(self._unknown(), "unknown", selector)
        else:
            base = Base(value) if value >= 0 else self._unknown_value(value)
            ledger = Ledger(base, "zero_set" if value == 0 else size, "null")
        setattr(t, side, ledger)
        for held in ("gs",) if side == "gs" else ("fs", "fs_null_seg"):
            c.held[held] = ledger.base if ret is not None else None

    def _unknown_value(self, value: int) -> Base:
        raise AssertionError(f"Linux refuses to set {value}")

    # ---- the life of threads (C1–C4) ----

    def _task(self, e: dict[str, Any], cpu: int, c: Cpu, t: Thread) -> None:
        getattr(self, f"_task_{e['what']}")(e, cpu, c, t)

    def _task_found(self, e: dict[str, Any], cpu: int, c: Cpu, _: Thread) -> None:
        t = self._thread(e["subject"])
        if t.row <= 1:
            return
        t.pid = e.get("pid", 0) or t.pid
        kernel = {"name": True if self._options.kernel_names else None}.get(e["kernel"], e["kernel"])
        if kernel is not None and t.kernel is None:
            t.kernel = kernel
            self._forget(t)
        t.out = True

    def _task_rename(self, e: dict[str, Any], cpu: int, c: Cpu, t: Thread) -> None:
        pass

    def _task_fork(self, e: dict[str, Any], cpu: int, c: Cpu, p: Thread) -> None:
        self._count(self._here(cpu), p, Event.FORK)
        self._may_have_written(p, c)
        if e["subject"] <= 0:
            return
        older = self._threads.get(e["subject"])
        t = self._threads[e["subject"]] = self._new(e["subject"], 0 if older is None else older.generation + 1)
        t.gs, t.fs, t.kernel = p.gs, p.fs, p.kernel
        t.selected = p.selected if "unknown" in (p.gs.selector, p.fs.selector) else 0
        t.in_call, t.newborn, t.out = False, True, True
        flags = e["flags"]
        if flags is None:
            t.pid = e.get("pid", 0)
            if not p.kernel:
                t.fs = replace(t.fs, base=self._unknown(), kind="unknown")
            return
        t.pid = e.get("pid", 0) or (p.pid if flags & CLONE_THREAD else t.tid)
        if flags & CLONE_SETTLS and not p.kernel:
            distinct = self._options.tls_distinct
            t.fs = Ledger(self._unknown(nonzero=distinct), "nonzero" if distinct else "unknown", "null")

    def _task_exec(self, e: dict[str, Any], cpu: int, c: Cpu, t: Thread) -> None:
        old = self._threads.get(e["old"]) if e["old"] is not None else None
        if old is not None and old is not t and t.row > 1 and e["old"] != e["subject"]:
            for name in (
                "gs",
                "fs",
                "in_call",
                "call",
                "newborn",
                "exiting",
                "dead",
                "out",
                "faulted",
                "dumps",
                "epoch",
                "due",
                "stopped",
                "told",
                "calls_since_exec",
                "selected",
            ):
                setattr(t, name, getattr(old, name))
            old.due, old.stopped, old.dead = None, None, True
        self._count(self._here(cpu), t, Event.EXEC)
        t.gs, t.fs, t.calls_since_exec = Ledger(), Ledger(), 0
        if t.kernel is not False:
            t.kernel, t.newborn = False, True
        c.held = dict.fromkeys(c.held, ZERO)

    def _task_exit(self, e: dict[str, Any], cpu: int, c: Cpu, t: Thread) -> None:
        self._may_have_written(t, c)
        if t.dumps:
            self._count(self._here(cpu), t, Event.MAYBE_CORE_DUMP)
        if t.due and t.due.doubtful and self._moved(t, cpu):
            self._count(t.due.place, t, Event.MAYBE_RETURN, via=t.due.via)
        self._doubt_stop(t)
        t.due, t.dumps, t.exiting = None, False, True
        self._count(self._here(cpu), t, Event.EXIT)
        t.gs, t.fs = replace(t.gs, selector="null"), replace(t.fs, selector="null")
        c.held["fs"] = ZERO

    # ---- losses (T6) ----

    def _loss(self, e: dict[str, Any]) -> None:
        if e["loss"] == "late":
            return
        count = e["count"]
        if count is not None and e["loss"] == "lost_samples":
            again = min(count, self._told_lost)
            self._told_lost -= again
            count -= again
            if not count:
                return
        elif count is not None:
            self._told_lost += count
        self._epoch += 1
        event, n = (Event.LOST, count) if count is not None else (Event.LOST_UNCOUNTED, 1)
        stranger, cpu = self.all[1], e["cpu"]
        if cpu < 0:
            self._count((ANYWHERE, 0, 0), stranger, event, n)
            for c in self._cpus.values():
                self._forget_cpu(c)
            return
        c = self._cpus.setdefault(cpu, Cpu())
        first = c.last_segment if c.last_segment is not None else self._pieces[0]
        for segment in sorted({s for s in self._pieces if s >= first}):
            self._counted_once(segment, cpu, stranger, event, n)
        self._spend(c, None, e["ts"])
        c.last_segment, c.last_ts = self._segment, e["ts"]
        self._forget_cpu(c)

    @staticmethod
    def _forget_cpu(c: Cpu) -> None:
        c.runs, c.depth, c.line, c.nmi, c.switched_out = None, 0, None, None, None
        c.held = dict.fromkeys(c.held)
        c.own = None

    def _counted_once(self, segment: int, cpu: int, stranger: Thread, event: Event, n: int) -> None:
        self._count((segment, self._now, cpu), stranger, event, n)

    # ---- the end ----

    def finish(self) -> None:
        for c in self._cpus.values():
            self._spend(c, c.runs, self._now)
        for t in self.all:
            self._doubt_stop(t)
            if t.due and not t.out and t.epoch == self._epoch:
                self._returned(t)
            elif t.due and (t.due.doubtful or not t.out):
                self._count(t.due.place, t, Event.MAYBE_RETURN, via=t.due.via)
            t.due = None
