"""trace.dat, as trace-cmd writes it: versions 6 and 7, compressed or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, BinaryIO

from gstrace.importers.tracing import MAGIC

if TYPE_CHECKING:
    from gstrace.importers.batch import Reader


def claims(head: bytes) -> bool:
    """Whether a file that begins so is one; also of versions that are then refused by name."""
    return head.startswith(MAGIC)


def open(file: BinaryIO, name: str, formats: Mapping[str, str] | None = None) -> Reader:  # noqa: A001  (tracedat.open)
    """Open a seekable file; `name` is for messages. formats: event format texts kept apart, by `system/name`.

    Raises UnreadableInput where the head is damaged, or the file holds no events of its own.
    """
    from gstrace.importers.tracedat.reader import TraceDat

    return TraceDat(file, name, formats)
