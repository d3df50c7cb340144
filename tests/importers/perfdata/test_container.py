"""The file around the records: what it states, and what is said where it is no such file."""

from __future__ import annotations

import struct
from io import BytesIO

import pytest
from importers.perfdata import build
from importers.perfdata.build import Event, File, sample, text
from importers.perfdata.helping import rows

from gstrace.errors import NothingToPrice, UnreadableInput
from gstrace.events.losses import LOSS_CODE
from gstrace.events.tables import NULL, Kind
from gstrace.importers import perfdata

ENTER = Event("raw_syscalls:sys_enter")
FIRST = sample(ENTER, ENTER.raw(id=1), ts=50)
WHOLE = File([ENTER], FIRST * 3).build()


def refusal(data: bytes, error: type[Exception] = UnreadableInput) -> str:
    with pytest.raises(error) as caught:
        rows(data)
    return str(caught.value)


@pytest.mark.parametrize("magic", [b"PERFILE2", b"2ELIFREP", b"PERFFILE"])
def test_a_perf_data_of_any_version_is_claimed(magic):
    assert perfdata.claims(magic + bytes(56))


@pytest.mark.parametrize("head", [b"", b"PERF", b"\x17\x08\x44tracing6", b"# tracer: nop\n"])
def test_other_formats_are_not_claimed(head):
    assert not perfdata.claims(head)


def test_the_facts_that_features_state():
    words = struct.pack("<I", 2) + text("perf") + text("record")
    features = {
        3: text("host"), 4: text("6.1.0"), 5: text("6.1.187"), 6: text("x86_64"), 7: struct.pack("<II", 8, 4),
        8: text("A CPU"), 9: text("GenuineIntel,6,94,3"), 11: words,
    }  # fmt: skip
    capture = rows(File([ENTER], FIRST, features=features).build())[1].capture
    assert {name: (fact.value, fact.source) for name, fact in capture} == {
        "architecture": ("x86_64", "perf.data ARCH"),
        "clock": ("perf_clock", "perf.data attr"),
        "cpu_family": ("6", "perf.data CPUID"),
        "cpu_model": ("94", "perf.data CPUID"),
        "cpu_name": ("A CPU", "perf.data CPUDESC"),
        "cpu_stepping": ("3", "perf.data CPUID"),
        "cpu_vendor": ("GenuineIntel", "perf.data CPUID"),
        "cpus": (4, "perf.data NRCPUS"),
        "format": ("perf.data", "perf.data header"),
        "hostname": ("host", "perf.data HOSTNAME"),
        "kernel_release": ("6.1.0", "perf.data OSRELEASE"),
        "recorder": ("perf 6.1.187", "perf.data VERSION"),
        "recorder_command": ("perf record", "perf.data CMDLINE"),
    }


def test_a_damaged_feature_takes_only_itself_away():
    features = {3: b"\xff\xff\xff\xff", 4: text("6.1.0"), 200: b"what may this be"}
    found, reader = rows(File([ENTER], FIRST, features=features).build())
    assert len(found) == 1
    assert reader.capture.get("hostname") is None
    assert reader.capture.get("kernel_release") == "6.1.0"


def test_version_1_is_refused_by_name():
    assert "version 1" in refusal(b"PERFFILE" + WHOLE[8:])


@pytest.mark.parametrize("size", [0, 1, 8, 103, 104])
def test_a_file_shorter_than_its_header_is_refused(size):
    refusal(WHOLE[:size])


@pytest.mark.parametrize(
    ("at", "value"), [(8, 105), (16, 0), (16, 1), (16, 1 << 63), (24, 1 << 62), (32, 0), (32, 1 << 40), (40, 1 << 40)]
)
def test_a_header_that_cannot_be_is_refused(at, value):
    refusal(WHOLE[:at] + struct.pack("<Q", value) + WHOLE[at + 8 :])


def test_a_killed_recorder_left_no_formats_and_the_message_says_so():
    message = refusal(File([ENTER], FIRST, data_size=0, formats=False).build())
    assert "killed before it completed the header" in message
    assert "gstrace record" in message
    assert "--machine DIR" in message


def test_a_killed_recording_tells_what_records_it_has():
    records = FIRST * 3 + build.fork(ENTER, 20, 10, 21, 11, ts=60) + build.switch(ENTER, ts=61, other=6)
    message = refusal(File([ENTER], records + build.record(11, bytes(16)), data_size=0, formats=False).build())
    assert "records: 3 samples, 1 of threads, 1 of switches, 1 AUX" in message


def test_formats_kept_apart_save_a_killed_recording():
    file = File([ENTER], FIRST * 2, data_size=0, formats=False).build()
    found, reader = rows(file, formats={"raw_syscalls/sys_enter": ENTER.format()})
    assert [row[0] for row in found] == [Kind.SYS_ENTER] * 2 + [Kind.LOSS]
    assert found[-1] == (Kind.LOSS, 0, -1, -1, None, 50, LOSS_CODE["cut"], NULL, NULL, NULL)
    assert f"the records end at byte {len(file)}" in reader.damage


def test_formats_kept_apart_save_a_file_cut_off_too():
    found, reader = rows(
        WHOLE[: WHOLE.index(FIRST) + 2 * len(FIRST)], formats={"raw_syscalls/sys_enter": ENTER.format()}
    )
    assert [row[0] for row in found] == [Kind.SYS_ENTER] * 2 + [Kind.LOSS]
    assert "missing at the file's end" in reader.damage


def test_formats_kept_apart_have_their_own_numbers():
    other = Event("raw_syscalls:sys_enter", config=99)
    file = File([ENTER], FIRST, data_size=0, formats=False).build()
    with pytest.raises(UnreadableInput, match="no event formats"):
        rows(file, formats={"raw_syscalls/sys_enter": other.format()})


def test_a_file_cut_off_in_its_records_has_no_formats_either():
    assert "bytes of records are missing" in refusal(WHOLE[: -len(build.tracing_data([ENTER])) - 16 - 20])


def test_other_events_are_no_damage_but_nothing_to_price():
    cycles = Event("cycles", config=0, type=0, sample_type=build.USUAL & ~build.RAW)
    message = refusal(File([cycles], FIRST).build(), NothingToPrice)
    assert "hardware 0" in message
    assert "perf record -a -e raw_syscalls:sys_enter" in message


def test_events_without_time_cannot_be_placed():
    bare = Event("raw_syscalls:sys_enter", sample_type=build.CPU | build.RAW)
    assert "without time" in refusal(File([bare], FIRST).build())


def test_a_sound_recording_may_be_empty():
    assert rows(File([ENTER], build.record(68, b"")).build())[0] == []


def test_progress_ends_at_the_records_end():
    reader = perfdata.open(BytesIO(WHOLE), "x")
    list(reader.batches())
    assert reader.progress == 104 + 8 + 144 + 3 * len(FIRST)
