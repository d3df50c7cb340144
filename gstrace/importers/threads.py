"""Threads that were there before the recording: what perf wrote down about them from /proc.

perf tells of each thread by a FORK and a COMM, and of each process by an MMAP for every mapping of its code, all of
time 0. These become one TASK row each, FOUND, before the first real row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from gstrace.events.tables import NULL

_KTHREADD: Final = 2


@dataclass
class Threads:
    """Threads by tid, in the order told: their process, and the processes' names, parents and mappings."""

    pids: dict[int, int] = field(default_factory=dict)
    comms: dict[int, bytes] = field(default_factory=dict)
    parents: dict[int, int] = field(default_factory=dict)
    mapped: set[int] = field(default_factory=set)

    def comm(self, pid: int, tid: int, name: bytes) -> None:
        self.pids[tid], self.comms[tid] = pid, name

    def fork(self, pid: int, ppid: int, tid: int) -> None:
        self.pids[tid] = pid
        if tid == pid:
            self.parents[pid] = ppid

    def found(self, *, whole_system: bool) -> list[tuple[int, int, int, bytes]]:
        """(tid, process, kernel thread 1 or 0 or `NULL`, name) of each; the idle threads (0) are left out."""
        return [
            (tid, pid, self._is_kernel(pid, whole_system=whole_system), self.comms.get(tid) or self.comms.get(pid, b""))
            for tid, pid in self.pids.items()
            if tid > 0
        ]

    def _is_kernel(self, pid: int, *, whole_system: bool) -> int:
        """A kernel thread has no mappings, and is kthreadd or a child of it; only root may see other users' mappings.

        Where kthreadd is not to be seen (an old perf, which does not tell parents), having none must do; a zombie
        then passes for a kernel thread, which does no harm: it does not run. Where not the whole system was recorded,
        processes are too few to judge by.
        """
        if pid in self.mapped:
            return 0
        if self.comms.get(_KTHREADD) == b"kthreadd" and _KTHREADD in self.parents.values():
            return int(pid == _KTHREADD or self.parents.get(pid) == _KTHREADD)
        users = any(p in self.mapped for p in self.pids.values() if p > 0)
        return 1 if whole_system and users else NULL
