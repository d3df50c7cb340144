"""The order of work of a recording, whoever records."""

from __future__ import annotations

from typing import Protocol


class Recorder(Protocol):
    """What writes the events. Made as `Name(output: Path, wanted: Wanted)`; `output` does not exist yet.

    Each step raises RecordError (or another GstraceError) with what to do; the session then calls `abandon`.
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
