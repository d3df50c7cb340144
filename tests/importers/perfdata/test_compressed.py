"""Compressed records are one stream: where perf cut it, and where a frame ended, does not matter."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st
from importers.perfdata.build import Event, File, record, sample
from importers.perfdata.helping import rows

from gstrace.events.losses import LOSS_CODE

ENTER = Event("raw_syscalls:sys_enter")
SAMPLES = [sample(ENTER, ENTER.raw(id=i), ts=50 + i) for i in range(40)]
PLAIN = rows(File([ENTER], b"".join(SAMPLES)).build())[0]
ROUND = record(68, b"")


def squeezed(stream: bytes, cuts: list[int], frames: set[int]) -> list[bytes]:
    """The zstd stream's pieces between cuts; at those numbered in frames a frame ends."""
    packer, pieces = zstd.ZstdCompressor(), []
    places = [0, *sorted(c % len(stream) for c in cuts), len(stream)]
    for i, (a, b) in enumerate(pairwise(places)):
        mode = packer.FLUSH_FRAME if i in frames else packer.FLUSH_BLOCK
        pieces.append(packer.compress(stream[a:b], mode=mode))
    return pieces


def unaligned(piece: bytes) -> bytes:
    return record(81, piece)


def padded(piece: bytes) -> bytes:
    return record(83, (struct.pack("<Q", len(piece)) + piece).ljust(-(-(len(piece) + 8) // 8) * 8, b"\0"))


@pytest.mark.slow
@given(st.lists(st.integers(0, 1 << 20), max_size=8), st.sets(st.integers(0, 8)), st.booleans())
def test_where_the_stream_is_cut_does_not_matter(cuts, frames, second):
    wrap = padded if second else unaligned
    pieces = squeezed(b"".join(SAMPLES), cuts, frames)
    records = ROUND.join(wrap(piece) for piece in pieces if piece)
    assert rows(File([ENTER], records).build())[0] == PLAIN


def test_records_outside_keep_their_place():
    first, second = squeezed(b"".join(SAMPLES[:4]), [2 * len(SAMPLES[0])], set())
    records = SAMPLES[10] + unaligned(first) + SAMPLES[11] + unaligned(second) + SAMPLES[12]
    got = [row[6] for row in rows(File([ENTER], records).build())[0]]
    assert got == [10, 0, 1, 11, 2, 3, 12]


def test_a_size_too_large_for_its_word_is_told_by_the_data_size():
    import random

    noise = bytes(random.Random(1).randbytes(8 * 8200))
    stream = b"".join(SAMPLES) + record(99, noise[:65_520]) + SAMPLES[0]
    (piece,) = squeezed(stream, [], set())
    assert 65_520 < len(piece) < 2 * 65_519
    piece = piece[:65_519] + struct.pack("<IHHQ", 83, 0, 16, 0) + piece[65_519:]
    wrapped = struct.pack("<IHHQ", 83, 0, (16 + len(piece) + 7 & ~7) & 0xFFFF, len(piece)) + piece
    found, reader = rows(File([ENTER], wrapped + SAMPLES[0]).build())
    assert len(found) == 42
    assert not reader.damage


@pytest.mark.parametrize("at", [0, 1, 8])
def test_a_stream_that_cannot_be_unpacked_ends_the_reading(at):
    (piece,) = squeezed(b"".join(SAMPLES), [], set())
    broken = piece[:at] + b"\xff\xff\xff\xff" + piece[at + 4 :]
    found, reader = rows(File([ENTER], SAMPLES[0] + unaligned(broken) + SAMPLES[1]).build())
    assert found[0] == PLAIN[0]
    assert found[-1][6] == LOSS_CODE["damaged"]
    assert "cannot be unpacked" in reader.damage


def test_a_stream_that_ends_inside_a_record_is_damage():
    (piece,) = squeezed(b"".join(SAMPLES[:2])[:-8], [], set())
    found, reader = rows(File([ENTER], unaligned(piece)).build())
    assert found[0] == PLAIN[0]
    assert found[-1][6] == LOSS_CODE["damaged"]
    assert "not complete" in reader.damage


def test_compressed_records_hold_no_compressed_records():
    inner = unaligned(zstd.compress(b"x"))
    _, reader = rows(File([ENTER], unaligned(zstd.compress(inner))).build())
    assert "unpacked" in reader.damage


def test_a_payload_behind_a_compressed_record_cannot_be():
    aux = record(71, struct.pack("<QQQIIII", 1 << 20, 0, 0, 0, 0, 0, 0))
    found, reader = rows(File([ENTER], SAMPLES[0] + unaligned(zstd.compress(aux))).build())
    assert found[0] == PLAIN[0]
    assert "unpacked" in reader.damage


def test_maps_may_be_compressed_like_all_else():
    inner = record(73, struct.pack("<Qq16s", 1, -1, b"")) + SAMPLES[0]
    found, reader = rows(File([ENTER], unaligned(zstd.compress(inner))).build())
    assert found == PLAIN[:1]
    assert reader.skipped == {"THREAD_MAP": 1}


def test_a_data_size_beyond_the_file_is_damage_and_takes_no_memory():
    wrapped = struct.pack("<IHHQ", 83, 0, 0x10, (1 << 63) | 0xFFF0 + 0x10) + b"x" * 40
    size = int.from_bytes(wrapped[8:16], "little") + 16
    wrapped = wrapped[:6] + struct.pack("<H", (size + 7 & ~7) & 0xFFFF) + wrapped[8:]
    found, reader = rows(File([ENTER], SAMPLES[0] + wrapped).build())
    assert found[0] == PLAIN[0]
    assert reader.damage
