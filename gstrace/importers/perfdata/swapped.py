"""Recordings of big-endian machines (s390x, ppc64, mips): their records as a little-endian machine had written them.

Words of records are of mixed widths, so each is turned around by its own: the head, the words that the attribute says,
raw data by the event's format. What no row comes of is left as it is. The records go into a temporary file, at the
places that they had: the kernel and all messages know nothing of it. Compressed records are unpacked on the way.
"""

from __future__ import annotations

import struct
from array import array
from typing import IO, TYPE_CHECKING, BinaryIO, Final

from gstrace.importers.perfdata import attr as at
from gstrace.importers.perfdata import kernel as k
from gstrace.importers.perfdata import layout
from gstrace.importers.perfdata.attr import TRACEPOINT
from gstrace.importers.perfdata.compressed import Unpacker, parts

if TYPE_CHECKING:
    from gstrace.importers.formats import Format
    from gstrace.importers.perfdata.attr import Attr
    from gstrace.importers.perfdata.facts import Container
    from gstrace.importers.perfdata.plan import Planned

_CODES: Final = {2: "H", 4: "I", 8: "Q"}
_PIECE: Final = 1 << 20
_LONGEST: Final = 0xFFFF
_MOST_TIMES, _FREELY = 1000, 1 << 28
"""What unpacks to more than so many times its size, and to more than so many bytes, is made to fill the disk."""

_BODIES: Final = {
    k.COMM: "II", k.MMAP: "II", k.MMAP2: "II", k.FORK: "IIIIQ", k.EXIT: "IIIIQ", k.LOST: "QQ", k.LOST_SAMPLES: "Q",
    k.THROTTLE: "QQQ", k.UNTHROTTLE: "QQQ", k.SWITCH: "", k.SWITCH_CPU_WIDE: "II",
}  # fmt: skip
"""The words of records that end in a sample's."""
_OTHERS: Final = {k.AUXTRACE: "Q", k.TRACING_DATA: "I", k.COMPRESSED2: "Q"}
_HALVES: Final = (at.TID, at.CPU)
"""Words of a sample that are two of 4 bytes."""


def swap(data: bytearray, start: int, size: int, count: int = 1) -> None:
    """Turn count words of size bytes around, those that are all there."""
    code = _CODES.get(size)
    count = min(count, (len(data) - start) // size) if code and start >= 0 else 0
    if code and count > 0:
        words = array(code, bytes(data[start : start + size * count]))
        words.byteswap()
        data[start : start + size * count] = words.tobytes()


class LittleEndian:
    """Writes the records of `source` into `file`, the first at byte container.data of it; data_end: their end."""

    def __init__(self, source: BinaryIO, file: IO[bytes], container: Container, planned: Planned) -> None:
        self._source, self.file, self._container, self._planned = source, file, container, planned
        self._by_id = {number: attr for attr in reversed(container.attrs) for number in attr.ids}
        self._unpacker, self._inner = Unpacker(), bytearray()
        file.seek(container.data)
        self._run()
        self.data_end = file.tell()

    def _run(self) -> None:
        """Record after record; from one that cannot be on, bytes as they are: the reader says what is wrong."""
        self._source.seek(self._container.data)
        left = self._container.data_end - self._container.data
        while left > 0:
            record = bytearray(self._source.read(min(8, left)))
            kind, size = self._head(record)
            if size < 8 or size > left:
                self.file.write(record + self._source.read(min(left - len(record), _LONGEST)))
                return
            record += self._source.read(size - 8)
            left -= size
            if kind in (k.COMPRESSED, k.COMPRESSED2):
                if not self._unpack(kind, record):
                    return
                continue
            self.file.write(self.record(kind, record))
            left -= self._pass_over(kind, record, left)
        # A record that is not complete: the reader will say so.
        self._head(self._inner)
        self.file.write(self._inner)

    def _head(self, record: bytearray, start: int = 0) -> tuple[int, int]:
        """Turn a record's head around; → its type and size, 0 where the head is not all there."""
        swap(record, start, 4)
        swap(record, start + 4, 2, 2)
        return struct.unpack_from("<I2xH", record, start) if len(record) - start >= 8 else (0, 0)

    def _pass_over(self, kind: int, record: bytearray, left: int) -> int:
        """What follows outside of a record, a hole in the new file; → its bytes."""
        size = 0
        if kind == k.AUXTRACE and len(record) >= 16:
            (size,) = struct.unpack_from("<Q", record, 8)
        elif kind == k.TRACING_DATA and len(record) >= 12:
            size = -(-int.from_bytes(record[8:12], "little") // 8) * 8
        size = min(size, left)
        if size:
            self._source.seek(size, 1)
            self.file.seek(size, 1)
            self.file.truncate()
        return size

    def _unpack(self, kind: int, record: bytearray) -> bool:
        """The records of a compressed one; where they cannot be had it stays as it is. → whether they could."""
        data = 0
        if kind == k.COMPRESSED2:
            swap(record, 8, 8)
            data = int.from_bytes(record[8:16], "little")
        found = parts(kind, len(record), data) if data <= len(record) else None
        try:
            for skipped, taken in found or ():
                payload = bytes(record[skipped : skipped + taken])
                for piece in self._unpacker.pieces(payload, lambda: _PIECE) if taken else ():
                    self._inner += piece
                    self._inner_records()
        except ValueError:
            found = None
        if found is None:
            self.file.write(record)
        return found is not None

    def _inner_records(self) -> None:
        """The whole records among the bytes unpacked so far. Raises ValueError for one that cannot be."""
        place = 0
        while len(self._inner) - place >= 8:
            size = int.from_bytes(self._inner[place + 6 : place + 8], "big")
            if size < 8 or self.file.tell() > max(_FREELY, _MOST_TIMES * self._container.data_end):
                raise ValueError(size)
            if size > len(self._inner) - place:
                break
            record = self._inner[place : place + size]
            kind, _ = self._head(record)
            self.file.write(self.record(kind, record))
            place += size
        del self._inner[:place]

    def record(self, kind: int, record: bytearray) -> bytearray:
        """A record whose head has been turned around: what rows come of too."""
        if kind == k.SAMPLE:
            self._sample(record)
        elif kind in _BODIES:
            attr = self._side_attr(record)
            self._words(record, 8, _BODIES[kind])
            if attr.has_tail:
                tail = [bit for bit in layout.TAIL_ORDER if attr.sample_type & bit]
                self._sample_words(record, len(record) - 8 * len(tail), tail)
        elif kind in _OTHERS:
            self._words(record, 8, _OTHERS[kind])
        return record

    def _words(self, record: bytearray, start: int, codes: str) -> None:
        for code in codes:
            size = 4 if code == "I" else 8
            swap(record, start, size)
            start += size

    def _sample_words(self, record: bytearray, start: int, bits: list[int]) -> None:
        for place, bit in enumerate(bits):
            size = 4 if bit in _HALVES else 8
            swap(record, start + 8 * place, size, 8 // size)

    def _side_attr(self, record: bytearray) -> Attr:
        first = self._container.attrs[0]
        if self._planned.id_at != 8:
            return first
        return self._by_id.get(int.from_bytes(record[-8:], "big"), first)

    def _sample(self, record: bytearray) -> None:
        id_at = self._planned.id_at
        number = int.from_bytes(record[id_at : id_at + 8], "big")
        attr = self._by_id.get(number) if id_at else self._container.attrs[0]
        if attr is None:
            swap(record, id_at, 8)
            return
        bits = [bit for bit in layout.SAMPLE_ORDER if attr.sample_type & bit]
        self._sample_words(record, 8, bits)
        start = 8 + 8 * len(bits)
        group, each, fixed = layout.read_size(attr)
        members = int.from_bytes(record[start : start + 8], "big") if group else 0
        start = self._run_of_words(record, start, (group + fixed) // 8 + members * (each // 8))
        if attr.sample_type & at.CALLCHAIN:
            start = self._run_of_words(record, start, 1 + int.from_bytes(record[start : start + 8], "big"))
        if attr.sample_type & at.RAW:
            swap(record, start, 4)
            self._raw(record, start + 4, attr)

    def _run_of_words(self, record: bytearray, start: int, count: int) -> int:
        swap(record, start, 8, count)
        return start + 8 * count

    def _raw(self, record: bytearray, start: int, attr: Attr) -> None:
        number = int.from_bytes(record[start : start + 2], "big") if self._planned.by_type else attr.config
        known: Format | None = self._container.formats.get(number) if attr.type == TRACEPOINT else None
        for field in known.fields.values() if known else ():
            count = max(field.count, 1)
            swap(record, start + field.offset, field.size // count, count)
