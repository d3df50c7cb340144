"""The loop: pages of all CPUs, the CPU that is furthest behind first, through the kernel into batches."""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np

from gstrace.errors import NothingToPrice, UnreadableInput
from gstrace.events.losses import LOSS_CODE
from gstrace.events.recorders import record_line
from gstrace.events.tables import NULL, Kind, Task
from gstrace.events.tracepoints import find
from gstrace.importers.batch import NO_HORIZON, Batch, Texts, new_batch, noted
from gstrace.importers.cursor import Damaged
from gstrace.importers.feed import Feed
from gstrace.importers.kernel import put
from gstrace.importers.tracedat import kernel as k
from gstrace.importers.tracedat.container import read_container
from gstrace.importers.tracedat.origins import STACK, Origins
from gstrace.importers.tracedat.plan import TYPES, Notes, Plan, make_plan, new_notes, shares
from gstrace.importers.tracedat.regions import Region, regions

if TYPE_CHECKING:
    from gstrace.importers.formats import Format
    from gstrace.importers.tracedat.facts import Container

ROWS: Final = 1 << 16
PIECE: Final = 1 << 20
"""Bytes of one CPU that are taken at a time."""
_PIECES: Final = 1 << 25
"""Bytes by which all CPUs together may be ahead of the one furthest behind."""
_MARK: Final = "ftrace:print"
_KTHREADD, _MOST_TID, _DIGITS = 2, 0x7FFFFFFF, 11
_CMDLINE: Final = re.compile(rb"^ *(\d+) (.*)$", re.MULTILINE)


class TraceDat:
    """One open trace.dat: a `Reader`. damage: a sentence with the byte where a CPU's events had to end, '' for none.

    A batch's arrays are views of buffers used again: they are good until the next batch is asked for.
    """

    def __init__(self, file: BinaryIO, name: str, formats: Mapping[str, str] | None = None, rows: int = ROWS) -> None:
        self._file, self._name = file, name
        self._container = read_container(file, name, formats)
        self._formats = {n: f for n, f in self._container.formats.items() if n < TYPES}
        self.capture = self._container.capture
        self._texts = Texts()
        self.texts = self._texts.known
        self.skipped: dict[str, int] = self._container.skipped
        self.progress = 0
        self.damage = ""
        largest = max(buffer.page for buffer in self._container.buffers)
        self._rows = new_batch(max(rows, largest // k.SMALLEST + 2))
        self._state = np.zeros(k.STATE_FIELDS, np.int64)
        self._state[[k.DATA, k.WORD]] = self._container.data, self._container.word
        self._state[[k.MULT, k.SHIFT, k.OFFSET]] = self._container.mult, self._container.shift, self._container.offset
        names = [f.event for f in self._formats.values()]
        self._state[k.STACK] = names.index(STACK) if STACK in names and self._container.word == 8 else -1
        self._origins = Origins(self._formats)
        self._met: set[str] = set()
        self._unordered: set[int] = set()
        self._feed = Feed(size=PIECE)
        self._ended: list[tuple[Region, str]] = []
        self._newest = NULL

    @property
    def recorded(self) -> frozenset[str]:
        """Tracepoints met, and those that the recorder was asked for, as far as the file tells."""
        return frozenset(filter(find, self._container.asked | frozenset(self._met)))

    def batches(self) -> Iterator[Batch]:
        """The rows, of all CPUs together nearly in the order of time; see `Reader.batches`."""
        check(self._name, self._container, self._formats)
        plans = self._plans()
        notes = new_notes(len(self._rows.ts), len(self._formats))
        yield from self._found()
        heap = [(NO_HORIZON, i, region) for i, region in enumerate(self._regions())]
        while heap:
            _, i, region = heap[0]
            if self._next(region):
                yield from self._walk(region, plans[region.number], notes, heap)
                heapq.heapreplace(heap, (region.last, i, region))
            else:
                self._newest = max(self._newest, region.last)
                heapq.heappop(heap)
        self._count_events(notes)
        yield from self._finish()

    def _regions(self) -> list[Region]:
        """Every region that is read, from its start, and a feed that fits them."""
        try:
            every = list(regions(self._container, self._file.seek(0, 2), NO_HORIZON))
        except Damaged as damage:
            raise UnreadableInput(
                f"{self._name}: events that cannot be: {damage}", hint="copy the file again"
            ) from damage
        found = [region for region in every if region.number not in self._unordered]
        piece = min(PIECE, _PIECES // max(len(found), 1))
        self._feed = Feed(size=max([piece, *(region.buffer.page for region in found)]))
        return found

    # ---- which events count -----------------------------------------------------------------------------------------

    def _plans(self) -> list[Plan]:
        """A plan for each buffer. An event that several of them hold counts where most of it is.

        All pages are walked once before, unless the file tells what was recorded and has one buffer.
        """
        if self._container.asked and len(self._container.buffers) == 1:
            return [make_plan(self._formats, self._container.asked, self._formats)]
        met = self._count()
        first = self._container.buffers[0]
        for i, (buffer, numbers) in enumerate(zip(self._container.buffers, met, strict=True)):
            if buffer.clock != first.clock:
                # Times of two clocks have no order.
                self._unordered.add(i)
                self.skipped[f"event of buffer {buffer.name}, whose clock is {buffer.clock}"] += numbers.total()
                numbers.clear()
        recorded = self._container.asked.union(self._formats[n].event for numbers in met for n in numbers)
        plans = []
        for buffer, numbers, own in zip(self._container.buffers, met, shares(met), strict=True):
            plans.append(make_plan(self._formats, recorded, own))
            for number in numbers.keys() - own:
                if find(self._formats[number].event):
                    told = f"{self._formats[number].event} of buffer {buffer.name or 'top'}, which another has too"
                    self.skipped[told] += numbers[number]
        return plans

    def _count(self) -> list[Counter[int]]:
        """How many events of each id each buffer has."""
        plan = make_plan(self._formats, (), ())
        met: list[Counter[int]] = [Counter() for _ in self._container.buffers]
        for region in self._regions():
            notes = new_notes(0, len(self._formats))
            while self._next(region):
                while self._call(region, plan, notes) == k.FULL:
                    self._state[k.ROW] = 0
            met[region.number].update({n: int(c) for n, c in zip(self._formats, notes.met, strict=True) if c})
        self._state[[k.ROW, k.UNKNOWN_ID, k.UNREAD, k.HOLLOW]] = 0
        self._ended, self.damage, self.progress = [], "", 0
        return met

    # ---- pages ------------------------------------------------------------------------------------------------------

    def _next(self, region: Region) -> bool:
        """Load the next pages of a region. → whether there were more."""
        start = region.at
        try:
            more = region.fill(self._file, self._feed, self._container.packing)
        except Damaged as damage:
            self._end(region, str(damage))
            return False
        if not more and region.missing and not region.buffer.packed:
            self._end(region, f"{region.missing} bytes are missing at byte {region.at}")
        self.progress += region.at - start
        return more

    def _call(self, region: Region, plan: Plan, notes: Notes) -> int:
        """One call of the kernel, for one CPU's pages."""
        state, feed = self._state, self._feed
        state[k.LAST], state[k.CPU], state[k.PAGE] = region.last, region.cpu, region.buffer.page
        state[k.OWNER] = -1
        with np.errstate(over="ignore"):
            status, at = k.walk(feed.words, feed.at, feed.end, plan, self._rows, notes, state)
        feed.at, region.last = int(at), int(state[k.LAST])
        if status == k.BAD:
            place = (
                f"byte {feed.place}" if not region.buffer.packed else f"byte {feed.at} unpacked from byte {feed.start}"
            )
            self._end(region, f"the page at {place} has less room than it claims")
        return int(status)

    def _walk(self, region: Region, plan: Plan, notes: Notes, heap: list[tuple[int, int, Region]]) -> Iterator[Batch]:
        """What is loaded of a region, as batches where rows fill up."""
        while True:
            status = self._call(region, plan, notes)
            self._name_texts(notes)
            self._keep_chains(notes)
            if status != k.FULL:
                return
            # Behind the first of a heap, the smallest is one of the next two.
            yield self._batch(min([region.last, *(entry[0] for entry in heap[1:3])]))

    def _name_texts(self, notes: Notes) -> None:
        data = self._feed.bytes
        for row, at, length in noted(self._state[k.TEXTS], notes.text_row, notes.text_at, notes.text_length):
            self._rows.text[row] = self._texts.index(bytes(data[at : at + length]).partition(b"\0")[0])
        self._state[k.TEXTS] = 0

    def _keep_chains(self, notes: Notes) -> None:
        data, count = self._feed.bytes, int(self._state[k.CHAINS])
        events = notes.chain_event[:count].tolist()
        raws = noted(count, notes.chain_row, notes.chain_at, notes.chain_length)
        self._origins.note((row, of, bytes(data[at : at + n])) for of, (row, at, n) in zip(events, raws, strict=True))
        self._state[k.CHAINS] = 0

    def _end(self, region: Region, why: str) -> None:
        """A region ends here; what came before is kept."""
        kind = "cut" if region.missing else "damaged"
        self.damage = self.damage or f"{self._name}: CPU {region.cpu}: {why}"
        self._ended.append((region, kind))
        region.at = region.end
        region.chunks = region.missing = 0

    # ---- rows that no event made ------------------------------------------------------------------------------------

    def _found(self) -> Iterator[Batch]:
        """The threads whose names the kernel kept, up to 128 of them by default; it does not tell their processes."""
        for match in _CMDLINE.finditer(self._container.cmdlines):
            tid = int(match[1][:_DIGITS])
            if 0 < tid <= _MOST_TID and match[2] != b"<...>":
                kernel = 1 if tid == _KTHREADD else NULL
                yield from self._row(Kind.TASK, 0, 0, int(Task.FOUND), tid, kernel, self._texts.index(match[2]))

    def _count_events(self, notes: Notes) -> None:
        """What was met, and what no row was made of. Raises where there is nothing to price."""
        met = {f.event: int(count) for f, count in zip(self._formats.values(), notes.met, strict=True) if count}
        for name, count in met.items():
            if find(name):
                self._met.add(name)
            elif unused := count - (self._origins.used if name == STACK else 0):
                self.skipped[name] += unused
        if not self._met - {_MARK}:
            if self.damage:
                raise UnreadableInput(f"{self.damage}, and no event is before", hint="copy the file again")
            raise nothing(self._name, met)

    def _finish(self) -> Iterator[Batch]:
        """The losses that are known only now, and the last batch."""
        state, container = self._state, self._container
        if container.problems and not self.damage:
            self.damage = f"{self._name}: {container.problems[0]}"
            yield from self._lost("damaged", NULL)
        for region, kind in self._ended:
            yield from self._lost(kind, NULL, region.cpu, region.last)
            if region.last < self._newest:
                # The others went on.
                yield from self._lost("lost", NULL, region.cpu, region.last)
        for name, count in (
            ("unknown_id", int(state[k.UNKNOWN_ID])),
            ("undecodable", int(state[k.UNREAD])),
            ("lost_samples", container.dropped),
        ):
            if count:
                yield from self._lost(name, count)
        for name, count in (
            ("event overwritten in the kernel's buffer", container.overrun),
            ("page of zeros", int(state[k.HOLLOW])),
        ):
            if count:
                self.skipped[name] += count
        if state[k.ROW]:
            yield self._batch(NO_HORIZON)

    def _lost(self, name: str, count: int, cpu: int = -1, since: int = NULL) -> Iterator[Batch]:
        return self._row(Kind.LOSS, cpu, max(self._newest, 1), LOSS_CODE[name], count, since)

    def _row(self, kind: Kind, cpu: int, ts: int, a: int, b: int, c: int, text: int = -1) -> Iterator[Batch]:
        """A row that no event made."""
        if self._state[k.ROW] == len(self._rows.ts):
            yield self._batch(NO_HORIZON)
        row = int(self._state[k.ROW])
        with np.errstate(over="ignore"):
            put(self._rows, row, int(kind), 0, cpu, -1, ts, a, b, c, NULL, 0)
        self._rows.text[row] = text
        self._state[k.ROW] = row + 1

    def _batch(self, horizon: int) -> Batch:
        size = int(self._state[k.ROW])
        self._state[k.ROW] = 0
        self._origins.settle(self._rows.c)
        return self._rows.first(size, horizon)


def check(name: str, container: Container, formats: Mapping[int, Format]) -> None:
    """Raise where no row can come of this file, and say why."""
    if not formats:
        why = "; ".join(container.problems) or "the file does not hold them"
        raise UnreadableInput(
            f"{name}: no event formats: {why}", hint="give tracefs's events folder in the machine folder"
        )
    names = container.asked or {f.event for f in formats.values()} - {_MARK}
    if not any(map(find, names)):
        raise nothing(name, names)


def nothing(name: str, names: Collection[str]) -> NothingToPrice:
    """What to say of a file without an event to price; names: those that it has."""
    told = ", ".join(sorted(names)[:5]) or "nothing"
    return NothingToPrice(
        f"{name} records {told}{' …' if len(names) > 5 else ''}; needed are system calls and switches",
        hint=f"record with: {record_line('trace.dat')}",
    )
