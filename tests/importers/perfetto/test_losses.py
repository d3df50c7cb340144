"""What is missing from a trace is told where it is missing, with a number only where the recorder has one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from importers.perfetto.build import bundle, event, messages, packet, trace
from importers.perfetto.helping import SHARED, content, losses, rows

from gstrace.events.losses import LOSSES
from gstrace.events.tables import NULL, Kind

LOSSY = SHARED / "truth" / "perfetto-real-lossy" / "trace.pftrace"


def calls(*stamps: int, pid: int = 7) -> list[Any]:
    return [event(ts, pid, "sys_exit", id=1, ret=0) for ts in stamps]


def told(*packets: Any) -> list[tuple[str, int, int, int, int]]:
    return losses(rows(trace(*packets))[0])


def stats(phase: int, *counted: dict[str, int]) -> Any:
    made = messages.TracePacket()
    made.ftrace_stats.phase = phase
    for cpu in counted:
        made.ftrace_stats.cpu_stats.add(**cpu)
    return made


def config(buffers: int = 1, **fields: Any) -> Any:
    made = messages.TracePacket()
    made.trace_config.buffers.add(size_kb=buffers)
    source = made.trace_config.data_sources.add()
    source.config.target_buffer = 0
    source.config.ftrace_config.SetInParent()
    for name, value in fields.items():
        if isinstance(value, list):
            getattr(source.config.ftrace_config, name).extend(value)
        else:
            setattr(source.config.ftrace_config, name, value)
    return made


def test_a_loss_reaches_from_where_the_cpu_was_last_read_to_its_next_event() -> None:
    first, second = bundle(0, calls(10, 20)), bundle(0, calls(90), lost_events=True, previous_bundle_end_timestamp=25)
    assert told(packet(first), packet(second)) == [("lost", 0, 25, 90, NULL)]
    older = bundle(0, calls(90), lost_events=True)
    assert told(packet(first), packet(older)) == [("lost", 0, 20, 90, NULL)]
    beginning = bundle(0, calls(90), lost_events=True, previous_bundle_end_timestamp=0)
    assert told(packet(beginning)) == [("lost", 0, NULL, 90, NULL)]


def test_a_loss_that_no_event_follows_reaches_to_the_end() -> None:
    empty = bundle(0, lost_events=True, previous_bundle_end_timestamp=20)
    found = told(packet(bundle(0, calls(10, 20))), packet(bundle(1, calls(70))), packet(empty))
    assert found == [("lost", 0, 20, 70, NULL)]


def test_after_a_loss_nobody_knows_who_ran() -> None:
    switches = [(30, 1, 8), (40, 1, 9)]
    found, _ = rows(
        trace(packet(bundle(0, calls(10), switches)), packet(bundle(0, (), [(60, 1, 3)], lost_events=True)))
    )
    assert [row[3] for row in found if row[0] == Kind.SWITCH] == [7, 8, -1]


def test_an_event_outranks_the_switch_before_it() -> None:
    found, _ = rows(trace(packet(bundle(0, calls(20, pid=5), [(10, 1, 0), (30, 1, 0)]))))
    assert [(row[3], row[6]) for row in found if row[0] == Kind.SWITCH] == [(-1, 0), (5, 0)]


@pytest.mark.parametrize(("pid", "order"), [(7, ["sys_exit", "switch"]), (8, ["switch", "sys_exit"])])
def test_an_event_in_the_nanosecond_of_a_switch_is_on_the_side_of_its_thread(pid: int, order: list[str]) -> None:
    made = bundle(0, [*calls(10), *calls(30, pid=pid)], [(30, 1, 8)])
    assert [Kind(row[0]).name.lower() for row in rows(trace(packet(made)))[0]][1:] == order


def test_a_page_that_could_not_be_read_is_a_loss_from_its_stamp_on() -> None:
    made = bundle(0, calls(10, 20, 90), error=[messages.FtraceEventBundle.FtraceError(timestamp=25, status=3)])
    assert told(packet(made)) == [("lost", 0, 25, 90, NULL)]
    last = bundle(0, calls(10), error=[messages.FtraceEventBundle.FtraceError(timestamp=25)])
    assert told(packet(last), packet(bundle(0, calls(60)))) == [("lost", 0, 25, 60, NULL)]


def test_the_kernels_counter_is_the_number_of_a_single_loss() -> None:
    lost = bundle(0, calls(90), lost_events=True)
    counted = [stats(1, {"cpu": 0, "overrun": 5}), stats(2, {"cpu": 0, "overrun": 47, "dropped_events": 1})]
    assert told(packet(bundle(0, calls(10))), packet(lost), *counted) == [("lost", 0, 10, 90, 43)]
    again = bundle(0, calls(99), lost_events=True)
    found = told(packet(bundle(0, calls(10))), packet(lost), packet(again), *counted)
    assert found == [("lost", 0, 10, 90, NULL), ("lost", 0, 90, 99, NULL)]


def test_a_counter_without_a_place_is_told_at_the_end() -> None:
    counted = [stats(1, {"cpu": 1}), stats(2, {"cpu": 1, "overrun": 4})]
    assert told(packet(bundle(0, calls(10, 20))), *counted) == [("lost_samples", -1, NULL, 20, 4)]
    assert told(packet(bundle(0, calls(10, 20))), counted[1]) == []


def test_the_first_packet_of_a_sequence_drops_nothing_and_a_later_one_does() -> None:
    first = packet(bundle(0, calls(10)), trusted_packet_sequence_id=3, previous_packet_dropped=1)
    first.first_packet_on_sequence = True
    other = packet(bundle(1, calls(15)), trusted_packet_sequence_id=3)
    later = packet(bundle(0, calls(30)), trusted_packet_sequence_id=3, previous_packet_dropped=1)
    assert told(first, other) == []
    assert told(first, other, later) == [("lost", 0, 10, 30, NULL), ("lost", 1, 15, 30, NULL)]
    elsewhere = messages.TracePacket(trusted_packet_sequence_id=4, previous_packet_dropped=1)
    assert told(first, other, elsewhere) == []


def test_a_dropped_packet_held_no_events_of_a_cpu_whose_last_bundle_was_read() -> None:
    first = packet(bundle(0, calls(10), previous_bundle_end_timestamp=0), trusted_packet_sequence_id=3)
    for end, found in ((10, []), (20, [("lost", 0, 10, 30, NULL)])):
        made = bundle(0, calls(30), previous_bundle_end_timestamp=end)
        assert told(first, packet(made, trusted_packet_sequence_id=3, previous_packet_dropped=1)) == found


def test_a_sequence_whose_beginning_is_gone_may_have_lost_anything_unless_stamps_tell() -> None:
    made = packet(bundle(0, calls(10)), trusted_packet_sequence_id=3, previous_packet_dropped=1)
    assert told(made) == [("lost", -1, NULL, 10, NULL)]


def test_a_sequence_may_begin_with_another_packet_than_a_bundle() -> None:
    other = messages.TracePacket(trusted_packet_sequence_id=3, previous_packet_dropped=1)
    made = bundle(0, calls(10, 30), previous_bundle_end_timestamp=5)
    assert told(other, packet(made, trusted_packet_sequence_id=3)) == []


def test_what_is_older_than_all_cpus_events_is_left_out() -> None:
    first = bundle(0, calls(10, 20, 30), previous_bundle_end_timestamp=5)
    second = bundle(1, calls(40), previous_bundle_end_timestamp=20)
    found, _ = rows(trace(packet(first), packet(second)))
    assert [row[5] for row in found if row[0] == Kind.SYS_EXIT] == [30, 40]
    assert losses(found) == [("overwritten", -1, NULL, 40, 2)]


@pytest.mark.parametrize("field", ["patches_failed", "trace_writer_packet_loss"])
def test_packets_lost_in_the_buffer_of_events_are_a_loss_without_number(field: str) -> None:
    made = messages.TracePacket()
    made.trace_stats.buffer_stats.add(**{field: 2})
    assert told(config(), packet(bundle(0, calls(10))), made) == [("lost", -1, NULL, 10, NULL)]
    other = messages.TracePacket()
    other.trace_stats.buffer_stats.add()
    other.trace_stats.buffer_stats.add(**{field: 2})
    assert told(config(), packet(bundle(0, calls(10))), other) == []


def test_a_full_buffer_loses_the_end_of_every_cpu() -> None:
    made = messages.TracePacket()
    made.trace_stats.buffer_stats.add(chunks_discarded=9)
    found = told(packet(bundle(0, calls(10))), packet(bundle(1, calls(30))), made)
    assert found == [("lost", 0, 10, 30, NULL), ("lost", 1, 30, 30, NULL)]


def test_filters_are_told() -> None:
    assert told(config(syscall_events=["sys_read"]), packet(bundle(0, calls(10)))) == [
        ("some_calls", -1, NULL, 10, NULL)
    ]
    assert told(config(tids_to_trace=[7]), packet(bundle(0, calls(10)))) == [("chosen", -1, NULL, 10, NULL)]
    severity = {loss.name: loss.severity for loss in LOSSES}
    assert (severity["some_calls"], severity["chosen"]) == ("loss", "info")


def test_events_that_nobody_declares_are_counted() -> None:
    dense = event(20, 7, "exceptions:page_fault_user", address=1)
    made = trace(packet(bundle(0, [*calls(10), dense])), descriptors=False)
    assert losses(rows(made)[0]) == [("unknown_id", -1, NULL, 20, 1)]


def test_a_number_that_two_sessions_give_to_two_events_is_nobodys() -> None:
    dense = event(20, 7, "exceptions:page_fault_user", address=1)
    other = bundle(0)
    told_twice = other.generic_event_descriptors.add(field_id=65536, group_name="other")
    told_twice.event_descriptor = b"\x0a\x05event"
    found, _ = rows(trace(packet(bundle(0, [*calls(10), dense])), packet(other)))
    assert losses(found) == [("unknown_id", -1, NULL, 20, 1)]


def test_events_without_what_they_must_say_are_counted_and_lesser_ones_not() -> None:
    bad = [event(20, 7, "sys_enter"), event(21, 7, "syscalls:sys_enter_arch_prctl", option=1), event(22, 7, "sys_exit")]
    assert told(packet(bundle(0, [*calls(10), *bad]))) == [("undecodable", -1, NULL, 22, 2)]


def test_what_was_asked_for_and_refused_is_not_recorded() -> None:
    asked = config(ftrace_events=["exceptions/*", "nmi/nmi_handler", "sched_switch", "nosuch/nothing"])
    failed = stats(1)
    failed.ftrace_stats.failed_ftrace_events.append("exceptions/page_fault_user")
    failed.ftrace_stats.unknown_ftrace_events.append("nosuch/nothing")
    _, reader = rows(trace(asked, failed, packet(bundle(0, calls(10)))))
    assert reader.recorded == {
        "exceptions:page_fault_kernel", "nmi:nmi_handler", "raw_syscalls:sys_exit", "sched:sched_switch",
    }  # fmt: skip
    typed = config(ftrace_events=["exceptions/*", "sched/*"], disable_generic_events=True)
    _, reader = rows(trace(typed, packet(bundle(0, calls(10)))))
    assert not {name for name in reader.recorded if name.startswith("exceptions")}
    assert "sched:sched_switch" in reader.recorded


def test_bundles_of_another_machine_are_counted_and_left_out() -> None:
    found, reader = rows(trace(packet(bundle(0, calls(10))), packet(bundle(0, calls(20)), machine_id=5)))
    assert len(found) == 1
    assert reader.skipped["ftrace_events of another machine"] == 1


REAL = {
    "lost-events": [("lost", 0), ("lost", 0), ("lost", 1), ("lost", 1), ("lost", 1)],
    "discard-small": [("lost", 0), ("lost", 1)],
    "disk-full": [("cut", -1)],
    "syscall-filter": [("some_calls", -1), ("chosen", -1)],
    "tids-compact": [("chosen", -1)],
    "ring-small": [("overwritten", -1)],
    "two-2": [("overwritten", -1)],
    "compact": [],
    "killed": [],
    "two": [],
}


@pytest.mark.parametrize("name", sorted(REAL))
def test_real_accidents_are_told(name: str) -> None:
    paths = [p for p in (SHARED / "perfetto-real").glob(f"{name}.pftrace*") if p.suffix != ".json"]
    if not paths:
        pytest.skip("not here")
    found = [loss for loss in losses(rows(content(paths[0]))[0]) if name != "killed" or loss[0] != "chosen"]
    print(found)
    assert sorted((kind, cpu) for kind, cpu, *_ in found) == sorted(REAL[name])


def test_gaps_are_those_that_the_bundles_mark() -> None:
    path = SHARED / "perfetto-real" / "lost-events.pftrace"
    if not path.exists():
        pytest.skip("not here")
    gaps = json.loads(Path(f"{path}.ref.json").read_text())["gaps_from_to_ns"]
    found = losses(rows(path.read_bytes())[0])
    ours = {(cpu, since if since != NULL else 0, to) for _, cpu, since, to, _ in found}
    assert ours == {(int(cpu), since, to) for cpu, pairs in gaps.items() for since, to in pairs}


def test_a_lossy_recordings_true_counts_lie_in_the_whole_recordings_interval() -> None:
    """Its markers were lost as well, so the windows' sum is compared with the whole."""
    if not LOSSY.exists():
        pytest.skip("not here")
    from truth.truth import OPERATIONS, interval

    from gstrace import api
    from gstrace.pricing.bill import bill
    from gstrace.replay.selection import Selection
    from gstrace.schemes.compile import completions

    assert losses(rows(LOSSY.read_bytes())[0]) == [("lost", 0, NULL, 6749402792, 7978)]
    recorded = api.open(LOSSY, machine=LOSSY.parent / "machine")
    scheme, facts = api.baseline_of(recorded)[0], api.machines_for(recorded, (), {})[0].facts
    billed = bill(scheme, completions([scheme], facts), recorded.counts(Selection()))
    windows = json.loads((LOSSY.parent / "windows.json").read_text())
    for operation in OPERATIONS:
        low, high = interval(billed, operation)
        true = sum(window["cpus"][0]["true"][operation] for window in windows)
        assert true <= high, operation
        print(operation, low, true, high)
