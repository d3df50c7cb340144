"""A batch's chains to origins: what `chains.py` knows, applied to the kernel's notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gstrace.importers.chains import Chain, Entries
from gstrace.importers.perfdata import kernel as k

if TYPE_CHECKING:
    import numpy.typing as npt

    from gstrace.importers.perfdata.attr import Attr
    from gstrace.importers.perfdata.buffers import Notes


class Origins:
    """What was learned of each event so far."""

    def __init__(self, attrs: Sequence[Attr]) -> None:
        self._entries = [Entries(tells_user=attr.chain_has_user) for attr in attrs]

    def settle(self, c: npt.NDArray[np.int64], notes: Notes, state: npt.NDArray[np.int64]) -> None:
        """Learn from all chains of a batch, then write each chained row's origin into `c`; the notes are empty then."""
        rows = notes.chained_row[: state[k.CHAINED]]
        numbers = notes.chained_number[: state[k.CHAINED]]
        chains = int(state[k.CHAINS])
        counts = np.bincount(numbers, minlength=chains)
        origins = np.zeros(chains, np.int64)
        events = notes.chain_event[:chains]
        for event in np.unique(events).tolist():
            mine = np.flatnonzero(events == event)
            mine = mine[np.argsort(-counts[mine], kind="stable")]
            found = [_chain(notes, int(i), int(counts[i])) for i in mine]
            self._entries[event].learn(found)
            origins[mine] = [self._entries[event].origin(chain) for chain in found]
        c[rows] = origins[numbers]
        notes.chain_key[:] = 0
        state[[k.CHAINED, k.CHAINS, k.POOLED]] = 0


def _chain(notes: Notes, i: int, count: int) -> Chain:
    frames = notes.pool[notes.chain_start[i] : notes.chain_end[i]]
    return Chain(tuple(frames.tolist()), bool(notes.chain_user[i]), count)
