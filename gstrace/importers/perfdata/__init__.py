"""perf.data, as `perf record` writes it: into a file, a pipe or a directory, compressed or not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from gstrace.importers.batch import Reader

_MAGICS = (b"PERFILE2", b"2ELIFREP", b"PERFFILE")


def claims(head: bytes) -> bool:
    """Whether a file that begins so is one; also of versions that are then refused by name."""
    return head[:8] in _MAGICS


def parts(file: Path) -> list[Path]:
    """The records of a directory (perf record --threads), in files `data.N` beside the one with the header, `data`."""
    beside = file.parent.glob("data.*") if file.name == "data" else ()
    return sorted((p for p in beside if p.suffix[1:].isdigit()), key=lambda p: int(p.suffix[1:]))


def open(file: BinaryIO, name: str, formats: Mapping[str, str] | None = None) -> Reader:  # noqa: A001  (perfdata.open)
    """Open a seekable file; `name` is for messages. formats: event format texts kept apart, by `system/name`.

    Raises UnreadableInput where the header or the attributes are damaged.
    """
    from gstrace.importers.perfdata.reader import PerfData

    return PerfData(file, name, formats)
