"""Perfetto traces: what `perfetto` and Android's system tracing write, for the events that the kernel's ftrace gave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from gstrace.importers.batch import Reader


def claims(head: bytes) -> bool:
    """Whether a file that begins so is one: packets, and in them nothing but fields that packets have."""
    if head[:1] != b"\n":
        return False
    from gstrace.importers.perfetto.messages import is_trace

    return is_trace(head)


def open(file: BinaryIO, name: str, formats: Mapping[str, str] | None = None) -> Reader:  # noqa: A001, ARG001  (every format's)
    """Open a seekable file; `name` is for messages. formats: not needed, the trace has its fields by number."""
    from gstrace.importers.perfetto.reader import Perfetto

    return Perfetto(file, name)
