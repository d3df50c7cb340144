"""Compressed parts of version 7: each is packed alone, and says how long it is packed and unpacked."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final

from gstrace.importers.cursor import Damaged
from gstrace.importers.packed import zstd

MOST: Final = 1 << 26
"""Bytes unpacked at once. trace-cmd packs ten pages together; the longest section, kallsyms, is not unpacked."""

UNPACKERS: Final[dict[str, Callable[[bytes, int], bytes]]] = {
    "none": lambda data, _: data,
    "zlib": lambda data, most: zlib.decompressobj().decompress(data, most),
    "zstd": lambda data, most: bytes(zstd.ZstdDecompressor().decompress(data, most)),
}
"""By the name that the file gives: unpack data to at most so many bytes."""


def unpack(packing: str, data: bytes, size: int, place: int) -> bytes:
    """What data holds, which must be size bytes. place: in the file, for messages. Raises Damaged."""
    if size > MOST:
        raise Damaged(f"{size} bytes announced in one piece", place)
    try:
        unpacked = UNPACKERS[packing](data, size + 1)
    except (zlib.error, zstd.ZstdError) as error:
        raise Damaged(f"compressed data that does not unpack ({error})", place) from error
    if len(unpacked) != size:
        raise Damaged(f"compressed data of another size than announced ({size})", place)
    return unpacked
