"""One CPU's events of one buffer: pages that lie together in the file, as they are or packed in chunks.

chunks u32, each: packed u32  unpacked u32  data
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from gstrace.importers.cursor import Damaged
from gstrace.importers.tracedat.packing import unpack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gstrace.importers.feed import Feed
    from gstrace.importers.tracedat.facts import Buffer, Container

MOST_CPU: Final = 0xFFFE
_CHUNK: Final = struct.Struct("<II")
_LARGEST_CHUNK: Final = 1 << 23


@dataclass
class Region:
    """Bytes [at, end) of the file; missing: how many of them the file does not have. last: ns, its newest time."""

    buffer: Buffer
    number: int
    cpu: int
    at: int
    end: int
    missing: int
    last: int
    chunks: int = -1

    def fill(self, file: BinaryIO, feed: Feed, packing: str) -> bool:
        """Put the next pages into an empty feed. → whether there were more. Raises Damaged."""
        feed.at = feed.end = 0
        feed.start = self.at
        if self.at >= self.end:
            return False
        if self.buffer.packed:
            self._unpack(file, feed, packing)
        else:
            whole = len(feed.bytes) // self.buffer.page * self.buffer.page
            file.seek(self.at)
            feed.end = file.readinto(feed.bytes[: min(whole, self.end - self.at)])  # type: ignore[attr-defined]
            self.at += feed.end
        return feed.end > 0

    def _unpack(self, file: BinaryIO, feed: Feed, packing: str) -> None:
        """As many chunks as fit; what is wrong with one is told when it is the first."""
        if self.chunks < 0:
            self.chunks = int.from_bytes(self._read(file, 4), "little")
        while self.chunks:
            place, room = self.at, len(feed.bytes) - feed.end
            try:
                data = self._chunk(file, packing, room if feed.end else _LARGEST_CHUNK)
            except Damaged:
                self.at = place
                if feed.end:
                    return
                raise
            if data is None:
                self.at = place
                return
            feed.grow(feed.end + len(data))
            feed.bytes[feed.end : feed.end + len(data)] = data
            feed.end += len(data)
            self.chunks -= 1

    def _chunk(self, file: BinaryIO, packing: str, room: int) -> bytes | None:
        """The next chunk; None where it needs more room."""
        place = self.at
        packed, size = _CHUNK.unpack(self._read(file, _CHUNK.size))
        if size > _LARGEST_CHUNK or size % self.buffer.page:
            raise Damaged(f"a chunk of {size} bytes for pages of {self.buffer.page}", place)
        return unpack(packing, self._read(file, packed), size, place) if size <= room else None

    def _read(self, file: BinaryIO, size: int) -> bytes:
        if size > self.end - self.at:
            raise Damaged(f"{size} bytes announced, {self.end - self.at} there", self.at)
        file.seek(self.at)
        self.at += size
        return file.read(size)


def regions(container: Container, size: int, last: int) -> Iterator[Region]:
    """Every region, from its start. size: the file's. Raises Damaged where they cannot be."""
    seen: set[tuple[int, int]] = set()
    told = 0
    for number, buffer in enumerate(container.buffers):
        for cpu, at, length in buffer.regions:
            there = max(min(at + length, size), at)
            told += there - at
            if cpu > MOST_CPU or (number, cpu) in seen or told > size:
                raise Damaged(f"CPU {cpu} of buffer {buffer.name or 'top'}, {length} bytes", at)
            seen.add((number, cpu))
            # trace-cmd leaves the number of chunks out of the size of packed ones.
            more = max(min(4 * buffer.packed, size - there), 0)
            yield Region(buffer, number, cpu, at, there + more, at + length - there, last)
