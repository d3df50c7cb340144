"""Threads that ran before the recording, as its machine folder tells: rows that come before all others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gstrace.events.tables import NULL, Kind, Task
from gstrace.importers.batch import new_batch

if TYPE_CHECKING:
    from gstrace.importers.batch import Batch

NAME: Final = "threads"
_MOST_TID: Final = 1 << 22
"""The kernel's PID_MAX_LIMIT."""
_LONGEST: Final = 1 << 24
"""Bytes that are read: more than so many threads need."""
_LINE: Final = re.compile(r"(?P<tid>[0-9]{1,7}) (?P<pid>[0-9]{1,7}) (?P<kernel>[01])(?: (?P<comm>.{0,64}))?")


def threads(folder: Path | None, texts: list[str]) -> tuple[Batch | None, int]:
    """A row for each line `TID PID KERNEL COMM` of the folder's file; None without one. → (the rows, lines left out).

    KERNEL: 1 for a kernel thread, 0 for none. texts: the reader's, where the names go. The rows outrank what a format
    guesses, since the first word on a thread counts.
    """
    lines = _lines(folder / NAME) if folder is not None else []
    told = [found for line in lines if (found := _parse(line)) is not None]
    if not told:
        return None, len(lines)
    batch = new_batch(len(told))
    first: dict[str, int] = {}
    for row, (tid, pid, kernel, comm) in enumerate(told):
        if comm and comm not in first:
            first[comm] = len(texts)
            texts.append(comm)
        batch.text[row] = first[comm] if comm else -1
        batch.a[row], batch.b[row], batch.c[row] = int(Task.FOUND) | pid << 8, tid, kernel
    batch.kind[:], batch.tid[:], batch.d[:] = int(Kind.TASK), -1, NULL
    return batch, len(lines) - len(told)


def _lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return []
    return list(filter(None, text.decode("utf-8", "replace").split("\n")))


def _parse(line: str) -> tuple[int, int, int, str] | None:
    """(thread, process, whether the kernel's, name); None for a line of another form."""
    form = _LINE.fullmatch(line)
    if form is None:
        return None
    tid, pid, kernel = (int(form[name]) for name in ("tid", "pid", "kernel"))
    return (tid, pid, kernel, form["comm"] or "") if 0 < tid <= _MOST_TID and pid <= _MOST_TID else None
