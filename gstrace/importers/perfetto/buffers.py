"""The buffers that the kernel fills."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from gstrace.importers.perfetto.kernel import codes as k

if TYPE_CHECKING:
    import numpy.typing as npt

    I64 = npt.NDArray[np.int64]
    I32 = npt.NDArray[np.int32]

ROWS: Final = 1 << 17
_KINDS: Final = 1 << 12
_BUNDLES: Final = 1 << 12
_WRITERS: Final = 64
TIDS: Final = 1 << 22
"""Thread numbers of a kernel: PID_MAX_LIMIT."""


class Notes(NamedTuple):
    """What the kernel leaves to its caller: row, first byte in the buffer and length of each text."""

    text_row: I64
    text_at: I64
    text_length: I64


class Found(NamedTuple):
    """What the first pass finds. keys, counts: hash table, how many events of each key. notes: for each key (and each
    descriptor) the first byte of its name (of itself) in the buffer, and the length. born: by thread number, when it
    was said to be new; 0 for never. least: each bundle's smallest stamp. writers: sequences of packets that have
    bundles, and whether its first one says that others were before.
    """

    keys: I64
    counts: I64
    notes: I64
    born: I64
    least: I64
    writers: I64


def new_notes(rows: int) -> Notes:
    """Room for rows texts."""
    return Notes(*(np.zeros(rows, np.int64) for _ in range(3)))


def new_found() -> Found:
    return Found(
        keys=np.zeros(4 * _KINDS, np.int64),
        counts=np.zeros(4 * _KINDS, np.int64),
        notes=np.zeros((_KINDS, 3), np.int64),
        born=np.zeros(TIDS, np.int64),
        least=np.zeros(_BUNDLES, np.int64),
        writers=np.zeros((_WRITERS, 2), np.int64),
    )


class Walk:
    """The state of one pass."""

    def __init__(self) -> None:
        self.cpus = np.zeros((k.MAX_CPU + 1, k.CPU_FIELDS), np.int64)
        self.bundle = np.zeros(k.BUNDLE_FIELDS, np.int64)
        self.packet = np.zeros(k.PACKET_FIELDS, np.int64)
        self.state = np.zeros(k.STATE_FIELDS, np.int64)
        self.state[[k.INSIDE, k.HEEDED]] = -1
        self.cpus[:, k.RUNS] = -1
