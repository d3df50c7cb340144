"""What the recorded machine counted by itself meanwhile: /proc read before and after the recording, as differences.

Other people's text of any kernel: rows and columns come and go, a CPU may have been switched on or off in between. A
difference that cannot be formed is unknown and says why; it is never guessed, and nothing here raises.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

SIDES: Final = ("before", "after")
DEVICES: Final = "devices"
"""All numbered rows of /proc/interrupts together: the interrupts of devices."""
RINGS: Final = ("cpl_cycles.ring0_trans",)
"""Hardware counts of entries from user mode, as the file `counters` may name them."""
ROWS: Final = {
    "stat": ("ctxt", "processes"),
    "interrupts": (
        *("NMI", "LOC", "SPU", "IWI", "RES", "CAL", "TRM", "THR", "DFR", "MCE", "ERR", "PLT"),
        *("HYP", "HRE", "HVS", "PIN", "NPI", "PIW", "PMN"),
        DEVICES,
    ),
    "vmstat": ("pgfault",),
}
"""What is taken from each file, by the kernel's names of the rows."""

SCOPES: Final = {"all": True, "some": False}
"""What the file `scope` may say: whether the whole machine was recorded."""

_LONGEST: Final = 1 << 24
"""Bytes of a file that is read: /proc/interrupts of 1,024 CPUs and 1,000 rows has fewer."""
_NUMBER: Final = re.compile(r"[0-9]{1,20}", re.ASCII)
_COUNTABLE: Final = 1 << 53
"""No machine counts that far between two snapshots."""


@dataclass(frozen=True)
class Count:
    """How often something happened between two snapshots; value None: unknown, and `why`. source: the file."""

    value: int | None
    source: str
    why: str = ""


@dataclass(frozen=True)
class Snapshots:
    """Differences by the kernel's name of the row (`ROWS`, `RINGS`), and when the snapshots were taken.

    stretch: CLOCK_MONOTONIC in ns, right before the first and right after the last; None: nobody wrote it down.
    whole: whether the recorder was told to record the whole machine; None: nobody wrote it down.
    """

    counts: Mapping[str, Count] = field(default_factory=dict)
    stretch: tuple[int, int] | None = None
    whole: bool | None = None

    def to_json(self) -> dict[str, Any]:
        counts = {name: dict(vars(count)) for name, count in sorted(self.counts.items())}
        return {"counts": counts, "stretch": self.stretch and list(self.stretch), "whole": self.whole}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Snapshots:
        """Raises KeyError, TypeError or ValueError for what `to_json` did not write."""
        stretch = None if data["stretch"] is None else (int(data["stretch"][0]), int(data["stretch"][1]))
        return cls({name: Count(**count) for name, count in data["counts"].items()}, stretch, data.get("whole"))


NOTHING: Final = Snapshots()


class Read(NamedTuple):
    """Rows of one file: numbers by the row's name, one for each of `cpus`, or one for all."""

    cpus: tuple[str, ...]
    rows: dict[str, list[int]]


def read(folder: Path) -> Snapshots:
    """The snapshots of a machine folder; what it does not hold is not in them."""
    counts: dict[str, Count] = {}
    for name, wanted in ROWS.items():
        parse = interrupts if name == "interrupts" else plain
        before, after = (parse(_text(folder / f"{name}.{side}"), wanted) for side in SIDES)
        counts |= differences(before, after, wanted, f"{folder.name}/{name}")
    counters = plain(_text(folder / "counters"), RINGS).rows
    counts |= {name: _count(number, f"{folder.name}/counters") for name, (number,) in counters.items()}
    clocks = (plain(_text(folder / f"clock.{side}"), ("monotonic",)).rows.get("monotonic") for side in SIDES)
    first, last = (clock[0] if clock else None for clock in clocks)
    told = first is not None and last is not None and first <= last < 1 << 63
    whole = SCOPES.get(_text(folder / "scope").strip())
    return Snapshots(counts, (first, last) if told else None, whole)  # type: ignore[arg-type]


def plain(text: str, wanted: Collection[str]) -> Read:
    """Lines `NAME NUMBER …`, as in /proc/stat and /proc/vmstat: the first number of the wanted ones."""
    rows: dict[str, list[int]] = {}
    for line in text.split("\n"):
        name, _, rest = line.partition(" ")
        if name in wanted and (number := _NUMBER.match(rest)):
            rows.setdefault(name, [int(number[0])])
    return Read((), rows)


def interrupts(text: str, wanted: Collection[str]) -> Read:
    """/proc/interrupts: a head of CPUs, then `NAME: a number per CPU, words`; ERR has one number for all.

    Of the named rows the wanted ones, and all the numbered ones.
    """
    head, _, rest = text.partition("\n")
    cpus = tuple(head.split())
    if not cpus or not all(cpu.startswith("CPU") for cpu in cpus):
        return Read((), {})
    rows: dict[str, list[int]] = {}
    for line in rest.split("\n"):
        label, _, told = line.partition(":")
        name = label.strip()
        if name in wanted or _NUMBER.fullmatch(name):
            rows.setdefault(name, _numbers(told, len(cpus)))
    return Read(cpus, rows)


def _numbers(text: str, most: int) -> list[int]:
    found: list[int] = []
    for word in text.split(None, most)[:most]:
        if not _NUMBER.fullmatch(word):
            break
        found.append(int(word))
    return found


def differences(before: Read, after: Read, wanted: Collection[str], source: str) -> dict[str, Count]:
    """The wanted rows that both snapshots have, and `DEVICES` where it is wanted and both have CPUs."""
    if strange := sorted(set(before.cpus) ^ set(after.cpus)) if before.rows and after.rows else []:
        return {name: Count(None, source, f"{strange[0]} is in one of the snapshots only") for name in wanted}
    shared = before.rows.keys() & after.rows.keys()
    counts = {name: _difference(before.rows[name], after.rows[name], source) for name in wanted if name in shared}
    if DEVICES in wanted and before.cpus and after.cpus:
        counts[DEVICES] = _devices(before.rows, after.rows, source)
    return counts


def _difference(before: list[int], after: list[int], source: str) -> Count:
    if len(before) != len(after) or not after:
        return Count(None, source, "the two snapshots have different columns")
    if any(b > a for b, a in zip(before, after, strict=True)):
        return Count(None, source, "it went backwards")
    return _count(sum(after) - sum(before), source)


def _count(number: int, source: str) -> Count:
    return Count(number, source) if number < _COUNTABLE else Count(None, source, "no machine counts that far")


def _devices(before: Mapping[str, list[int]], after: Mapping[str, list[int]], source: str) -> Count:
    """A line that is not printed has no handler and counted nothing yet; one that went took its count along."""
    lines = [name for name in after if _NUMBER.fullmatch(name)]
    if gone := [name for name in before if _NUMBER.fullmatch(name) and name not in after]:
        return Count(None, source, f"interrupt {gone[0]} is in the first snapshot only")
    each = [_difference(before.get(name, [0] * len(after[name])), after[name], source) for name in lines]
    for line, count in zip(lines, each, strict=True):
        if count.value is None:
            return Count(None, source, f"interrupt {line}: {count.why}")
    return _count(sum(count.value or 0 for count in each), source)


def _text(path: Path) -> str:
    """A file's text; empty where there is none, or one longer than any kernel's."""
    try:
        if not path.is_file() or path.stat().st_size > _LONGEST:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
