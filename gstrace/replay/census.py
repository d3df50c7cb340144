"""How often each situation occurred, per window of time, CPU and thread; and who the threads were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    I64 = npt.NDArray[np.int64]
    Array = npt.NDArray[Any]

ANYWHERE: Final = -1
"""`Census.segment` of what cannot be placed in time; it belongs to every selection."""


@dataclass(frozen=True)
class Census:
    """Cells, ascending by (start, segment, cpu, thread, situation): columns of one length.

    segment: int32, stretch between two marker events, from 0. start: int64, ns, begin of the window of time.
    cpu: int32. thread: int32, row of the thread table. situation: int32. count: int64, never 0.
    """

    segment: Array
    start: Array
    cpu: Array
    thread: Array
    situation: Array
    count: Array


class Threads(NamedTuple):
    """One row a thread generation, in order of appearance; row 0 is the idle task, row 1 a thread of no number.

    kernel: 0 user, 1 kernel thread, 2 unknown. comm: index of the last name, −1 for none. pid: 0 where unknown.
    ran: ns that it was seen to run (`runtime.py`).
    selected: 1 where FS or GS may ever have had a selector, 2 where a 32-bit program gave it one.
    """

    tid: I64
    tgen: I64
    pid: I64
    kernel: I64
    comm: I64
    selected: I64
    first_ts: I64
    last_ts: I64
    ran: I64
