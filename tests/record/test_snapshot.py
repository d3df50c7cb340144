"""The machine folder says what the machine says."""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path
from types import SimpleNamespace

import pytest

from gstrace.events.capture import Capture, read_machine
from gstrace.record.snapshot import FILES, Machine, hwcap2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "perf.data.machine"
    place.mkdir()
    return place


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_this_machine_is_described_and_gstrace_reads_it(folder: Path) -> None:
    Machine(folder).describe()
    capture = Capture()
    read_machine(folder, capture)
    assert capture.text("kernel_release") == os.uname().release
    assert capture.text("kernel_command_line") == Path("/proc/cmdline").read_text().strip()
    assert capture.facts["kernel_release"].source == "perf.data.machine/release"


def test_hwcap2_is_what_the_kernel_tells_programs(folder: Path, tmp_path: Path) -> None:
    libc = ctypes.CDLL(None)
    libc.getauxval.restype, libc.getauxval.argtypes = ctypes.c_ulong, [ctypes.c_ulong]
    assert (hwcap2(Path("/proc/self/auxv")) or 0) == libc.getauxval(26)
    auxv = tmp_path / "auxv"
    auxv.write_bytes(struct.pack("@6L", 6, 4096, 26, 2, 0, 0) + b"torn")
    assert hwcap2(auxv) == 2
    auxv.write_bytes(struct.pack("@4L", 6, 4096, 0, 0))
    assert hwcap2(auxv) is None
    assert hwcap2(tmp_path / "none") is None


def test_threads_are_told_with_their_process_and_whose_they_are(folder: Path, tmp_path: Path) -> None:
    tasks = {
        (2, 2): ("kthreadd", 0x208040),
        (40, 40): ("a (b) c", 0x400000),
        (40, 41): ("new\nline", 0x400000),
        (7, 7): ("gone", None),
    }
    for (pid, tid), (comm, flags) in tasks.items():
        place = tmp_path / "proc" / str(pid) / "task" / str(tid)
        place.mkdir(parents=True)
        if flags is not None:
            (place / "stat").write_text(f"{tid} ({comm}) S 1 1 1 0 -1 {flags} 0 0\n")
    (tmp_path / "proc/interrupts").touch()
    Machine(folder, tmp_path).running([40, 99])
    assert lines(folder / "threads") == ["2 2 1 kthreadd", "40 40 0 a (b) c", r"41 40 0 new\nline"]
    assert lines(folder / "recorder") == ["40 a (b) c"]


def test_this_process_is_among_the_threads(folder: Path) -> None:
    Machine(folder).running([os.getpid()])
    comm = Path("/proc/self/comm").read_text().strip()
    assert f"{os.getpid()} {os.getpid()} 0 {comm}" in lines(folder / "threads")
    assert lines(folder / "recorder") == [f"{os.getpid()} {comm}"]


def test_counts_before_and_after_enclose_what_happens_between(folder: Path) -> None:
    machine = Machine(folder)
    machine.counts("before")
    machine.counts("after")
    clocks = [int(lines(folder / f"clock.{when}")[0].removeprefix("monotonic ")) for when in ("before", "after")]
    assert clocks[0] < clocks[1]
    for name in ("stat", "interrupts", "vmstat"):
        assert len(lines(folder / f"{name}.before")) == len(lines(folder / f"{name}.after"))


def test_formats_are_kept_as_the_kernel_words_them(folder: Path, machine: SimpleNamespace) -> None:
    Machine(folder).formats(machine.tracefs, ["sched:sched_switch", "irq:none"])
    assert (folder / "events/sched/sched_switch/format").read_text() == "name: sched_switch\nID: 1\n"
    assert (folder / "events/header_page").read_text() == (machine.tracefs / "events/header_page").read_text()
    assert not (folder / "events/irq").exists()


def test_nothing_is_there_of_what_the_machine_does_not_have(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    bare = Machine(folder, tmp_path)
    bare.describe()
    bare.running([1])
    bare.counters({})
    bare.counts("before")
    assert [file.name for file in folder.iterdir()] == ["clock.before"]
    bare.counters({"cpl_cycles.ring0_trans": 12})
    assert lines(folder / "counters") == ["cpl_cycles.ring0_trans 12"]


def test_every_file_has_a_name_that_the_place_knows() -> None:
    assert {"cpuinfo", "hwcap2", "threads", "recorder", "counters", "events", "stat.*", "clock.*"} <= set(FILES)
