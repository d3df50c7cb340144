"""Laws of reading: both readers agree on any pages, and rows depend neither on pieces nor on the file around them."""

from __future__ import annotations

from unittest import mock

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from importers.perfdata import build as fields
from importers.tracedat import plain
from importers.tracedat.build import EVENTS, PRINT, REST_EMPTY, File, Pages, discarded, event, extend, page, stamp
from importers.tracedat.helping import by_cpu, events, rows

from gstrace.errors import GstraceError
from gstrace.importers.tracedat import reader as module

STARTS = st.integers(1, 1 << 40) | st.integers(1 << 59, (1 << 61) - 1)
DELTAS = st.integers(0, (1 << 27) - 1)
NAMES = st.binary(max_size=15).map(lambda b: b.replace(b"\0", b"_"))


@st.composite
def raws(draw):
    known = draw(st.sampled_from(EVENTS))
    values = {}
    for declared, _, size, signed in fields.LAYOUTS.get(known.name, ()):
        name = declared.split()[-1].partition("[")[0]
        if declared.startswith(("char", "__data_loc")):
            values[name] = draw(NAMES) + b"\0"
        elif "[" in declared:
            values[name] = draw(st.binary(min_size=size, max_size=size))
        else:
            low, high = (-(1 << 8 * size - 1), (1 << 8 * size - 1) - 1) if signed else (0, (1 << 8 * size) - 1)
            values[name] = draw(st.integers(low, high))
    by = draw(st.integers(-1, 1 << 22))
    if known.name in fields.LAYOUTS:
        return known.raw(by, **values)
    return known.config.to_bytes(2, "little") + bytes(2) + by.to_bytes(4, "little", signed=True)


MARK = PRINT.config.to_bytes(2, "little") + bytes(14)
SOUND = (
    st.builds(event, raws() | NAMES.map(lambda text: MARK + text + b"\n\0"), DELTAS, long=st.booleans())
    | st.builds(event, raws(), DELTAS)
    | st.builds(event, st.integers(0, 0xFFFF).map(lambda n: n.to_bytes(2, "little") + bytes(6)), DELTAS)
    | st.builds(extend, st.integers(0, 1 << 45))
    | st.builds(discarded, st.integers(0, 10).map(lambda words: 4 * words), st.integers(1, 1 << 26))
)
READABLE = st.builds(event, raws(), DELTAS)
STAMPED = SOUND | st.builds(stamp, st.integers(0, 1 << 59))
LOST = st.booleans() | st.integers(0, 1 << 31)
SHAPES = st.tuples(st.sampled_from([4, 8]), st.sampled_from([4096, 8192]))


@st.composite
def cpus(draw, parts=STAMPED, shape=None):
    word, size = shape or draw(SHAPES)
    one = st.builds(
        lambda ts, data, lost, end: page(ts, *data, end, size=size, word=word, lost=lost),
        STARTS, st.lists(parts, max_size=12), LOST, st.sampled_from([b"", REST_EMPTY, bytes(8)]),
    )  # fmt: skip
    found = draw(
        st.dictionaries(st.integers(0, 6), st.lists(one, min_size=1, max_size=3).map(b"".join), min_size=1, max_size=3)
    )
    return File(found, size=size, word=word)


@pytest.mark.slow
@given(cpus(), st.sampled_from([6, 7]), st.sampled_from(["none", "zlib", "zstd"]))
def test_the_kernel_and_the_plain_twin_read_the_same(file, version, packing):
    file.packing = packing
    data = file.build(version)
    ours, reader = rows(readable(data))
    assert by_cpu(ours) == by_cpu(plain.read(data))
    assert not reader.damage


def readable(data):
    """The file itself: files without an event to price are refused, and the laws are about all others."""
    try:
        rows(data)
    except GstraceError:
        reject()
    return data


@pytest.mark.slow
@given(cpus(), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=3))
def test_both_stop_at_the_same_byte_of_broken_pages(file, changes):
    broken = {cpu: bytearray(content) for cpu, content in file.cpus.items()}
    for content in broken.values():
        for at, byte in changes:
            content[at] = byte
    data = readable(
        File({cpu: bytes(content) for cpu, content in broken.items()}, size=file.size, word=file.word).build(6)
    )
    assert by_cpu(rows(data)[0]) == by_cpu(plain.read(data))


@pytest.mark.slow
@given(cpus(shape=(8, 4096)), st.integers(1, 3), st.sampled_from([600, 1000, 1 << 18]), st.integers(1, 4))
def test_neither_pieces_nor_chunks_nor_rows_in_a_batch_matter(file, pages, room, chunk):
    whole = readable(file.build(6))
    with mock.patch.object(module, "PIECE", 4096 * pages):
        parts = rows(whole, rows=room)[0]
        file.packing, file.chunk = "zstd", chunk
        packed = rows(file.build(7), rows=room)[0]
    assert by_cpu(parts) == by_cpu(rows(whole)[0]) == by_cpu(packed)


@pytest.mark.slow
@given(cpus(parts=SOUND, shape=(8, 4096)))
def test_no_batch_has_a_row_that_an_earlier_one_promised_not_to_come(file):
    from io import BytesIO

    # Each CPU's pages in the order of their times, as the kernel writes them.
    for cpu, content in file.cpus.items():
        found, at = b"", 1
        for i in range(0, len(content), 4096):
            found += at.to_bytes(8, "little") + content[i + 8 : i + 4096]
            at += 1 << 50
        file.cpus[cpu] = found
    promised = 0
    data = readable(file.build(6))
    with mock.patch.object(module, "PIECE", 4096):
        for batch in module.TraceDat(BytesIO(data), "x", rows=600).batches():
            assert all(ts >= promised for ts in batch.ts.tolist() if ts)
            promised = max(promised, batch.horizon)


@pytest.mark.slow
@given(cpus(parts=READABLE, shape=(8, 4096)), cpus(parts=READABLE, shape=(8, 4096)))
def test_an_event_of_two_buffers_is_told_once(one, other):
    one.instances["more"] = Pages(other.cpus)
    both = readable(one.build(7))
    counts = [{}, {}]
    for where, cpus_ in zip(counts, (one.cpus, other.cpus), strict=True):
        for row in plain.read(File(cpus_).build(7)):
            if row[0] != 13 and row[5]:
                where.setdefault(row[0], []).append(row)
    found = events(rows(both)[0])
    assert len(found) <= sum(len(part) for where in counts for part in where.values())
    assert {row[0] for row in found} == {*counts[0], *counts[1]}
