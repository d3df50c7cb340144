"""Windows that the workload marked: which stretches between markers each one is (docs/contract.md, "Markers")."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Marker(NamedTuple):
    """A marker event, in stream order: window number or name, begin or end, and the CPU it was made on."""

    begin: bool
    label: str
    cpu: int
    name: str | None = None


@dataclass
class Window:
    """One occurrence of a window: segments first … last (last None: to the end of the recording).

    plain: `ID` or name. label: the same; further occurrences `ID#2`, `ID#3`, … cpus: of the begin and the end marker.
    """

    plain: str
    label: str
    first: int
    last: int | None
    cpus: tuple[int, int | None]
    name: str | None = None


def windows(markers: Iterable[Marker]) -> list[Window]:
    """Every window, in order of its begin. Marker number i ends segment i and begins segment i + 1; segment 0 is
    what comes before the first. An end closes the latest window of its label that is open; one without begin is none.
    """
    found: list[Window] = []
    seen: dict[str, int] = {}
    still_open: dict[str, list[Window]] = {}
    for number, marker in enumerate(markers):
        if marker.begin:
            times = seen[marker.label] = seen.get(marker.label, 0) + 1
            label = marker.label if times == 1 else f"{marker.label}#{times}"
            found.append(Window(marker.label, label, number + 1, None, (marker.cpu, None), marker.name))
            still_open.setdefault(marker.label, []).append(found[-1])
        elif still_open.get(marker.label):
            window = still_open[marker.label].pop()
            window.last, window.cpus = number, (window.cpus[0], marker.cpu)
    return found
