"""What a recorder is, and which there are."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from gstrace.errors import nearest
from gstrace.record.perf import Perf
from gstrace.record.perfetto import Perfetto
from gstrace.record.tracefs import Tracefs

if TYPE_CHECKING:
    from gstrace.record.wanted import Wanted


class Recorder(Protocol):
    """What writes the events. Made as `Name(output: Path, wanted: Wanted)`; `output` does not exist yet.

    Each step raises RecordError (or another GstraceError) with what to do; the session then calls `abandon`. An error
    that says in `kept` what is still good leaves the output there.
    """

    @property
    def events(self) -> tuple[str, ...]:
        """The tracepoints that were actually asked for, `system:name`."""

    @property
    def processes(self) -> tuple[int, ...]:
        """The recorder's own processes; one of them that ends before `stop` ends the recording."""

    def prepare(self) -> None:
        """Everything up to, and not including, the first event."""

    def begin(self) -> None:
        """Events flow when this returns."""

    def stop(self) -> None:
        """No event flows when this returns; as quick as can be, since counts of the machine are read right after."""

    def end(self) -> None:
        """The output is whole when this returns, and nothing else of the recorder is left."""

    def abandon(self) -> None:
        """Undo everything, at any moment, halfway through any step too; the output may stay."""

    def tally(self) -> tuple[int | None, int | None]:
        """After `end`: events in the output, events lost; None where the recorder cannot tell."""


RECORDERS: Final[Mapping[str, Callable[[Path, Wanted], Recorder]]] = {
    "perf": Perf,
    "tracefs": Tracefs,
    "perfetto": Perfetto,
}
"""By the name that `--with` takes."""


def named(name: str) -> Callable[[Path, Wanted], Recorder]:
    """A recorder by its name; without one, perf, and where that is not there, the kernel's own ring buffers.

    Raises UsageError for a name that is none.
    """
    if name and name not in RECORDERS:
        raise nearest(name, list(RECORDERS), what="recorder")
    return RECORDERS[name or ("perf" if shutil.which("perf") else "tracefs")]
