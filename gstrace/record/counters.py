"""Hardware's own count of ring transitions over the same stretch, where the PMU has one: independent of any event."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from gstrace.errors import RecordError
from gstrace.record.control import Controlled

if TYPE_CHECKING:
    from gstrace.record.wanted import Wanted

COUNTERS: Final = ("cpl_cycles.ring0_trans",)
"""By the names that perf's own tables have for a CPU, so that it is asked of no CPU that does not document it. This one
(Intel, Sandy Bridge to Broadwell) counts each beginning of a stretch in ring 0: entries, and ends of a halt."""
_WHOLE: Final = "100.00"
"""Per cent of the time that a counter counted; less is an estimate of perf's."""


class Counters:
    """`perf stat` beside the recorder. It may be had or not: nothing of it fails a recording; `why` says why not."""

    def __init__(self, wanted: Wanted) -> None:
        whom = ["-a"] if wanted.everything else ["-p", str(wanted.target)]
        self._perf = Controlled(["stat", *whom, "-x", ",", "-e", ",".join(COUNTERS)])
        self.why = ""

    @property
    def processes(self) -> tuple[int, ...]:
        return self._perf.processes

    def prepare(self) -> None:
        self._try(self._perf.start)

    def begin(self) -> None:
        self._try(self._perf.begin)

    def stop(self) -> None:
        self._try(self._perf.stop)

    def end(self) -> dict[str, int]:
        """What was counted, by name; nothing of what was counted in part only."""
        if self.why or self._perf.end() != 0:
            return {}
        counted = counts(self._perf.said)
        if not counted:
            self.why = "the PMU did not count them all the time"
        return counted

    def abandon(self) -> None:
        self._perf.abandon()

    def _try(self, step: Callable[[], None]) -> None:
        if self.why:
            return
        try:
            step()
        except RecordError as error:
            self.why = error.what


def counts(text: str) -> dict[str, int]:
    """`perf stat -x,`: a line `count,unit,event,time,per cent of it,…` for each event."""
    lines = (line.split(",") for line in text.splitlines())
    return {
        line[2]: int(line[0])
        for line in lines
        if len(line) >= 5 and line[2] in COUNTERS and line[0].isdecimal() and line[4] == _WHOLE
    }
