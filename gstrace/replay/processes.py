"""Threads by process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    I64 = npt.NDArray[np.int64]


class Process(NamedTuple):
    """A process: pid and its leader's last name; None where the recording does not say."""

    pid: int | None
    comm: str | None


def processes(tid: Sequence[int], pid: Sequence[int | None], comm: Sequence[str | None]) -> tuple[I64, list[Process]]:
    """Which process each row of the thread table belongs to: int64 [threads], and the processes in order of appearance.

    A thread whose process is unknown is one of its own. A pid that is used again is another process, unless it has the
    same name.
    """
    owner = [t if p is None else p for t, p in zip(tid, pid, strict=True)]
    names: list[str | None] = [None] * len(owner)
    led: dict[int, str | None] = {}
    members: dict[int, list[int]] = {}
    for row, (t, p) in enumerate(zip(tid, owner, strict=True)):
        if t == p:
            if p not in led:
                for earlier in members.pop(p, []):
                    names[earlier] = comm[row]
            led[p] = comm[row]
        if p in led:
            names[row] = led[p]
        else:
            members.setdefault(p, []).append(row)
            names[row] = comm[members[p][0]]
    found: dict[Process, int] = {}
    of = [
        found.setdefault(Process(None if p < 0 else p, name), len(found)) for p, name in zip(owner, names, strict=True)
    ]
    return np.array(of, np.int64), list(found)
