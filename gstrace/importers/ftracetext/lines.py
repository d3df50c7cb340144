"""Bytes of an input → blocks of whole lines, in bounded memory: plain, or inside HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

CHUNK: Final = 1 << 20
LONGEST: Final = 1 << 12
"""Of a longer line the rest is not looked at: the kernel prints an event into a page."""

_HTML: Final = re.compile(rb"\s*(?:<!doctype\s+html|<html|<!--)", re.IGNORECASE)
_BEGIN: Final = re.compile(rb'<script[^>]{0,128}class="?trace-data|linuxPerfData\s{0,64}=\s{0,64}"')
_END: Final = re.compile(rb"</script>")
_ESCAPED: Final = b"\\n\\\n"
_ESCAPE: Final = re.compile(rb"\\(.)")


def is_html(head: bytes) -> bool:
    """Whether an input that begins so is a page."""
    return _HTML.match(head) is not None


def blocks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """All lines from the file's start, in pieces that end with a line's end but where the input ends without one; and
    the bytes of the file used so far.
    """
    file.seek(0)
    page = is_html(file.read(CHUNK))
    file.seek(0)
    whole = _whole(_plain(file))
    yield from _unescaped(_inside(whole) if page else whole)


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
        yield rest, used


def _unescaped(whole: Iterator[tuple[bytes, int]]) -> Iterator[tuple[bytes, int]]:
    r"""Text may be a page's JavaScript string: its lines then end in `\n\`, from the first block on."""
    escaped = None
    for block, used in whole:
        if escaped is None and block:
            escaped = _ESCAPED in block
        yield (b"\n".join(map(_plain_line, block.split(b"\n"))) if escaped else block), used


def _inside(whole: Iterator[tuple[bytes, int]]) -> Iterator[tuple[bytes, int]]:
    """Of a page only what lies in its blocks of trace data: whole lines between the one that begins it and its end."""
    inside = False
    for block, used in whole:
        kept, at = [b""], 0
        while at < len(block):
            mark = (_END if inside else _BEGIN).search(block, at)
            if inside:
                kept.append(block[at : block.rfind(b"\n", at, mark.start()) + 1 or at] if mark else block[at:])
            if mark is None:
                break
            line_end = block.find(b"\n", mark.end() - 1) + 1 or len(block)
            inside = not inside and not _END.search(block, mark.end(), line_end)
            at = line_end
        yield b"".join(kept), used


def _plain_line(line: bytes) -> bytes:
    if not line.endswith(b"\\n\\"):
        return line
    return _ESCAPE.sub(rb"\1", line[:-3])
