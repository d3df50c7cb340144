"""Which part of a recording is asked about, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Selection:
    """What to count; empty fields choose everything. Times in ns on the trace clock, from included, to excluded."""

    window: str = ""
    pids: frozenset[int] = frozenset()
    tids: frozenset[int] = frozenset()
    comms: tuple[str, ...] = ()
    cpus: frozenset[int] = frozenset()
    since: int | None = None
    until: int | None = None
    without_tracer: bool = False

    @property
    def needs_events(self) -> bool:
        """Whether the census is too coarse for it: its windows of time end elsewhere."""
        return self.since is not None or self.until is not None

    def to_json(self) -> dict[str, object]:
        return {
            "window": self.window or None,
            "pid": sorted(self.pids),
            "tid": sorted(self.tids),
            "comm": list(self.comms),
            "cpu": sorted(self.cpus),
            "from": self.since,
            "to": self.until,
            "exclude_tracer": self.without_tracer,
        }


EVERYTHING: Final = Selection()
