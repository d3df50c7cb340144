"""Pipe mode: the same records, what a file has around them in records too."""

from __future__ import annotations

import struct

import pytest
from importers.perfdata import build
from importers.perfdata.build import Event, File, record, sample, text
from importers.perfdata.helping import rows

from gstrace.errors import UnreadableInput
from gstrace.events.losses import LOSS_CODE

ENTER = Event("raw_syscalls:sys_enter")
FIRST = sample(ENTER, ENTER.raw(id=1), ts=50)
FILE = File([ENTER], FIRST * 3, features={3: text("host"), 9: text("AuthenticAMD,25,17,1")})
STATUS = b"[ perf record: Woken up 1 times to write data ]\n[ perf record: Captured and wrote 0.000 MB - ]\n"


def test_features_come_as_records():
    capture = rows(FILE.pipe())[1].capture
    assert capture.get("format") == "perf.data, pipe mode"
    assert capture.get("hostname") == "host"
    assert capture.get("cpu_vendor") == "AuthenticAMD"


def test_features_may_come_after_the_events():
    late = record(80, struct.pack("<Q", 4) + text("6.1.0"))
    assert rows(FILE.pipe() + late)[1].capture.get("kernel_release") == "6.1.0"


@pytest.mark.parametrize("size", [64, 96, 136, 200])
def test_attributes_have_their_own_size(size):
    assert len(rows(File([ENTER], FIRST, attr_size=size).pipe())[0]) == 1


def test_perfs_own_words_behind_the_last_record_are_no_damage():
    found, reader = rows(FILE.pipe() + STATUS)
    assert len(found) == 3
    assert not reader.damage
    assert reader.skipped["text behind the last record"] == 1


def test_a_pipe_that_broke_off_is_cut():
    found, reader = rows(FILE.pipe()[:-8])
    assert len(found) == 3
    assert found[-1][6] == LOSS_CODE["cut"]
    assert "reaches over the end" in reader.damage


@pytest.mark.parametrize("data", [FIRST, b"", b"\0" * 64, record(64, b""), record(64, bytes(4) + b"\xff" * 4)])
def test_a_pipe_without_its_attributes_cannot_be_read(data):
    with pytest.raises(UnreadableInput, match="no attributes"):
        rows(b"PERFILE2" + struct.pack("<Q", 16) + data)


def test_names_of_events_come_in_updates_and_in_perf_3_by_their_number():
    cycles = Event("x", config=3, type=0, ids=(8,), sample_type=build.USUAL & ~build.RAW)
    cache = Event("x", config=4, type=0, ids=(9,), sample_type=build.USUAL & ~build.RAW)
    names = record(78, struct.pack("<QQ", 2, 8) + b"cycles:P\0") + record(65, struct.pack("<Q", 4) + b"misses\0")
    head = File([ENTER, cycles, cache], b"").pipe() + names
    assert rows(head + FIRST + sample(cycles, b"") + sample(cache, b""))[1].skipped == {
        "HEADER_ATTR": 3,
        "TRACING_DATA": 1,
        "EVENT_UPDATE": 1,
        "HEADER_EVENT_TYPE": 1,
        "SAMPLE of cycles:P": 1,
        "SAMPLE of misses": 1,
    }


def test_formats_damaged_on_the_way_are_named():
    broken = bytearray(FILE.pipe())
    place = broken.index(b"header_page")
    broken[place] ^= 1
    with pytest.raises(UnreadableInput, match="no header_page"):
        rows(bytes(broken))
