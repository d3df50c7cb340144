"""Closed forms of the differences between schemes, over random stories and prices (docs/schemes.md, "Identities")."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle.machine import LEDGERS, ZERO, Base, Machine, Thread, Value, high

from gstrace.replay import situations
from gstrace.schemes import library
from gstrace.schemes.facts import Facts
from gstrace.schemes.operations import NAMES

CPUS = 2
VIAS = ("syscall", "interrupt", "page_fault", "exception")


@dataclass
class Story:
    """Situations, and how often what happened. Entries and returns apart: some tasks never return."""

    codes: list[int] = field(default_factory=list)
    n: Counter[str] = field(default_factory=Counter)

    def tell(self, what: str, codes: list[int]) -> None:
        self.codes += codes
        self.n[what] += 1


def _threads(bases: tuple[str, ...], *, selectors: bool) -> st.SearchStrategy[list[Thread]]:
    selector = st.sampled_from(["null", "set"] if selectors else ["null"])
    base = st.builds(lambda name, s: Base(*_value(name), s), st.sampled_from(bases), selector)
    user = st.builds(lambda gs, fs: Thread(base={"gs": gs, "fs": fs}), base, base)
    return st.lists(st.one_of(user, st.builds(lambda: Thread(kernel=True))), min_size=2, max_size=4)


def _value(name: str) -> tuple[Value, str]:
    if name == "0":
        return ZERO, "zero"
    return Value(name), "low" if name == "small" else "high"


EVENTS = st.lists(st.tuples(*[st.integers(0, 11)] * 5), max_size=30)


@st.composite
def stories(draw: st.DrawFn, bases: tuple[str, ...] = ("0", "x", "y", "small"), *, selectors: bool = True) -> Story:
    machine, story = Machine(), Story()
    for cpu in range(CPUS):
        for place in machine.held[cpu]:
            machine.held[cpu][place] = _value(draw(st.sampled_from(bases)))[0]
    threads = draw(_threads(bases, selectors=selectors))
    for what, a, b, c, where in draw(EVENTS):
        cpu, task, other = where % CPUS, threads[a % len(threads)], threads[b % len(threads)]
        ledger = LEDGERS[b % 2]
        match what:
            case 0:
                story.tell("in", machine.entry(VIAS[a % 4]))
                story.n["fenced in"] += a % 4 > 0
                if b:
                    story.tell("out", machine.leave(VIAS[a % 4]))
            case 1:
                story.tell("A", machine.arrival(VIAS[1 + a % 3]))
            case 2:
                story.tell("N" if a % 2 else "K", machine.nmi("user" if a % 2 else "kernel"))
            case 3 | 4 | 5:
                codes = machine.switch(cpu, task, other)
                story.tell("W", codes)
                story.n["W gs written"] += situations.decode(codes[0])[1]["differs"] == "yes"
            case 6 | 7:
                name = bases[c % len(bases)]
                size = "low" if name in {"0", "small"} else "high"
                succeeds = "yes" if where < 9 else "no"
                codes = machine.set_base(cpu, task, ledger, _value(name)[0], size, succeeds)
                story.tell(f"S {ledger}" if succeeds == "yes" else "refused", codes)
            case 8:
                story.tell(f"G {ledger}", machine.get_base(ledger))
            case 9:
                child, codes = machine.fork(task)
                story.tell("F", codes)
                threads.append(child)
            case 10:
                story.tell("X", machine.exec(cpu, task))
            case 11 if a % 3:
                story.tell("Z", machine.exit(cpu, task))
            case _:
                # A core dump reads both bases, as the calls that get them.
                story.tell("G gs", machine.core_dump())
                story.n["G fs"] += 1
    return story


PRICES = st.fixed_dictionaries({name: st.integers(0, 500) for name in NAMES})
FENCED = Facts(null_seg=False, fences=True, fences_user=True, kernel=(6, 1))
BARE = Facts(null_seg=False, fences=False, fences_user=False, kernel=(6, 1))
MACHINES = st.builds(
    lambda null_seg, fences, user: Facts(null_seg=null_seg, fences=fences, fences_user=fences and user, kernel=(6, 1)),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
Prices = dict[str, int]
parsed = cache(library.parse)


def cycles(scheme: str, story: Story, facts: Facts, p: Prices, ledger: str = "gs") -> int:
    scheme_ = parsed(scheme)
    times = Counter(story.codes)
    return sum(p[op] * n * times[c] for c in times for op, n in getattr(scheme_.bill(c, facts), ledger).items())


def difference(scheme: str, base: str, story: Story, facts: Facts, p: Prices, ledger: str = "gs") -> int:
    return cycles(scheme, story, facts, p, ledger) - cycles(base, story, facts, p, ledger)


def irqs(p: Prices) -> int:
    return p["irq_save"] + p["irq_restore"]


def paranoid(p: Prices) -> int:
    """An NMI from kernel mode that saves and sets without looking."""
    return p["rdgsbase"] + 2 * p["wrgsbase"] + p["lsl"] + p["load"]


def sign_test(p: Prices, facts: Facts) -> int:
    return p["rdmsr_gs"] + p["lfence"] * bool(facts.fences)


LOOKUPS: dict[str, Callable[[Prices], int]] = {
    "free": lambda _: 0,
    "lsl": lambda p: p["lsl"] + p["load"],
    "rdpid": lambda p: p["rdpid"] + p["load"],
}


@given(stories(), MACHINES, PRICES)
def test_mixed_against_swapgs(story: Story, facts: Facts, p: Prices) -> None:
    n = story.n
    assert difference("mixed", "swapgs", story, facts, p) == (
        n["W"] * (4 * p["swapgs"] + p["rdmsr_gs"] + p["wrmsr_gs"] - p["wrmsr_kernel_gs"] + 2 * irqs(p))
        + (n["S gs"] + n["X"]) * (irqs(p) + 2 * p["swapgs"] + p["wrgsbase"] - p["store"] - p["wrmsr_kernel_gs"])
        + n["G gs"] * (irqs(p) + 2 * p["swapgs"] + p["rdgsbase"] - p["load"])
        + n["F"] * (irqs(p) + 2 * p["swapgs"] + p["rdgsbase"])
    )


@given(stories(), MACHINES, PRICES)
def test_mixed_as_coded_against_mixed_as_billed(story: Story, facts: Facts, p: Prices) -> None:
    n = story.n
    assert difference("mixed-coded", "mixed", story, facts, p) == (
        n["W"] * (p["rdgsbase"] + p["wrgsbase"] - p["rdmsr_gs"] - p["wrmsr_gs"])
        + n["K"] * (paranoid(p) - sign_test(p, facts))
    )


@pytest.mark.parametrize("lookup", LOOKUPS)
@pytest.mark.parametrize(("write", "written"), [("always", "W"), ("on-change", "W gs written")])
@given(story=stories(), facts=MACHINES, p=PRICES)
def test_fsgsbase_against_swapgs(lookup: str, write: str, written: str, story: Story, facts: Facts, p: Prices) -> None:
    n, find = story.n, LOOKUPS[lookup](p)
    exchange = p["rdgsbase"] + 2 * p["wrgsbase"] + find
    assert difference(f"fsgsbase:lookup={lookup}", f"swapgs:write={write}", story, facts, p) == (
        n["in"] * (p["rdgsbase"] + p["store"] + find + p["wrgsbase"] - p["swapgs"])
        + n["out"] * (p["load"] + p["wrgsbase"] - p["swapgs"])
        + n["N"] * (exchange - 2 * p["swapgs"])
        + n["K"] * (exchange - sign_test(p, facts))
        - (n[written] + n["S gs"] + n["X"]) * p["wrmsr_kernel_gs"]
    )


@pytest.mark.parametrize(("write", "written"), [("always", "W"), ("on-change", "W gs written")])
@given(story=stories(), facts=MACHINES, p=PRICES)
def test_saved_at_entry_against_swapgs(write: str, written: str, story: Story, facts: Facts, p: Prices) -> None:
    n = story.n
    assert difference("saved-at-entry", f"swapgs:write={write}", story, facts, p) == (
        n["in"] * (p["rdgsbase"] + p["store"])
        + n["out"] * (p["load"] + p["wrgsbase"])
        + n["N"] * (p["rdgsbase"] + p["wrgsbase"])
        + n["K"] * (paranoid(p) - sign_test(p, facts))
        - (n[written] + n["S gs"] + n["X"]) * p["wrmsr_kernel_gs"]
    )


@pytest.mark.parametrize("lookup", LOOKUPS)
@given(story=stories(), facts=MACHINES, p=PRICES)
def test_fsgsbase_against_saved_at_entry(lookup: str, story: Story, facts: Facts, p: Prices) -> None:
    n, find = story.n, LOOKUPS[lookup](p)
    assert difference(f"fsgsbase:lookup={lookup}", "saved-at-entry", story, facts, p) == (
        (n["in"] + n["N"]) * (p["wrgsbase"] + find - p["swapgs"])
        - (n["out"] + n["N"]) * p["swapgs"]
        + n["K"] * (find - p["lsl"] - p["load"])
    )


@pytest.mark.parametrize("machine", [FENCED, BARE])
@given(story=stories(("0",), selectors=False), p=PRICES)
def test_linux_with_and_without_fsgsbase_when_all_bases_are_0(machine: Facts, story: Story, p: Prices) -> None:
    n = story.n
    assert difference("linux-fsgsbase", "linux-legacy", story, machine, p) == (
        n["W"] * (4 * p["swapgs"] + p["rdgsbase"] + p["wrgsbase"] + p["load"] + p["store"])
        + n["S gs"] * (irqs(p) + 2 * p["swapgs"] + p["wrgsbase"] - p["wrmsr_kernel_gs"])
        + n["G gs"] * (irqs(p) + 2 * p["swapgs"] + p["rdgsbase"] - p["rdmsr_kernel_gs"])
        + n["F"] * (2 * p["swapgs"] + p["rdgsbase"] + p["store"])
        + n["K"] * (paranoid(p) - sign_test(p, machine))
    )
    assert difference("linux-fsgsbase", "linux-legacy", story, machine, p, "fs") == (
        n["W"] * (p["rdfsbase"] + p["store"] + p["load"] + p["wrfsbase"])
        + n["F"] * (p["rdfsbase"] + p["store"])
        + n["S fs"] * (p["wrfsbase"] - p["wrmsr_fs"])
        + n["G fs"] * (p["rdfsbase"] - p["rdmsr_fs"])
    )


@given(st.lists(st.integers(0, 3), min_size=2), PRICES)
def test_linux_with_and_without_fsgsbase_when_libc_has_set_fs(order: list[int], p: Prices) -> None:
    users = [Thread(base={"gs": Base(), "fs": high(name)}) for name in "abc"]
    threads, machine, story = [*users, Thread(kernel=True)], Machine(), Story()
    machine.held[0] = dict.fromkeys(machine.held[0], ZERO)
    to_user = from_user_to_kernel = 0
    for prev, nxt in pairwise(order):
        story.tell("W", machine.switch(0, threads[prev], threads[nxt]))
        to_user += nxt < 3
        from_user_to_kernel += prev < 3 and nxt == 3
    by_instruction = p["rdfsbase"] + p["store"] + p["load"] + p["wrfsbase"]
    assert difference("linux-fsgsbase", "linux-legacy", story, BARE, p, "fs") == (
        story.n["W"] * by_instruction - to_user * p["wrmsr_fs"] - from_user_to_kernel * p["mov_fs_null"]
    )


@given(stories(selectors=False), MACHINES, PRICES)
def test_fred_against_linux(story: Story, facts: Facts, p: Prices) -> None:
    n = story.n
    load_null = irqs(p) + 2 * p["swapgs"] + p["mov_gs_null"]
    assert difference("fred", "linux-fsgsbase", story, facts, p) == (
        -(n["in"] + n["out"] + 2 * n["N"]) * p["swapgs"]
        + n["W"] * (p["rdmsr_kernel_gs"] + p["wrmsr_kernel_gs"] - 4 * p["swapgs"] - p["rdgsbase"] - p["wrgsbase"])
        - n["K"] * paranoid(p)
        - n["A"] * p["lfence"] * bool(facts.fences)
        - (n["fenced in"] + n["N"]) * p["lfence"] * bool(facts.fences_user)
        + n["S gs"] * (p["lkgs"] + p["wrmsr_kernel_gs"] - load_null - 2 * p["swapgs"] - p["wrgsbase"])
        + (n["G gs"] + n["F"]) * (p["rdmsr_kernel_gs"] - 2 * p["swapgs"] - p["rdgsbase"])
        + (2 * n["X"] + n["Z"]) * (p["lkgs"] - load_null)
        + n["X"] * bool(facts.null_seg) * (p["lkgs"] - irqs(p) - 2 * p["swapgs"] - p["mov_gs"])
    )


@pytest.mark.parametrize("scheme", library.names())
@given(story=stories(), p=PRICES, swapgs_bug=st.booleans(), pti=st.booleans(), null_seg=st.booleans())
def test_fences_do_not_cancel_where_smap_holds(
    scheme: str, story: Story, p: Prices, swapgs_bug: bool, pti: bool, null_seg: bool
) -> None:
    """With SMAP and without Meltdown only those pay that let user code write GS."""
    holds = Facts(null_seg, mitigations=True, smap=True, meltdown=False, swapgs_bug=swapgs_bug, pti=pti, kernel=(6, 1))
    bare = Facts(null_seg, mitigations=False, kernel=(6, 1))
    n = story.n
    kernel = n["A"] + (n["K"] if scheme == "mixed" else 0)
    user = n["fenced in"] + n["N"] if swapgs_bug and not pti else 0
    fenced = library.load(scheme).user_gs and scheme != "fred"
    paid = cycles(scheme, story, holds, p) - cycles(scheme, story, bare, p)
    assert paid == ((kernel + user) * p["lfence"] if fenced else 0)


@given(stories(), stories(), MACHINES, PRICES)
def test_bills_add_and_differences_mirror(one: Story, two: Story, facts: Facts, p: Prices) -> None:
    both = Story(one.codes + two.codes)
    for scheme, base in pairwise([*library.names(), library.names()[0]]):
        for ledger in LEDGERS:
            whole = difference(scheme, base, both, facts, p, ledger)
            parts = [difference(scheme, base, part, facts, p, ledger) for part in (one, two)]
            assert whole == sum(parts) == -difference(base, scheme, both, facts, p, ledger)
            assert difference(scheme, scheme, both, facts, p, ledger) == 0


@given(stories(), MACHINES, PRICES)
def test_a_switch_that_writes_on_change_never_costs_more(story: Story, facts: Facts, p: Prices) -> None:
    for ledger in LEDGERS:
        assert difference("swapgs:write=on-change", "swapgs", story, facts, p, ledger) <= 0
