"""`perf script` text: what users send where they do not send the perf.data itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from gstrace.importers.batch import Reader


def claims(head: bytes) -> bool:
    """Whether a text that begins so is one: by its `--header`, or by a line that ftrace text cannot have."""
    from gstrace.importers.perfscript.shape import BEGIN, LINE

    return bool(BEGIN.match(head) or any(LINE.match(line) for line in head.split(b"\n")))


def open(file: BinaryIO, name: str, formats: Mapping[str, str] | None = None) -> Reader:  # noqa: A001, ARG001  (every format's)
    """Open a seekable file; `name` is for messages. formats: not needed, the text has its fields by name."""
    from gstrace.importers.perfscript.reader import PerfScript

    return PerfScript(file, name)
