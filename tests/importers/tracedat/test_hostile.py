"""Files cut, flipped and made to hurt: they end in a sentence, with every row before the damage and none invented."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import settings
from importers.damage import within
from importers.tracedat.build import ENTER, File, event, page
from importers.tracedat.helping import CPU, SHARED, TS, by_cpu, content, events, recordings, rows
from importers.tracedat.seeds import SEEDS, file

from gstrace.errors import GstraceError, UnreadableInput
from gstrace.events.losses import LOSS_CODE
from gstrace.events.tables import NULL, Kind
from gstrace.importers.registry import find
from gstrace.importers.source import Source

FIRST = event(ENTER.raw(7, id=39))
THOROUGH = settings().max_examples > 1000
CUTS, FLIPS = (200, 3000) if THOROUGH else (20, 40)
CUT, DAMAGED, LOST = LOSS_CODE["cut"], LOSS_CODE["damaged"], LOSS_CODE["lost"]
SEED = pytest.mark.parametrize("whole", SEEDS, ids=["6", "6, 32 bit", "7", "7, zlib", "7, zstd"])


def read(data: bytes):
    """Rows, or none of what is refused; in time."""
    try:
        with within(10):
            return rows(data)[0]
    except GstraceError:
        return []


def losses(found):
    return [(row[CPU], *row[TS : TS + 4]) for row in found if row[0] == Kind.LOSS]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("version", "word", "packing"), [(6, 8, "none"), (6, 4, "none"), (7, 8, "none"), (7, 8, "zstd")]
)
def test_wherever_a_file_is_cut_each_cpu_has_the_start_of_what_it_had(version, word, packing):
    made = file(word, packing)
    # With a buffer less, other copies of an event would count.
    made.instances = {}
    whole = made.build(version)
    recorded = by_cpu(events(read(whole)))
    for size in range(0, len(whole), 1 if THOROUGH else 3):
        for cpu, found in by_cpu(events(read(whole[:size]))).items():
            assert found == recorded[cpu][: len(found)], f"cut at {size}"


@pytest.mark.slow
@pytest.mark.parametrize("path", recordings())
def test_a_cut_recording_has_the_start_of_each_cpus_events(path):
    whole, dice = content(path), random.Random(path.name)
    recorded = by_cpu(events(read(whole)))
    near = range(4096) if THOROUGH else sorted(dice.sample(range(4096), 40))
    for size in [*near, *(dice.randrange(len(whole)) for _ in range(CUTS))]:
        for cpu, found in by_cpu(events(read(whole[:size]))).items():
            assert found == recorded[cpu][: len(found)], f"cut at {size}"


@pytest.mark.slow
@pytest.mark.parametrize("path", recordings())
def test_flipped_bytes_of_a_recording_crash_nothing(path):
    whole, dice = content(path), random.Random(path.name)
    for number in range(FLIPS):
        broken = bytearray(whole)
        for _ in range(dice.randrange(1, 4)):
            broken[dice.randrange(min(len(whole), 8192) if number % 2 else len(whole))] = dice.randrange(256)
        read(bytes(broken))


@SEED
@pytest.mark.slow
def test_any_byte_of_a_small_file_may_be_anything(whole):
    dice = random.Random(len(whole))
    for at in range(0, len(whole), 1 if THOROUGH else 5):
        broken = bytearray(whole)
        broken[at] = dice.choice((0, 1, 0x7F, 0x80, 0xFF))
        read(bytes(broken))


CONTENT = page(100, FIRST) + page(200, FIRST) + page(300, FIRST)


def test_events_before_a_flipped_byte_are_what_they_were():
    whole = File({0: CONTENT}).build(6)
    start = whole.index(page(100, FIRST))
    recorded = events(read(whole))
    dice = random.Random(1)
    for at in range(start, len(whole), 7):
        broken = bytearray(whole)
        broken[at] ^= 1 << dice.randrange(8)
        assert events(read(bytes(broken)))[: (at - start) // 4096] == recorded[: (at - start) // 4096]


@pytest.mark.parametrize("size", [4, 8, 12, 16, 20, 60, 4096, 4097, 4110, 8191])
def test_a_cut_file_keeps_what_is_whole_and_says_which_cpu_ends_early(size):
    other = page(50, FIRST) + page(1000, FIRST)
    whole = File({0: other, 1: CONTENT}).build(6)
    found, reader = rows(whole[: len(whole) - len(CONTENT) + size])
    kept = [row[TS] for row in events(found) if row[CPU] == 1]
    assert kept == [100, 200, 300][: (size + 4096 - len(FIRST) - 16) // 4096]
    last = kept[-1] if kept else NULL
    # A page's own time is known where its head is.
    assert [(cpu, ts, kind, count) for cpu, ts, kind, count, _ in losses(found)] == [
        (1, 1000, CUT, NULL),
        (1, 1000, LOST, NULL),
    ]
    assert all(since >= last for *_, since in losses(found))
    assert "CPU 1" in reader.damage
    assert "byte" in reader.damage


def test_damage_ends_one_cpu_and_the_others_go_on_beside_a_loss():
    broken = page(100, FIRST) + struct.pack("<QQ", 200, 5000) + bytes(4080) + page(300, FIRST)
    found, reader = rows(File({0: broken, 1: page(50, FIRST) + page(900, FIRST)}).build(6))
    assert sorted(row[TS] for row in events(found)) == [50, 100, 900]
    assert losses(found) == [(0, 900, DAMAGED, NULL, 100), (0, 900, LOST, NULL, 100)]
    assert "CPU 0: the page at byte" in reader.damage


@pytest.mark.parametrize(
    "bad",
    [struct.pack("<II", 0, 5000), struct.pack("<II", 29 | 1 << 5, 0), struct.pack("<I", 30), struct.pack("<I", 28)],
    ids=["long", "discarded", "extend", "short"],
)
def test_an_event_over_the_end_of_its_page_is_damage(bad):
    found, reader = rows(File({0: page(100, FIRST, bad)}).build(6))
    assert [row[0] for row in found] == [Kind.SYS_ENTER, Kind.LOSS]
    assert losses(found) == [(0, 100, DAMAGED, NULL, 100)]
    assert reader.damage


def test_chunks_that_do_not_unpack_end_their_cpu():
    content_ = b"".join(page(100 + i, FIRST) for i in range(4))
    whole = File({0: content_}, packing="zstd", chunk=2).build(7)
    magic = b"\x28\xb5\x2f\xfd"
    last = whole.rindex(magic)
    found, reader = rows(whole[:last] + b"\0\0\0\0" + whole[last + 4 :])
    assert [row[TS] for row in events(found)] == [100, 101]
    assert losses(found) == [(0, 101, DAMAGED, NULL, 101)]
    assert "does not unpack" in reader.damage


@pytest.mark.parametrize("packing", ["zlib", "zstd"])
@pytest.mark.parametrize("size", [0, 4095, 8192, 1 << 31, 0xFFFFFFFF])
def test_a_chunk_is_as_long_as_it_says_and_takes_no_memory_for_it(packing, size):
    whole = File({0: CONTENT}, packing=packing).build(7)
    at = whole.rindex(struct.pack("<I", len(CONTENT)))
    with pytest.raises(UnreadableInput):
        rows(whole[:at] + struct.pack("<I", size) + whole[at + 4 :])


def test_regions_that_lie_on_each_other_are_refused():
    options = File(dict.fromkeys(range(40), CONTENT)).build(7)
    first = options.index(CONTENT)
    table = options.rindex(struct.pack("<IQQ", 1, first + 4096 * 3, len(CONTENT)))
    broken = bytearray(options)
    for cpu in range(39):
        struct.pack_into("<IQQ", broken, table + 20 * cpu, cpu + 1, first, len(options) - first)
    with pytest.raises(UnreadableInput, match="events that cannot be"):
        rows(bytes(broken))


@pytest.mark.parametrize("cpu", [0, 0x10000, 0xFFFFFFFF])
def test_a_cpu_twice_or_beyond_all_cpus_is_refused(cpu):
    whole = File({0: CONTENT, 1: CONTENT}).build(7)
    at = whole.rindex(struct.pack("<I", 1), 0, whole.rindex(struct.pack("<Q", len(CONTENT))))
    with pytest.raises(UnreadableInput, match="events that cannot be"):
        rows(whole[:at] + struct.pack("<I", cpu) + whole[at + 4 :])


def test_a_text_with_the_name_of_a_recording_is_what_it_is():
    path = SHARED / "traces" / "public" / "hostile" / "text-named-trace.dat"
    if not path.exists():
        pytest.skip("the hostile files are not here")
    with Source(path) as source, pytest.raises(UnreadableInput, match="no trace that gstrace knows"):
        find(source)
