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
from gstrace.replay.options import DEFAULT, Options
from gstrace.replay.selection import EVERYTHING, Selection

if TYPE_CHECKING:
    import polars as pl

    from gstrace.events.snapshots import Snapshots
    from gstrace.events.tracepoints import Wanted
    from gstrace.replay.census import Census
    from gstrace.replay.rewriting import Rule
    from gstrace.replay.runtime import Runtime
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

    def cells(self, selection: Selection = EVERYTHING, options: Options = DEFAULT) -> Census:
        """The census of a selection; with options of one's own the stored events are replayed."""
        from gstrace.replay.select import chosen_cells, part

        stored = options == DEFAULT and not selection.needs_events
        census = self.census if stored else self._recount(selection, options)
        return part(census, chosen_cells(census, selection, self.windows, self.chosen_threads(selection)))

    def counts(self, selection: Selection = EVERYTHING, options: Options = DEFAULT) -> dict[int, int]:
        """Situation → how often, in a selection."""
        from gstrace.replay.select import counts

        return counts(self.cells(selection, options))

    def chosen_threads(self, selection: Selection) -> Any:
        """bool [threads]: the rows of the thread table that a selection asks for."""
        from gstrace.replay.select import chosen_threads

        t = self.threads
        pid = t["pid"].fill_null(0).to_numpy()
        chosen = chosen_threads(selection, t["tid"].to_numpy(), pid, t["comm"].fill_null("").to_list())
        return chosen & ~self.tracer if selection.without_tracer else chosen

    def rows_chosen(self, rows: pl.DataFrame, selection: Selection) -> Any:
        """bool [rows]: rows of a table (seq, ts, cpu, tid) that belong to a selection."""
        import numpy as np

        from gstrace.events.tables import Kind
        from gstrace.replay import state
        from gstrace.replay.select import chosen_emitted

        begins = self.threads.with_row_index("thread").select("thread", "tid", ts="first_ts").sort("ts")
        placed = rows.with_row_index("row").sort("ts").join_asof(begins, on="ts", by="tid", check_sortedness=False)
        placed = placed.sort("row")
        markers = np.asarray(self.gst.table(Kind.MARKER).column("seq"))
        events = np.zeros((placed.height, state.EMITTED_FIELDS), np.int64)
        events[:, state.E_TS] = events[:, state.E_FROM] = placed["ts"]
        events[:, state.E_CPU] = placed["cpu"]
        events[:, state.E_SEGMENT] = np.searchsorted(markers, placed["seq"].to_numpy())
        events[:, state.E_SLOT] = placed["thread"].fill_null(1)  # row 1: a thread of no number
        return chosen_emitted(events, selection, self.windows, self.chosen_threads(selection))

    @cached_property
    def tracer(self) -> Any:
        """bool [threads]: the recorder's own (RULES T2): of the processes that it named, and of those of its name that
        did not exec: what a recorder starts bears its name until then.
        """
        import numpy as np
        import polars as pl

        from gstrace.events.recorders import RECORDERS
        from gstrace.replay.processes import processes

        t = self.threads
        of, known = processes(t["tid"].to_list(), t["pid"].to_list(), t["comm"].to_list())
        names, told = RECORDERS[self.gst.manifest["format"]].comms, self.capture.words("recorder_processes") or ()
        by_number = np.array([str(process.pid) in told for process in known], np.bool_)[of]
        by_name = np.array([process.comm in names for process in known], np.bool_)[of]
        if by_name.any():
            execs = self.tables.task.filter(pl.col("kind") == "exec").select("tid").collect()["tid"]
            by_name &= ~np.isin(t["tid"].to_numpy(), execs.to_numpy())
        return by_number | by_name

    @cached_property
    def runtime(self) -> Runtime | None:
        """How long each thread ran, over the whole recording; None of a `.gst` of version 1."""
        from gstrace.replay.runtime import Runtime

        ran = self.threads["ran"]
        return None if ran.has_nulls() else Runtime(ran.to_numpy())

    def _recount(self, selection: Selection, options: Options) -> Census:
        """The census between two times: the stored events replayed, each situation taken by its own time."""
        import numpy as np

        from gstrace.replay.annotate import between

        starts = np.unique(self.census.start)
        return between(self.gst.stream(), selection.since, selection.until, starts, options)

    def emitted(self, options: Options = DEFAULT) -> Iterator[Any]:
        """Every situation as the replay decides it (`replay.annotate.listen`)."""
        from gstrace.replay.annotate import listen

        return listen(self.gst.stream(), options)


@dataclass(frozen=True)
class Part:
    """A part of a recording, counted under assumptions: what an answer is about.

    options: how the replay follows threads. rules: how open situations are read.
    """

    trace: Trace
    selection: Selection = EVERYTHING
    options: Options = DEFAULT
    rules: tuple[Rule, ...] = ()

    @cached_property
    def cells(self) -> Census:
        """Its cells of the census."""
        from gstrace.replay.rewriting import rewritten_census

        return rewritten_census(self.trace.cells(self.selection, self.options), self.rules)

    @cached_property
    def counts(self) -> dict[int, int]:
        """Situation → how often."""
        from gstrace.replay.select import counts

        return counts(self.cells)

    def emitted(self) -> Iterator[Any]:
        """Its situations one by one, as the replay decides them: int64 [n, EMITTED_FIELDS] (`replay/state.py`)."""
        from gstrace.replay import state
        from gstrace.replay.rewriting import rewritten_codes
        from gstrace.replay.select import chosen_emitted

        threads, windows = self.trace.chosen_threads(self.selection), self.trace.windows
        for emitted in self.trace.emitted(self.options):
            chosen = emitted[chosen_emitted(emitted, self.selection, windows, threads)]
            if len(chosen):
                chosen[:, state.E_CODE] = rewritten_codes(chosen[:, state.E_CODE], self.rules)
                yield chosen
