"""Bytes of an input → blocks of whole lines, in bounded memory: plain, packed by `atrace -z`, or inside HTML."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

CHUNK: Final = 1 << 18
LONGEST: Final = 1 << 12
"""Of a longer line the rest is not looked at: the kernel prints an event into a page."""

PACKED: Final = re.compile(rb"(?:^|\n)TRACE:\r?\n(?=\x78[\x01\x5e\x9c\xda])")
"""What stands in front of the packed part of `atrace -z`."""

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
    head = file.read(CHUNK)
    packed = PACKED.search(head[:4096])
    file.seek(packed.end() if packed else 0)
    pieces = _unpacked(file) if packed else _plain(file)
    whole = _whole(pieces)
    yield from _inside(whole) if is_html(head) else _unescaped(whole)


def _plain(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    while chunk := file.read(CHUNK):
        yield chunk, file.tell()


def _unpacked(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """What can be unpacked; where it breaks off, so does the text."""
    unpacker = zlib.decompressobj()
    try:
        while not unpacker.eof and (chunk := unpacker.unconsumed_tail or file.read(CHUNK)):
            yield unpacker.decompress(chunk, CHUNK), file.tell()
    except zlib.error:
        yield b"\n", file.tell()


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
        yield rest, used


def _unescaped(whole: Iterator[tuple[bytes, int]]) -> Iterator[tuple[bytes, int]]:
    r"""Text may be a page's JavaScript string without the page: its lines end in `\n\`."""
    for block, used in whole:
        if b"\\n\\" in block:
            yield b"\n".join(_plain_line(line) for line in block.split(b"\n")), used
        else:
            yield block, used


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
