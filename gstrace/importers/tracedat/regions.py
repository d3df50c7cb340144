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
            place = self.at
            try:
                packed, size = _CHUNK.unpack(self._read(file, _CHUNK.size))
                if size > _LARGEST_CHUNK or size % self.buffer.page:
                    raise Damaged(f"a chunk of {size} bytes for pages of {self.buffer.page}", place)
                if feed.end and size > len(feed.bytes) - feed.end:
                    self.at = place
                    return
                data = unpack(packing, self._read(file, packed), size, place)
            except Damaged:
                self.at = place
                if feed.end:
                    return
                raise
            feed.grow(feed.end + size)
            feed.bytes[feed.end : feed.end + size] = data
            feed.end += size
            self.chunks -= 1

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
            if buffer.packed:
                # trace-cmd leaves the number of chunks out of the size.
                length, there = length + 4, min(there + 4, size)
            yield Region(buffer, number, cpu, at, there, at + length - there, last)
