"""Bytes on their way to the kernel: a buffer that is filled at its end and taken from its front."""

from __future__ import annotations

from typing import BinaryIO, Final

import numpy as np

BUFFER: Final = 1 << 21
_MARGIN: Final = 16
"""The kernel reads whole words: up to 8 bytes behind the last byte, and none of their content."""


class Feed:
    """words: int64 view for the kernel; bytes [at, end) are there and not yet taken.

    start: where the buffer's first byte is in the stream that this is a window of.
    """

    def __init__(self, start: int = 0, size: int = BUFFER) -> None:
        self.words = np.zeros((size + _MARGIN) // 8, np.int64)
        self.bytes = self.words.view(np.uint8).data[:size]
        self.at = self.end = 0
        self.start = start

    @property
    def place(self) -> int:
        """Where the next byte is in the stream."""
        return self.start + self.at

    @property
    def held(self) -> int:
        return self.end - self.at

    def room(self) -> memoryview:
        """The free part of the buffer, after moving what is not yet taken to the front."""
        if self.at:
            self.bytes[: self.held] = self.bytes[self.at : self.end]
            self.start, self.at, self.end = self.start + self.at, 0, self.held
        return self.bytes[self.end :]

    def put(self, data: bytes) -> None:
        """Append; there must be room."""
        self.room()[: len(data)] = data
        self.end += len(data)

    def grow(self, size: int) -> None:
        """Make room for size bytes, of which the buffer's own stay."""
        if size > len(self.bytes):
            larger = Feed(self.start, size)
            larger.bytes[: self.end] = self.bytes[: self.end]
            self.words, self.bytes = larger.words, larger.bytes

    def fill(self, file: BinaryIO, limit: int) -> bool:
        """Read on from a file that this is a window of, up to byte `limit` of it. → whether there was more."""
        room = self.room()
        wanted = min(len(room), limit - self.start - self.end)
        if wanted <= 0:
            return False
        file.seek(self.start + self.end)
        got = file.readinto(room[:wanted])  # type: ignore[attr-defined]
        self.end += got
        return bool(got)

    def skip(self, size: int) -> None:
        """Take size bytes, whether they are in the buffer or still to come."""
        beyond = size - self.held
        if beyond <= 0:
            self.at += size
            return
        self.start += self.end + beyond
        self.at = self.end = 0
