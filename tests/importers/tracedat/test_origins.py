"""Interrupts' origins by the kernel_stack behind them: whose each is, and what it says."""

from __future__ import annotations

import struct
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from importers.perfdata.build import Event
from importers.tracedat.build import ENTER, EVENTS, OTHER, TIMER, File, event, page
from importers.tracedat.helping import ROW, rows

from gstrace.events.tables import Kind, Origin
from gstrace.importers.chains import Chain, Entries

STACK = Event("ftrace:kernel_stack", 4, layout=(("int size", 8, 4, 1), ("unsigned long caller[8]", 16, 64, 0)))
C = ROW.index("c")
USER = (0x10, 0x20, 0x30)
KERNEL = (0x10, 0x20, 0x30, 0x41, 0x52, 0x63)
"""Frames, innermost first: 0x30 is the interrupt's entry."""


def of(known, by=7):
    return event(known.config.to_bytes(2, "little") + bytes(2) + struct.pack("<i", by), 5)


def stack(*frames, by=7, size=None):
    size = len(frames) if size is None else size
    raw = struct.pack("<HHiii", STACK.config, 0, by, size, 0) + struct.pack(f"<{len(frames)}Q", *frames)
    return event(raw, 1)


def timers(*parts, more=()):
    """Rows of timer interrupts, in order, of one CPU's page and further ones."""
    file = File({0: page(100, *parts) + b"".join(more)}, (*EVENTS, STACK))
    found, reader = rows(file.build(6))
    return [row for row in found if row[0] == Kind.IRQ], reader


def origins(*parts, **rest):
    return [row[C] for row in timers(*parts, **rest)[0]]


def test_a_chain_tells_of_the_interrupt_right_before_it():
    assert origins(of(TIMER), stack(*USER), of(TIMER), stack(*KERNEL), of(TIMER)) == [
        Origin.USER, Origin.KERNEL, Origin.UNKNOWN,
    ]  # fmt: skip


@pytest.mark.parametrize("between", [ENTER, OTHER, STACK], ids=lambda one: one.name)
def test_a_chain_behind_another_event_tells_nothing(between):
    other = ENTER.raw(7, id=1) if between is ENTER else None
    parts = stack(*USER, by=8) if between is STACK else event(other, 1) if other else of(between)
    assert origins(of(TIMER), stack(*KERNEL), of(TIMER), parts, stack(*USER)) == [Origin.UNKNOWN, Origin.UNKNOWN]


def test_a_chain_of_another_thread_tells_nothing():
    first, second = origins(of(TIMER), stack(*KERNEL), of(TIMER, by=8), stack(*USER, by=7))
    assert second == Origin.UNKNOWN
    assert first == Origin.UNKNOWN  # without a short chain nothing is learned


def test_a_chain_on_the_next_page_is_still_its_own_but_not_after_a_loss():
    more = [page(200, stack(*USER))]
    assert origins(of(TIMER), stack(*KERNEL), of(TIMER), more=more) == [Origin.KERNEL, Origin.USER]
    more = [page(200, stack(*USER), lost=3)]
    assert origins(of(TIMER), stack(*KERNEL), of(TIMER), more=more) == [Origin.UNKNOWN, Origin.UNKNOWN]


def test_frames_that_the_record_has_no_room_for_are_not_there():
    assert origins(of(TIMER), stack(*USER, size=1 << 30), of(TIMER), stack(*KERNEL)) == [Origin.USER, Origin.KERNEL]


def test_chains_that_are_used_are_not_counted_as_skipped():
    _, reader = timers(of(TIMER), stack(*USER), stack(*USER), of(ENTER))
    assert reader.skipped["ftrace:kernel_stack"] == 1
    assert reader.recorded >= {TIMER.name}


PARTS = st.lists(
    st.tuples(st.sampled_from(["timer", "enter", "stack"]), st.integers(7, 8), st.sampled_from([USER, KERNEL, ()])),
    max_size=40,
)


@given(PARTS)
def test_each_chain_is_given_to_its_interrupt_as_a_plain_reader_gives_it(parts):
    made = {"timer": lambda by, _: of(TIMER, by), "enter": lambda by, _: event(ENTER.raw(by, id=1), 1)}
    made["stack"] = lambda by, frames: stack(*frames, by=by)
    whose, before = {}, ("", 0)
    number = -1
    for what, by, frames in parts:
        number += what == "timer"
        if what == "stack" and before == ("timer", by):
            whose[number] = frames
        before = (what, by)
    learned = Entries(tells_user=False)
    chains = [Chain(frames, user=False, count=n) for frames, n in Counter(whose.values()).most_common()]
    learned.learn(chains)
    told = {chain.frames: learned.origin(chain) for chain in chains}
    # A system call at the end, so that there is something to price.
    ours = origins(*(made[what](by, frames) for what, by, frames in parts), of(TIMER, 9), event(ENTER.raw(9, id=1), 1))
    assert ours == [told[whose[i]] if i in whose else Origin.UNKNOWN for i in range(number + 1)] + [Origin.UNKNOWN]
