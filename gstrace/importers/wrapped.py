"""What an input may be wrapped in: packed, or as a string inside JSON or a page. By content, never by name.

Each wrapper is a row: what its first bytes look like, and how its content comes out in pieces. The content goes into a
temporary file, and may be wrapped again: a page holds packed JSON that holds a string.
"""

from __future__ import annotations

import binascii
import json
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, Final

from gstrace.errors import OutputError, UnreadableInput
from gstrace.importers.packed import PIECE, deflate, unpacked, xz, zst

HEAD: Final = 4096
_MOST_TIMES: Final = 1000
_FREELY: Final = 1 << 28
"""A trace packs to a tenth, an idle machine's to a hundredth. What grows more than `_MOST_TIMES`, and to more than
`_FREELY` bytes, is made to fill the disk."""
_DEEPEST: Final = 4

_BESIDE: Final = 512
"""Bytes within which a mark that is looked for fits."""
_STRING: Final = re.compile(rb'"systemTraceEvents"\s{0,64}:\s{0,64}"')
_CHARACTERS: Final = re.compile(rb'(?:[^"\\]|\\(?:[^u]|u[0-9a-fA-F]{4}))*+', re.DOTALL)
_LONGEST_ESCAPE: Final = 6
_SCRIPT: Final = re.compile(rb"<script[^>]{0,128}(?:trace|viewer)-data[^>]{0,128}>\s{0,64}(?=H4sI|eJ|eN|eA)")
_NO_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/=\s]")
_ATRACE: Final = re.compile(rb"(?:^|\n)TRACE:\r?\n(?=\x78[\x01\x5e\x9c\xda])")


@dataclass(frozen=True)
class Wrapper:
    """name: as messages say it. begins: what a head looks like. content: its pieces; None where there is none.

    `content` raises ValueError where it is damaged, EOFError where it ends too early.
    """

    name: str
    begins: re.Pattern[bytes]
    content: Callable[[IO[bytes]], Iterator[bytes] | None]


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(PIECE):
        yield chunk


def _after(file: IO[bytes], mark: re.Pattern[bytes]) -> Iterator[bytes] | None:
    """All bytes behind a mark's first place; None where it is nowhere."""
    before = b""
    for chunk in _chunks(file):
        window = before + chunk
        if found := mark.search(window):
            file.seek(found.end() - len(window), 1)
            return _chunks(file)
        before = window[-_BESIDE:]
    return None


def _string(file: IO[bytes]) -> Iterator[bytes] | None:
    """What JSON trace events carry of the kernel's: a text, as one string."""
    chunks = _after(file, _STRING)
    return _characters(chunks) if chunks is not None else None


def _characters(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        data = rest + chunk
        whole = _CHARACTERS.match(data)
        end = whole.end() if whole else 0
        escaped = data[:end].decode("utf-8", "replace")
        yield json.loads(f'"{escaped}"', strict=False).encode("utf-8", "replace")
        rest = data[end:]
        if rest.startswith(b'"'):
            return
        if len(rest) >= _LONGEST_ESCAPE:
            raise ValueError("no escape of JSON")
    raise EOFError


def _page(file: IO[bytes]) -> Iterator[bytes] | None:
    """What the newest systrace puts into a page: packed, as base64. A page with plain text is not unwrapped here."""
    chunks = _after(file, _SCRIPT)
    return unpacked(_base64(chunks), deflate) if chunks is not None else None


def _base64(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        end = _NO_BASE64.search(chunk)
        data = rest + b"".join(chunk[: end.start() if end else len(chunk)].split())
        whole = len(data) if end else len(data) & ~3
        yield binascii.a2b_base64(data[:whole])
        rest = data[whole:]
        if end:
            return


def _atrace(file: IO[bytes]) -> Iterator[bytes] | None:
    """What `atrace -z` writes behind its greeting."""
    chunks = _after(file, _ATRACE)
    return unpacked(chunks, deflate) if chunks is not None else None


def _archive(file: IO[bytes]) -> Iterator[bytes] | None:
    """The only file of a zip archive."""
    archive = zipfile.ZipFile(file)
    files = [member for member in archive.infolist() if not member.is_dir()]
    if len(files) != 1 or files[0].flag_bits & 1:
        return None
    return _member(archive, files[0])


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(member) as content:
        while piece := content.read(PIECE):
            yield piece


WRAPPERS: Final = (
    Wrapper("packed with gzip", re.compile(rb"\x1f\x8b"), lambda file: unpacked(_chunks(file), deflate)),
    Wrapper("packed with zstd", re.compile(rb"\x28\xb5\x2f\xfd"), lambda file: unpacked(_chunks(file), zst)),
    Wrapper("packed with xz", re.compile(rb"\xfd7zXZ\x00"), lambda file: unpacked(_chunks(file), xz)),
    Wrapper("a zip archive", re.compile(rb"PK\x03\x04"), _archive),
    Wrapper("packed by atrace -z", re.compile(rb"(?s:.*?)" + _ATRACE.pattern), _atrace),
    Wrapper("JSON", re.compile(rb"\s*\{"), _string),
    Wrapper("a page with packed data", re.compile(rb"\s*(?i:<!doctype\s+html|<html)"), _page),
)


def unwrapped(file: IO[bytes], name: str) -> tuple[IO[bytes], str]:
    """What is inside, at its first byte, and a sentence where it was not whole; the file itself if not wrapped.

    Raises UnreadableInput where nothing can be had, OutputError where the temporary folder has too little room.
    """
    told, outer = "", file
    for _ in range(_DEEPEST):
        outer.seek(0)
        head = outer.read(HEAD)
        outer.seek(0)
        wrapper = next((w for w in WRAPPERS if w.begins.match(head)), None)
        inner = None if wrapper is None else _inside(outer, wrapper, name)
        if inner is None:
            break
        if outer is not file:
            outer.close()
        outer, cut = inner
        told = told or cut
    outer.seek(0)
    return outer, told


def _inside(file: IO[bytes], wrapper: Wrapper, name: str) -> tuple[IO[bytes], str] | None:
    """A wrapper's content in a temporary file, and where it broke off; None where it has none."""
    with ExitStack() as undo:
        kept: IO[bytes] = undo.enter_context(tempfile.NamedTemporaryFile(prefix="gstrace-"))
        cut = ""
        try:
            content = wrapper.content(file)
            if content is None:
                return None
            for piece in _bounded(content, file, name):
                kept.write(piece)
        except (EOFError, ValueError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
            why = "ends too early" if isinstance(error, EOFError) else f"is damaged ({error})"
            cut = f"{name} is {wrapper.name} and {why} near byte {file.tell()}"
            if not kept.tell():
                raise UnreadableInput(cut, hint="copy the file again") from error
        kept.flush()
        undo.pop_all()
    return kept, cut


def _bounded(pieces: Iterator[bytes], packed: IO[bytes], name: str) -> Iterator[bytes]:
    """The pieces as long as they are no bomb and leave the temporary folder half of its room."""
    folder = tempfile.gettempdir()
    room = shutil.disk_usage(folder).free // 2
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > _FREELY and size > _MOST_TIMES * packed.tell():
            raise UnreadableInput(
                f"{name} unpacks to more than {_MOST_TIMES} times its size", hint="unpack it first if it is sound"
            )
        if size > room:
            raise OutputError(
                f"{name} unpacks to more than half of the room that is left in {folder}",
                hint="name a larger folder by TMPDIR, or unpack it first",
            )
        yield piece
