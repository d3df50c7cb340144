"""Results on standard output or in a file, there whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from gstrace.cli.options import Output
from gstrace.errors import OutputError


def write(pieces: str | Iterable[str], output: Output) -> None:
    """A result to where it was asked for. Raises OutputError."""
    parts = [pieces] if isinstance(pieces, str) else pieces
    if output.file is not None:
        _write_aside(output.file, parts)
        return
    if sys.stdout is None:
        raise OutputError("standard output is closed", hint="-o FILE writes to a file")
    for part in parts:
        sys.stdout.write(part)


def _write_aside(path: Path, parts: Iterable[str]) -> None:
    """Written beside its place and renamed into it; what stood there stays until then."""
    if path.exists() and not path.is_file():
        # A pipe or a device cannot be replaced, and nobody would want it to be.
        return _write_through(path, parts)
    aside: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="", dir=path.parent, prefix=f".{path.name}-", delete=False
        ) as file:
            aside = Path(file.name)
            for part in parts:
                file.write(part)
        aside.chmod(_mode(path))
        aside.rename(path)
        aside = None
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        if aside is not None:
            aside.unlink(missing_ok=True)
    return None


def _write_through(path: Path, parts: Iterable[str]) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            for part in parts:
                file.write(part)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error


def _mode(path: Path) -> int:
    """That of the file that is replaced, else what the umask leaves."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0o022)
    os.umask(mask)
    return 0o666 & ~mask


def as_json(value: Any) -> str:
    """One document. In ASCII, so that no name from a recording can steer a terminal."""
    return json.dumps(value, indent=2, allow_nan=False) + "\n"


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Rows with a line of column names."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows([{name: plain(value) for name, value in row.items()} for row in rows])
    return text.getvalue()


def as_markdown(rows: Sequence[dict[str, Any]]) -> str:
    """Rows as a table of GitHub's Markdown."""
    names = list(rows[0]) if rows else []
    cells = [[plain(v).replace("|", "\\|").replace("\n", " ") for v in row.values()] for row in rows]
    lines = [names, ["---"] * len(names), *cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def columns(rows: Sequence[Sequence[str]], *, last: int = 0) -> list[str]:
    """Rows of cells as lines, each column as wide as its widest cell; the last one wraps at `last` (0: never)."""
    import textwrap

    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    indent = sum(widths) + 2 * len(widths)
    room = max(last - indent, 24) if last else 0
    lines = []
    for *head, text in rows:
        start = "".join(f"{cell.ljust(width)}  " for cell, width in zip(head, widths, strict=True))
        wrapped = textwrap.wrap(text, room, break_on_hyphens=False) if room else [text]
        lines += [f"{start}{(wrapped or [''])[0]}".rstrip(), *(" " * indent + line for line in wrapped[1:])]
    return lines


def width() -> int:
    """Of the terminal, or COLUMNS; 0 where nobody has to wrap."""
    import shutil

    if not os.environ.get("COLUMNS") and not (sys.stdout is not None and sys.stdout.isatty()):
        return 0
    return shutil.get_terminal_size().columns


def plain(value: Any) -> str:
    """A value in one cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    return str(value)
