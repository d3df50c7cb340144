"""Compressed records (perf record -z): their payloads are one zstd stream for the whole recording.

COMPRESSED    header, payload up to the record's end, whose size is then no multiple of 8
COMPRESSED2   header, data size u64, payload, zeros up to a multiple of 8
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from gstrace.importers.packed import zstd
from gstrace.importers.perfdata.kernel import COMPRESSED2

_HEADER, _HEADER_2 = 8, 16
_LONGEST = 0xFFFF - _HEADER_2


def parts(kind: int, size: int, data: int) -> Iterable[tuple[int, int]] | None:
    """Where a record's payload is: (bytes to skip, bytes to take) from its first byte on; None for no such record.

    size: the record's; data: COMPRESSED2's own data size. What perf puts in one may be longer than the record's u16
    can say: perf then writes the size modulo 65536 and no zeros, and inside, after every 65519 bytes of payload, stands
    another header. How many follow is the file's word: the caller stops where its bytes end.
    """
    if kind != COMPRESSED2:
        return [(_HEADER, size - _HEADER)] if size >= _HEADER else None
    whole = _HEADER_2 + data
    if size >= whole:
        return [(_HEADER_2, data), (size - whole, 0)]
    if whole <= 0xFFFF - 7 or size != (whole + 7 & ~7) & 0xFFFF:
        return None
    return _nested(data)


def _nested(data: int) -> Iterator[tuple[int, int]]:
    while data > 0:
        yield _HEADER_2, min(data, _LONGEST)
        data -= _LONGEST + _HEADER_2


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
