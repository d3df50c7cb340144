"""Packets, plain and packed, and what a file may be instead."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest
from backports import zstd
from importers.perfetto.build import bundle, deflated, event, field, packet, trace, varint, zstandard
from importers.perfetto.helping import SAMPLE, losses, rows

from gstrace.errors import NothingToPrice, UnreadableInput
from gstrace.events.tables import Kind
from gstrace.events.tracepoints import TRACEPOINTS
from gstrace.importers import perfetto
from gstrace.importers.perfetto import packets as container
from gstrace.importers.perfetto.messages import ROWS, classes, numbers
from gstrace.importers.registry import FORMATS

EXIT = packet(bundle(0, [event(50, 7, "sys_exit", id=1, ret=0)]))
LATER = packet(bundle(0, [event(60, 7, "sys_exit", id=1, ret=0)]))
ONE, TWO = trace(EXIT, descriptors=False), trace(LATER, descriptors=False)
EMPTY = b"\x0a\x00"


def stamps(data: bytes) -> list[int]:
    return [row[5] for row in rows(data)[0] if row[0] != Kind.LOSS]


@pytest.mark.parametrize("head", [ONE, EMPTY + ONE, EMPTY, deflated(ONE), zstandard(ONE), SAMPLE.read_bytes()[:4096]])
def test_a_trace_is_recognised_by_its_packets(head: bytes) -> None:
    assert perfetto.claims(head) == (head != EMPTY)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\n",
        b"\n\n\n\n",
        b"\n# tracer: nop\n#\n",
        b"\n          bash-1 [000] 1.0: sys_enter: NR 1\n",
        b"\n<!DOCTYPE html>\n<html>",
        b'\n{"traceEvents": []}',
        ONE[1:],
        ONE + b"\x12\x00",
        field(1, field(1, 7)),
        field(1, varint(9 << 3 | 3)),
    ],
)
def test_other_files_are_not_claimed(head: bytes) -> None:
    assert not perfetto.claims(head)


def test_recordings_of_other_formats_are_not_claimed() -> None:
    for path in Path(__file__).resolve().parents[3].glob("sample-traces/*/*"):
        if path.is_file():
            assert perfetto.claims(path.read_bytes()[:4096]) == (path.suffix == ".pftrace")
    assert [f.name for f in FORMATS if f.module == "gstrace.importers.perfetto"] == ["perfetto"]


def test_empty_packets_and_those_of_other_fields_are_passed_over() -> None:
    other = field(1, field(60, b"anything") + field(10, 3))
    assert stamps(EMPTY + other + ONE + EMPTY + TWO + other) == [50, 60]


@pytest.mark.parametrize("pack", [deflated, zstandard])
def test_packed_packets_stand_where_their_packet_stands(pack) -> None:
    assert stamps(ONE + pack(TWO + EMPTY) + pack(b"")) == [50, 60]


@pytest.mark.parametrize("pack", [deflated, zstandard])
def test_packets_packed_twice_end_the_reading(pack) -> None:
    found, reader = rows(ONE + pack(pack(TWO)))
    assert [row[5] for row in found] == [50, 50]
    assert losses(found)[0][0] == "damaged"
    assert "packed once more" in reader.damage


@pytest.mark.parametrize("pack", [deflated, zstandard])
def test_a_packed_packet_cut_or_flipped_ends_the_reading(pack) -> None:
    whole = pack(TWO * 40)
    inner = len(field(1, b"")) + 3
    for broken in (
        whole[:inner] + bytes([whole[inner] ^ 0xFF]) + whole[inner + 1 :],
        pack(TWO[:-1]),
        pack(TWO + b"\x12"),
    ):
        found, reader = rows(ONE + broken)
        assert found[0][5] == 50
        assert losses(found)[0][0] == "damaged"
        assert reader.damage


def test_what_unpacks_without_end_is_damage_and_takes_no_memory() -> None:
    bomb = field(1, field(133, zstd.compress(EMPTY * (1 << 22), 1)))
    with mock.patch.object(container, "MOST_UNPACKED", 1 << 20):
        _, reader = rows(ONE + bomb)
    assert "unpacks to more" in reader.damage
    assert stamps(ONE + bomb + TWO) == [50, 60]


def test_an_unknown_field_beside_the_packets_is_damage() -> None:
    found, reader = rows(ONE + b"\x12\x01x" + TWO)
    assert losses(found)[0][0] == "damaged"
    assert f"byte {len(ONE)}" in reader.damage
    assert [row[5] for row in found if row[0] != Kind.LOSS] == [50]


def test_a_packet_larger_than_the_buffer_is_read_with_a_larger_one() -> None:
    large = field(1, field(60, bytes(5 << 20)))
    assert stamps(ONE + large + TWO) == [50, 60]


def test_a_packet_larger_than_any_is_passed_over_and_told() -> None:
    large = field(1, field(60, bytes(5 << 20)))
    with mock.patch.object(container, "LARGEST", 1 << 22):
        found, reader = rows(ONE + large + TWO)
        assert [row[5] for row in found if row[0] != Kind.LOSS] == [50, 60]
        assert losses(found)[0][:2] == ("undecodable", -1)
        assert not reader.damage
        found, reader = rows(ONE + large[:-1])
    assert losses(found)[0][0] == "cut" or losses(found)[1][0] == "cut"


def test_a_trace_without_events_of_ours_says_what_would_do() -> None:
    for made in (EMPTY, trace(packet(bundle(0, [event(1, 1, "print", buf="x")])), descriptors=False)):
        with pytest.raises(NothingToPrice) as caught:
            rows(made)
        assert "raw_syscalls/sys_enter" in caught.value.hint


def test_a_trace_damaged_before_its_first_event_is_unreadable() -> None:
    for broken in (ONE[:-1], EMPTY + b"\x12\x01x" + ONE, SAMPLE.read_bytes()[:60]):
        with pytest.raises(UnreadableInput, match=r"byte .*no event comes before"):
            rows(broken)


def test_the_clock_is_that_of_the_bundles() -> None:
    raw = packet(bundle(1, [event(70, 1, "sys_exit", id=1, ret=0)], ftrace_clock=4))
    assert rows(ONE)[1].capture.text("clock") == "boottime"
    assert rows(trace(raw, descriptors=False))[1].capture.text("clock") == "mono_raw"
    assert rows(ONE + trace(raw, descriptors=False))[1].capture.text("clock") == "boottime, mono_raw"


def test_facts_are_the_recorders() -> None:
    facts = rows(SAMPLE.read_bytes())[1].capture
    assert facts.text("recorder") == "perfetto v56.0"
    assert facts.text("kernel_release") == "6.1.0-53-cloud-amd64"
    assert (facts.text("architecture"), facts.get("cpus")) == ("x86_64", 1)


def test_numbers_are_those_that_perfetto_publishes() -> None:
    fields = classes().FtraceEvent.DESCRIPTOR.fields_by_number
    for number, row in ROWS.items():
        assert fields[number].name == row.name
        known = numbers(row)
        sources = {s.lstrip("&").partition("[")[0] for s in row.fields.values() if s[0] not in "=!"}
        assert sources <= known.keys(), row.perf
    named = {field.name for field in fields.values()}
    without = {row.name for row in TRACEPOINTS if row.perfetto is None and "*" not in row.name}
    assert not without & named


def test_a_program_reads_no_field_into_two_columns() -> None:
    """The kernel looks for one step of a field."""
    for row in TRACEPOINTS:
        sources = [source for source in row.fields.values() if not source.startswith("=")]
        assert len(sources) == len(set(sources)), row.perf
