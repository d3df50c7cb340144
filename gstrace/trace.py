"""An open recording: its tables, facts, windows, and how often each situation occurred in any part of it.

Everything is read when first used, and nothing heavy is imported before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gstrace.events.capture import Capture, with_machine
from gstrace.replay.selection import EVERYTHING, Selection

if TYPE_CHECKING:
    import polars as pl

    from gstrace.events.snapshots import Snapshots
    from gstrace.events.tracepoints import Wanted
    from gstrace.replay.census import Census
    from gstrace.replay.windows import Window
    from gstrace.store.gst import Gst, Tables


@dataclass(frozen=True)
class Trace:
    """An open recording. Everything is read when first used."""

    gst: Gst
    machine: Path | None = None

    @property
    def tables(self) -> Tables:
        """The event tables, each a polars.LazyFrame: `trace.tables.switch`."""
        return self.gst.tables

    @cached_property
    def capture(self) -> Capture:
        """Facts about the recorded machine; those of `--machine` before the recording's own."""
        if self.machine is None:
            return self.gst.capture
        return with_machine(self.gst.capture, self.machine)

    @cached_property
    def snapshots(self) -> Snapshots:
        """What the machine counted by itself meanwhile; of `--machine` where it has any such count."""
        from gstrace.events.snapshots import read

        given = read(self.machine) if self.machine is not None else None
        return given if given is not None and given.counts else self.gst.snapshots

    @cached_property
    def census(self) -> Census:
        import numpy as np

        from gstrace.replay.census import Census

        table = self.gst.census()
        return Census(*(np.asarray(column) for column in table.columns))

    @cached_property
    def threads(self) -> pl.DataFrame:
        """The thread table; a row's number is the census' `thread`."""
        import polars as pl

        return pl.DataFrame(self.gst.threads())

    @cached_property
    def losses(self) -> int:
        """Stretches with missing or unreadable events."""
        from gstrace.events.losses import LOSSES
        from gstrace.events.tables import Kind

        severity = {loss.name: loss.severity for loss in LOSSES}
        kinds = self.gst.table(Kind.LOSS).column("kind").to_pylist()
        return sum(severity[kind] != "info" for kind in kinds)

    @cached_property
    def not_recorded(self) -> list[Wanted]:
        """Classes of events that a full answer counts and that this recording does not record."""
        from gstrace.events.tracepoints import not_recorded

        return not_recorded(self.gst.manifest["recorded"])

    @cached_property
    def windows(self) -> list[Window]:
        """Windows that the workload marked, in order of their begin."""
        from gstrace.events.tables import Kind
        from gstrace.replay.windows import Marker, windows

        rows = self.gst.table(Kind.MARKER).to_pylist()
        labels = (str(r["window"]) if r["name"] is None else r["name"] for r in rows)
        return windows(Marker(r["begin"], label, r["cpu"], r["name"]) for r, label in zip(rows, labels, strict=True))

    def cells(self, selection: Selection = EVERYTHING) -> Census:
        """The census of a selection."""
        from gstrace.replay.select import chosen_cells, part

        census = self._recount(selection) if selection.needs_events else self.census
        return part(census, chosen_cells(census, selection, self.windows, self.chosen_threads(selection)))

    def counts(self, selection: Selection = EVERYTHING) -> dict[int, int]:
        """Situation → how often, in a selection."""
        from gstrace.replay.select import counts

        return counts(self.cells(selection))

    def chosen_threads(self, selection: Selection) -> Any:
        """bool [threads]: the rows of the thread table that a selection asks for."""
        from gstrace.replay.select import chosen_threads

        t = self.threads
        pid = t["pid"].fill_null(0).to_numpy()
        return chosen_threads(selection, t["tid"].to_numpy(), pid, t["comm"].fill_null("").to_list())

    def _recount(self, selection: Selection) -> Census:
        """The census between two times: the stored events replayed, each situation taken by its own time."""
        import numpy as np

        from gstrace.replay.annotate import between

        return between(self.gst.stream(), selection.since, selection.until, np.unique(self.census.start))

    def emitted(self) -> Iterator[Any]:
        """Every situation as the replay decides it (`replay.annotate.listen`)."""
        from gstrace.replay.annotate import listen

        return listen(self.gst.stream())
