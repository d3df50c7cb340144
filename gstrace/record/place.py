"""Where a recording goes: aside while it is made, in its place when it is whole; and the machine folder beside it."""

from __future__ import annotations

import fcntl
import os
import shutil
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Self

from gstrace.errors import UsageError
from gstrace.files import cannot_write
from gstrace.record.snapshot import FILES


class Place:
    """`with Place(FILE) as place`: `place.part` and `place.machine` are to be filled, and `keep` puts them in place.

    They are `FILE.part` and `FILE.part.machine`: so a recording whose gstrace was killed can be found, and read. Unless
    they are kept or left, they are gone afterwards, and what stood at FILE still does.
    """

    def __init__(self, output: Path) -> None:
        self.output = output
        self.part = output.with_name(f"{output.name}.part")
        self.machine = _machine(self.part)
        self._stays = False
        self._lock = -1

    def __enter__(self) -> Self:
        refuse(self.output)
        for folder in (_machine(self.output), self.machine):
            _refuse_folder(folder)
        try:
            self._take()
            # Whether FILE can be written is known before anything is recorded.
            self.part.touch()
            self.part.unlink()
        except OSError as error:
            self.__exit__()
            raise cannot_write(self.output, error) from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock < 0:
            return
        if not self._stays:
            self.part.unlink(missing_ok=True)
            shutil.rmtree(self.machine, ignore_errors=True)
        os.close(self._lock)

    def keep(self) -> None:
        """The recording is whole: it takes the place of what stood there. Raises OutputError."""
        self._stays = True
        final = _machine(self.output)
        try:
            if self.output.exists():
                self.part.chmod(self.output.stat().st_mode & 0o777)
            shutil.rmtree(final, ignore_errors=True)
            self.machine.replace(final)
            self.part.replace(self.output)
        except OSError as error:
            raise cannot_write(self.output, error) from error

    def leave(self) -> None:
        """Not whole, but worth keeping: it stays where it is, and so does what stood at FILE."""
        self._stays = True

    def _take(self) -> None:
        """The folder, empty, for this recording alone: one that is under way holds its lock, a killed one does not."""
        self.machine.mkdir(exist_ok=True)
        self._lock = os.open(self.machine, os.O_RDONLY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise UsageError(f"another recording into {self.output} is under way") from error
        for left in self.machine.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()


def refuse(output: Path) -> None:
    """Raise UsageError for a place that a recording cannot have."""
    if output.suffix == ".gst":
        raise UsageError(
            f"{output}: a recording is not a .gst yet",
            hint=f"record into {output.with_suffix('.data')}; `gstrace ingest` makes the .gst of it",
        )
    if not output.parent.is_dir():
        raise UsageError(f"{output.parent} is no folder")
    if output.is_symlink() or (output.exists() and not output.is_file()):
        raise UsageError(f"{output} is no regular file, and a recording replaces nothing else")


def _refuse_folder(folder: Path) -> None:
    """Only a machine folder is replaced, never one that holds something of the user's."""
    if not folder.is_symlink() and not folder.exists():
        return
    strange = [folder.name] if folder.is_symlink() or not folder.is_dir() else _strange(folder)
    if strange:
        raise UsageError(
            f"{folder} is in the way: {strange[0]} is no file of a machine folder",
            hint="move it away, or record under another name",
        )


def _strange(folder: Path) -> list[str]:
    names = sorted(entry.name for entry in folder.iterdir())
    return [name for name in names if not any(fnmatchcase(name, known) for known in FILES)]


def _machine(recording: Path) -> Path:
    return recording.with_name(f"{recording.name}.machine")
