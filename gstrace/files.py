"""A file there whole or not at all: written aside, then renamed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from gstrace.errors import OutputError


def put_whole(path: Path, write: Callable[[Path], object]) -> None:
    """`write` makes a file at the place it is given, which then takes the place, and the mode, of what stood at `path`.

    Raises OutputError.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as aside:
            fresh = Path(aside) / path.name
            write(fresh)
            if path.exists():
                fresh.chmod(path.stat().st_mode & 0o777)
            fresh.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> OutputError:
    """What the user is told of it."""
    return OutputError(f"{path}: cannot be written: {error.strerror or error}")
