"""Files cut, flipped and made to hurt: they end in a sentence, with every row before the damage and none invented."""

from __future__ import annotations

import random
import struct

import pytest
from backports import zstd
from importers.perfdata.build import Event, File, comm, fork, mmap, record, sample
from importers.perfdata.helping import SHARED, recordings, rows

from gstrace.errors import GstraceError
from gstrace.events.losses import LOSS_CODE
from gstrace.events.tables import Kind

ENTER = Event("raw_syscalls:sys_enter")
IRQ = Event("irq:irq_handler_entry", config=13, ids=(8,))
FORMATS = {e.name.replace(":", "/"): e.format() for e in (ENTER, IRQ)}
BEFORE = [comm(ENTER, 40, 40, b"sh"), mmap(ENTER, 40)]
SAMPLES = [sample(ENTER, ENTER.raw(id=i), ts=50 + i) for i in range(6)]
OTHERS = [
    sample(IRQ, IRQ.raw(irq=1, name=b"eth0\0")),
    fork(ENTER, 1, 2, 3, 4, ts=99),
    record(68, b""),
    record(90, bytes(8)),
]
RECORDS = [*BEFORE, *SAMPLES, *OTHERS, *SAMPLES]
WHOLE = File([ENTER, IRQ], b"".join(RECORDS)).build()
ROWS = rows(WHOLE)[0]
ENTERED = [row for row in ROWS if row[0] == Kind.SYS_ENTER]
DATA = WHOLE.index(BEFORE[0])


def killed(records: bytes) -> bytes:
    return File([ENTER, IRQ], records, data_size=0, formats=False).build()


@pytest.mark.parametrize("size", range(len(b"".join(BEFORE)), len(b"".join(RECORDS)), 7))
def test_wherever_a_file_is_cut_all_before_is_kept(size):
    found, reader = rows(killed(b"".join(RECORDS)[:size]), formats=FORMATS)
    real = [row for row in found if row[0] != Kind.LOSS]
    assert real == ROWS[: len(real)]
    assert found[-1][6] == LOSS_CODE["cut"]
    assert "killed" in reader.damage
    started = any(row[5] for row in real)
    whole, at = 0, 0
    for one in RECORDS:
        at += len(one)
        whole += at <= size and one not in (*BEFORE, *OTHERS[2:])
    assert len(real) == whole + 1 or (not started and len(real) <= 1)


@pytest.mark.parametrize("start", range(0, len(WHOLE), 60))
def test_a_flipped_byte_crashes_nothing_and_changes_nothing_before_it(start):
    dice = random.Random(start)
    for at in range(start, min(start + 60, len(WHOLE)), 3):
        broken = bytearray(WHOLE)
        broken[at] ^= 1 << dice.randrange(8)
        try:
            found, _ = rows(bytes(broken))
        except GstraceError:
            continue
        if DATA <= at < DATA + len(b"".join(RECORDS)):
            good = samples_before(at)
            assert [row for row in found if row[0] == Kind.SYS_ENTER][:good] == ENTERED[:good]


def samples_before(at: int) -> int:
    """How many of the file's samples end before byte `at` of it."""
    place, good = DATA, 0
    for one in RECORDS:
        place += len(one)
        good += place <= at and one in SAMPLES
    return good


@pytest.mark.parametrize("size", [0, 1, 7])
@pytest.mark.parametrize("kind", [9, 3, 68, 71, 81, 83, 73, 4000])
def test_a_record_that_cannot_be_ends_the_reading_with_its_place(kind, size):
    bad = struct.pack("<IHH", kind, 0, size) + bytes(64)
    found, reader = rows(File([ENTER], SAMPLES[0] + bad).build())
    assert [row[0] for row in found] == [Kind.SYS_ENTER, Kind.LOSS]
    assert found[-1][6] == LOSS_CODE["damaged"]
    place = File([ENTER], SAMPLES[0]).build().index(SAMPLES[0]) + len(SAMPLES[0])
    assert f"byte {place}" in reader.damage


def test_a_record_over_the_end_of_the_records_is_damage():
    found, reader = rows(File([ENTER], SAMPLES[0] + SAMPLES[1][:-8]).build())
    assert [row[0] for row in found] == [Kind.SYS_ENTER, Kind.LOSS]
    assert "reaches over the end" in reader.damage


@pytest.mark.parametrize(
    "body",
    [
        b"",
        bytes(8),
        struct.pack("<Q", 7),
        struct.pack("<QQQQQQ", 7, 0, 0, 60, 0, 0) + struct.pack("<I", 0xFFFFFFFF),
        struct.pack("<QQQQQQ", 7, 0, 0, 60, 0, 0) + struct.pack("<I", 4) + b"\xbb\x01\0\0",
        struct.pack("<QQQQQQ", 7, 0, 0, 1 << 63, 0, 0) + struct.pack("<I", 68) + ENTER.raw() + bytes(4),
        struct.pack("<QQQQQQ", 7, 0, 0, 60, 0x7FFFFFFF, 0) + struct.pack("<I", 68) + ENTER.raw() + bytes(4),
    ],
    ids=["nothing", "no id", "only an id", "raw over its end", "raw too short", "time before time", "cpu too large"],
)
def test_a_sample_too_short_for_its_words_is_counted_and_reading_goes_on(body):
    found, _ = rows(File([ENTER], SAMPLES[0] + record(9, body) + SAMPLES[1]).build())
    assert [row[0] for row in found] == [Kind.SYS_ENTER, Kind.SYS_ENTER, Kind.LOSS]
    assert found[-1][6] in (LOSS_CODE["undecodable"], LOSS_CODE["unknown_id"])


@pytest.mark.parametrize("kind", [1, 2, 3, 4, 5, 6, 7, 10, 13, 14, 15])
@pytest.mark.parametrize("size", range(0, 80, 8))
def test_other_records_too_short_make_no_row_of_foreign_bytes(kind, size):
    found, reader = rows(File([ENTER], SAMPLES[0] + record(kind, bytes(size), misc=1 << 13) + SAMPLES[1]).build())
    assert [row[0] for row in found if row[0] == Kind.SYS_ENTER] == [Kind.SYS_ENTER] * 2
    assert not reader.damage


@pytest.mark.parametrize("members", [1, 3, 1 << 32, (1 << 61) + 1, (1 << 64) - 1])
def test_counts_inside_a_sample_are_checked_against_its_end(members):
    from importers.perfdata import build

    event = Event("raw_syscalls:sys_enter", sample_type=build.USUAL | build.READ | build.CALLCHAIN, read_format=8)
    one = sample(event, event.raw(id=1), read=struct.pack("<Q", members))
    two = sample(event, event.raw(id=1), read=struct.pack("<Q", 0))
    chain = two.index(struct.pack("<Q", 0), 56)
    three = two[: chain + 8] + struct.pack("<Q", members) + two[chain + 16 :]
    found, _ = rows(File([event], one + three + two).build())
    assert [row[0] for row in found] == [Kind.SYS_ENTER, Kind.LOSS]


def test_an_auxtrace_payload_larger_than_the_file_ends_the_reading():
    aux = record(71, struct.pack("<QQQIIII", 1 << 63, 0, 0, 0, 0, 0, 0))
    found, reader = rows(File([ENTER], SAMPLES[0] + aux + SAMPLES[1]).build())
    assert [row[0] for row in found] == [Kind.SYS_ENTER, Kind.LOSS]
    assert reader.damage


def test_a_small_file_that_unpacks_to_much_is_read_in_pieces():
    packed = zstd.compress(record(90, bytes(60_000)) * 2000, 1)
    chunks = [record(81, packed[i : i + 60_000]) for i in range(0, len(packed), 60_000)]
    found, reader = rows(File([ENTER], SAMPLES[0] + b"".join(chunks) + SAMPLES[1]).build())
    assert len(found) == 2
    assert reader.skipped == {"unknown type 90": 2000}


@pytest.mark.parametrize(
    "path", [pytest.param(p, id=p.name[:40]) for p in sorted((SHARED / "traces/public/hostile").glob("*"))]
)
def test_hostile_files_are_refused_with_a_sentence(path):
    with pytest.raises(GstraceError):
        rows(path.read_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("path", [p for p in recordings() if p.id in ("fsgs-intel-callchain", "compressed")])
def test_real_recordings_survive_flips_and_cuts(path):
    whole = path.read_bytes()
    good = rows(whole)[0]
    dice = random.Random(6)
    for _ in range(60):
        broken = bytearray(whole)
        for _ in range(dice.randrange(1, 4)):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        try:
            found, _ = rows(bytes(broken[: dice.choice((len(whole), dice.randrange(len(whole))))]))
        except GstraceError:
            continue
        assert len(found) <= len(good) + 3
