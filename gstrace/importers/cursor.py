"""A cursor over bytes that came from a file: every read is checked against their end."""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

_MOST: Final = 1 << 26
_AHEAD: Final = 256
_LONGEST_TEXT: Final = 1 << 16


class Damaged(ValueError):
    """A read beyond the end, or a value that cannot be. `at` is the offset inside the bytes read."""

    def __init__(self, what: str, at: int) -> None:
        super().__init__(f"{what} at byte {at}")
        self.at = at


class Cursor:
    """Reads forward through `data`; raises Damaged instead of reading past its end."""

    def __init__(self, data: bytes, order: str = "<") -> None:
        self.data = data
        self.at = 0
        self.order = order

    def take(self, size: int) -> bytes:
        self.skip(size)
        return self.data[self.at - size : self.at]

    def skip(self, size: int) -> None:
        if size < 0 or size > self.left:
            raise Damaged(f"{size} bytes announced, {self.left} there", self.at)
        self.at += size

    @property
    def left(self) -> int:
        return len(self.data) - self.at

    def _number(self, code: str, size: int) -> int:
        (value,) = struct.unpack(self.order + code, self.take(size))
        return int(value)

    def u8(self) -> int:
        return self._number("B", 1)

    def u16(self) -> int:
        return self._number("H", 2)

    def u32(self) -> int:
        return self._number("I", 4)

    def u64(self) -> int:
        return self._number("Q", 8)

    def string(self) -> str:
        """Up to a NUL, which is taken too."""
        end = self.data.find(b"\0", self.at)
        if end < 0:
            raise Damaged("a text without end", self.at)
        text = self.take(end - self.at)
        self.at += 1
        return text.decode("utf-8", "replace")


class FileCursor(Cursor):
    """The same over a file, of which only what is taken is read; `at` is the place in the file."""

    def __init__(self, file: BinaryIO, at: int = 0, order: str = "<") -> None:
        super().__init__(b"", order)
        self._file, self._size = file, file.seek(0, 2)
        self.at = at

    @property
    def left(self) -> int:
        return max(self._size - self.at, 0)

    def take(self, size: int) -> bytes:
        if size > _MOST:
            raise Damaged(f"{size} bytes announced", self.at)
        start = self.at
        self.skip(size)
        self._file.seek(start)
        return self._file.read(size)

    def string(self) -> str:
        text = b""
        while b"\0" not in text:
            if not self.left:
                raise Damaged("a text without end", self.at)
            text += self.take(min(_AHEAD, self.left))
            if len(text) > _LONGEST_TEXT:
                raise Damaged("a text without end", self.at)
        name, _, behind = text.partition(b"\0")
        self.at -= len(behind)
        return name.decode("utf-8", "replace")
