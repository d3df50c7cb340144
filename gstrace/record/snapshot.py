"""The machine beside the recording: what it is, what ran on it, and the kernel's own counts before and after."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gstrace.units import clean

_COUNTS: Final = ("vmstat", "interrupts", "stat")
"""Read in this order before the recording and backwards after it: the counts of switches lie closest to the events."""
FILES: Final = (
    *(
        "cpuinfo",
        "cmdline",
        "vulnerabilities",
        "release",
        "hwcap2",
        "threads",
        "recorder",
        "scope",
        "counters",
        "events",
    ),
    *(f"{name}.*" for name in (*_COUNTS, "clock")),
)
"""What a machine folder may hold (docs/formats.md says what each is for)."""

_VULNERABILITIES: Final = Path("sys/devices/system/cpu/vulnerabilities")
_AUXV: Final = struct.Struct("@LL")
_AT_HWCAP2: Final = 26
_PF_KTHREAD: Final = 0x00200000
_FLAGS: Final = 6
"""Place of `flags` among the words of /proc/PID/stat that follow the name."""


@dataclass(frozen=True)
class Machine:
    """folder: is there, and gets the files. root: where proc and sys are."""

    folder: Path
    root: Path = Path("/")

    def describe(self) -> None:
        """What does not change: CPU, kernel, mitigations, whether user code may use FSGSBASE."""
        for name in ("cpuinfo", "cmdline"):
            self._put(name, _read(self.root / "proc" / name))
        self._put("release", _read(self.root / "proc/sys/kernel/osrelease"))
        lines = [f"{file.name}: {_read(file).strip()}\n" for file in sorted((self.root / _VULNERABILITIES).glob("*"))]
        self._put("vulnerabilities", "".join(lines))
        if (words := hwcap2(self.root / "proc/self/auxv")) is not None:
            self._put("hwcap2", f"{words:#x}\n")

    def scope(self, *, everything: bool) -> None:
        """Whether the whole machine is recorded: what the counts may be compared with."""
        self._put("scope", "all\n" if everything else "some\n")

    def formats(self, tracefs: Path, events: Iterable[str]) -> None:
        """The event formats, which perf.data has at its end only: a killed recording can be read with them."""
        for name in ("header_page", "header_event"):
            self._put(f"events/{name}", _read(tracefs / "events" / name))
        for event in events:
            place = f"events/{event.replace(':', '/')}/format"
            self._put(place, _read(tracefs / place))

    def running(self, recorders: Iterable[int]) -> None:
        """The threads that are there already, and which of them record."""
        threads = list(_threads(self.root / "proc"))
        self._put("threads", "".join(f"{tid} {pid} {kernel:d} {comm}\n" for tid, pid, kernel, comm in threads))
        comms = {tid: comm for tid, _, _, comm in threads}
        self._put("recorder", "".join(f"{pid} {comms[pid]}\n" for pid in recorders if pid in comms))

    def counts(self, when: str) -> None:
        """The kernel's counts, and the time; when: `before` or `after`. The clock is what stands next to the events."""
        names = _COUNTS if when == "before" else tuple(reversed(_COUNTS))
        clock = time.clock_gettime_ns(time.CLOCK_MONOTONIC) if when == "after" else None
        texts = {name: _read(self.root / "proc" / name) for name in names}
        clock = clock or time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        for name, text in {**texts, "clock": f"monotonic {clock}\n"}.items():
            self._put(f"{name}.{when}", text)

    def counters(self, counted: Mapping[str, int]) -> None:
        """Hardware's counts over the same stretch; no file where there are none."""
        self._put("counters", "".join(f"{name} {count}\n" for name, count in counted.items()))

    def _put(self, name: str, text: str) -> None:
        if text:
            place = self.folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")


def hwcap2(auxv: Path) -> int | None:
    """AT_HWCAP2 of a process; None where the kernel did not give it."""
    data = b""
    with suppress(OSError):
        data = auxv.read_bytes()
    whole = len(data) - len(data) % _AUXV.size
    return dict(_AUXV.iter_unpack(data[:whole])).get(_AT_HWCAP2)


def _threads(proc: Path) -> Iterator[tuple[int, int, bool, str]]:
    """(tid, pid, whether it is the kernel's, name) of every thread; those that end meanwhile are left out."""
    for process in _numbered(proc):
        for thread in _numbered(process / "task"):
            comm, parted, rest = _read(thread / "stat").partition("(")[2].rpartition(")")
            words = rest.split()
            if parted and len(words) > _FLAGS:
                kernel = bool(int(words[_FLAGS]) & _PF_KTHREAD)
                yield int(thread.name), int(process.name), kernel, clean(comm)


def _numbered(folder: Path) -> list[Path]:
    """The entries whose name is a number, in the order of these; none where the folder is gone."""
    with suppress(OSError):
        return sorted((entry for entry in folder.iterdir() if entry.name.isdecimal()), key=lambda p: int(p.name))
    return []


def _read(path: Path) -> str:
    """A file's text; empty where there is none, or it may not be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
