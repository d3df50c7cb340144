"""Which format an input is, by its content and never by its name; one line per format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final

from gstrace.errors import UnreadableInput, nearest

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
    Format("ftracetext", "ftrace text", "gstrace.importers.ftracetext"),
)

# What people bring by mistake, by first bytes: say what it is instead of "unknown".
STRANGERS: Final = (
    (b"version https://git-lfs", "a Git LFS pointer, not the file it points to", "fetch the file with `git lfs pull`"),
    (b"\x1f\x8b", "compressed with gzip", "unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it first"),
    (b"\xfd7zXZ", "compressed with xz", "unpack it first"),
    (b"PK\x03\x04", "a zip archive", "unpack it first"),
    (b"\x17\x08\x44tracing", "a trace.dat of trace-cmd, which this version does not read", "record with perf"),
    (b"PAR1", "a Parquet file", "give the .gst directory it belongs to, or the recording"),
    (b"\x7fELF", "a program", ""),
    (b"{", "JSON", "give the recording itself"),
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
        raise UnreadableInput(f"{source.name} is empty", hint="did the recorder end without writing?")
    for known in FORMATS:
        if import_module(known.module).claims(head):
            return known
    for start, what, hint in STRANGERS:
        if head.startswith(start):
            raise UnreadableInput(f"{source.name} is {what}", hint=hint)
    titles = ", ".join(f.title for f in FORMATS)
    raise UnreadableInput(
        f"{source.name} is no trace that gstrace knows ({titles})", hint="see `gstrace ingest --help`"
    )


def open_reader(source: Source, wanted: str = "", formats: Mapping[str, str] | None = None) -> tuple[Format, Reader]:
    """The input's format and an open reader of it. formats: event format texts from elsewhere, by `system/name`."""
    known = find(source, wanted)
    reader: Reader = import_module(known.module).open(source.file, source.name, formats)
    return known, reader
