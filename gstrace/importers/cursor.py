"""A cursor over bytes that came from a file: every read is checked against their end."""

from __future__ import annotations

import struct


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
        if size < 0 or size > len(self.data) - self.at:
            raise Damaged(f"{size} bytes announced, {len(self.data) - self.at} there", self.at)
        self.at += size
        return self.data[self.at - size : self.at]

    def _number(self, code: str, size: int) -> int:
        (value,) = struct.unpack(self.order + code, self.take(size))
        return int(value)

    def u8(self) -> int:
        return self._number("B", 1)

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
