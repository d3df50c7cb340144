"""Traces cut, flipped and made to hurt: they end in a sentence, with every row before the damage and none invented."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from importers.damage import compiled, within
from importers.perfetto.build import bundle, deflated, event, field, packet, trace, varint
from importers.perfetto.helping import SAMPLE, SHARED, content, losses, rows
from importers.perfetto.seeds import SEEDS

from gstrace.errors import GstraceError
from gstrace.events.tables import Kind, Task
from gstrace.importers.registry import FORMATS

PERFETTO = next(known for known in FORMATS if known.name == "perfetto")
THOROUGH = settings().max_examples > 1000
NEAR, ANYWHERE, FLIPS = (4096, 200, 2000) if THOROUGH else (200, 12, 60)
EVENTS = {Kind.SYS_ENTER, Kind.SYS_EXIT, Kind.SWITCH, Kind.IRQ, Kind.EXCEPTION, Kind.SIGNAL, Kind.TASK}


def events(data: bytes) -> Counter[tuple]:
    """Rows of events, without what other packets tell of them: a better one is there, an interrupt ends."""
    compiled(PERFETTO)
    with within(10):
        found, _ = rows(data)
    made = [row for row in found if row[0] in EVENTS and not (row[0] == Kind.TASK and row[6] & 0xFF == Task.FOUND)]
    return Counter((row[0], row[2], row[5], row[6]) for row in made)


def whole(name: str) -> bytes:
    if name == "sample":
        return SAMPLE.read_bytes()
    path = SHARED / "perfetto-real" / name
    if not path.exists():
        pytest.skip("not here")
    return content(path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sample", "minimal.pftrace", "lost-events-tids.pftrace"])
def test_wherever_a_trace_is_cut_all_before_is_kept_and_nothing_is_invented(name: str) -> None:
    data, dice = whole(name), random.Random(name)
    recorded, kept = events(data), 0
    near = sorted(dice.sample(range(4096), NEAR)) if NEAR < 4096 else range(4096)
    for size in [*near, *sorted(dice.randrange(len(data)) for _ in range(ANYWHERE))]:
        try:
            found = events(data[:size])
        except GstraceError:
            continue
        assert not found - recorded, f"cut at {size}"
        assert sum(found.values()) >= kept
        kept = sum(found.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sample", "minimal.pftrace", "tids-nocompact-oldgeneric.pftrace"])
def test_flipped_bytes_crash_nothing(name: str) -> None:
    data, dice = whole(name), random.Random(name)
    for _ in range(FLIPS):
        broken = bytearray(data)
        for _ in range(dice.randrange(1, 4)):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        try:
            events(bytes(broken))
        except GstraceError:
            continue


@pytest.mark.slow
@given(st.sampled_from(SEEDS), st.data())
def test_seeds_survive_any_change(seed: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(seed)))
    changed = seed[:at] + data.draw(st.binary(max_size=12)) + seed[data.draw(st.integers(at, len(seed))) :]
    try:
        events(changed)
    except GstraceError:
        return


EXIT = packet(bundle(0, [event(50, 7, "sys_exit", id=1, ret=0)]))
GOOD = trace(EXIT, descriptors=False)


def in_bundle(*fields: bytes) -> bytes:
    return field(1, field(1, b"".join(fields)))


def in_event(*fields: bytes) -> bytes:
    return in_bundle(field(1, 0), field(2, b"".join([field(1, 60), field(2, 7), *fields])))


@pytest.mark.parametrize(
    "bad",
    [
        field(1, varint(0)),
        field(1, varint(8 << 3 | 6)),
        field(1, varint(8 << 3 | 3)),
        field(1, varint(3 << 3 | 2) + varint(100)),
        field(1, varint(3 << 3 | 2) + varint(-1)),
        field(1, b"\x18" + b"\xff" * 10 + b"\x01"),
        in_bundle(varint(1 << 3)),
        in_bundle(field(1, 0), field(2, varint(1 << 3))),
        in_event(field(329, varint(1 << 3))),
        in_event(field(327, varint(1 << 3 | 2) + varint(50))),
        in_bundle(field(1, 0), field(4, field(1, b"\xff"))),
        in_bundle(field(1, 0), field(4, field(1, varint(50)) + field(2, varint(0)))),
        in_bundle(field(1, 0), field(4, field(1, varint(-5)) + field(2, varint(0)) + field(3, varint(0)))),
        in_bundle(field(1, 0), field(4, field(1, 7))),
        in_bundle(field(1, 0), field(8, varint(1 << 3))),
    ],
)
def test_a_packet_that_cannot_be_ends_the_reading_with_its_place(bad: bytes) -> None:
    found, reader = rows(GOOD + bad + GOOD)
    assert [row[0] for row in found] == [Kind.SYS_EXIT, Kind.LOSS]
    assert losses(found)[0][0] == "damaged"
    assert f"byte {len(GOOD)}" in reader.damage


@pytest.mark.parametrize(
    "odd",
    [
        in_bundle(field(2, field(1, 60))),
        in_bundle(field(1, 1 << 20), field(2, field(1, 60))),
        in_bundle(field(1, 0), field(2, field(2, 7) + field(330, field(1, 5)))),
        in_bundle(field(1, 0), field(2, field(1, -60) + field(330, field(1, 5)))),
        in_event(field(330, field(1, 1 << 40))),
        in_event(field(330, field(1, b"five"))),
    ],
)
def test_events_that_say_too_little_are_counted_and_reading_goes_on(odd: bytes) -> None:
    found, reader = rows(GOOD + odd + GOOD)
    assert [row[0] for row in found] == [Kind.SYS_EXIT, Kind.SYS_EXIT, Kind.LOSS]
    assert losses(found)[0][0] == "undecodable"
    assert not reader.damage


def test_texts_that_are_no_utf_8_are_read_all_the_same() -> None:
    bad = b"\xff\xfe"
    tree = field(2, field(1, field(1, 9) + field(3, bad)) + field(2, field(1, 10) + field(2, bad)))
    config = field(33, field(2, field(1, field(1, bad) + field(100, field(1, bad)))))
    stats = field(34, field(6, bad) + field(7, bad))
    system = field(45, field(1, field(3, bad)) + field(4, bad)) + field(67, field(1, field(1, bad)))
    described = field(1, field(1, 0) + field(11, field(1, 70000) + field(3, bad) + field(2, field(1, bad))))
    found, reader = rows(GOOD + b"".join(field(1, one) for one in (tree, config, stats, system, described)))
    assert [row[0] for row in found] == [Kind.TASK, Kind.TASK, Kind.SYS_EXIT]
    assert found[0][4] == "\N{REPLACEMENT CHARACTER}" * 2
    assert not reader.skipped


def test_many_kinds_of_events_take_no_more_room_than_there_is() -> None:
    names = [field(327, field(1, f"event{i}".encode())) for i in range(9000)]
    found, _ = rows(GOOD + b"".join(map(in_event, names)))
    assert [row[0] for row in found] == [Kind.SYS_EXIT, Kind.LOSS]
    assert losses(found)[0][0] == "unknown_id"


def test_a_bundle_larger_than_the_rows_is_taken_in_parts() -> None:
    many = trace(packet(bundle(0, [event(60 + i, 7, "sys_exit", id=1, ret=i) for i in range(5000)])))
    for data in (many, deflated(many)):
        found, _ = rows(data, rows=100)
        assert [row[7] for row in found] == list(range(5000))


def test_what_programs_print_is_not_kept() -> None:
    printed = [event(60 + i, 7, "print", buf=f"{i}") for i in range(500)]
    _, reader = rows(trace(EXIT, packet(bundle(0, [*printed, event(900, 7, "print", buf="gstrace:begin x\n")]))))
    assert reader.texts == ["gstrace:begin x\n"]
