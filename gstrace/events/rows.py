"""The stream: events of all CPUs in one order, as nine fixed columns (see `tables.py`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Rows(NamedTuple):
    """Stream columns of one length; `seq` rises by one a row, `ts` does not fall but for rows reported as late."""

    kind: npt.NDArray[np.uint8]
    cpu: npt.NDArray[np.int32]
    tid: npt.NDArray[np.int32]
    text: npt.NDArray[np.int32]
    seq: npt.NDArray[np.int64]
    ts: npt.NDArray[np.int64]
    a: npt.NDArray[np.int64]
    b: npt.NDArray[np.int64]
    c: npt.NDArray[np.int64]

    def part(self, chosen: slice | npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Rows:
        """Some of the rows, in the same order."""
        return Rows(*(column[chosen] for column in self))

    @property
    def size(self) -> int:
        return len(self.ts)
