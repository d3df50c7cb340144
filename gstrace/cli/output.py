"""Results on standard output or in a file, there whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from gstrace.cli.options import Output
from gstrace.errors import OutputError
from gstrace.files import cannot_write, put_whole


def write(pieces: str | Iterable[str], output: Output) -> None:
    """A result to where it was asked for. Raises OutputError."""
    parts = [pieces] if isinstance(pieces, str) else pieces
    if output.file is not None:
        if output.file.exists() and not output.file.is_file():
            _write_through(output.file, parts)
        else:
            put_whole(output.file, lambda fresh: _fill(fresh, parts))
        return
    if sys.stdout is None:
        raise OutputError("standard output is closed", hint="-o FILE writes to a file")
    for part in parts:
        sys.stdout.write(part)


def _fill(path: Path, parts: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(parts)


def _write_through(path: Path, parts: Iterable[str]) -> None:
    """A pipe or a device cannot be replaced, and nobody would want it to be."""
    try:
        _fill(path, parts)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise cannot_write(path, error) from error


def write_rows(document: dict[str, Any], rows: Sequence[dict[str, Any]], lines: list[str], output: Output) -> None:
    """The same in the form asked for: `document` as JSON, `rows` as CSV and Markdown, `lines` as text."""
    match output.format:
        case "json":
            write(as_json(document), output)
        case "csv":
            write(as_csv(rows), output)
        case "md":
            write(as_markdown(rows), output)
        case "table":
            write("\n".join(lines) + "\n", output)


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
