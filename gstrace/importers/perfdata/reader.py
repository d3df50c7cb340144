"""The loop: bytes from the file through the kernel into batches, and what the kernel leaves to be done."""

from __future__ import annotations

import struct
import tempfile
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, cast

import numpy as np

from gstrace.errors import NothingToPrice, UnreadableInput
from gstrace.events.losses import LOSS_CODE
from gstrace.events.recorders import RECORD, record_line
from gstrace.events.tables import NULL, Kind, Task
from gstrace.importers.batch import NO_HORIZON, Batch, Texts, new_batch, noted
from gstrace.importers.feed import Feed
from gstrace.importers.kernel import put
from gstrace.importers.perfdata import kernel as k
from gstrace.importers.perfdata import parts as parts_of
from gstrace.importers.perfdata.attr import TRACEPOINT
from gstrace.importers.perfdata.buffers import ROWS, new_notes
from gstrace.importers.perfdata.compressed import Unpacker, parts
from gstrace.importers.perfdata.container import read_container
from gstrace.importers.perfdata.names import EVENT_TYPES, record_name
from gstrace.importers.perfdata.origins import Origins
from gstrace.importers.perfdata.pipe import take_feature
from gstrace.importers.perfdata.plan import Planned, make_plan
from gstrace.importers.perfdata.swapped import LittleEndian
from gstrace.importers.threads import Threads

if TYPE_CHECKING:
    from gstrace.importers.perfdata.facts import Container

_RECORD_WITH: Final = f"record with: {record_line('perf.data')}"
_PRINTABLE: Final = frozenset(b"\n" + bytes(range(0x20, 0x7F)))


class PerfData:
    """One open perf.data: a `Reader`. damage: a sentence with the byte where reading had to stop, '' for none.

    A batch's arrays are views of buffers used again: they are good until the next batch is asked for.
    """

    def __init__(self, file: BinaryIO, name: str, formats: Mapping[str, str] | None = None, rows: int = ROWS) -> None:
        self._file, self._name = file, name
        self._container = read_container(file, name, formats)
        self._parts = parts_of(Path(str(file.name))) if self._container.directory and hasattr(file, "name") else []
        self._planned = make_plan(self._container.attrs, self._container.formats)
        self.capture = self._container.capture
        self._texts = Texts()
        self.texts = self._texts.known
        self.skipped: dict[str, int] = Counter()
        self.progress = 0
        self.damage = ""
        self._loss = ""
        self._missing = 0
        self._rows = new_batch(rows)
        self._notes = new_notes(rows, len(self._container.attrs))
        self._state = np.zeros(k.STATE_FIELDS, np.int64)
        self._state[[k.ROUND, k.HORIZON]] = NULL
        self._state[k.BY_TYPE], self._state[k.ID_AT] = self._planned.by_type, self._planned.id_at
        self._state[k.MAPPED] = -1
        self._state[k.SWITCHES] = self._planned.switches
        self._threads = Threads()
        self._origins = Origins(self._container.attrs)
        self._unpacker = Unpacker()
        self._inner = Feed()
        self._whole_system = False

    @property
    def recorded(self) -> frozenset[str]:
        """Tracepoints decoded, `system:name`, and the records of threads' lives."""
        return frozenset(self._planned.wanted).union(*(attr.side_records for attr in self._container.attrs))

    def batches(self) -> Iterator[Batch]:
        """The rows in file order; see `Reader.batches`."""
        check(self._name, self._container, self._planned, self._counted, parts=self._parts)
        yield from self._records()

    def _records(self) -> Iterator[Batch]:
        whole = self._name
        yield from self._stream()
        for part in self._parts:
            if self.damage:
                break
            with part.open("rb") as file:
                self._file, self._name = file, f"{whole}/{part.name}"
                self._container.data, self._container.data_end = 0, part.stat().st_size
                self._unpacker, self._inner = Unpacker(), Feed()
                yield from self._stream()
        yield from self._finish()

    def _stream(self) -> Iterator[Batch]:
        """One file's records."""
        if self._container.order == "<":
            yield from self._walk_all()
            return
        with tempfile.TemporaryFile(prefix="gstrace-") as file:
            turned = LittleEndian(self._file, file, self._container, self._planned)
            self._file, self._container.data_end = cast("BinaryIO", file), turned.data_end
            yield from self._walk_all()

    def _walk_all(self) -> Iterator[Batch]:
        outer, before = Feed(self._container.data), self.progress
        while not self.damage and outer.fill(self._file, self._container.data_end):
            self.progress = before + outer.start + outer.end
            yield from self._walk(outer)
        self._check_end(outer)

    def _counted(self) -> str:
        """How many records of what there are, in words, where they cannot be used."""
        rows = Counter[int]()
        for batch in self._records():
            rows.update(batch.kind[batch.ts > 0].tolist())
        samples = int(self._state[k.UNREAD])
        told = {"samples": samples, "of threads": rows[Kind.TASK], "of switches": rows[Kind.SWITCH]}
        told |= {name: count for name, count in self.skipped.items() if not name.startswith("SAMPLE")}
        return ", ".join(f"{count:,} {name}" for name, count in told.items() if count) or "none"

    def _walk(self, feed: Feed) -> Iterator[Batch]:
        """All whole records of a feed."""
        while not self.damage:
            status = self._step(feed)
            if status == k.FULL:
                if self._state[k.ROW]:
                    yield self._batch()
            elif status == k.START:
                yield from self._found()
            elif status == k.META:
                if not (yield from self._meta(feed)):
                    return
            elif status == k.BAD:
                self._bad(feed)
            else:
                return

    def _step(self, feed: Feed) -> int:
        """One call of the kernel, and what must be done while its records are still in the buffer."""
        with np.errstate(over="ignore"):
            status, at = k.walk(feed.words, feed.at, feed.end, self._planned.plan, self._rows, self._notes, self._state)
        feed.at = int(at)
        notes, state = self._notes, self._state
        for row, at, length in noted(state[k.TEXTS], notes.text_row, notes.text_at, notes.text_length):
            self._rows.text[row] = self._texts.index(bytes(feed.bytes[at : at + length]).partition(b"\0")[0])
        for at in notes.marks[: state[k.MARKS]].tolist():
            size = int.from_bytes(feed.bytes[at + 6 : at + 8], "little")
            self._mark(feed.bytes[at], bytes(feed.bytes[at : at + size]))
        state[k.TEXTS] = state[k.MARKS] = 0
        return int(status)

    def _mark(self, kind: int, record: bytes) -> None:
        """A COMM, FORK, MMAP or MMAP2 of the time before, the whole record, as long as the kernel checked."""
        pid, second, third = struct.unpack_from("<iii", record.ljust(20, b"\0"), 8)
        if kind == k.COMM:
            self._threads.comm(pid, second, record[16:].partition(b"\0")[0])
        elif kind == k.FORK:
            self._threads.fork(pid, second, third)
        else:
            self._threads.mapped.add(pid)

    def _meta(self, feed: Feed) -> Generator[Batch, None, bool]:
        """The record that the kernel left to its caller. → whether it was all there."""
        size = _size(feed)
        kind = int.from_bytes(feed.bytes[feed.at : feed.at + 4], "little")
        packed = feed is self._inner
        if kind in (k.COMPRESSED, k.COMPRESSED2) and not packed:
            return (yield from self._compressed(feed, kind, size))
        if size < 8 or kind in (k.COMPRESSED, k.COMPRESSED2):
            self._bad(feed)
            return True
        if size > feed.held:
            return False
        record = bytes(feed.bytes[feed.at : feed.at + size])
        if kind == k.THREAD_MAP and record[16:24] == b"\xff" * 8:
            # A map of one thread, −1, stands for all.
            self._whole_system = True
        elif kind == k.AUXTRACE and size >= 16:
            # Its payload follows outside of the record.
            size += int.from_bytes(record[8:16], "little")
        elif kind == k.TRACING_DATA and size >= 12:
            size += -(-int.from_bytes(record[8:12], "little") // 8) * 8
        elif kind == k.HEADER_FEATURE:
            take_feature(self._container, record[8:])
        if packed and size > feed.held:
            # What follows outside of a record is not compressed with it.
            self._bad(feed)
            return True
        self.skipped[record_name(kind)] += 1
        feed.skip(size)
        return True

    def _compressed(self, feed: Feed, kind: int, size: int) -> Generator[Batch, None, bool]:
        """Unpack a compressed record, as much as there is of it. → whether its header was there."""
        if feed.held < 16 and kind == k.COMPRESSED2:
            return False
        found = parts(kind, size, int.from_bytes(feed.bytes[feed.at + 8 : feed.at + 16], "little"))
        if found is None:
            self._bad(feed)
            return True
        for skipped, wanted in found:
            feed.skip(skipped)
            yield from self._payload(feed, wanted)
            if self._missing:
                break
        return True

    def _payload(self, feed: Feed, wanted: int) -> Iterator[Batch]:
        """Unpack the next bytes of a feed, which may be more than its buffer holds."""
        end = feed.place + wanted
        while feed.place < end and not self.damage and (feed.held or feed.fill(self._file, self._container.data_end)):
            data = bytes(feed.bytes[feed.at : min(feed.at + end - feed.place, feed.end)])
            feed.at += len(data)
            yield from self._unpack(data)
        self._missing += end - feed.place

    def _unpack(self, data: bytes) -> Iterator[Batch]:
        """Compressed records are one stream of records; one may begin in one of them and end in another."""
        try:
            for piece in self._unpacker.pieces(data, lambda: len(self._inner.room())):
                self._inner.put(piece)
                yield from self._walk(self._inner)
                if self.damage:
                    return
        except ValueError as error:
            self._stop(self._inner, "damaged", f"compressed records cannot be unpacked behind {{}}: {error}")

    def _found(self) -> Iterator[Batch]:
        """Rows for the threads that were there before; then real rows may come."""
        self._state[k.STARTED] = 1
        self._whole_system |= bool({"-a", "--all-cpus"} & set(self._container.command))
        for tid, pid, kernel, comm in self._threads.found(whole_system=self._whole_system):
            a = int(Task.FOUND) | (pid & 0xFFFFFFFF) << 8
            yield from self._row(
                Kind.TASK, cpu=0, ts=0, a=a, b=tid, c=kernel, text=self._texts.index(comm) if comm else -1
            )
        self._threads = Threads()

    def _row(
        self, kind: Kind, *, cpu: int, ts: int, a: int, b: int = NULL, c: int = NULL, text: int = -1
    ) -> Iterator[Batch]:
        """A row that no single record made; its digest 0 is not compared."""
        if self._state[k.ROW] == len(self._rows.ts):
            yield self._batch()
        row = int(self._state[k.ROW])
        with np.errstate(over="ignore"):
            put(self._rows, row, int(kind), 0, cpu, -1, ts, a, b, c, NULL, 0)
        self._rows.text[row] = text
        self._state[k.ROW] = row + 1

    def _batch(self) -> Batch:
        state, size = self._state, int(self._state[k.ROW])
        if state[k.CHAINED]:
            self._origins.settle(self._rows.c, self._notes, state)
        state[k.ROW] = 0
        # Files of a directory are read one after the other: what the next one holds may be older.
        return self._rows.first(size, NO_HORIZON if self._parts else int(state[k.HORIZON]))

    def _bad(self, feed: Feed) -> None:
        self._stop(feed, "damaged", f"the record at {{}} claims {_size(feed)} bytes, which it cannot have")

    def _stop(self, feed: Feed, loss: str, sentence: str) -> None:
        """Reading ends here: what came before is kept."""
        what = "byte" if feed is not self._inner else "byte (unpacked)"
        self.damage = f"{self._name}: {sentence.format(f'{what} {feed.place}')}"
        self._loss = loss

    def _check_end(self, outer: Feed) -> None:
        if self.damage:
            return
        cut = self._container.cut
        if cut:
            self._stop(outer, "cut", f"{cut}; the records end at {{}}")
        elif self._container.pipe and _is_text(outer):
            self.skipped["text behind the last record"] += 1
        elif outer.held or outer.place != self._container.data_end or self._missing:
            loss = "cut" if self._container.pipe else "damaged"
            self._stop(outer, loss, "the record at {} reaches over the end of the records")
        elif self._inner.held:
            self._stop(self._inner, "damaged", "the record at {} is not complete, and no more follow")

    def _finish(self) -> Iterator[Batch]:
        """The losses that are known only now, and the last batch."""
        state = self._state
        if not state[k.STARTED]:
            yield from self._found()
        losses = {"unknown_id": int(state[k.UNKNOWN_ID]), "undecodable": int(state[k.UNREAD])}
        if self.damage:
            losses[self._loss] = NULL
        for name, count in losses.items():
            if count:
                yield from self._row(Kind.LOSS, cpu=-1, ts=int(state[k.NEWEST]), a=LOSS_CODE[name], b=count)
        self._count_skipped()
        if state[k.ROW]:
            yield self._batch()

    def _count_skipped(self) -> None:
        for kind in np.flatnonzero(self._notes.skipped).tolist():
            self.skipped[record_name(kind)] += int(self._notes.skipped[kind])
        for event in np.flatnonzero(self._notes.unwanted).tolist():
            self.skipped[f"SAMPLE of {event_name(self._container, event)}"] += int(self._notes.unwanted[event])


def _is_text(feed: Feed) -> bool:
    """Whether what follows the last record is perf's own status lines: `2>&1` puts them into the pipe."""
    return feed.held >= 4 and all(byte in _PRINTABLE for byte in feed.bytes[feed.at : feed.at + 4])


def _size(feed: Feed) -> int:
    return int.from_bytes(feed.bytes[feed.at + 6 : feed.at + 8], "little")


def event_name(container: Container, event: int) -> str:
    """An event's name, as the file tells it, or its type and number."""
    attr = container.attrs[event]
    known = container.formats.get(attr.config) if attr.type == TRACEPOINT else None
    if known is not None:
        return known.event
    kind = EVENT_TYPES.get(attr.type, f"type {attr.type}")
    return container.names.get((attr.type, attr.config), f"{kind} {attr.config}")


def check(
    name: str, container: Container, planned: Planned, counted: Callable[[], str], *, parts: Sequence[Path] = ()
) -> None:
    """Raise where no row can come of this file, and say why; counted: what records there are all the same."""
    if container.directory and not parts:
        raise UnreadableInput(
            f"{name}: its records are in files beside it", hint="give the directory of perf record --threads"
        )
    if planned.wanted:
        return
    if planned.untimed:
        raise UnreadableInput(
            f"{name}: {', '.join(planned.untimed[:3])} recorded without time, CPU or raw data",
            hint=_RECORD_WITH,
        )
    if planned.missing:
        why = container.cut or "; ".join(container.problems) or "the file does not hold them"
        raise UnreadableInput(
            f"{name}: no event formats: {why}; records: {counted()}",
            hint="a perf.data file has its event formats at its end, and loses them with it. If the machine was not "
            "booted since, copy its /sys/kernel/tracing/events/SYSTEM/NAME/format to DIR/events/SYSTEM/NAME/format and "
            f"give --machine DIR; else record anew so that they are kept beside it: {RECORD}",
        )
    names = sorted({event_name(container, i) for i in range(len(container.attrs))})
    raise NothingToPrice(
        f"{name} records {', '.join(names[:5])}{' …' if len(names) > 5 else ''}; needed are system calls and switches",
        hint=_RECORD_WITH,
    )
