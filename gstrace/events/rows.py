"""The stream: events of all CPUs in one order, as nine fixed columns (see `tables.py`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Column = npt.NDArray[Any]


class Rows(NamedTuple):
    """Stream columns of one length: kind uint8; cpu, tid, text int32; seq, ts, a, b, c int64.

    `seq` rises by one a row; `ts` does not fall but for rows reported as late.
    """

    kind: Column
    cpu: Column
    tid: Column
    text: Column
    seq: Column
    ts: Column
    a: Column
    b: Column
    c: Column

    def part(self, chosen: slice | npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Rows:
        """Some of the rows, in the same order."""
        return Rows(*(column[chosen] for column in self))

    @property
    def size(self) -> int:
        return len(self.ts)


DTYPES = ("uint8", "int32", "int32", "int32", "int64", "int64", "int64", "int64", "int64")
"""Of `Rows`' columns."""


def empty(size: int) -> Rows:
    """Rows of zeros."""
    import numpy as np

    return Rows(*(np.zeros(size, dtype) for dtype in DTYPES))
