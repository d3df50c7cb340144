"""ftrace as text: tracefs `trace` and `trace_pipe`, `trace-cmd report`, atrace, systrace; plain or in HTML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from gstrace.importers.batch import Reader


def claims(head: bytes) -> bool:
    """Whether a file that begins so is one. Any HTML page is: its trace may come behind a megabyte of script."""
    from gstrace.importers.ftracetext.lines import is_html
    from gstrace.importers.ftracetext.shape import HEADER, LINE

    return bool(HEADER.search(head) or is_html(head) or any(LINE.match(line) for line in head.split(b"\n")))


def open(file: BinaryIO, name: str, formats: Mapping[str, str] | None = None) -> Reader:  # noqa: A001, ARG001  (every format's)
    """Open a seekable file; `name` is for messages. formats: not needed, the text has its fields by name.

    Raises UnreadableInput where no line is one of a trace.
    """
    from gstrace.importers.ftracetext.reader import FtraceText

    return FtraceText(file, name)
