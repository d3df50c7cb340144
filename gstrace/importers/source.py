"""An input: as it was given, with its name, size and digest; and what readers read, which may be wrapped in it."""

from __future__ import annotations

import hashlib
import sys
import tempfile
import threading
from functools import cached_property
from pathlib import Path
from typing import IO, Self

from gstrace.errors import UsageError
from gstrace.importers import perfdata
from gstrace.importers.wrapped import HEAD, unwrapped


class Source:
    """An input that can be read again: a file, perf.data's directory, or standard input kept in a temporary file.

    name: the file's name without its folders. given: the file as it was given, of a directory the one with the header.
    files, size: all that belongs to it, in a fixed order; their bytes. `digest()`: SHA-256 of those, hex, made in a
    thread of its own from `begin_digest` on, while others read. file: what readers read, unwrapped when first asked
    for. cut: a sentence where that could not be had whole.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = None if str(path) == "-" else Path(path)
        self.name = self.path.name if self.path else "-"
        try:
            self.given: IO[bytes] = _main(self.path).open("rb") if self.path else _kept(sys.stdin.buffer)
        except FileNotFoundError as error:
            raise _no_file(Path(path)) from error
        except IsADirectoryError as error:
            raise UsageError(f"{path} is a folder, not a recording") from error
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from error
        if self.path and not self.given.seekable():
            # A pipe by name, as <(…) makes it: kept as standard input is.
            with self.given as pipe:
                self.given = _kept(pipe)
        self.files = [Path(self.given.name), *perfdata.parts(Path(self.given.name))]
        self.size = sum(file.stat().st_size for file in self.files)
        self._hash = hashlib.sha256()
        self._hashing: threading.Thread | None = None

    @cached_property
    def _inner(self) -> tuple[IO[bytes], str]:
        return unwrapped(self.given, self.name)

    @property
    def file(self) -> IO[bytes]:
        return self._inner[0]

    @property
    def cut(self) -> str:
        return self._inner[1]

    @cached_property
    def length(self) -> int:
        """Bytes that readers read."""
        return Path(self.file.name).stat().st_size

    @property
    def is_wrapped(self) -> bool:
        return self.file is not self.given

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

    def head(self, size: int = HEAD) -> bytes:
        """The first bytes that readers read; the position stays."""
        head = self.file.read(size)
        self.file.seek(0)
        return head

    def close(self) -> None:
        if self._hashing is not None:
            self._hashing.join()
        if "_inner" in self.__dict__:
            self.file.close()
        self.given.close()

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
