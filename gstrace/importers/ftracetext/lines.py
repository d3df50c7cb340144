"""Bytes of an input → blocks of whole lines, in bounded memory: plain, or inside HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

CHUNK: Final = 1 << 20
LONGEST: Final = 1 << 12
"""Of a longer line the rest is not looked at: the kernel prints an event into a page."""

_HTML: Final = re.compile(rb"\s*(?:<!doctype\s+html|<html|<!--)", re.IGNORECASE)
_BEGIN: Final = re.compile(rb'<script[^>]*class="?trace-data|linuxPerfData\s*=\s*"')
_END: Final = re.compile(rb"</script>")
_ESCAPE: Final = re.compile(rb"\\(.)")


def is_html(head: bytes) -> bool:
    """Whether an input that begins so is a page."""
    return _HTML.match(head) is not None


def blocks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """All lines from the file's start, in pieces that end with a line's end; and the bytes of the file used so far."""
    file.seek(0)
    page = is_html(file.read(CHUNK))
    file.seek(0)
    whole = _whole(_plain(file))
    yield from _inside(whole) if page else _unescaped(whole)


def _plain(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    while chunk := file.read(CHUNK):
        yield chunk, file.tell()


def _whole(pieces: Iterator[tuple[bytes, int]]) -> Iterator[tuple[bytes, int]]:
    rest, used = b"", 0
    for piece, used in pieces:
        end = piece.rfind(b"\n") + 1
        if end:
            yield rest + piece[:end], used
            rest = piece[end:]
        elif len(rest) < LONGEST:
            rest += piece
        rest = rest[:LONGEST]
    if rest:
        yield rest + b"\n", used


def _unescaped(whole: Iterator[tuple[bytes, int]]) -> Iterator[tuple[bytes, int]]:
    r"""Text may be a page's JavaScript string without the page: its lines end in `\n\`, from the first block on."""
    escaped = None
    for block, used in whole:
        if escaped is None:
            escaped = b"\\n\\\n" in block
        yield (b"\n".join(map(_plain_line, block.split(b"\n"))) if escaped else block), used


def _inside(whole: Iterator[tuple[bytes, int]]) -> Iterator[tuple[bytes, int]]:
    """Of a page only what lies in its blocks of trace data."""
    inside = False
    for block, used in whole:
        kept = []
        for line in block.split(b"\n"):
            begin = _BEGIN.search(line)
            if inside and _END.search(line):
                inside = False
            elif inside:
                kept.append(_plain_line(line))
            elif begin:
                inside = not _END.search(line, begin.end())
        yield b"\n".join(kept) + b"\n", used


def _plain_line(line: bytes) -> bytes:
    if not line.endswith(b"\\n\\"):
        return line
    return _ESCAPE.sub(rb"\1", line[:-3])
