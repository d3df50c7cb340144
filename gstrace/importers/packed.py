"""Packed bytes → plain ones, in pieces and in bounded memory: zstd, gzip, zlib, xz, one frame after another."""

from __future__ import annotations

import lzma
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final, Protocol

if sys.version_info >= (3, 14):
    from compression import zstd as zstd  # noqa: PLC0414  (for others to import)
elif TYPE_CHECKING:
    from typing import Any

    zstd: Any
else:
    from backports import zstd

PIECE: Final = 1 << 18
_MOST_MEMORY: Final = 1 << 27
"""Bytes of the packer's window: a header may ask for gigabytes. `xz -9` needs 65 MiB, zstd by default 128 at most."""


class Frame(Protocol):
    """What the library's decompressors have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Deflate:
    """zlib's decompressor with the manners of lzma's and zstd's; gzip's and zlib's headers are both understood."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(32 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def deflate() -> Frame:
    return _Deflate()


def xz() -> Frame:
    return lzma.LZMADecompressor(memlimit=_MOST_MEMORY)


def zst() -> Frame:
    frame: Frame = zstd.ZstdDecompressor()
    return frame


def unpacked(packed: Iterable[bytes], new: Callable[[], Frame]) -> Iterator[bytes]:
    """The plain bytes in pieces. Raises ValueError where they are damaged, EOFError where they end too early."""
    chunks = iter(packed)
    frame, data = new(), b""
    try:
        while True:
            piece = frame.decompress(data, PIECE)
            data = b""
            if piece:
                yield piece
            if frame.eof:
                # xz and tar pad with zeros.
                data = (frame.unused_data or next(chunks, b"")).lstrip(b"\0")
                while not data and (chunk := next(chunks, b"")):
                    data = chunk.lstrip(b"\0")
                if not data:
                    return
                frame = new()
            elif frame.needs_input or not piece:
                data = next(chunks, b"")
                if not data and not piece:
                    raise EOFError
    except (zlib.error, lzma.LZMAError, zstd.ZstdError) as error:
        raise ValueError(str(error)) from error
