r"""The block of tracing data that perf.data and trace.dat share: page header, event formats, names.

    17 08 44 "tracing"  version\0  endian u8  long size u8  page size u32
    "header_page\0" u64 text  "header_event\0" u64 text
    u32 n, n × (u64 text)                          ftrace's own events
    u32 n, n × (system\0, u32 m, m × (u64 text))   all others
    u32 kallsyms  u32 printk formats  u64 saved command lines (version ≥ 0.6)

Only what decoding needs is kept.
"""

from __future__ import annotations

from collections.abc import Iterator

from gstrace.importers.cursor import Cursor, Damaged
from gstrace.importers.formats import Format, parse_format

MAGIC = b"\x17\x08\x44tracing"


def read_formats(data: bytes) -> tuple[dict[int, Format], str]:
    """Event formats by id, and what is wrong with the block ('' for nothing): formats before the damage are kept."""
    formats: dict[int, Format] = {}
    try:
        for system, text in _texts(data):
            parsed = parse_format(system, text.decode("utf-8", "replace"))
            if parsed is not None:
                formats.setdefault(parsed.id, parsed)
    except Damaged as damage:
        return formats, f"tracing data: {damage}"
    return formats, ""


def _texts(data: bytes) -> Iterator[tuple[str, bytes]]:
    cursor = Cursor(data)
    if cursor.take(len(MAGIC)) != MAGIC:
        raise Damaged("no tracing data", 0)
    cursor.string()
    # 1: the block is big endian, whatever the file around it.
    cursor.order = ">" if cursor.u8() == 1 else "<"
    cursor.u8()
    cursor.u32()
    for name in ("header_page", "header_event"):
        if cursor.string() != name:
            raise Damaged(f"no {name}", cursor.at)
        cursor.take(cursor.u64())
    for _ in range(cursor.u32()):
        yield "ftrace", cursor.take(cursor.u64())
    for _ in range(cursor.u32()):
        system = cursor.string()
        for _ in range(cursor.u32()):
            yield system, cursor.take(cursor.u64())
