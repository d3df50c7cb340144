"""Where an interrupt came from: call chains as Linux makes them, and what they cannot tell."""

from __future__ import annotations

import json

import pytest
from importers.perfdata import build
from importers.perfdata.build import Event, File, sample
from importers.perfdata.helping import folder, rows

from gstrace.events.tables import Kind, Origin, Phase
from gstrace.importers.chains import Chain, Entries

# A timer's own frames: what it calls depends on the stack it interrupted, its entry does not.
FROM_USER, FROM_KERNEL, ENTRY = (0xA1, 0xA2), (0xA1, 0xA3), (0xAF,)
IDLE, CALL, FAULT = (0xD1, 0xD2, 0xD3), (0xB1, 0xB2, 0xB3, 0xBF), (0xC1, 0xC2, 0xCF)
DEVICE = (0xE1, 0xE2, 0xEF)

TIMER_IN_USER = (*FROM_USER, *ENTRY)
TIMER_IN_CALL = (*FROM_KERNEL, *ENTRY, *CALL)
TIMER_IN_FAULT = (*FROM_KERNEL, *ENTRY, *FAULT)
TIMER_IN_IDLE = (*FROM_KERNEL, *ENTRY, *IDLE)
TIMER_IN_DEVICE = (*FROM_KERNEL, *ENTRY, *DEVICE)


def chains(*seen: tuple[tuple[int, ...], bool]) -> list[Chain]:
    return [Chain(frames, user, 10) for frames, user in seen]


def origins(*seen: tuple[tuple[int, ...], bool], tells_user: bool = True) -> list[Origin]:
    entries = Entries(tells_user=tells_user)
    found = chains(*seen)
    entries.learn(found)
    return [entries.origin(chain) for chain in found]


USER, KERNEL, UNKNOWN = Origin.USER, Origin.KERNEL, Origin.UNKNOWN


def test_only_the_interrupts_own_frames_above_the_users_is_from_user_mode():
    seen = [(TIMER_IN_USER, True), (TIMER_IN_CALL, True), (TIMER_IN_FAULT, True), (TIMER_IN_IDLE, False)]
    assert origins(*seen) == [USER, KERNEL, KERNEL, KERNEL]


def test_an_interrupt_of_the_entrys_way_out_is_not():
    again = (*FROM_KERNEL, *ENTRY, 0xF1, 0xF2, *TIMER_IN_USER)
    assert origins((TIMER_IN_USER, True), (again, True), (TIMER_IN_IDLE, False)) == [USER, KERNEL, KERNEL]


def test_a_device_interrupted_in_its_softirqs_is_not_the_timers_entry():
    seen = [(TIMER_IN_DEVICE, True), (TIMER_IN_CALL, True), (TIMER_IN_IDLE, False), ((*TIMER_IN_DEVICE, *IDLE), False)]
    assert origins(*seen) == [UNKNOWN, UNKNOWN, KERNEL, KERNEL]
    assert origins((TIMER_IN_USER, True), *seen) == [USER, KERNEL, KERNEL, KERNEL, KERNEL]


@pytest.mark.parametrize("inside", [CALL, FAULT])
def test_where_none_came_from_user_mode_none_is_said_to(inside):
    deeper = (*FROM_KERNEL, *ENTRY, 0x99, *inside)
    assert USER not in origins(((*FROM_KERNEL, *ENTRY, *inside), True), (deeper, True))
    assert USER not in origins(((*FROM_KERNEL, *ENTRY, *inside), True), (deeper, True), (TIMER_IN_IDLE, False))


def test_three_frames_alone_can_only_be_from_user_mode():
    assert origins((TIMER_IN_USER, True)) == [USER]


def test_more_frames_alone_may_be_from_anywhere():
    assert origins(((1, 2, 3, 4, 5), True)) == [UNKNOWN]


def test_an_nmi_enters_by_two_stubs():
    user, call, idle = (1, 2, 3, 0xA), (1, 2, 3, 0xB, *CALL), (1, 2, 3, 0xB, *IDLE)
    assert origins((user, True), (call, True), (idle, False)) == [USER, KERNEL, KERNEL]


def test_a_device_has_deeper_frames_of_its_own():
    own = (1, 2, 3, 4, 5, 6)
    assert origins((own, True), ((*own, *CALL), True), ((*own, *IDLE), False)) == [USER, KERNEL, KERNEL]


def test_a_stack_that_could_not_be_unwound_stays_unknown():
    seen = [(TIMER_IN_USER, True), (TIMER_IN_CALL, True), (TIMER_IN_IDLE, False)]
    entries = Entries()
    entries.learn(chains(*seen))
    assert entries.origin(Chain((0xA1, 0xA3), user=True, count=1)) == UNKNOWN
    assert entries.origin(Chain((), user=True, count=1)) == UNKNOWN


def test_where_user_frames_are_never_recorded_the_entry_still_tells():
    seen = [(TIMER_IN_USER, False), (TIMER_IN_CALL, False), (TIMER_IN_IDLE, False)]
    assert origins(*seen, tells_user=False) == [USER, KERNEL, KERNEL]


def test_what_one_batch_taught_stays():
    entries = Entries()
    entries.learn(chains((TIMER_IN_USER, True), (TIMER_IN_CALL, True), (TIMER_IN_IDLE, False)))
    entries.learn(chains((TIMER_IN_CALL, True)))
    assert entries.origin(Chain(TIMER_IN_USER, user=True, count=1)) == USER


# ---- in recordings --------------------------------------------------------------------------------------------------

TIMER = Event("irq_vectors:local_timer_entry", sample_type=build.USUAL | build.CALLCHAIN)
SEEN = [(-128, *TIMER_IN_USER, -512, 7, 8), (-128, *TIMER_IN_CALL, -512, 7), (-128, *TIMER_IN_IDLE), ()]


def column_c(rows_at_once: int) -> list[int]:
    records = b"".join(sample(TIMER, TIMER.raw(vector=236), chain=chain, ts=50 + i) for i, chain in enumerate(SEEN * 4))
    return [row[8] for row in rows(File([TIMER], records).build(), rows=rows_at_once)[0]]


def test_rows_get_their_chains_origin():
    assert column_c(100) == [USER, KERNEL, KERNEL, UNKNOWN] * 4


def test_batches_learn_from_those_before():
    assert column_c(4) == [USER, KERNEL, KERNEL, UNKNOWN] * 4


def test_interrupts_from_user_mode_are_as_many_as_the_machine_counted():
    """Entries from user mode by the common path are page faults, interrupts and traps; here no trap was made."""
    path = folder("truth") / "fsgs-intel-callchain"
    found = rows((path / "perf.data").read_bytes())[0]
    windows = {w["id"]: w for w in json.loads((path / "windows.json").read_text())}
    assert len(windows) == 5
    for number, window in windows.items():
        marks = [i for i, r in enumerate(found) if r[0] == Kind.SYS_ENTER and r[6:9] == (140, 0x6773, number)]
        inside = found[marks[0] : marks[1]]
        irqs = [row[8] for row in inside if row[0] == Kind.IRQ and row[7] != Phase.EXIT]
        faults = sum(row[0] == Kind.EXCEPTION and row[8] == USER for row in inside)
        assert UNKNOWN not in irqs
        counted = sum(cpu["by_symbol"].get("error_entry", {}).get("swapgs", 0) for cpu in window["cpus"])
        assert irqs.count(USER) + faults == counted, window["name"]
