"""What perf is asked, and what is counted in what it wrote."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from gstrace.record.control import in_a_line
from gstrace.record.counters import counts
from gstrace.record.perf import pages, record_arguments, tally
from gstrace.record.wanted import Wanted

if TYPE_CHECKING:
    import pytest

EVENTS = ("raw_syscalls:sys_enter", "sched:sched_switch", "irq_vectors:local_timer_entry", "exceptions:page_fault_user")
CHAINS = frozenset({"irq_vectors:local_timer_entry"})


def asked(*, everything: bool, target: int | None = None, events: tuple[str, ...] = EVENTS) -> list[str]:
    wanted = Wanted(events, CHAINS, everything, 1 << 20, target)
    return record_arguments(Path("x.part"), wanted, events)


def test_perf_is_asked_for_all_of_it_on_the_snapshots_clock() -> None:
    assert asked(everything=True) == [
        *("record", "-a", "-B", "-N", "-c", "1", "-k", "CLOCK_MONOTONIC", "-m", str((1 << 20) // mmap.PAGESIZE)),
        *("-e", "sched:sched_switch,irq_vectors:local_timer_entry/call-graph=fp/"),
        *("-e", "raw_syscalls:sys_enter,exceptions:page_fault_user", "--exclude-perf", "-o", "x.part"),
    ]


def test_without_everything_it_is_the_held_command() -> None:
    line = asked(everything=False, target=77)
    assert line[1:3] == ["-p", "77"]
    assert "-a" not in line


def test_what_perf_itself_would_feed_stands_last_before_its_filter() -> None:
    line = asked(everything=True)
    assert line[line.index("--exclude-perf") - 1].split(",") == ["raw_syscalls:sys_enter", "exceptions:page_fault_user"]


def test_a_list_without_events_is_not_asked_for() -> None:
    assert asked(everything=True, events=("sched:sched_switch",)).count("-e") == 1


@given(st.integers(1, 1 << 34))
def test_the_buffer_is_the_least_power_of_two_of_pages_that_holds_it(size: int) -> None:
    number = pages(size)
    assert number.bit_count() == 1
    assert number * mmap.PAGESIZE >= size
    assert number == 1 or number // 2 * mmap.PAGESIZE < size


@given(
    st.lists(st.tuples(st.sampled_from([1, 2, 3, 9, 13, 68]), st.integers(0, 2**40), st.integers(0, 3))), st.binary()
)
def test_a_file_is_tallied_by_the_heads_of_its_records(
    tmp_path_factory: pytest.TempPathFactory, records: list[tuple[int, int, int]], rest: bytes
) -> None:
    body = b""
    for kind, number, more in records:
        numbers = (7, number) if kind == 2 else (number, 7)
        body += struct.pack("<IHHQQ", kind, 0, 24 + 8 * more, *numbers) + bytes(8 * more)
    head = struct.pack("<8sQQQQQQ", b"PERFILE2", 104, 0, 104, 0, 104, len(body)).ljust(104, b"\0")
    path = tmp_path_factory.mktemp("tally") / "perf.data"
    path.write_bytes(head + body + rest)
    # The kernel's word where it dropped them, and perf's at the end, are about the same events.
    lost = [sum(number for kind, number, _ in records if kind == word) for word in (2, 13)]
    assert tally(path) == (sum(kind == 9 for kind, _, _ in records), max(lost))


@given(st.binary(max_size=200))
def test_a_tally_of_anything_ends(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    path = tmp_path_factory.mktemp("tally") / "perf.data"
    path.write_bytes(bytes(40) + struct.pack("<QQ", 56, 1 << 60) + body)
    assert tally(path) >= (0, 0)


def test_a_hardware_count_counts_only_if_it_counted_all_the_time() -> None:
    name = "cpl_cycles.ring0_trans"
    assert counts(f"\n1234,,{name},5000,100.00,,\n") == {name: 1234}
    assert counts(f"1234,,{name},5000,33.10,,\n") == {}
    assert counts(f"<not supported>,,{name},0,100.00,,\n<not counted>,,{name},0,0.00\n9,,cycles,1,100.00\n") == {}


def test_perfs_words_lose_what_it_says_of_every_run() -> None:
    said = "Events disabled\nError:\nNo permission.\n[ perf record: Woken up ]\nRun 'perf list' for\n Usage: x"
    assert in_a_line(said) == "No permission."
