"""The buffers that the kernel fills: allocated once for a recording, used again for every batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from gstrace.importers.perfdata.kernel import TYPES

if TYPE_CHECKING:
    import numpy.typing as npt

    I64 = npt.NDArray[np.int64]
    I32 = npt.NDArray[np.int32]

ROWS: Final = 1 << 18
CHAINS: Final = 1 << 14
FRAMES: Final = 1 << 18


class Notes(NamedTuple):
    """What the kernel leaves to its caller.

    text_*: row, first byte in the buffer and length of each text. marks: first bytes of records made before the
    recording. chained_*: rows with a call chain, and the chain's number. chain_*: each distinct chain: event, whether
    user frames follow, and its kernel frames pool[start:end]. chain_key, chain_number: the hash table to find them.
    skipped: records by type; unwanted: samples by event.
    """

    text_row: I32
    text_at: I64
    text_length: I32
    marks: I64
    chained_row: I32
    chained_number: I32
    chain_event: I32
    chain_user: I32
    chain_start: I64
    chain_end: I64
    chain_key: I64
    chain_number: I32
    pool: I64
    skipped: I64
    unwanted: I64


def new_notes(rows: int, events: int, chains: int = CHAINS, frames: int = FRAMES) -> Notes:
    """Room for rows texts and chained rows, and for so many distinct chains and frames of them."""
    i32, i64 = np.int32, np.int64
    return Notes(
        text_row=np.zeros(rows, i32),
        text_at=np.zeros(rows, i64),
        text_length=np.zeros(rows, i32),
        marks=np.zeros(rows, i64),
        chained_row=np.zeros(rows, i32),
        chained_number=np.zeros(rows, i32),
        chain_event=np.zeros(chains, i32),
        chain_user=np.zeros(chains, i32),
        chain_start=np.zeros(chains, i64),
        chain_end=np.zeros(chains, i64),
        chain_key=np.zeros(4 * chains, i64),
        chain_number=np.zeros(4 * chains, i32),
        pool=np.zeros(max(frames, 1 << 13), i64),
        skipped=np.zeros(TYPES, i64),
        unwanted=np.zeros(events, i64),
    )
