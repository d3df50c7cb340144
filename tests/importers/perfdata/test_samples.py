"""A sample's words: whatever stands before RAW, the same row comes of it; each number from hand-made bytes."""

from __future__ import annotations

import struct

import pytest
from importers.perfdata import build
from importers.perfdata.build import Event, File, sample
from importers.perfdata.helping import rows

from gstrace.events.tables import NULL, VECTORS, Kind, Origin, Phase, Task
from gstrace.events.tracepoints import name_hash

ENTER = Event("raw_syscalls:sys_enter")
RAW_ENTER = ENTER.raw(id=158, args=struct.pack("<6Q", 0x1001, 1 << 63, 3, 4, 5, 6))
ROW_ENTER = (Kind.SYS_ENTER, 0, 3, 5, None, 100, 158, 0x1001, NULL, 3)


def only_row(file: File):
    (row,) = rows(file.build())[0]
    return row


@pytest.mark.parametrize(
    "bit", ["IP", "TID", "ADDR", "ID", "PERIOD", "STREAM_ID", "READ", "CALLCHAIN", "IDENTIFIER", "TIME"]
)
@pytest.mark.parametrize("base", [build.TIME | build.CPU | build.RAW, build.USUAL | build.READ | build.CALLCHAIN])
def test_a_word_more_or_less_before_the_raw_data_changes_nothing(base, bit):
    sample_type = base ^ getattr(build, bit) | build.TIME
    event = Event("raw_syscalls:sys_enter", sample_type=sample_type)
    chain = (-128, -4096, -512, 1)
    got = only_row(File([event], sample(event, RAW_ENTER, cpu=3, read=bytes(8), chain=chain)))
    assert got == (*ROW_ENTER[:8], -(1 << 63), 3)


@pytest.mark.parametrize("read_format", range(32))
def test_every_form_of_a_read_is_passed_over(read_format):
    times, each = (read_format & 3).bit_count(), 1 + (read_format & (4 | 16)).bit_count()
    words = [2, *[0] * times, *[9] * 2 * each] if read_format & 8 else [9] * (times + each)
    event = Event("raw_syscalls:sys_enter", sample_type=build.USUAL | build.READ, read_format=read_format)
    got = only_row(File([event], sample(event, RAW_ENTER, cpu=3, read=struct.pack(f"<{len(words)}Q", *words))))
    assert got[:3] == (Kind.SYS_ENTER, 0, 3)
    assert got[6] == 158


def test_what_follows_the_raw_data_is_left_alone():
    got = only_row(File([ENTER], sample(ENTER, RAW_ENTER, cpu=3, after=b"\xff" * 64)))
    assert got[6:8] == (158, 0x1001)


@pytest.mark.parametrize("size", [64, 72, 80, 96, 104, 112, 120, 128, 136, 144, 400])
def test_attributes_of_every_age_are_read(size):
    assert only_row(File([ENTER], sample(ENTER, RAW_ENTER, cpu=3), attr_size=size))[6] == 158


def test_a_switch_belongs_to_the_thread_that_leaves():
    event = Event("sched:sched_switch")
    raw = event.raw(by=4, prev_pid=5, prev_state=1, next_pid=6, prev_comm=b"a", next_comm=b"b")
    assert only_row(File([event], sample(event, raw))) == (Kind.SWITCH, 0, 0, 5, None, 100, 6, 1, NULL, NULL)


def test_a_dying_tasks_samples_say_minus_one_but_its_raw_data_does_not():
    event = Event("raw_syscalls:sys_exit")
    got = only_row(File([event], sample(event, event.raw(by=1234, id=60, ret=-4))))
    assert got == (Kind.SYS_EXIT, 0, 0, 1234, None, 100, 60, -4, NULL, NULL)


def test_a_new_task_has_its_name_and_flags():
    event = Event("task:task_newtask")
    raw = event.raw(pid=8, comm=b"w\xc3\xb6rker 1", clone_flags=0x11)
    got = rows(File([event], sample(event, raw)).build())[0][0]
    assert got == (Kind.TASK, 0, 0, 5, "wörker 1", 100, Task.FORK, 8, 0x11, NULL)


def test_a_zero_handler_is_the_default_action():
    event = Event("signal:signal_deliver")
    got = [only_row(File([event], sample(event, event.raw(sig=11, code=1, sa_handler=h)))) for h in (0, 1 << 40)]
    assert [row[6:9] for row in got] == [(11, 1, 1), (11, 1, 0)]


def test_a_device_interrupt_has_its_line_and_its_handlers_name():
    event = Event("irq:irq_handler_entry")
    got = only_row(File([event], sample(event, event.raw(irq=27, name=b"nvme0q1\0"))))
    assert got[6] == 27 << 8 | name_hash(b"nvme0q1") << 32
    assert got[7] == Phase.ENTRY_ONLY


def test_a_vector_with_an_exit_event_has_both_phases():
    entry = Event("irq_vectors:local_timer_entry", config=88)
    leave = Event("irq_vectors:local_timer_exit", config=87, ids=(8,))
    both = sample(entry, entry.raw()) + sample(leave, leave.raw(), ts=101)
    got = rows(File([entry, leave], both).build())[0]
    code = VECTORS.index("local_timer")
    assert [row[6:9] for row in got] == [(code, Phase.ENTRY, Origin.UNKNOWN), (code, Phase.EXIT, Origin.UNKNOWN)]


def test_offsets_and_sizes_come_from_the_recorded_format():
    layout = (("int id", 8, 4, 1), ("unsigned long args[6]", 12, 24, 0))
    event = Event("raw_syscalls:sys_enter", layout=layout)
    raw = struct.pack("<HBBi", 443, 0, 0, 5) + struct.pack("<i6I", 384, 1, 0xFFFFFFFF, 3, 4, 5, 6)
    assert only_row(File([event], sample(event, raw)))[6:] == (384, 1, 0xFFFFFFFF, 3)


def test_a_field_that_the_format_lacks_is_unknown():
    event = Event("raw_syscalls:sys_exit", layout=(("long id", 8, 8, 1),))
    assert only_row(File([event], sample(event, ENTER.raw(id=1)[:16])))[6:8] == (1, NULL)


def test_events_with_different_words_are_told_apart_by_their_ids():
    bare = Event("raw_syscalls:sys_exit", config=442, ids=(8, 9), sample_type=build.USUAL & ~build.PERIOD)
    both = sample(ENTER, RAW_ENTER) + sample(bare, bare.raw(id=1, ret=2), id=9, ts=101)
    assert [row[0] for row in rows(File([ENTER, bare], both).build())[0]] == [Kind.SYS_ENTER, Kind.SYS_EXIT]


def test_events_without_ids_are_told_apart_by_their_raw_data():
    words = build.TIME | build.CPU | build.RAW
    enter = Event("raw_syscalls:sys_enter", sample_type=words, ids=())
    leave = Event("raw_syscalls:sys_exit", config=442, sample_type=words, ids=())
    both = sample(leave, leave.raw(id=1), id=0) + sample(enter, RAW_ENTER, id=0, ts=101)
    assert [row[0] for row in rows(File([enter, leave], both).build())[0]] == [Kind.SYS_EXIT, Kind.SYS_ENTER]


def test_the_worse_of_two_tracepoints_of_one_role_only_informs():
    named = Event(
        "syscalls:sys_enter_arch_prctl",
        config=100,
        ids=(8,),
        layout=(("int __syscall_nr", 8, 4, 1), ("int option", 16, 8, 0), ("unsigned long arg2", 24, 8, 0)),
    )
    raw = struct.pack("<HBBiiiQQ", 100, 0, 0, 5, 158, 0, 0x1001, 77)
    got = rows(File([ENTER, named], sample(ENTER, RAW_ENTER) + sample(named, raw)).build())[0]
    assert [(row[1], *row[6:9]) for row in got] == [(0, 158, 0x1001, -(1 << 63)), (1, 158, 0x1001, 77)]
    assert rows(File([named], sample(named, raw)).build())[0][0][1] == 0
