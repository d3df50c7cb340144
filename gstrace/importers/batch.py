"""What a format's reader hands on: rows in file order, before ordering, pairing and counting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from gstrace.events.capture import Capture

    I64 = npt.NDArray[np.int64]
    I32 = npt.NDArray[np.int32]
    U8 = npt.NDArray[np.uint8]
    Ints = npt.NDArray[np.integer[Any]]

NO_HORIZON: Final = -(2**63)


class Batch(NamedTuple):
    """Rows as decoded, columns of one length. Kernels take it as it is.

    kind: `events.tables.Kind`. lesser: 1 where the file also records a better-ranked tracepoint of the same role
    (the row informs, and is not counted). cpu, tid, text, ts, a, b, c: as in the stream (`events/tables.py`);
    d: a system call's third argument; what an interrupt or NMI found held: depth of preemption's being off, softirqs
    above that (`programs.py`); else `NULL`. `a` of a TASK row holds the process in bits 8–39 where the
    record says it. ts 0: known before the recording began (synthesized), sorts first and is no time.
    digest: hash of the record's bytes; two rows of one cpu, ts and digest are one record told twice.
    horizon: no later batch has a row with a smaller ts; `NO_HORIZON` where the format promises nothing yet.
    """

    kind: U8
    lesser: U8
    cpu: I32
    tid: I32
    text: I32
    ts: I64
    a: I64
    b: I64
    c: I64
    d: I64
    digest: I64
    horizon: int

    @property
    def size(self) -> int:
        return len(self.ts)

    def first(self, size: int, horizon: int) -> Batch:
        """The first rows, as views."""
        return Batch(**{name: getattr(self, name)[:size] for name in COLUMNS}, horizon=horizon)


COLUMNS: Final = Batch._fields[:-1]
"""The columns' names: all but the horizon."""

DTYPES: Final = dict(zip(COLUMNS, ("uint8", "uint8", "int32", "int32", "int32", *("int64",) * 6), strict=True))


def new_batch(rows: int) -> Batch:
    """Columns to fill, of zeros."""
    import numpy as np

    return Batch(**{name: np.zeros(rows, dtype) for name, dtype in DTYPES.items()}, horizon=NO_HORIZON)


def noted(count: int, row: Ints, at: Ints, length: Ints) -> Iterator[tuple[int, int, int]]:
    """What a kernel has noted of its texts so far: (row, first byte in the buffer, length) of each."""
    return zip(row[:count].tolist(), at[:count].tolist(), length[:count].tolist(), strict=True)


class Texts:
    """A reader's texts, `known`: what its rows' `text` columns index."""

    def __init__(self) -> None:
        self.known: list[str] = []
        self._indices: dict[bytes, int] = {}

    def index(self, text: bytes) -> int:
        """The text's place, a new one where it is new."""
        index = self._indices.setdefault(text, len(self.known))
        if index == len(self.known):
            self.known.append(text.decode("utf-8", "replace"))
        return index


class Reader(Protocol):
    """One open recording. `texts` grows as batches are read; a row's `text` is an index into it.

    capture: the facts that the format states, complete once the last batch is out.
    skipped: records that no row was made of, by their name in the format.
    progress: bytes of the input used so far.
    recorded: the tracepoints that the input records, `system:name`, and `record:NAME` for a format's own records of
    threads' lives (`events.tracepoints.WANTED`); complete once the last batch is out.
    damage: a sentence with the place where reading had to stop; empty for none.
    """

    capture: Capture
    texts: list[str]
    skipped: dict[str, int]
    progress: int
    damage: str

    @property
    def recorded(self) -> frozenset[str]: ...

    def batches(self) -> Iterator[Batch]:
        """The rows, in file order. Damage ends the iteration with a LOSS row, not an exception, once rows exist.

        Raises UnreadableInput where not one row can be had: damaged before the first record, or no event formats.
        Raises NothingToPrice where the recording has none of the events gstrace knows.
        """
        ...
