"""Facts about the recorded machine and recorder, each with where it came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

MACHINE_FILES: Final = ("cpuinfo", "cmdline", "vulnerabilities", "release", "hwcap2", "recorder")
"""Files of a `--machine` folder that hold facts; others hold counts and what ran (docs/formats.md)."""


@dataclass(frozen=True)
class Fact:
    """A value and the place it was read in (`perf.data CPUID`, `machine/cpuinfo`)."""

    value: object
    source: str


@dataclass
class Capture:
    """Facts by name; the first source to state a fact keeps it. Names: `NAMES`."""

    facts: dict[str, Fact] = field(default_factory=dict)

    def set(self, name: str, value: object, source: str) -> None:
        """State a fact, unless an earlier source did. None and empty text state nothing."""
        if name not in NAMES:
            raise KeyError(name)
        if value is not None and value != "":
            self.facts.setdefault(name, Fact(value, source))

    def get(self, name: str, default: object = None) -> object:
        fact = self.facts.get(name)
        return default if fact is None else fact.value

    def text(self, name: str) -> str:
        """A fact as text; empty where nobody stated it."""
        return str(self.get(name, ""))

    def words(self, name: str) -> frozenset[str] | None:
        """A fact that is a list of words (`flags`, `bugs`), whole words (RULES.md T11); None where unknown."""
        fact = self.facts.get(name)
        return None if fact is None else frozenset(str(fact.value).split())

    def __iter__(self) -> Iterator[tuple[str, Fact]]:
        return iter(sorted(self.facts.items()))

    def to_json(self) -> dict[str, dict[str, object]]:
        return {name: {"value": fact.value, "source": fact.source} for name, fact in self}

    @classmethod
    def from_json(cls, data: dict[str, dict[str, object]]) -> Capture:
        return cls({name: Fact(fact["value"], str(fact["source"])) for name, fact in data.items()})


NAMES: Final = {
    "format": "the input's format, in words",
    "clock": "the trace clock",
    "recorder": "the program that recorded, with its version",
    "recorder_command": "its command line",
    "recorder_processes": "numbers of its processes",
    "kernel_release": "as uname -r",
    "kernel_command_line": "as /proc/cmdline",
    "architecture": "as uname -m",
    "hostname": "of the recorded machine",
    "cpus": "number of CPUs online",
    "cpu_vendor": "as CPUID says (GenuineIntel, AuthenticAMD)",
    "cpu_family": "CPUID family, decimal",
    "cpu_model": "CPUID model, decimal",
    "cpu_stepping": "CPUID stepping, decimal",
    "cpu_name": "the CPU's brand string",
    "cpu_mhz": "MHz at which the first CPU ran when the recording was made",
    "cpu_flags": "the `flags` line of /proc/cpuinfo",
    "hwcap2": "AT_HWCAP2 as the kernel gives it to programs, hexadecimal",
    "cpu_bugs": "the `bugs` line of /proc/cpuinfo",
    "vulnerabilities": "/sys/devices/system/cpu/vulnerabilities, one `name: text` a line",
}
"""Every fact's name and meaning."""

_CPUINFO: Final = {
    "vendor_id": "cpu_vendor",
    "cpu family": "cpu_family",
    "model": "cpu_model",
    "stepping": "cpu_stepping",
    "model name": "cpu_name",
    "cpu MHz": "cpu_mhz",
    "flags": "cpu_flags",
    "bugs": "cpu_bugs",
}


def read_machine(folder: Path, capture: Capture) -> None:
    """Add the facts of a `--machine` folder; files that are not there state nothing."""
    texts = {name: _read(folder / name) for name in MACHINE_FILES}
    where = folder.name
    first_cpu = texts["cpuinfo"].split("\n\n", 1)[0]
    for line in first_cpu.splitlines():
        key, _, value = line.partition(":")
        if key.strip() in _CPUINFO:
            # An empty `bugs` line is a statement too: none.
            capture.set(_CPUINFO[key.strip()], value.strip() or " ", f"{where}/cpuinfo")
    capture.set("kernel_command_line", texts["cmdline"].strip(), f"{where}/cmdline")
    capture.set("kernel_release", texts["release"].strip(), f"{where}/release")
    capture.set("hwcap2", texts["hwcap2"].strip(), f"{where}/hwcap2")
    numbers = [line.split()[0] for line in texts["recorder"].splitlines() if line.strip()]
    capture.set("recorder_processes", " ".join(numbers), f"{where}/recorder")
    capture.set("vulnerabilities", texts["vulnerabilities"].strip(), f"{where}/vulnerabilities")


def with_machine(recorded: Capture, machine: Path) -> Capture:
    """A recording's facts with those of a `--machine` folder, which says more than a header does, first."""
    capture = Capture()
    read_machine(machine, capture)
    for name, fact in recorded:
        capture.set(name, fact.value, fact.source)
    return capture


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return ""
