"""Threads that were there before the recording: what the recorder read of them from /proc, at any time.

A thread that the recording itself saw beginning was not there before, whatever is told of its number later.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gstrace.events.tables import NULL
from gstrace.importers.perfetto.messages import text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

KTHREADD: Final = 2
MOST: Final = 1 << 17
"""Threads and processes that are kept: more than a machine has."""
_COMM: Final = 15


class Told(NamedTuple):
    """One thread: its process, name, and when that was read."""

    pid: int
    comm: bytes
    stamp: int


class Tree:
    """Threads and processes as first told of: an entry of an earlier stamp counts."""

    def __init__(self) -> None:
        self._threads: dict[int, Told] = {}
        self._parents: dict[int, int] = {}
        self._kernel: dict[int, bool] = {}

    def add(self, tree: Any, stamp: int) -> None:
        """Take a ProcessTree, read at this time."""
        for process in tree.processes:
            known = self._threads.get(process.pid)
            if len(self._threads) >= MOST or (known is not None and known.stamp <= stamp):
                continue
            words = [text(word) for word in process.cmdline]
            self._threads[process.pid] = Told(process.pid, _name(words, is_comm=process.cmdline_is_comm), stamp)
            self._parents[process.pid] = process.ppid
            # A helper that the kernel started is a child of kthreadd too, but has a command line.
            self._kernel[process.pid] = process.is_kthread or not words or (len(words) == 1 and words[0][:1] != "/")
        for thread in tree.threads:
            known = self._threads.get(thread.tid)
            if len(self._threads) < MOST and (known is None or known.stamp > stamp or thread.tid == known.pid):
                self._threads[thread.tid] = Told(thread.tgid, text(thread.name).encode(), stamp)

    def found(
        self, born: npt.NDArray[np.int64], *, since: int, comparable: bool
    ) -> Iterator[tuple[int, int, int, bytes]]:
        """(tid, process, kernel thread 1 or 0 or `NULL`, name) of each that was there before `since`.

        born: when the recording saw each number begin, 0 for never; comparable: by the clock of the stamps here.
        """
        for tid, told in sorted(self._threads.items()):
            if not 0 < tid < len(born):
                continue
            if born[tid] > since and not (comparable and told.stamp < born[tid]):
                continue
            yield tid, told.pid, self._is_kernel(told.pid), told.comm

    def _is_kernel(self, pid: int) -> int:
        """kthreadd and its children, but for those that have a command line."""
        if pid not in self._parents:
            return NULL
        kthreadd = self._parents.get(KTHREADD, 0) == 0
        child = pid == KTHREADD or self._parents[pid] == KTHREADD
        return int(kthreadd and child and self._kernel[pid])


def _name(words: list[str], *, is_comm: bool) -> bytes:
    """A process's name: what the recorder says it is, or as exec makes it of a program's path."""
    if not words:
        return b""
    return (words[0] if is_comm else words[0].rpartition("/")[2]).encode()[:_COMM]
