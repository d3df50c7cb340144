"""What stands in a page, kind by kind, as columns of the stream; and what the kernel lost."""

from __future__ import annotations

import pytest
from importers.tracedat.build import (
    ENTER,
    FORK,
    IRQ,
    OTHER,
    PRINT,
    REST_EMPTY,
    SWITCH,
    TIMER,
    File,
    discarded,
    event,
    extend,
    page,
    stamp,
)
from importers.tracedat.helping import CPU, TS, rows

from gstrace.events.losses import LOSS_CODE
from gstrace.events.tables import NULL, Kind, Origin, Phase, Task
from gstrace.events.tracepoints import name_hash

RAW = ENTER.raw(7, id=39, args=bytes(range(48)))
ARGS = [int.from_bytes(bytes(range(i, i + 8)), "little") for i in (0, 8, 16)]
FIRST = event(RAW)
LOST = LOSS_CODE["lost"]


def got(*parts: bytes, **options):
    found, reader = rows(File({0: page(100, *parts, **options)}).build(6))
    assert not reader.damage
    return found


def times(*parts: bytes, ts: int = 100):
    return [row[TS] for row in rows(File({0: page(ts, *parts)}).build(6))[0]]


def losses(*pages: bytes, **options):
    found, _ = rows(File({0: b"".join(pages)}, **options).build(6))
    return [row[TS : TS + 4] for row in found if row[0] == Kind.LOSS]


@pytest.mark.parametrize(
    ("raw", "row"),
    [
        (RAW, (Kind.SYS_ENTER, 0, 0, 7, None, 103, 39, *ARGS)),
        (SWITCH.raw(7, prev_pid=8, next_pid=9, prev_state=2), (Kind.SWITCH, 0, 0, 8, None, 103, 9, 2, NULL, NULL)),
        (FORK.raw(7, pid=9, comm=b"a b", clone_flags=17), (Kind.TASK, 0, 0, 7, "a b", 103, Task.FORK, 9, 17, NULL)),
        (
            IRQ.raw(7, irq=5, name=b"eth0\0"),
            (Kind.IRQ, 0, 0, 7, None, 103, 5 << 8 | name_hash(b"eth0") << 32, Phase.ENTRY_ONLY, Origin.UNKNOWN, 0),
        ),
        (TIMER.raw(0, vector=236), (Kind.IRQ, 0, 0, 0, None, 103, 1, Phase.ENTRY_ONLY, Origin.UNKNOWN, 0)),
    ],
    ids=["sys_enter", "sched_switch", "task_newtask", "irq_handler_entry", "local_timer_entry"],
)
@pytest.mark.parametrize("long", [False, True])
def test_an_event_is_a_row(raw, row, long):
    assert got(FIRST, event(raw, 3, long=long))[1:] == [row]


def test_a_trace_markers_text_is_kept():
    raw = PRINT.config.to_bytes(2, "little") + bytes(14) + b"gstrace:begin x\n\0"
    assert got(FIRST, event(raw))[1][4] == "gstrace:begin x\n"


def test_every_length_up_to_28_words_and_beyond_is_walked_over():
    others = [event(OTHER.config.to_bytes(2, "little").ljust(4 * words, b"x"), 1) for words in range(1, 40)]
    assert times(*others, FIRST) == [139]


def test_time_goes_on_by_deltas_extends_and_what_was_taken_back():
    assert times(FIRST, event(RAW, 5), extend(1 << 40), event(RAW, 1), discarded(8, 9), FIRST) == [
        100,
        105,
        106 + (1 << 40),
        115 + (1 << 40),
    ]


def test_an_absolute_stamp_has_its_top_bits_from_the_page():
    high = 5 << 59
    assert times(FIRST, stamp(500), FIRST) == [100, 500]
    assert times(FIRST, stamp(500), FIRST, ts=high >> 2) == [high >> 2, (high >> 2 >> 59 << 59) + (1 << 59) + 500]
    assert times(FIRST, stamp((1 << 58) + 7), FIRST, ts=1 << 59) == [1 << 59, (1 << 59) + (1 << 58) + 7]


def test_what_is_behind_the_end_of_the_data_is_not_looked_at():
    whole = page(100, FIRST, REST_EMPTY, FIRST)
    assert [row[TS] for row in rows(File({0: whole}).build(6))[0]] == [100]
    behind = page(100, FIRST)[:-200] + FIRST * 2
    assert [row[TS] for row in rows(File({0: behind.ljust(4096, b"x")}).build(6))[0]] == [100]


def test_a_page_that_promises_data_and_has_zeros_is_a_loss_and_the_next_one_is_read():
    hollow = page(200, bytes(100))
    found, reader = rows(File({0: page(100, FIRST) + hollow + page(300, FIRST)}).build(6))
    assert [row[TS] for row in found if row[0] != Kind.LOSS] == [100, 300]
    assert [row[TS : TS + 4] for row in found if row[0] == Kind.LOSS] == [(200, LOST, NULL, 100)]
    assert reader.skipped == {"page of zeros": 1}


@pytest.mark.parametrize(("lost", "count"), [(True, NULL), (96, 96), (0, NULL)])
@pytest.mark.parametrize("word", [4, 8])
def test_lost_events_are_counted_where_the_page_says_how_many(lost, count, word):
    pages = page(100, FIRST, event(RAW, 11), word=word), page(300, FIRST, word=word, lost=lost)
    assert losses(*pages, word=word) == [(300, LOST, count, 111)]


def test_before_the_first_page_nobody_knows_since_when():
    assert losses(page(300, FIRST, lost=True)) == [(300, LOST, NULL, NULL)]


def test_a_count_without_room_is_none():
    full = FIRST * ((4096 - 16) // len(FIRST) - 1)
    full += discarded(4096 - 16 - len(full) - 8)
    whole = bytearray(page(300, full))
    assert int.from_bytes(whole[8:12], "little") == 4080
    whole[11] |= 0xC0
    assert losses(bytes(whole)) == [(300, LOST, NULL, NULL)]


def test_events_of_other_kinds_are_counted_by_name_and_undeclared_ones_are_a_loss():
    other = event(OTHER.config.to_bytes(2, "little") + bytes(6))
    found, reader = rows(File({0: page(100, FIRST, other, other, event(b"\xff\xff" + bytes(6)))}).build(6))
    assert reader.skipped == {"power:cpu_idle": 2}
    assert [row[TS + 1 : TS + 3] for row in found[1:]] == [(LOSS_CODE["unknown_id"], 1)]


def test_an_event_too_short_for_its_fields_is_counted():
    found = got(FIRST, event(RAW[:20]), FIRST)
    assert [row[0] for row in found] == [Kind.SYS_ENTER, Kind.SYS_ENTER, Kind.LOSS]
    assert found[-1][TS + 1 : TS + 3] == (LOSS_CODE["undecodable"], 1)


@pytest.mark.parametrize("size", [4096, 8192, 65536])
@pytest.mark.parametrize("version", [6, 7])
def test_pages_are_as_large_as_the_kernel_says(size, version):
    number = (size - 16) // len(FIRST)
    content = page(100, FIRST * number, size=size) + page(300, FIRST, size=size)
    found, reader = rows(File({0: content}, size=size).build(version))
    assert [row[TS] for row in found] == [100] * number + [300]
    assert not reader.damage


def test_a_32_bit_kernel_has_short_words():
    found, reader = rows(File({0: page(100, FIRST, word=4) * 2}, word=4).build(6))
    assert len(found) == 2
    assert not reader.damage


def test_the_kernels_long_counts_and_not_that_of_user_space():
    assert len(rows(File({0: page(100, FIRST)}, user_word=4).build(7))[0]) == 1


def test_without_a_page_header_the_files_own_words_count():
    assert len(rows(File({0: page(100, FIRST, word=4)}, user_word=4, header=b"x").build(6))[0]) == 1


def test_cpus_are_numbered_as_the_file_says():
    found, _ = rows(File({3: page(100, FIRST), 250: page(50, FIRST)}).build(7))
    assert sorted((row[CPU], row[TS]) for row in found) == [(3, 100), (250, 50)]


def test_the_cpu_that_is_furthest_behind_is_read_first():
    ahead = page(1000, FIRST) + page(2000, FIRST)
    behind = page(10, FIRST) + page(1500, FIRST)
    assert [row[TS] for row in rows(File({0: ahead, 1: behind}).build(6))[0]] == [1000, 2000, 10, 1500]
    from unittest import mock

    from gstrace.importers.tracedat import reader

    with mock.patch.object(reader, "PIECE", 4096):
        found, _ = rows(File({0: ahead, 1: behind}).build(6))
    assert [row[TS] for row in found] == [1000, 10, 1500, 2000]
