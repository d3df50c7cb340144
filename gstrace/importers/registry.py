"""Which format an input is, by its content and never by its name; one line per format."""

from __future__ import annotations

import hashlib
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Self

from gstrace.errors import UnreadableInput, UsageError, nearest
from gstrace.importers import perfdata

if TYPE_CHECKING:
    from gstrace.importers.batch import Reader


@dataclass(frozen=True)
class Format:
    """A format gstrace reads. Its module has `claims(head) -> bool` and `open(file, name, formats) -> Reader`."""

    name: str
    title: str
    module: str


FORMATS: Final = (
    Format("perfdata", "perf.data", "gstrace.importers.perfdata"),
    Format("perfscript", "perf script text", "gstrace.importers.perfscript"),
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


class Source:
    """An input that can be read again: a file or perf.data directory, or standard input kept in a temporary file.

    name: the file's name without its folders. files: all its files, in a fixed order. size: their bytes. `digest()`:
    SHA-256 of these, hex, made in a thread of its own from `begin_digest` on, while others read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = None if str(path) == "-" else Path(path)
        self.name = self.path.name if self.path else "-"
        try:
            self.file: IO[bytes] = _main(self.path).open("rb") if self.path else _kept(sys.stdin.buffer)
        except FileNotFoundError as error:
            raise _no_file(Path(path)) from error
        except IsADirectoryError as error:
            raise UsageError(f"{path} is a folder, not a recording") from error
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from error
        if self.path and not self.file.seekable():
            # A pipe by name, as <(…) makes it: kept as standard input is.
            with self.file as pipe:
                self.file = _kept(pipe)
        self.files = [Path(self.file.name), *perfdata.parts(Path(self.file.name))]
        self.size = sum(file.stat().st_size for file in self.files)
        self.file.seek(0)
        self._hash = hashlib.sha256()
        self._hashing: threading.Thread | None = None

    def begin_digest(self) -> threading.Thread:
        if self._hashing is None:
            self._hashing = threading.Thread(target=self._run_digest, daemon=True)
            self._hashing.start()
        return self._hashing

    def _run_digest(self) -> None:
        for file in self.files:
            with file.open("rb") as again:
                while chunk := again.read(1 << 20):
                    self._hash.update(chunk)

    def digest(self) -> str:
        self.begin_digest().join()
        return self._hash.hexdigest()

    def head(self, size: int = 4096) -> bytes:
        """The first bytes; the position stays."""
        head = self.file.read(size)
        self.file.seek(0)
        return head

    def close(self) -> None:
        if self._hashing is not None:
            self._hashing.join()
        self.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _main(path: Path) -> Path:
    """The file to open: of a directory of `perf record --threads`, the one with the header."""
    return path / "data" if (path / "data").is_file() else path


def _kept(stream: IO[bytes]) -> IO[bytes]:
    """Standard input cannot seek: keep it in a temporary file, which goes with the process."""
    kept: IO[bytes] = tempfile.NamedTemporaryFile(prefix="gstrace-")  # noqa: SIM115 (the source closes it)
    while chunk := stream.read(1 << 20):
        kept.write(chunk)
    kept.flush()
    return kept


def _no_file(path: Path) -> UsageError:
    from difflib import get_close_matches

    folder = path.parent
    like = get_close_matches(path.name, [p.name for p in folder.iterdir()], n=3) if folder.is_dir() else []
    return UsageError(f"no such file: {path}", hint=f"did you mean {', '.join(like)}?" if like else "")


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
