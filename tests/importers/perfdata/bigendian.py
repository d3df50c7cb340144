"""Makes of a little-endian perf.data what a big-endian machine would have written: each word turned by its width."""

from __future__ import annotations

import struct

from backports import zstd
from importers.perfdata.plain import ORDER, TAIL, _Plain

BODIES = {
    1: (4, 4), 3: (4, 4), 10: (4, 4), 2: (8, 8), 4: (4, 4, 4, 4, 8), 7: (4, 4, 4, 4, 8), 5: (8, 8, 8), 6: (8, 8, 8),
    13: (8,), 14: (), 15: (4, 4),
}  # fmt: skip


def turned(data: bytes) -> bytes:
    """The file in the other byte order. Its tracing data stays as it is: it tells its own."""
    return _Turner(data).run()


class _Turner(_Plain):
    def run(self) -> bytes:
        self.out = bytearray(self.data)
        self.out[:8] = b"2ELIFREP"
        stream = self._stream(self.data[self.start : self.end])
        if self.data[8] == 16:
            self.words(8, 8)
            self._pipe_head()
        else:
            self._frame(len(stream) - (self.end - self.start))
            self.words(8, *[8] * 12)
        return bytes(self.out[: self.start]) + stream + bytes(self.out[self.end :])

    def more(self, at, delta):
        """Add to a word that is not turned yet: what is compressed anew has another size."""
        self.out[at : at + 8] = struct.pack("<Q", struct.unpack_from("<Q", self.out, at)[0] + delta)

    def words(self, at, *sizes, of=None):
        out = self.out if of is None else of
        for size in sizes:
            out[at : at + size] = out[at : at + size][::-1]
            at += size

    def attr(self, at, out=None):
        out = self.out if out is None else out
        self.words(at, 4, 4, 8, 8, 8, 8, of=out)
        out[at + 40 : at + 48] = bytes(int(f"{b:08b}"[::-1], 2) for b in out[at + 40 : at + 48])
        self.words(at + 88, 4, 4, of=out)

    def _frame(self, delta):
        self.more(48, delta)
        _, _, entry, attrs_at, attrs_size, *_ = struct.unpack_from("<8s8Q", self.data)
        for at in range(attrs_at, attrs_at + attrs_size, entry):
            ids_at, ids_size = struct.unpack_from("<QQ", self.data, at + entry - 16)
            self.words(ids_at, *[8] * (ids_size // 8))
            self.attr(at)
            self.words(at + entry - 16, 8, 8)
        bits = [b for b in range(256) if self.data[72 + b // 8] >> b % 8 & 1]
        for i, bit in enumerate(bits):
            at, size = struct.unpack_from("<QQ", self.data, self.end + 16 * i)
            self.more(self.end + 16 * i, delta)
            self.words(self.end + 16 * i, 8, 8)
            self._feature(bit, at, size)

    def _feature(self, bit, at, size):
        if bit in (3, 4, 5, 6, 8, 9):
            self.words(at, 4)
        elif bit == 7:
            self.words(at, 4, 4)
        elif bit in (11, 12):
            count = struct.unpack_from("<I", self.data, at)[0]
            self.words(at, 4)
            at += 4
            if bit == 12:
                each = struct.unpack_from("<I", self.data, at)[0]
                self.words(at, 4)
                at += 4
            for _ in range(count):
                ids = 0
                if bit == 12:
                    self.attr(at)
                    ids = struct.unpack_from("<I", self.data, at + each)[0]
                    self.words(at + each, 4)
                    at += each + 4
                length = struct.unpack_from("<I", self.data, at)[0]
                self.words(at, 4)
                self.words(at + 4 + length, *[8] * ids)
                at += 4 + length + 8 * ids

    def _pipe_head(self):
        at = 16
        while at < self.start:
            kind, _, size = struct.unpack_from("<IHH", self.data, at)
            self.words(at, 4, 2, 2)
            if kind == 64:
                own = struct.unpack_from("<I", self.data, at + 12)[0]
                self.attr(at + 8)
                self.words(at + 8 + own, *[8] * ((size - 8 - own) // 8))
            elif kind == 80:
                self.words(at + 8, 8)
                self._feature(struct.unpack_from("<Q", self.data, at + 8)[0], at + 16, size - 16)
            at += size
            if kind == 66:
                self.words(at - size + 8, 4)
                at += -(-struct.unpack_from("<I", self.data, at - size + 8)[0] // 8) * 8

    def _stream(self, records: bytes) -> bytes:
        at, unpack, rest = 0, zstd.ZstdDecompressor(), b""
        pieces = []
        while at < len(records):
            kind, _, size = struct.unpack_from("<IHH", records, at)
            record = records[at : at + size]
            at += size
            if kind != 81:
                pieces.append(self._record(record))
                continue
            rest += unpack.decompress(record[8:])
            inner = b""
            while len(rest) >= 8 and len(rest) >= struct.unpack_from("<H", rest, 6)[0]:
                length = struct.unpack_from("<H", rest, 6)[0]
                inner, rest = inner + self._record(rest[:length]), rest[length:]
            packed = zstd.compress(inner)
            chunks = [packed[i : i + 60_000] for i in range(0, len(packed), 60_000)]
            pieces += [struct.pack(">IHH", 81, 0, 8 + len(chunk)) + chunk for chunk in chunks]
        return b"".join(pieces)

    def _record(self, record: bytes) -> bytes:
        kind = struct.unpack_from("<I", record)[0]
        new = bytearray(record)
        self.words(0, 4, 2, 2, of=new)
        if kind == 9:
            self._turn_sample(record, new)
        elif kind in BODIES:
            body, _ = self._parts(record)
            self.words(8, *BODIES[kind], of=new)
            self._turn_words(
                new, len(body), [b for b in TAIL if len(body) < len(record) and self._side(record)["words"] >> b & 1]
            )
        return bytes(new)

    def _side(self, record):
        event = self.events[0]
        if event["words"] >> 16 & 1:
            event = self.by_id.get(struct.unpack_from("<Q", record, len(record) - 8)[0], event)
        return event

    def _turn_words(self, new, at, bits):
        for i, bit in enumerate(bits):
            self.words(at + 8 * i, *((4, 4) if bit in (1, 7) else (8,)), of=new)

    def _turn_sample(self, record, new):
        first = self.events[0]
        position = [b for b in ORDER if first["words"] >> b & 1]
        event = self.by_id.get(struct.unpack_from("<Q", record, 8 + 8 * position.index(16))[0], first)
        bits = [b for b in ORDER if event["words"] >> b & 1]
        self._turn_words(new, 8, bits)
        at = 8 + 8 * len(bits)
        if event["words"] >> 4 & 1:
            size = self._read_size(record, at, event["read"])
            self.words(at, *[8] * (size // 8), of=new)
            at += size
        if event["words"] >> 5 & 1:
            (nr,) = struct.unpack_from("<Q", record, at)
            self.words(at, *[8] * (nr + 1), of=new)
            at += 8 + 8 * nr
        if event["words"] >> 10 & 1:
            self.words(at, 4, of=new)
            for declared, offset, size, _ in event["format"]["fields"].values() if event["format"] else ():
                many = declared.endswith("]") and not declared.startswith("__")
                count = int(declared[declared.rindex("[") + 1 : -1]) if many else 1
                self.words(at + 4 + offset, *[size // count] * count, of=new)
