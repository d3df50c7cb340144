"""The container: packets one after the other in a file, and packets packed in packets, both through a buffer.

A packet is as large as it says, up to `LARGEST`; the buffer grows with it. What is packed (deflate, zstd) is packets
again, whole ones, and not packed once more.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from gstrace.importers.feed import Feed
from gstrace.importers.packed import zstd
from gstrace.importers.perfetto.kernel.codes import F_ZSTD
from gstrace.importers.perfetto.messages import varint

LARGEST: Final = 1 << 26
MOST_UNPACKED: Final = 1 << 28
"""Bytes that one packet may unpack to: recorders pack a few hundred KiB at a time."""


class Packets:
    """One pass over a file. Each feed that `feeds` gives is to be emptied as far as its packets are whole.

    damage: a sentence with the place where reading had to stop; loss: its kind. progress: bytes of the file used.
    oversize: packets that were too large to read.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name = file, name
        self._size = file.seek(0, 2)
        self._inner: Feed | None = None
        self._packed: tuple[int, bytes] | None = None
        self.damage = self.loss = ""
        self.progress = self.oversize = 0

    def feeds(self) -> Iterator[Feed]:
        feed = Feed()
        while True:
            more = feed.fill(self._file, self._size)
            self.progress = feed.start + feed.end
            yield feed
            while self._packed is not None and not self.stopped:
                yield from self._unpack(*self._packed)
                if not self.stopped:
                    yield feed
            if self.stopped or (not more and feed.place == self._size):
                return
            if feed.at == 0 and feed.end == len(feed.bytes):
                feed = self._larger(feed)
            elif not more:
                self.stop(feed, "cut", "the packet at {} is not complete, and the file ends")
                return

    @property
    def stopped(self) -> bool:
        return bool(self.damage)

    def take(self, feed: Feed) -> bytes:
        """The content of the whole packet at a feed's front, which is left behind."""
        at, end = _content(feed)
        feed.at = end
        return bytes(feed.bytes[at:end])

    def unpack(self, feed: Feed, number: int, start: int, end: int) -> None:
        """The packet at a feed's front is a packed one, bytes [start, end): its content is the next feed."""
        if feed is self._inner:
            self.stop(feed, "damaged", "the packed packet at {} is packed once more")
        else:
            self._packed = number, bytes(feed.bytes[start:end])
            _, feed.at = _content(feed)

    def stop(self, feed: Feed, loss: str, sentence: str) -> None:
        """Reading ends here: what came before is kept."""
        what = "byte" if feed is not self._inner else "byte (unpacked)"
        self.damage = f"{self._name}: {sentence.format(f'{what} {feed.place}')}"
        self.loss = loss

    def bad(self, feed: Feed) -> None:
        self.stop(feed, "damaged", "the packet at {} cannot be one")

    def _unpack(self, number: int, data: bytes) -> Iterator[Feed]:
        self._packed = None
        feed = self._inner = Feed()
        unpacked = 0
        try:
            for piece in _pieces(number, data, feed):
                unpacked += len(piece)
                if unpacked > MOST_UNPACKED:
                    self.stop(feed, "damaged", f"a packed packet unpacks to more than {MOST_UNPACKED} bytes, at {{}}")
                    return
                feed.put(piece)
                yield feed
                if self.stopped:
                    return
                if feed.at == 0 and feed.end == len(feed.bytes):
                    self.stop(feed, "damaged", "the packet inside a packed one at {} is too large for one")
                    return
        except (zlib.error, zstd.ZstdError, EOFError) as error:
            self.stop(feed, "damaged", f"a packed packet cannot be unpacked behind {{}}: {error}")
            return
        if feed.held:
            self.stop(feed, "damaged", "the packet at {} is not complete, and no more is packed with it")

    def _larger(self, feed: Feed) -> Feed:
        """A packet larger than the buffer: twice the room for it, or none."""
        if 2 * len(feed.bytes) > LARGEST:
            self.oversize += 1
            return Feed(feed.start + _content(feed)[1])
        larger = Feed(feed.place, 2 * len(feed.bytes))
        larger.put(bytes(feed.bytes[feed.at : feed.end]))
        return larger


def _content(feed: Feed) -> tuple[int, int]:
    """Where the packet at a feed's front has its content; the kernel has read its length."""
    _, at = varint(feed.bytes, feed.at)
    size, at = varint(feed.bytes, at)
    return at, at + size


def _pieces(number: int, data: bytes, feed: Feed) -> Iterator[bytes]:
    """Unpacked, in pieces that fit into the feed."""
    if number == F_ZSTD:
        frame = zstd.ZstdDecompressor()
        while not frame.eof:
            piece = frame.decompress(data, max_length=max(len(feed.room()), 1))
            if not piece and frame.needs_input:
                raise EOFError("its data ends early")
            data = b""
            yield piece
        return
    stream = zlib.decompressobj()
    while not stream.eof:
        piece = stream.decompress(data, max(len(feed.room()), 1))
        data = stream.unconsumed_tail
        if not piece and not data and not stream.eof:
            raise EOFError("its data ends early")
        yield piece
