"""The second pass: rows, and what is missing between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np

from gstrace.errors import NothingToPrice, UnreadableInput
from gstrace.events.losses import LOSS_CODE
from gstrace.events.recorders import record_line
from gstrace.events.tables import NULL, Kind, Task
from gstrace.importers.batch import Batch, Texts, new_batch, noted
from gstrace.importers.kernel import put
from gstrace.importers.perfetto.buffers import ROWS, Walk, new_notes
from gstrace.importers.perfetto.kernel import codes as k
from gstrace.importers.perfetto.kernel import walk as kernel
from gstrace.importers.perfetto.packets import Packets
from gstrace.importers.perfetto.plan import make_plan
from gstrace.importers.perfetto.survey import Survey

if TYPE_CHECKING:
    from gstrace.importers.feed import Feed

_MARKS: Final = b"gstrace:"


class Perfetto:
    """One open trace: a `Reader`.

    A batch's arrays are views of buffers used again: they are good until the next batch is asked for.
    """

    def __init__(self, file: BinaryIO, name: str, rows: int = ROWS) -> None:
        self._file, self._name = file, name
        self._survey = Survey(file, name)
        self.capture = self._survey.capture
        self._plan = make_plan(self._survey.met, self._survey.compact)
        self._texts = Texts()
        self.texts = self._texts.known
        self.skipped: dict[str, int] = Counter(self._survey.skipped)
        self._packets = Packets(file, name)
        self._rows, self._walk = new_batch(rows), Walk()
        self._notes = new_notes(rows)
        self._walk.state[k.BEGIN] = self._survey.valid_from
        self._walk.cpus[:, k.OVERRUN] = NULL
        self._late = {writer for writer, late in self._survey.writers.items() if late}
        for cpu, number in self._survey.overruns().items():
            self._walk.cpus[cpu, k.OVERRUN] = number
        self._dropped = False
        self.progress = 0
        self.damage = ""

    @property
    def recorded(self) -> frozenset[str]:
        """Tracepoints asked for that could be recorded, and those met."""
        met = {event.name for event in self._survey.met if event.row is not None} | self._survey.compact
        return self._survey.asked.recorded(met)

    def batches(self) -> Iterator[Batch]:
        """The rows in file order; see `Reader.batches`."""
        self._check()
        self.capture.set("format", "Perfetto", "packets")
        for tid, pid, is_kernel, comm in self._survey.threads:
            a = int(Task.FOUND) | (pid & 0x7FFFFFFF) << 8
            text = self._texts.index(comm) if comm else -1
            yield from self._row(Kind.TASK, cpu=0, ts=0, a=a, b=tid, c=is_kernel, text=text)
        for feed in self._packets.feeds():
            self.progress = self._packets.progress
            yield from self._take(feed)
        self.damage = self._packets.damage
        for name, cpu, since, number in self._losses():
            code, ts = LOSS_CODE[name], int(self._walk.state[k.LATEST])
            yield from self._row(Kind.LOSS, cpu=cpu, ts=ts, a=code, b=number, c=since)
        self._count_skipped()
        if self._walk.state[k.ROW]:
            yield self._batch()

    def _take(self, feed: Feed) -> Iterator[Batch]:
        """All whole packets of a feed, up to one that is packed."""
        walk, status = self._walk, k.FULL
        while status in (k.FULL, k.META):
            with np.errstate(over="ignore"):
                status, at = kernel.walk(
                    feed.words, feed.at, feed.end, self._plan, self._rows, self._notes,
                    walk.cpus, walk.bundle, walk.packet, walk.state,
                )  # fmt: skip
            feed.at = int(at)
            self._name_texts(feed)
            if status == k.FULL and walk.state[k.ROW]:
                yield self._batch()
            elif status == k.META:
                number, start, end = walk.packet[[k.OWN, k.PACKED, k.PACKED_END]].tolist()
                if number in (k.F_DEFLATE, k.F_ZSTD):
                    self._packets.unpack(feed, number, start, end)
                    return
                yield from self._drop(int(walk.packet[k.SEQUENCE]))
                walk.state[k.HEEDED] = feed.at
        if status == k.BAD:
            self._packets.bad(feed)

    def _name_texts(self, feed: Feed) -> None:
        notes, state = self._notes, self._walk.state
        for row, at, length in noted(state[k.TEXTS], notes.text_row, notes.text_at, notes.text_length):
            text = bytes(feed.bytes[at : at + length])
            # What programs print of their own may be endless.
            if self._rows.kind[row] != Kind.MARKER or text.startswith(_MARKS):
                self._rows.text[row] = self._texts.index(text)
        state[k.TEXTS] = 0

    def _drop(self, writer: int) -> Iterator[Batch]:
        """Packets of this sequence are missing before the next one."""
        if writer not in self._survey.writers:
            return
        if writer in self._late:
            # The oldest ones, overwritten: the stamps tell from where on all is there, where the recorder writes them.
            self._late.discard(writer)
            if not self._survey.tells_before:
                lost = LOSS_CODE["lost"]
                yield from self._row(Kind.LOSS, cpu=-1, ts=self._survey.start, a=lost, b=NULL, c=NULL)
        else:
            self._dropped = True
            self._walk.cpus[:, k.SUSPECT] = 1

    def _losses(self) -> Iterator[tuple[str, int, int, int]]:
        """What is known of losses only at the end: (kind, CPU, since when, how many)."""
        cpus, asked, state = self._walk.cpus, self._survey.asked, self._walk.state
        for cpu in np.flatnonzero(cpus[:, k.SEEN]).tolist():
            if cpus[cpu, k.MISSING] or cpus[cpu, k.SUSPECT] or asked.discarded:
                since = int(cpus[cpu, k.SINCE if cpus[cpu, k.MISSING] else k.NEWEST])
                yield "lost", cpu, since if since > 0 else NULL, NULL
        # Where packets were lost the next one of their sequence says so, unless there is none; a full buffer has none.
        if asked.packets and not self._dropped and not asked.discarded:
            yield "lost", -1, NULL, NULL
        if asked.some_calls:
            yield "some_calls", -1, NULL, NULL
        if asked.chosen:
            yield "chosen", -1, NULL, NULL
        if self._packets.oversize or state[k.UNPLACED]:
            yield "undecodable", -1, NULL, NULL
        counts = {
            "lost_samples": self._survey.misplaced(),
            "unknown_id": self._survey.undeclared(),
            "undecodable": int(state[k.UNREAD]),
            "overwritten": int(state[k.EARLY]),
        }
        yield from ((name, -1, NULL, number) for name, number in counts.items() if number)
        if self.damage:
            yield self._packets.loss, -1, NULL, NULL

    def _count_skipped(self) -> None:
        for event in self._survey.met:
            if event.row is None:
                self.skipped[event.name] += self._survey.counts[event.key]

    def _row(self, kind: Kind, *, cpu: int, ts: int, a: int, b: int, c: int, text: int = -1) -> Iterator[Batch]:
        """A row that no event made."""
        if self._walk.state[k.ROW] == len(self._rows.ts):
            yield self._batch()
        row = int(self._walk.state[k.ROW])
        put(self._rows, row, int(kind), 0, cpu, -1, ts, a, b, c, NULL, 0)
        self._rows.text[row] = text
        self._walk.state[k.ROW] = row + 1

    def _batch(self) -> Batch:
        state, size = self._walk.state, int(self._walk.state[k.ROW])
        state[k.ROW] = 0
        return self._rows.first(size, self._survey.horizons.after(int(state[k.BUNDLES])))

    def _check(self) -> None:
        """Raise where no row can come of this file, and say why."""
        if self._survey.compact or any(e.row is not None and e.row.kind is not Kind.MARKER for e in self._survey.met):
            return
        if self._survey.damage:
            raise UnreadableInput(f"{self._survey.damage}; no event comes before", hint="copy the file again")
        names = sorted(event.name for event in self._survey.met)
        told = f"{', '.join(names[:5])}{' …' if len(names) > 5 else ''}" if names else "no event of ftrace"
        raise NothingToPrice(
            f"{self._name} records {told}; needed are system calls and switches",
            hint=f"record with: {record_line('Perfetto')}",
        )
