"""Compressed records (perf record -z): their payloads are one zstd stream for the whole recording.

COMPRESSED    header, payload up to the record's end, whose size is then no multiple of 8
COMPRESSED2   header, data size u64, payload, zeros up to a multiple of 8
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from gstrace.importers.perfdata.kernel import COMPRESSED2

if TYPE_CHECKING:
    from gstrace.importers.perfdata.feed import Feed

if sys.version_info >= (3, 14):
    from compression import zstd
elif TYPE_CHECKING:
    from typing import Any

    zstd: Any
else:
    from backports import zstd

_WIDE = 0xFFFF - 16


def payload(feed: Feed, kind: int, size: int) -> tuple[bytes, int] | None:
    """The payload of the record at the feed's front, and the bytes to take; None where it is not all there.

    COMPRESSED2's u16 size is too small for what perf may put in it; perf then writes the size modulo 65536 and no
    zeros behind. The data size tells.
    """
    if kind == COMPRESSED2:
        if feed.held < 16:
            return None
        data = int.from_bytes(feed.bytes[feed.at + 8 : feed.at + 16], "little")
        size = -(-(16 + data) // 8) * 8 if data <= _WIDE - 8 and size >= 16 + data else 16 + data
        if size > feed.held:
            return None
        return bytes(feed.bytes[feed.at + 16 : feed.at + 16 + data]), size
    if not 8 <= size <= feed.held:
        return None
    return bytes(feed.bytes[feed.at + 8 : feed.at + size]), size


class Unpacker:
    """The stream's state; a frame that ends is followed by another."""

    def __init__(self) -> None:
        self._frame = zstd.ZstdDecompressor()

    def pieces(self, data: bytes, room: Callable[[], int]) -> Iterator[bytes]:
        """Unpack a payload in pieces that fit: room() tells how much is free before each. Raises ValueError."""
        try:
            while True:
                piece = self._frame.decompress(data, max_length=max(room(), 1))
                if piece:
                    yield piece
                data = b""
                if self._frame.eof:
                    data = self._frame.unused_data
                    self._frame = zstd.ZstdDecompressor()
                    if not data:
                        return
                elif self._frame.needs_input:
                    return
        except zstd.ZstdError as error:
            raise ValueError(str(error)) from error
