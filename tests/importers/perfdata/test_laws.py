"""Laws of reading: rows do not depend on buffers, and both readers agree on any recording."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from importers.perfdata import build, feeds, plain
from importers.perfdata.build import Event, File, comm, fork, mmap, record, sample, switch, tail
from importers.perfdata.helping import rows

from gstrace.events.tables import Kind

WORDS = build.USUAL | build.CALLCHAIN | build.READ
EVENTS = (
    Event("raw_syscalls:sys_enter", 443, ids=(7, 17)),
    Event("raw_syscalls:sys_exit", 442, ids=(8,), sample_type=build.USUAL & ~build.PERIOD),
    Event("sched:sched_switch", 372, ids=(1 << 63,)),
    Event("task:task_newtask", 12, ids=(10,)),
    Event("irq:irq_handler_entry", 13, ids=(11,), sample_type=WORDS, read_format=4 | 8 | 16),
    Event("irq_vectors:local_timer_entry", 14, ids=(12,), sample_type=WORDS),
    Event("cycles", 0, ids=(13,), type=0, sample_type=build.USUAL & ~build.RAW),
)
TIMES = st.integers(1, 1 << 40)
CPUS = st.integers(0, 300)
TIDS = st.integers(-1, 1 << 22)
NAMES = st.binary(max_size=15).map(lambda b: b.replace(b"\0", b"_"))


@st.composite
def samples(draw):
    event = draw(st.sampled_from(EVENTS))
    fields = {}
    for declared, _, size, signed in build.LAYOUTS.get(event.name, ()):
        name = declared.split()[-1].partition("[")[0]
        if declared.startswith(("char", "__data_loc")):
            fields[name] = draw(NAMES) + b"\0"
        elif "[" in declared:
            fields[name] = draw(st.binary(min_size=size, max_size=size))
        else:
            low, high = (-(1 << 8 * size - 1), (1 << 8 * size - 1) - 1) if signed else (0, (1 << 8 * size) - 1)
            fields[name] = draw(st.integers(low, high))
    raw = event.raw(draw(TIDS), **fields) if event.type == 2 else b""
    members = draw(st.integers(0, 3)) if event.read_format & 8 else 0
    read = struct.pack("<Q", members) + bytes(24 * members) if event.read_format & 8 else bytes(8)
    chain = draw(st.lists(st.integers(-4095, -1) | st.integers(0, 1 << 62), max_size=6))
    number = draw(st.sampled_from((*event.ids, 999)))
    return sample(event, raw, ts=draw(TIMES), cpu=draw(CPUS), id=number, read=read, chain=tuple(chain))


@st.composite
def others(draw):
    event = EVENTS[draw(st.integers(0, 6))]
    ts, cpu = draw(st.just(0) | TIMES), draw(CPUS)
    a, b, c, d = draw(TIDS), draw(TIDS), draw(TIDS), draw(TIDS)
    match draw(
        st.sampled_from(
            ["comm", "fork", "exit", "mmap", "lost", "lost samples", "throttle", "switch", "round", "other"]
        )
    ):
        case "comm":
            return comm(event, a, b, draw(NAMES), ts=ts, cpu=cpu, misc=draw(st.sampled_from([0, 1 << 13])))
        case "fork":
            return fork(event, a, b, c, d, ts=ts, cpu=cpu)
        case "exit":
            return fork(event, a, b, c, d, ts=ts or 1, cpu=cpu, kind=4)
        case "mmap":
            return mmap(event, a, ts=ts)
        case "lost":
            return record(2, struct.pack("<QQ", 7, draw(st.integers(0, 1 << 40))) + tail(event, ts or 1, cpu))
        case "lost samples":
            return record(13, struct.pack("<Q", 3) + tail(event, ts), misc=draw(st.sampled_from([0, 1 << 15])))
        case "throttle":
            body = struct.pack("<QQQ", ts or 1, 7, 7) + tail(event, ts or 1, cpu)
            return record(draw(st.sampled_from([5, 6])), body)
        case "switch":
            misc = draw(st.sampled_from([0, 1 << 13, 3 << 13]))
            return switch(event, ts=ts or 1, cpu=cpu, misc=misc, other=draw(st.none() | TIDS), tid=a)
        case "round":
            return record(68, b"")
        case _:
            return record(draw(st.sampled_from([8, 11, 68, 74, 82, 90, 4000])), bytes(8 * draw(st.integers(0, 4))))


RECORDS = st.lists(samples() | samples() | others(), min_size=1, max_size=30)


@pytest.mark.slow
@given(RECORDS, st.booleans())
def test_the_kernel_and_the_plain_twin_read_the_same(records, sched_switch):
    events = [e for e in EVENTS if sched_switch or e.name != "sched:sched_switch"]
    data = File(events, b"".join(records)).build()
    ours, reader = rows(data)
    theirs = plain.read(data)
    assert [feeds.comparable(row) for row in ours] == [feeds.comparable(tuple(row)) for row in theirs]
    assert not reader.damage


@pytest.mark.slow
@given(RECORDS, st.integers(1, 40), st.integers(0, 5))
def test_where_buffers_end_does_not_matter(records, size, more):
    data = File(list(EVENTS), b"".join(records)).build()
    whole = rows(data)[0]
    with feeds.buffers_of(64 * 64 + 8 * more):
        parts = rows(data, rows=size)[0]
    assert [feeds.comparable(row) for row in parts] == [feeds.comparable(row) for row in whole]


@pytest.mark.slow
@given(RECORDS)
def test_the_same_bytes_have_the_same_digest_and_others_another(records):
    digests = feeds.digests(File(list(EVENTS), b"".join(records + records)).build())
    real = [d for d in digests if d]
    told_twice = [d for d in real if real.count(d) >= 2]
    assert len(told_twice) == len(real)


@pytest.mark.slow
@given(RECORDS)
def test_a_pipe_has_the_rows_of_a_file(records):
    file = File(list(EVENTS), b"".join(records))
    assert rows(file.pipe())[0] == rows(file.build())[0]


def test_a_records_every_byte_is_in_its_digest():
    event = EVENTS[0]
    one = sample(event, event.raw(id=1), ts=50)
    changed = [one] + [one[:i] + bytes([one[i] ^ 1]) + one[i + 1 :] for i in (*range(16, 24), *range(60, len(one) - 4))]
    assert len(set(feeds.digests(File([event], b"".join(changed)).build()))) >= len(changed) - 8


def test_kinds_are_those_of_the_declarations():
    assert {plain.find(e.name).kind for e in EVENTS if e.type == 2} <= set(Kind)
