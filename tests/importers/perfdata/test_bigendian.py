"""A big-endian machine's recording has the rows that the same in little endian has."""

from __future__ import annotations

import struct

import pytest
from backports import zstd
from hypothesis import given
from importers.perfdata import build, seeds
from importers.perfdata.bigendian import turned
from importers.perfdata.build import Event, File, record, sample
from importers.perfdata.helping import recordings, rows
from importers.perfdata.test_laws import EVENTS, RECORDS

from gstrace import api
from gstrace.errors import GstraceError, NothingToPrice
from gstrace.events.losses import LOSS_CODE

ENTER = Event("raw_syscalls:sys_enter")
FIRST = sample(ENTER, ENTER.raw(id=158, args=struct.pack("<6Q", 0x1002, 1 << 40, 3, 4, 5, 6)), ts=50)


@pytest.mark.slow
@pytest.mark.parametrize("path", recordings())
def test_every_row_and_fact_is_the_same(path):
    data = path.read_bytes()
    (big, reader), (little, plain) = rows(turned(data)), rows(data)
    assert big == little
    assert reader.recorded == plain.recorded
    assert reader.capture.to_json() == plain.capture.to_json()
    assert not reader.damage


@pytest.mark.slow
@given(RECORDS)
def test_any_records_have_the_same_rows_in_a_file_and_in_a_pipe(records):
    file = File(list(EVENTS), b"".join(records))
    little = rows(file.build())[0]
    assert rows(turned(file.build()))[0] == little
    assert rows(turned(file.pipe()))[0] == little


def test_flags_are_turned_inside_their_bytes():
    event = Event("raw_syscalls:sys_enter", flags=build.SAMPLE_ID_ALL | 1 << 13 | 1 << 26)
    assert {"record:FORK", "record:SWITCH"} <= rows(turned(File([event], sample(event, event.raw(id=1))).build()))[
        1
    ].recorded


@pytest.mark.parametrize("size", [0, 1, 7, 4096])
@pytest.mark.parametrize("kind", [9, 3, 68, 71])
def test_a_record_that_cannot_be_ends_the_reading_at_its_place(kind, size):
    space = struct.pack(">IHH", 68, 0, 72) + bytes(64)
    data = turned(File([ENTER], FIRST + record(68, bytes(64))).build())
    found, reader = rows(data.replace(space, struct.pack(">IHH", kind, 0, size) + bytes(64)))
    assert [row[6] for row in found] == [158, LOSS_CODE["damaged"]]
    assert f"byte {data.index(space)}" in reader.damage


def test_compressed_records_that_cannot_be_unpacked_end_the_reading():
    space = struct.pack(">IHH", 68, 0, 72) + bytes(64)
    data = turned(File([ENTER], FIRST + record(68, bytes(64))).build())
    found, reader = rows(data.replace(space, struct.pack(">IHH", 81, 0, 72) + bytes(64)))
    assert [row[6] for row in found] == [158, LOSS_CODE["damaged"]]
    assert "cannot be unpacked" in reader.damage


@pytest.mark.parametrize("inner", [struct.pack(">IHH", 9, 0, 0) + bytes(40), struct.pack(">IHH", 9, 0, 80) + bytes(24)])
def test_compressed_records_that_cannot_be_end_the_reading(inner):
    packed = zstd.compress(inner)
    space = record(68, packed)
    big = turned(File([ENTER], FIRST + space).build())
    new = struct.pack(">IHH", 81, 0, len(space)) + packed
    found, reader = rows(big.replace(struct.pack(">IHH", 68, 0, len(space)) + packed, new))
    assert [row[6] for row in found] == [158, LOSS_CODE["damaged"]]
    assert reader.damage


@pytest.mark.parametrize("seed", range(len(seeds.SEEDS)))
def test_cut_and_flipped_files_end_in_a_sentence(seed):
    import random

    whole, dice = b"2ELIFREP" + seeds.SEEDS[seed][8:], random.Random(seed)
    for _ in range(60):
        broken = bytearray(whole)
        broken[dice.randrange(8, len(broken))] ^= 1 << dice.randrange(8)
        try:
            rows(bytes(broken[: dice.randrange(len(broken))]))
        except GstraceError:
            continue


def test_such_a_machine_is_read_and_the_schemes_do_not_apply(tmp_path):
    exits = Event("raw_syscalls:sys_exit", config=442, ids=(8,))
    switches = Event("sched:sched_switch", config=12, ids=(9,))
    samples = FIRST + sample(exits, exits.raw(id=158), ts=51) + sample(switches, switches.raw(prev_pid=5), ts=52)
    file = File([ENTER, exits, switches], samples, features={6: build.text("s390x")})
    (tmp_path / "perf.data").write_bytes(turned(file.build()))
    trace = api.open(tmp_path / "perf.data")
    with pytest.raises(NothingToPrice, match="s390x"):
        api.what_if(trace)
