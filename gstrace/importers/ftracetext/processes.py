"""The tables of `ps` that systrace puts beside its trace: whose thread is which, and which are the kernel's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gstrace.events.tables import NULL

KTHREADD: Final = 2
_HEADER: Final = re.compile(rb"^USER[ \t]+PID[ \t][^\n]*", re.MULTILINE)
_LIKELY: Final = b"USER "
_MOST_TID: Final = 1 << 22
_MOST: Final = 1 << 16
"""Threads that are kept."""


class Processes:
    """Threads by number, as told: their process, its parent, their names."""

    def __init__(self) -> None:
        self._pids: dict[int, int] = {}
        self._parents: dict[int, int] = {}
        self._names: dict[int, bytes] = {}
        self._columns: list[bytes] = []

    def feed(self, block: bytes) -> None:
        """Take the tables of a block of whole lines; one may go on in the next."""
        at = self._rows(block, 0) if self._columns else 0
        while _LIKELY in block and (header := _HEADER.search(block, at)):
            self._columns = header[0].split()
            at = self._rows(block, header.end() + 1)

    def found(self) -> Iterator[tuple[int, int, int, bytes]]:
        """(thread, process, kernel thread 1 or 0 or `NULL`, name) of each."""
        for tid, pid in self._pids.items():
            yield tid, pid, self._is_kernel(pid), self._names.get(tid, b"")

    def _rows(self, block: bytes, at: int) -> int:
        """Lines as long as they fit the columns. → the first byte that does not."""
        while at < len(block):
            end = block.index(b"\n", at)
            if not self._row(block[at:end]):
                self._columns = []
                return at
            at = end + 1
        return at

    def _row(self, line: bytes) -> bool:
        fields = line.split()
        told = dict(zip(self._columns, fields, strict=False))
        # A phone's ps has a letter for the state that its header leaves out.
        numbers = [told.get(name, b"0") for name in (b"PID", b"TID", b"PPID")]
        if (
            len(self._pids) == _MOST
            or len(fields) < len(self._columns)
            or not all(n.isdigit() and int(n) < _MOST_TID for n in numbers)
        ):
            return False
        pid, tid, parent = map(int, numbers)
        self._pids[tid or pid] = pid
        if b"PPID" in told:
            self._parents[pid] = parent
        # A command line may hold spaces; the name, which is last elsewhere, does not.
        command = self._columns[-1] == b"CMD"
        self._names[tid or pid] = line.split(None, len(self._columns) - 1)[-1].strip() if command else fields[-1]
        return True

    def _is_kernel(self, pid: int) -> int:
        """kthreadd and its children; `ps` writes their names in brackets, having no command line."""
        name = self._names.get(pid, b"")
        if pid == KTHREADD or self._parents.get(pid) == KTHREADD or (name[:1], name[-1:]) == (b"[", b"]"):
            return 1
        return 0 if pid in self._parents else NULL
