r"""The block of tracing data that perf.data and trace.dat share: page header, event formats, names.

    17 08 44 "tracing"  version\0  endian u8  long size u8  page size u32
    "header_page\0" u64 text  "header_event\0" u64 text
    u32 n, n × (u64 text)                          ftrace's own events
    u32 n, n × (system\0, u32 m, m × (u64 text))   all others
    u32 kallsyms  u32 printk formats  u64 saved command lines (version ≥ 0.6)

Only what decoding needs is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gstrace.importers.cursor import Cursor, Damaged
from gstrace.importers.formats import Field, Format, parse_fields, parse_format

MAGIC = b"\x17\x08\x44tracing"

Text = tuple[str, bytes]
"""One event's format as it is stored: its system, and the text."""


def read_formats(data: bytes) -> tuple[dict[int, Format], str]:
    """Event formats by id, and what is wrong with the block ('' for nothing): formats before the damage are kept."""
    formats: dict[int, Format] = {}
    try:
        add_formats(formats, _block(Cursor(data)))
    except Damaged as damage:
        return formats, f"tracing data: {damage}"
    return formats, ""


def add_formats(formats: dict[int, Format], texts: Iterable[Text]) -> None:
    """Parse texts into `formats`, by id; of two with one id the first counts."""
    for system, text in texts:
        parsed = parse_format(system, text.decode("utf-8", "replace"))
        if parsed is not None:
            formats.setdefault(parsed.id, parsed)


def read_start(cursor: Cursor) -> tuple[str, int, int]:
    """The block's first words: → (version, bytes of a long in user space, bytes of a page). Sets the byte order."""
    if cursor.take(len(MAGIC)) != MAGIC:
        raise Damaged("no tracing data", 0)
    version = cursor.string()
    # 1: the block is big endian, whatever the file around it.
    cursor.order = ">" if cursor.u8() == 1 else "<"
    return version, cursor.u8(), cursor.u32()


def page_header(cursor: Cursor) -> dict[str, Field]:
    """How the head of a ring-buffer page is laid out; the head of an event, which never changed, is passed over."""
    texts = []
    for name in ("header_page", "header_event"):
        if cursor.string() != name:
            raise Damaged(f"no {name}", cursor.at)
        texts.append(cursor.take(cursor.u64()))
    return parse_fields(texts[0].decode("utf-8", "replace"))


def own_texts(cursor: Cursor) -> Iterator[Text]:
    """Ftrace's own events."""
    for _ in range(cursor.u32()):
        yield "ftrace", cursor.take(cursor.u64())


def system_texts(cursor: Cursor) -> Iterator[Text]:
    """All other events, by their systems."""
    for _ in range(cursor.u32()):
        system = cursor.string()
        for _ in range(cursor.u32()):
            yield system, cursor.take(cursor.u64())


def _block(cursor: Cursor) -> Iterator[Text]:
    read_start(cursor)
    page_header(cursor)
    yield from own_texts(cursor)
    yield from system_texts(cursor)
