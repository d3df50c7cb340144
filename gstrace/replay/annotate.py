"""The same kernel over a stored stream, listening: each event with its situations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from gstrace.replay import state as st
from gstrace.replay.census import ANYWHERE, Census
from gstrace.replay.engine import Replay
from gstrace.replay.options import DEFAULT, Options

if TYPE_CHECKING:
    import numpy.typing as npt

    from gstrace.events.rows import Rows

    I64 = npt.NDArray[np.int64]

LISTEN: Final = 1 << 16
MANY: Final = 1 << 20
"""Cells that wait to be added up."""


def listen(stream: Iterable[tuple[Rows, list[str]]], options: Options = DEFAULT) -> Iterator[I64]:
    """Every situation of a recording, in the order in which the replay decides them: int64 [n, EMITTED_FIELDS], columns
    `state.E_*`. A return to user mode is decided by the event that proves it, and has the time of the event after
    which it happened.
    """
    replay = Replay(LISTEN, options)
    for rows, _ in stream:
        yield from replay.feed(rows)
    yield from replay.finish()


def between(
    stream: Iterable[tuple[Rows, list[str]]],
    since: int | None,
    until: int | None,
    starts: I64,
    options: Options = DEFAULT,
) -> Census:
    """The census of since ≤ time < until (ns; None: open).

    starts: int64, begins of the windows of time, ascending; what is before the first belongs to it.
    """
    low, high = since if since is not None else -(2**63), until if until is not None else 2**63 - 1
    parts, waiting = [np.zeros((0, 6), np.int64)], 0
    for part in listen(stream, options):
        ts = part[:, st.E_TS]
        inside = part[(ts >= low) & (part[:, st.E_FROM] < high) | (part[:, st.E_SEGMENT] == ANYWHERE)]
        window = np.maximum(np.searchsorted(starts, inside[:, st.E_TS], "right") - 1, 0)
        cells = inside[:, [st.E_SEGMENT, st.E_TS, st.E_CPU, st.E_SLOT, st.E_CODE, st.E_COUNT]]
        cells[:, 1] = starts[window]
        parts.append(_summed(cells))
        waiting += len(parts[-1])
        if waiting > MANY:
            parts, waiting = [_summed(np.concatenate(parts))], 0
    segment, start, cpu, thread, situation, count = _summed(np.concatenate(parts)).T
    i32 = np.int32
    return Census(segment.astype(i32), start, cpu.astype(i32), thread.astype(i32), situation.astype(i32), count)


def _summed(cells: I64) -> I64:
    """Rows alike but for their last column, made one: the last columns added."""
    keys, inverse = np.unique(cells[:, :-1], axis=0, return_inverse=True)
    counts = np.zeros(len(keys), np.int64)
    np.add.at(counts, inverse, cells[:, -1])
    return np.column_stack([keys, counts])
