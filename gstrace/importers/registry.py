"""Which format an input is, by its content and never by its name; one line per format."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final

from gstrace.errors import UnreadableInput, nearest
from gstrace.events.recorders import RECORD

if TYPE_CHECKING:
    from gstrace.importers.batch import Reader
    from gstrace.importers.source import Source


@dataclass(frozen=True)
class Format:
    """A format gstrace reads. Its module has `claims(head) -> bool` and `open(file, name, formats) -> Reader`."""

    name: str
    title: str
    module: str


FORMATS: Final = (
    Format("perfdata", "perf.data", "gstrace.importers.perfdata"),
    Format("tracedat", "trace.dat", "gstrace.importers.tracedat"),
    Format("perfscript", "perf script text", "gstrace.importers.perfscript"),
    Format("ftracetext", "ftrace text", "gstrace.importers.ftracetext"),
    Format("perfetto", "Perfetto", "gstrace.importers.perfetto"),
)

_RECORD: Final = f"record with: {RECORD}"

# What people bring by mistake, by first bytes: say what it is instead of "unknown".
STRANGERS: Final = (
    (rb"version https://git-lfs", "a Git LFS pointer, not the file it points to", "fetch the file with `git lfs pull`"),
    (rb"[0-9a-f]{64}\s*$", "the digest of a file instead of the file", "fetch the file that it stands for"),
    (rb"PK\x03\x04", "a zip archive of several files, or locked", "unpack it and give the recording"),
    (rb"(?s:.{257})ustar", "a tar archive", "unpack it and give the recording"),
    (rb"PAR1", "a Parquet file", "give the .gst directory it belongs to, or the recording"),
    (rb"\x7fELF", "a program", ""),
    (rb"\xc1\x1f\xfc\xc1|\xc1\xfc\x1f\xc1", "a CTF trace (LTTng, perf data convert)", _RECORD),
    (rb"/\* CTF ", "the description of a CTF trace (LTTng, perf data convert)", _RECORD),
    (
        rb'\s*\{\s*"traceEvents"',
        "a Chrome JSON trace without a kernel's events",
        "record system calls and switches too",
    ),
    (rb"\s*[\[{]", "JSON", "give the recording itself"),
    (rb"\x1f\x8b|\x28\xb5\x2f\xfd|\xfd7zXZ", "a file packed too often", "unpack it first"),
)


def find(source: Source, wanted: str = "") -> Format:
    """The format of an input; `wanted` overrules its content. Raises UnreadableInput for none that is known."""
    if wanted:
        for known in FORMATS:
            if known.name == wanted:
                return known
        raise nearest(wanted, [f.name for f in FORMATS], what="input format")
    head = source.head()
    if not head:
        empty = "wraps nothing" if source.is_wrapped else "is empty"
        raise UnreadableInput(f"{source.name} {empty}", hint="did the recorder end without writing?")
    for known in FORMATS:
        if import_module(known.module).claims(head):
            return known
    verb = "wraps" if source.is_wrapped else "is"
    for begin, what, hint in STRANGERS:
        if re.match(begin, head):
            raise UnreadableInput(f"{source.name} {verb} {what}", hint=hint)
    titles = ", ".join(f.title for f in FORMATS)
    raise UnreadableInput(
        f"{source.name} is no trace that gstrace knows ({titles})", hint="see `gstrace ingest --help`"
    )


def open_reader(source: Source, wanted: str = "", formats: Mapping[str, str] | None = None) -> tuple[Format, Reader]:
    """The input's format and an open reader of it. formats: event format texts from elsewhere, by `system/name`."""
    known = find(source, wanted)
    reader: Reader = import_module(known.module).open(source.file, source.name, formats)
    return known, reader
