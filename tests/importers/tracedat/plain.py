"""The plain twin: reads a trace.dat obviously and slowly, a page after the other, an event after the other.

It shares with the importer only the declarations of events and tables. Rows are tuples in the order of ROW, those of
one CPU and buffer together.
"""

from __future__ import annotations

import re
import struct
import zlib
from io import BytesIO

from backports import zstd
from importers.perfdata.plain import ROW, _format, _value, columns_of, held

from gstrace.events.losses import LOSS_CODE
from gstrace.events.tables import NULL, Kind, Origin, Phase, Task
from gstrace.events.tracepoints import find

__all__ = ["ROW", "read"]
MOST = 1 << 62


def read(data: bytes) -> list[tuple[object, ...]]:
    """All rows of a file: its texts as texts, not as indices."""
    return list(_Plain(data).rows())


class Bad(Exception):
    """What follows cannot be."""


class _Plain:
    def __init__(self, data: bytes) -> None:
        self.data, self.file = data, BytesIO(data)
        self.file.seek(10)
        self.version = self.text()
        _, self.word, self.size = struct.unpack("<BBI", self.file.read(6))
        self.mult = self.shift = self.offset = self.unknown = self.undecodable = self.dropped = 0
        self.buffers: list[tuple[str, int, list[tuple[int, bytes]]]] = []
        self.formats: dict[int, dict] = {}
        (self._six if self.version == "6" else self._seven)()
        self.recorded = {f["event"] for f in self.formats.values() if not f["event"].startswith("ftrace:")}
        self.roles: dict[str, int] = {}
        for point in filter(None, map(find, self.recorded)):
            if point.role:
                self.roles[point.role] = min(point.rank, self.roles.get(point.role, point.rank))

    def number(self, size: int) -> int:
        return int.from_bytes(self.file.read(size), "little")

    def text(self) -> str:
        return b"".join(iter(lambda: self.file.read(1), b"\0")).decode()

    # ---- the file ---------------------------------------------------------------------------------------------------

    def _six(self):
        self._header(self.file)
        self._formats(self.file, own=True)
        self._formats(self.file, own=False)
        for _ in range(2):
            self.file.read(self.number(4))
        self.cmdlines = self.file.read(self.number(8))
        cpus = self.number(4)
        word, more = self.file.read(10), []
        if word.startswith(b"options"):
            while number := self.number(2):
                option = self.file.read(self.number(4))
                if number == 3:
                    more.append((option[8:-1].decode(), int.from_bytes(option[:8], "little")))
                self._option(number, option)
            word = self.file.read(10)
        for name, at in [("", self.file.tell() - 10), *more]:
            self.file.seek(at + 10)
            pairs = [(self.number(8), self.number(8)) for _ in range(cpus)]
            regions = [(cpu, self.data[o : o + n]) for cpu, (o, n) in enumerate(pairs) if n]
            self.buffers.append((name, self.size, regions))

    def _seven(self):
        self.unpack = {"none": bytes, "zlib": zlib.decompress, "zstd": zstd.decompress}[self.text()]
        self.text()
        at, sections, tables = self.number(8), {}, []
        while at:
            options = self._section(at)
            while number := int.from_bytes(options.read(2), "little"):
                option = options.read(int.from_bytes(options.read(4), "little"))
                if number == 3:
                    tables.append(option)
                elif number >= 16:
                    sections[number] = int.from_bytes(option[:8], "little")
                self._option(number, option)
            options.read(4)
            at = int.from_bytes(options.read(8), "little")
        self._header(self._section(sections[16]))
        self._formats(self._section(sections[17]), own=True)
        self._formats(self._section(sections[18]), own=False)
        self.cmdlines = self._section(sections[21]).read()[8:]
        for table in tables:
            self._buffer(table)

    def _buffer(self, table):
        name, _, rest = table[8:].split(b"\0", 2)
        packed = self.data[int.from_bytes(table[:8], "little") + 2] & 1
        page, count = struct.unpack_from("<II", rest)
        regions = []
        for i in range(count):
            cpu, at, size = struct.unpack_from("<IQQ", rest, 8 + 20 * i)
            regions.append((cpu, self._chunks(at) if packed else self.data[at : at + size]))
        self.buffers.append((name.decode(), page if name else self.size, regions))

    def _section(self, at):
        _, flags, _, size = struct.unpack_from("<HHIQ", self.data, at)
        if not flags & 1:
            return BytesIO(self.data[at + 16 : at + 16 + size])
        (packed,) = struct.unpack_from("<I", self.data, at + 16)
        return BytesIO(self.unpack(self.data[at + 24 : at + 24 + packed]))

    def _chunks(self, at):
        self.file.seek(at)
        out = b""
        for _ in range(self.number(4)):
            size, _ = self.number(4), self.number(4)
            out += self.unpack(self.file.read(size))
        return out

    def _header(self, file):
        file.read(12)
        text = file.read(int.from_bytes(file.read(8), "little")).decode()
        file.read(13)
        file.read(int.from_bytes(file.read(8), "little"))
        self.word = int(re.search(r"commit;\s*offset:8;\s*size:(\d+)", text)[1])
        self.begin, rest = map(int, re.search(r"char data;\s*offset:(\d+);\s*size:(\d+)", text).groups())
        self.size = self.begin + rest

    def _formats(self, file, *, own):
        def number(size):
            return int.from_bytes(file.read(size), "little")

        for _ in range(1 if own else number(4)):
            system = "ftrace" if own else b"".join(iter(lambda: file.read(1), b"\0")).decode()
            for _ in range(number(4)):
                number_, known = _format(system, file.read(number(8)).decode("latin-1"))
                self.formats.setdefault(number_, known)

    def _option(self, number, option):
        if number == 14:
            self.mult, self.shift = struct.unpack_from("<II", option)
        elif number in (1, 7):
            self.offset += int(option.rstrip(b"\0\n"), 0) * (1000 if number == 1 else 1)
        elif number == 2:
            for name in (b"commit overrun", b"dropped events"):
                self.dropped += int(re.search(name + rb":\s*(\d+)", option)[1])

    # ---- rows -------------------------------------------------------------------------------------------------------

    def rows(self):
        for line in self.cmdlines.decode().splitlines():
            tid, _, comm = line.strip().partition(" ")
            if int(tid) and comm != "<...>":
                yield Kind.TASK, 0, 0, -1, comm, 0, int(Task.FOUND), int(tid), 1 if int(tid) == 2 else NULL, NULL
        newest, ended = NULL, []
        for _, size, regions in self.buffers:
            for cpu, content in regions:
                self.cpu, self.last = cpu, NULL
                try:
                    for at in range(0, len(content), size):
                        yield from self._page(content[at : at + size], size)
                except Bad:
                    ended.append((cpu, self.last))
                newest = max(newest, self.last)
        for cpu, last in ended:
            yield self._lost("damaged", newest, NULL, last, cpu)
            if last < newest:
                yield self._lost("lost", newest, NULL, last, cpu)
        counts = {"unknown_id": self.unknown, "undecodable": self.undecodable, "lost_samples": self.dropped}
        for name, count in counts.items():
            if count:
                yield self._lost(name, newest, count, NULL, -1)

    def _lost(self, name, ts, count, since, cpu):
        return Kind.LOSS, 0, cpu, -1, None, max(ts, 1), LOSS_CODE[name], count, since, NULL

    def _time(self, stamp):
        if stamp >= MOST:
            return NULL
        ts = (stamp * self.mult >> self.shift if self.mult else stamp) + self.offset
        return ts if 0 < ts < MOST and ts - self.offset < MOST else NULL

    def _page(self, page, size):
        if len(page) < self.begin:
            raise Bad
        self.stamp = int.from_bytes(page[:8], "little")
        commit = int.from_bytes(page[8:12], "little")
        used = commit & 0x7FFFFFF
        if used > size - self.begin:
            raise Bad
        if commit >> 31:
            counted = page[self.begin + used :][: self.word] if commit >> 30 & 1 else b""
            count = int.from_bytes(counted, "little", signed=self.word == 8) if len(counted) == self.word else 0
            yield from self._gap(self.stamp, count)
        try:
            for stamp, raw in self._events(page[self.begin : self.begin + used]):
                if raw is None:
                    yield from self._gap(stamp, 0)
                elif row := self._event(stamp, raw):
                    yield row
        finally:
            self.last = max(self.last, self._time(self.stamp))
        if len(page) < self.begin + used:
            raise Bad

    def _gap(self, stamp, count):
        if (ts := self._time(stamp)) != NULL:
            yield self._lost("lost", ts, count if count > 0 else NULL, self.last, self.cpu)
        else:
            self.undecodable += 1

    def _events(self, data):
        """(stamp, raw data) of each; without data where there are zeros."""
        high = self.stamp >> 59 << 59
        while len(data) >= 4:
            (head,) = struct.unpack_from("<I", data)
            kind, delta = head & 31, head >> 5
            second = int.from_bytes(data[4:8], "little")
            if kind == 29 and delta == 0:
                return
            if kind in (0, 29, 30, 31) and len(data) < 8:
                raise Bad
            if kind == 30:
                self.stamp += second << 27 | delta
                data = data[8:]
            elif kind == 31:
                absolute = (second << 27 | delta) & (1 << 59) - 1
                if high:
                    absolute |= self.stamp >> 59 << 59
                    absolute += 1 << 59 if absolute < self.stamp else 0
                self.stamp = absolute
                data = data[8:]
            elif kind == 0 and second == 0:
                yield self.stamp, None
                return
            else:
                start = 8 if kind in (0, 29) else 4
                size = -(-second // 4) * 4 - 4 if start == 8 else 4 * kind
                if not 0 <= size <= len(data) - start:
                    raise Bad
                self.stamp += delta
                if kind != 29:
                    yield self.stamp, data[start : start + size]
                data = data[start + size :]

    def _event(self, stamp, raw):
        number = int.from_bytes(raw[:2], "little")
        if not raw:
            self.undecodable += 1
            return None
        if number not in self.formats:
            self.unknown += 1
            return None
        known = self.formats[number]
        point = find(known["event"])
        if point is None:
            return None
        ts = self._time(stamp)
        sources = {"tid": "common_pid", **point.fields}
        read = [*sources.values(), *(("common_preempt_count", "common_flags") if point.origin else ())]
        ends = [end for source in read if (end := _end(source, known["fields"]))]
        if ts == NULL or len(raw) < max(ends, default=2):
            self.undecodable += 1
            return None
        columns = columns_of(point, sources, lambda source, text: _value(source, known["fields"], raw, text=text))
        if point.origin:
            columns |= {"c": int(Origin.UNKNOWN), "d": held(known["fields"], raw)}
        if point.kind is Kind.IRQ and columns["b"] == 0 and point.perf.replace("_entry", "_exit") not in self.recorded:
            columns["b"] = int(Phase.ENTRY_ONLY)
        lesser = int(bool(point.role) and self.roles[point.role] < point.rank)
        return (point.kind, lesser, self.cpu, columns["tid"], columns["text"], ts, *(columns[x] for x in "abcd"))


def _end(source, fields):
    """The first byte behind what a declaration's line reads of an event; None where the event has no such field."""
    name, _, index = source.lstrip("&!").partition("[")
    if name not in fields:
        return None
    declared, at, size, _ = fields[name]
    if index:
        size //= int(re.search(r"\[(\d+)\]$", declared)[1])
        at += int(index[:-1]) * size
    return at + (4 if declared.startswith("__") else size)
