"""The file around the pages: options, sections, instances, clocks, and files that are refused by name."""

from __future__ import annotations

import struct

import pytest
from importers.tracedat.build import ENTER, EVENTS, EXIT, OTHER, SWITCH, File, Pages, event, page
from importers.tracedat.helping import CPU, TS, rows

from gstrace.errors import NothingToPrice, UnreadableInput
from gstrace.events.losses import LOSS_CODE
from gstrace.events.tables import NULL, Kind, Task
from gstrace.importers.tracedat.container import EVERYWHERE

RAW = ENTER.raw(7, id=39)
FIRST = event(RAW)
PAGE = page(100, FIRST)
VERSIONS = pytest.mark.parametrize("version", [6, 7])


def facts(reader):
    return {name: fact.value for name, fact in reader.capture}


@VERSIONS
def test_options_become_facts(version):
    options = [
        (5, b"Linux box 6.1.0-53-cloud-amd64 x86_64\0"),
        (8, struct.pack("<I", 1)),
        (9, b"3.1.6 not-a-git-repo\n\0"),
        (4, b"local global [mono] boot\n\0"),
    ]
    _, reader = rows(File({0: PAGE}, options=options).build(version))
    assert facts(reader) == {
        "format": f"trace.dat, version {version}",
        "hostname": "box",
        "kernel_release": "6.1.0-53-cloud-amd64",
        "architecture": "x86_64",
        "cpus": 1,
        "recorder": "trace-cmd 3.1.6",
        "clock": "mono",
    }


@VERSIONS
def test_an_unknown_option_is_passed_over_and_counted(version):
    found, reader = rows(File({0: PAGE}, options=[(99, b"x" * 9), (99, b""), (6, b"hook\0")]).build(version))
    assert len(found) == 1
    assert reader.skipped == {"option 99": 2}


def test_an_option_that_is_damaged_is_said():
    found, reader = rows(File({0: PAGE}, options=[(5, b"Linux\0")]).build(7))
    assert [row[TS + 1] for row in found if row[0] == Kind.LOSS] == [LOSS_CODE["damaged"]]
    assert "option 5" in reader.damage


@pytest.mark.parametrize("packing", ["none", "zlib", "zstd"])
def test_sections_and_pages_are_unpacked(packing):
    content = b"".join(page(100 + i, FIRST) for i in range(25))
    found, reader = rows(File({0: content, 1: PAGE}, packing=packing, cmdlines=b"7 sh\n").build(7))
    assert len(found) == 1 + 25 + 1
    assert reader.capture.text("format") == f"trace.dat, version 7{'' if packing == 'none' else ', ' + packing}"


def test_options_that_follow_themselves_end():
    data = File({0: PAGE}).build(7)
    (first,) = struct.unpack_from("<Q", data, data.index(b"1.5\0") + 4)
    end = data.index(struct.pack("<HI", 0, 8), first) + 6
    looped = data[:end] + struct.pack("<Q", first) + data[end + 8 :]
    with pytest.raises(UnreadableInput, match="follow themselves"):
        rows(looped)


@VERSIONS
def test_instances_have_events_too(version):
    more = Pages({0: page(50, event(SWITCH.raw(3, prev_pid=3, next_pid=4))), 2: page(60, event(EXIT.raw(5, id=1)))})
    found, reader = rows(File({0: PAGE}, instances={"more": more}).build(version))
    assert sorted((row[0], row[CPU], row[TS]) for row in found) == [
        (Kind.SYS_ENTER, 0, 100),
        (Kind.SYS_EXIT, 2, 60),
        (Kind.SWITCH, 0, 50),
    ]
    assert reader.skipped == {}


@VERSIONS
def test_events_of_an_instance_alone_are_read(version):
    found, _ = rows(File({}, instances={"more": Pages({0: PAGE})}).build(version))
    assert len(found) == 1


def test_what_two_buffers_have_counts_where_most_of_it_is():
    more = Pages({0: page(50, FIRST, FIRST, event(EXIT.raw(5, id=1)))})
    found, reader = rows(File({0: page(100, FIRST, event(EXIT.raw(6, id=2)))}, instances={"more": more}).build(7))
    assert sorted((row[0], row[TS]) for row in found) == [
        (Kind.SYS_ENTER, 50),
        (Kind.SYS_ENTER, 50),
        (Kind.SYS_EXIT, 100),
    ]
    assert reader.skipped == {
        "raw_syscalls:sys_enter of buffer top, which another has too": 1,
        "raw_syscalls:sys_exit of buffer more, which another has too": 1,
    }


def test_a_buffer_of_another_clock_is_left_out_by_name():
    more = Pages({0: page(50, event(EXIT.raw(5, id=1)))}, clock="mono")
    found, reader = rows(File({0: PAGE}, instances={"more": more}).build(7))
    assert [row[TS] for row in found] == [100]
    assert reader.skipped == {"event of buffer more, whose clock is mono": 1}


def test_a_page_larger_than_any_kernels_takes_no_memory():
    whole = File({0: page(1, event(ENTER.raw(7, id=39)))}, header=b"?").build(6)
    rows(whole)
    broken = whole.replace(struct.pack("<BBI", 0, 8, 4096), struct.pack("<BBI", 0, 8, 0xFFFF1000), 1)
    with pytest.raises(UnreadableInput, match="pages of 4294905856 bytes"):
        rows(broken)


def test_an_instances_pages_have_their_own_size():
    more = Pages({0: page(50, event(EXIT.raw(5, id=1)), size=8192) * 2}, size=8192)
    assert len(rows(File({0: PAGE}, instances={"more": more}).build(7))[0]) == 3


# ---- time -----------------------------------------------------------------------------------------------------------


def at(ts, *options):
    """The event's time; None where it cannot have one."""
    (row,) = rows(File({0: page(ts, FIRST)}, options=list(options)).build(7))[0]
    return row[TS] if row[0] == Kind.SYS_ENTER else None


@pytest.mark.parametrize("ts", [1, 12345678901234567, (1 << 61) + 12345])
@pytest.mark.parametrize(
    ("mult", "shift"), [(1 << 31, 32), (0xFFFFFFFF, 32), (699050667, 31), (7, 3), (0xFFFFFFFF, 40)]
)
def test_cycles_become_ns_by_a_product_of_128_bits(ts, mult, shift):
    expected = ts * mult >> shift
    assert at(ts, (14, struct.pack("<IIQ", mult, shift, 0))) == (expected if 0 < expected < 1 << 62 else None)


def test_offset_and_date_are_added_behind_the_conversion():
    assert at(1000, (14, struct.pack("<IIQ", 3, 1, 0)), (7, b"-200\0"), (1, b"0x10\0")) == 1500 - 200 + 16000


def test_a_time_before_time_is_no_time():
    found, _ = rows(File({0: page(100, FIRST) + page(300, FIRST)}, options=[(7, b"-200\0")]).build(7))
    assert [(row[0], row[TS]) for row in found] == [(Kind.SYS_ENTER, 100), (Kind.LOSS, 100)]
    assert found[1][TS + 1 : TS + 3] == (LOSS_CODE["undecodable"], 1)


def test_a_guests_times_are_the_guests():
    _, reader = rows(File({0: PAGE}, options=[(12, bytes(16))]).build(7))
    assert reader.capture.text("clock") == "local of a guest, as the guest tells it"


@pytest.mark.parametrize("clock", ["x86-tsc", "counter", "uptime"])
def test_a_clock_that_counts_something_else_is_called_so(clock):
    _, reader = rows(File({0: PAGE}, clock=clock).build(6))
    assert reader.capture.text("clock") == f"{clock}, a counter without unit"


# ---- what the kernel kept and lost ----------------------------------------------------------------------------------


def test_names_that_the_kernel_kept_come_first():
    lines = b"7 sh -x\n2 kthreadd\n0 swapper\n9 <...>\n99999999999 x\nbad line\n"
    found, _ = rows(File({0: PAGE}, cmdlines=lines).build(7))
    assert found[:-1] == [
        (Kind.TASK, 0, 0, -1, "sh -x", 0, Task.FOUND, 7, NULL, NULL),
        (Kind.TASK, 0, 0, -1, "kthreadd", 0, Task.FOUND, 2, 1, NULL),
    ]


def test_what_was_dropped_is_lost_and_what_was_overwritten_came_before():
    stat = b"CPU: 0\nentries: 1\noverrun: 70\ncommit overrun: 2\nbytes: 9\ndropped events: 5\nread events: 1\n\0"
    found, reader = rows(File({0: PAGE}, options=[(2, stat), (2, stat)]).build(7))
    assert [row[2:] for row in found[1:]] == [(-1, -1, None, 100, LOSS_CODE["lost_samples"], 14, NULL, NULL)]
    assert reader.skipped == {"event overwritten in the kernel's buffer": 140}


# ---- what was recorded ----------------------------------------------------------------------------------------------


def test_formats_of_some_events_are_those_that_were_asked_for():
    _, reader = rows(File({0: PAGE}).build(7))
    assert reader.recorded == {e.name for e in EVENTS if e is not OTHER}


def everything():
    from importers.perfdata.build import Event

    return (*EVENTS, *(Event(name, 900 + i, layout=()) for i, name in enumerate(sorted(EVERYWHERE))))


def test_where_the_formats_of_all_are_there_only_what_was_met_was_recorded():
    _, reader = rows(File({0: PAGE}, events=everything()).build(7))
    assert reader.recorded == {"raw_syscalls:sys_enter"}


def test_what_was_not_recorded_outranks_nothing():
    from importers.perfdata.build import Event

    named = Event("syscalls:sys_enter_brk", 30, layout=(("int __syscall_nr", 8, 4, 1), ("unsigned long brk", 16, 8, 0)))
    raw = struct.pack("<HBBiiIQ", 30, 0, 0, 7, 12, 0, 0)
    file = File({0: page(100, event(raw))}, events=(*everything(), named))
    assert rows(file.build(7))[0] == [(Kind.SYS_ENTER, 0, 0, 7, None, 100, 12, NULL, NULL, NULL)]
    file.cpus = {0: page(100, event(raw), FIRST)}
    assert [row[1] for row in rows(file.build(7))[0]] == [1, 0]


def test_formats_from_elsewhere_stand_in():
    file = File({0: PAGE}, events=())
    with pytest.raises(NothingToPrice, match="records nothing"):
        rows(file.build(7))
    found, _ = rows(file.build(7), formats={"raw_syscalls/sys_enter": ENTER.format()})
    assert found == [(Kind.SYS_ENTER, 0, 0, 7, None, 100, 39, 0, 0, 0)]


# ---- refused --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda d: d.replace(b"tracing7", b"tracing8", 1), "version '8'"),
        (lambda d: d[:12] + b"\1" + d[13:], "big-endian"),
        (lambda d: d[:13] + b"\5" + d[14:], "long of 5 bytes"),
        (lambda d: d.replace(b"none", b"lzma", 1), "compressed with 'lzma'"),
        (lambda d: d[:11], "head is damaged"),
    ],
    ids=["version", "endian", "long", "packing", "cut"],
)
def test_what_cannot_be_read_is_refused_by_name(change, why):
    with pytest.raises(UnreadableInput, match=why):
        rows(change(File({0: PAGE}).build(7)))


def test_text_inside_is_not_events():
    file = File({}, options=[(22, bytes(8) + b"\0local\0")])
    with pytest.raises(UnreadableInput, match="as text") as caught:
        rows(file.build(7))
    assert "trace-cmd report" in caught.value.hint


def test_without_an_event_to_price_it_is_said_at_once():
    with pytest.raises(NothingToPrice, match="power:cpu_idle") as caught:
        rows(File({0: PAGE}, events=(OTHER,)).build(7))
    assert "trace-cmd record" in caught.value.hint


def test_nothing_but_marks_is_nothing_to_price():
    mark = b"\5\0" + bytes(14) + b"gstrace:begin x\0"
    with pytest.raises(NothingToPrice):
        rows(File({0: page(100, event(mark))}).build(7))
