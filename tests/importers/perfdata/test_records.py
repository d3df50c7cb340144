"""Records that are no samples: tasks, losses, rounds; and those made before the recording began."""

from __future__ import annotations

import struct

import pytest
from importers.perfdata import build
from importers.perfdata.build import Event, File, comm, fork, mmap, record, sample, switch, tail
from importers.perfdata.helping import rows

from gstrace.events.losses import LOSS_CODE
from gstrace.events.tables import NULL, Kind, Task
from gstrace.importers.batch import NO_HORIZON

ENTER = Event("raw_syscalls:sys_enter")
RAW = ENTER.raw(id=1)
FIRST = sample(ENTER, RAW, ts=50)
ALL_THREADS = record(73, struct.pack("<Qq16s", 1, -1, b""))


def got(records: bytes, *events: Event):
    return rows(File([ENTER, *events], FIRST + records).build())[0][1:]


def test_a_fork_belongs_to_the_parent():
    row = (Kind.TASK, 0, 2, 11, None, 60, Task.FORK | 20 << 8, 21, NULL, NULL)
    assert got(fork(ENTER, 20, 10, 21, 11, ts=60, cpu=2)) == [row]


def test_an_exit_belongs_to_the_thread():
    row = (Kind.TASK, 0, 2, 21, None, 60, Task.EXIT | 20 << 8, 21, NULL, NULL)
    assert got(fork(ENTER, 20, 10, 21, 11, ts=60, cpu=2, kind=4)) == [row]


@pytest.mark.parametrize(("misc", "what"), [(0x2000, Task.EXEC), (0, Task.RENAME)])
def test_a_comm_is_an_exec_or_a_rename(misc, what):
    row = (Kind.TASK, 0, 2, 21, "a (b) c", 60, what | 20 << 8, 21, NULL, NULL)
    assert got(comm(ENTER, 20, 21, b"a (b) c", ts=60, cpu=2, misc=misc)) == [row]


def test_task_records_only_inform_where_a_tracepoint_tells_the_same():
    event = Event("task:task_newtask", config=9, ids=(8,))
    records = fork(ENTER, 20, 10, 21, 11, ts=60) + comm(ENTER, 20, 21, b"x", ts=61)
    assert [row[1] for row in got(records, event)] == [1, 0]


def test_a_loss_has_its_count_cpu_and_time():
    records = record(2, struct.pack("<QQ", 7, 173) + tail(ENTER, ts=60, cpu=1))
    assert got(records) == [(Kind.LOSS, 0, 1, -1, None, 60, LOSS_CODE["lost"], 173, NULL, NULL)]


def test_lost_samples_have_no_place_in_time():
    records = record(13, struct.pack("<Q", 5) + tail(ENTER)) + record(
        13, struct.pack("<Q", 6) + tail(ENTER), misc=1 << 15
    )
    expected = [
        (Kind.LOSS, 0, -1, -1, None, 50, LOSS_CODE["lost_samples"], 5, NULL, NULL),
        (Kind.LOSS, 0, -1, -1, None, 50, LOSS_CODE["filtered"], 6, NULL, NULL),
    ]
    assert got(records) == expected


def test_throttling_begins_and_ends():
    body = struct.pack("<QQQ", 60, 7, 7)
    records = record(5, body + tail(ENTER, ts=60, cpu=1)) + record(6, body + tail(ENTER, ts=70, cpu=1))
    assert [row[5:8] for row in got(records)] == [
        (60, LOSS_CODE["throttled"], NULL),
        (70, LOSS_CODE["throttle_end"], NULL),
    ]


def test_unknown_records_are_passed_over_and_counted():
    reader = rows(File([ENTER], FIRST + record(99, b"12345678") + record(1 << 20, b"") + FIRST).build())[1]
    assert reader.skipped == {"unknown type 99": 1, "unknown type": 1}


def test_the_payload_behind_an_auxtrace_record_is_passed_over():
    payload = FIRST * 3
    aux = record(71, struct.pack("<QQQIIII", len(payload), 0, 0, 0, 0, 0, 0))
    found, reader = rows(File([ENTER], FIRST + aux + payload + FIRST).build())
    assert len(found) == 2
    assert reader.skipped == {"AUXTRACE": 1}


def test_an_id_that_no_attribute_has_is_counted_not_guessed():
    found = got(sample(ENTER, RAW, id=1234) * 3)
    assert found == [(Kind.LOSS, 0, -1, -1, None, 50, LOSS_CODE["unknown_id"], 3, NULL, NULL)]


def test_an_event_without_format_is_counted():
    other = Event("raw_syscalls:sys_exit", config=442, ids=(8,))
    file = File([ENTER, other], FIRST + sample(other, other.raw(id=1), id=8) * 2)
    file.features[1], file.formats = build.tracing_data([ENTER]), False
    found = rows(file.build())[0]
    assert found[1:] == [(Kind.LOSS, 0, -1, -1, None, 100, LOSS_CODE["undecodable"], 2, NULL, NULL)]


def test_samples_of_other_events_are_counted_by_their_names():
    other = Event("cycles", config=0, type=0, ids=(8,), sample_type=build.USUAL & ~build.RAW)
    file = File([ENTER, other], FIRST + sample(other, b"", id=8) * 2)
    file.features[12] = struct.pack("<II", 1, 128) + other.attr(128) + struct.pack("<I", 0) + build.text("cycles:P")
    assert rows(file.build())[1].skipped == {"SAMPLE of cycles:P": 2}


# ---- switches without their tracepoint -------------------------------------------------------------------------------

OUT, PREEMPTED = 1 << 13, 3 << 13


def test_a_switch_is_told_once_by_its_way_out():
    records = switch(ENTER, ts=60, cpu=1, other=0, tid=21) + switch(ENTER, ts=61, cpu=1, misc=0, other=21, tid=0)
    assert got(records) == [(Kind.SWITCH, 0, 1, 21, None, 60, 0, 1, NULL, NULL)]


@pytest.mark.parametrize(("misc", "state"), [(OUT, 1), (PREEMPTED, 0)])
def test_a_preempted_thread_can_run_on(misc, state):
    assert [row[7] for row in got(switch(ENTER, ts=60, misc=misc, other=22))] == [state]


def test_of_a_thread_recorded_alone_nobody_knows_who_comes():
    assert got(switch(ENTER, ts=60, tid=21)) == [(Kind.SWITCH, 0, 0, 21, None, 60, -1, 1, NULL, NULL)]


def test_an_exiting_thread_without_a_number_leaves_as_nobody():
    assert [row[3] for row in got(switch(ENTER, ts=60, other=22, tid=-1))] == [-1]


def test_where_the_tracepoint_is_recorded_it_alone_counts():
    event = Event("sched:sched_switch", config=9, ids=(8,))
    records = switch(ENTER, ts=60, other=22) + sample(event, event.raw(prev_pid=9, next_pid=22), ts=61)
    found, reader = rows(File([ENTER, event], FIRST + records).build())
    assert [row[5] for row in found if row[0] == Kind.SWITCH] == [61]
    assert reader.skipped == {"SWITCH_CPU_WIDE": 1}


@pytest.mark.parametrize("words", [build.TIME, build.CPU, build.TID])
def test_a_switch_of_unknown_thread_time_or_cpu_is_counted(words):
    event = Event("raw_syscalls:sys_enter", sample_type=build.USUAL)
    bare = Event("dummy", config=9, type=1, ids=(8,), sample_type=build.USUAL & ~build.RAW & ~words)
    found = rows(File([event, bare], sample(event, RAW, ts=50) + switch(bare, ts=60, other=22)).build())[0]
    assert found[1:] == [(Kind.LOSS, 0, -1, -1, None, 50, LOSS_CODE["undecodable"], 1, NULL, NULL)]


@pytest.mark.parametrize("flags", [build.SAMPLE_ID_ALL, build.SAMPLE_ID_ALL | 1 << 26])
def test_that_switches_are_recorded_is_told_by_the_attribute(flags):
    event = Event("raw_syscalls:sys_enter", flags=flags)
    reader = rows(File([event], sample(event, RAW)).build())[1]
    assert ("record:SWITCH" in reader.recorded) is bool(flags >> 26)


# ---- before the recording -------------------------------------------------------------------------------------------

KTHREADD = fork(ENTER, 2, 0, 2, 0) + comm(ENTER, 2, 2, b"kthreadd")
KSOFTIRQD = fork(ENTER, 13, 2, 13, 2) + comm(ENTER, 13, 13, b"ksoftirqd/0")
SHELL = fork(ENTER, 40, 1, 40, 1) + comm(ENTER, 40, 40, b"sh") + mmap(ENTER, 40)
SHELL_THREAD = fork(ENTER, 40, 40, 41, 40)
ZOMBIE = fork(ENTER, 50, 40, 50, 40) + comm(ENTER, 50, 50, b"gone")
HELPER = fork(ENTER, 60, 2, 60, 2) + comm(ENTER, 60, 60, b"modprobe") + mmap(ENTER, 60)


def before(records: bytes):
    found = rows(File([ENTER], records + FIRST).build())[0]
    assert found[-1][0] == Kind.SYS_ENTER
    assert all(row[:4] == (Kind.TASK, 0, 0, -1) and row[5] == 0 for row in found[:-1])
    return [(row[4], *row[6:9]) for row in found[:-1]]


def test_threads_found_come_first_and_know_whether_they_are_the_kernels():
    assert before(ALL_THREADS + KTHREADD + KSOFTIRQD + SHELL + SHELL_THREAD + ZOMBIE + HELPER) == [
        ("kthreadd", 2 << 8, 2, 1),
        ("ksoftirqd/0", 13 << 8, 13, 1),
        ("sh", 40 << 8, 40, 0),
        ("sh", 40 << 8, 41, 0),
        ("gone", 50 << 8, 50, 0),
        ("modprobe", 60 << 8, 60, 0),
    ]


def test_without_kthreadd_a_process_without_mappings_is_the_kernels_in_a_whole_system():
    found = before(ALL_THREADS + comm(ENTER, 13, 13, b"ksoftirqd/0") + SHELL)
    assert [row[3] for row in found] == [1, 0]


@pytest.mark.parametrize("records", [comm(ENTER, 13, 13, b"x") + SHELL, ALL_THREADS + comm(ENTER, 13, 13, b"x")])
def test_too_few_processes_do_not_tell(records):
    assert before(records)[0][3] == NULL


def test_the_idle_thread_is_nobodys():
    assert before(ALL_THREADS + comm(ENTER, 0, 0, b"swapper")) == []


def test_a_record_told_late_of_the_time_before_makes_no_row():
    found, reader = rows(File([ENTER], FIRST + comm(ENTER, 40, 40, b"sh") + FIRST).build())
    assert len(found) == 2
    assert reader.skipped == {"COMM": 1}


# ---- rounds ---------------------------------------------------------------------------------------------------------


def horizons(records: bytes):
    from io import BytesIO

    from gstrace.importers.perfdata.reader import PerfData

    return [batch.horizon for batch in PerfData(BytesIO(File([ENTER], records).build()), "x", rows=1).batches()]


def test_a_rounds_end_promises_what_was_newest_at_the_one_before():
    end = record(68, b"")
    at = [sample(ENTER, RAW, ts=ts) for ts in (10, 20, 15, 30, 25)]
    assert horizons(at[0] + at[1] + end + at[2] + end + at[3] + end + at[4]) == [
        NO_HORIZON,
        NO_HORIZON,
        20,
        20,
        20,
    ]


def test_without_rounds_nothing_is_promised():
    assert horizons(FIRST * 3) == [NO_HORIZON] * 3


@pytest.mark.parametrize(("size", "expected"), [(4, -3), (8, -1)])
def test_a_threads_number_is_an_int_whatever_its_format_says(size, expected):
    event = Event("sched:sched_switch", layout=(("pid_t prev_pid", 8, size, 0), ("pid_t next_pid", 16, 4, 1)))
    raw = struct.pack("<HHiqi", event.config, 0, 5, -3, 7)
    found, _ = rows(File([event], sample(event, raw)).build())
    assert [(row[0], row[3], row[6]) for row in found] == [(Kind.SWITCH, expected, 7)]
