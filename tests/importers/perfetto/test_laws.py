"""Laws of reading: rows depend neither on buffers nor on how numbers are written, and both readers agree on all."""

from __future__ import annotations

from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from importers.perfetto import plain
from importers.perfetto.build import DENSE, bundle, deflated, event, field, generic, messages, packet, trace, zstandard
from importers.perfetto.helping import rows
from importers.perfetto.test_twin import of_events

from gstrace.importers import feed

PIDS = st.sampled_from([0, 1, 7, 8, 4_000_000])
WORDS = st.sampled_from([0, 1, -1, 0x1002, 1 << 40, -(1 << 63), (1 << 63) - 1])
SMALL = st.sampled_from([0, 1, 140, 158, -1, 300])
TEXTS = st.sampled_from(["sh", "", "gstrace:begin x", "läuft", "a" * 300])

TYPED = {
    "sys_enter": {"id": SMALL, "args": st.lists(WORDS, max_size=6)},
    "sys_exit": {"id": SMALL, "ret": WORDS},
    "sched_switch": {"prev_pid": PIDS, "prev_state": st.sampled_from([0, 1, 256]), "next_pid": PIDS},
    "sched_waking": {"pid": PIDS, "target_cpu": SMALL},
    "sched_wakeup": {"pid": PIDS, "target_cpu": SMALL},
    "irq_handler_entry": {"irq": SMALL, "name": TEXTS},
    "irq_handler_exit": {"irq": SMALL},
    "task_newtask": {"pid": PIDS, "comm": TEXTS, "clone_flags": st.sampled_from([0, 1 << 63])},
    "task_rename": {"pid": PIDS, "newcomm": TEXTS},
    "sched_process_exec": {"pid": PIDS, "old_pid": PIDS, "filename": TEXTS},
    "sched_process_exit": {"pid": PIDS},
    "sched_process_fork": {"child_pid": PIDS},
    "sched_process_free": {"pid": PIDS},
    "signal_deliver": {"code": SMALL, "sig": SMALL},
    "local_timer_entry": {"vector": SMALL},
    "print": {"buf": TEXTS},
    "ext4_sync_file_exit": {"ret": SMALL},
}


@st.composite
def an_event(draw, ts):
    pid = draw(PIDS)
    kind = draw(st.sampled_from(["typed", "typed", "dense", "generic", "none"]))
    if kind == "typed":
        name = draw(st.sampled_from(sorted(TYPED)))
        fields = {column: draw(values) for column, values in TYPED[name].items() if draw(st.integers(0, 9))}
        return event(ts, pid, name, **fields)
    if kind == "dense":
        name = draw(st.sampled_from(sorted(DENSE)))
        return event(ts, pid, name, **{column: draw(WORDS) for column in DENSE[name][1]})
    if kind == "generic":
        name = draw(st.sampled_from(["page_fault_user", "nmi_handler", "sys_exit_arch_prctl", "block_rq_issue"]))
        return generic(ts, pid, name, handler=5, __syscall_nr=158, ret=draw(SMALL), devname="sda")
    return event(ts, pid)


@st.composite
def a_bundle(draw, start):
    """A bundle that begins at `start`; → (bundle, its last stamp)."""
    ts, events, switches, wakings = start, [], [], []
    for what in draw(st.lists(st.sampled_from(["event", "event", "switch", "waking"]), max_size=12)):
        ts += draw(st.sampled_from([0, 0, 1, 300, 1 << 36]))
        if what == "event":
            events.append(draw(an_event(ts)))
        elif what == "switch":
            switches.append((ts, draw(st.sampled_from([0, 1, 256, -1])), draw(PIDS)))
        else:
            wakings.append((ts, draw(PIDS), draw(st.integers(0, 3))))
    fields = {}
    if draw(st.integers(0, 5)) == 0:
        fields["lost_events"] = True
    if draw(st.integers(0, 3)) == 0:
        fields["previous_bundle_end_timestamp"] = draw(st.sampled_from([0, start]))
    if draw(st.integers(0, 5)) == 0:
        stamps = draw(st.lists(st.integers(start, ts + 1), min_size=1, max_size=2))
        fields["error"] = [messages.FtraceEventBundle.FtraceError(timestamp=stamp) for stamp in stamps]
    return bundle(draw(st.integers(0, 2)), events, switches, wakings, **fields), ts


@st.composite
def traces(draw):
    """Packets in the order of their stamps, with one event that is read in any case."""
    found, ts = [packet(bundle(0, [event(900, 1, "sys_exit", id=1, ret=0)]))], 1000
    for _ in range(draw(st.integers(0, 5))):
        made, ts = draw(a_bundle(ts))
        found.append(packet(made, trusted_uid=9999, trusted_packet_sequence_id=draw(st.integers(1, 3))))
    return found


@pytest.mark.slow
@given(traces())
def test_the_kernel_and_the_plain_twin_read_the_same(packets):
    data = trace(*packets)
    ours, reader = rows(data)
    assert list(of_events(ours)) == plain.read(data)
    assert not reader.damage


@pytest.mark.slow
@given(traces(), st.integers(2, 9), st.integers(0, 7))
def test_where_buffers_end_does_not_matter(packets, size, more):
    data = trace(*packets)
    whole = rows(data)[0]
    with mock.patch.object(feed.Feed.__init__, "__defaults__", (0, 64 + 8 * more)):
        assert rows(data, rows=size)[0] == whole
    assert rows(data, rows=size)[0] == whole


@pytest.mark.slow
@given(traces(), st.lists(st.integers(1, 6), min_size=1, max_size=3))
def test_packed_packets_are_read_as_plain_ones(packets, sizes):
    whole = rows(trace(*packets))[0]
    parts, left = [], [*packets]
    for size in sizes:
        parts.append(trace(*left[:size], descriptors=False))
        left = left[size:]
    parts.append(trace(*left))
    for pack in (deflated, zstandard):
        assert rows(b"".join(map(pack, parts)))[0] == whole


def longer(data: bytes, kind, least: int) -> bytes:
    """A message with every key, length and number padded."""
    out = b""
    for descriptor, value in kind.FromString(data).ListFields():
        for one in value if descriptor.is_repeated else [value]:
            if descriptor.type == descriptor.TYPE_MESSAGE:
                inner = longer(one.SerializeToString(), type(one), least)
                out += field(descriptor.number, inner, least)
            elif isinstance(one, (bytes, str)):
                out += field(descriptor.number, one if isinstance(one, bytes) else one.encode(), least)
            elif not descriptor.is_packed:
                out += field(descriptor.number, int(one), least)
        if descriptor.is_packed:
            from importers.perfetto.build import varint

            out += field(descriptor.number, b"".join(varint(one, least) for one in value), least)
    return out


@pytest.mark.slow
@given(traces(), st.integers(2, 5))
def test_padded_numbers_are_the_same_numbers(packets, least):
    typed = [p for p in packets if all(e.WhichOneof("event") for e in p.ftrace_events.event)]
    data = trace(*typed, descriptors=False)
    assert rows(longer(data, messages.Trace, least))[0] == rows(data)[0]
