"""Where interrupts came from: the kernel_stack behind an event, which a `stacktrace` trigger puts there.

It has the kernel's frames only, so a thread without user frames is not told by it (`chains.py`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from gstrace.importers.chains import Chain, Entries

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from gstrace.importers.formats import Format

STACK: Final = "ftrace:kernel_stack"
_DEPTH: Final = 32
"""Innermost frames that are kept: the entry is among the first dozen, and beyond it two say as much as many."""


class Origins:
    """What was learned of each event so far, and the chains of the batch that is being filled. used: chains so far."""

    def __init__(self, formats: Mapping[int, Format]) -> None:
        stack = next((f for f in formats.values() if f.event == STACK), None)
        fields = stack.fields if stack is not None else {}
        self._size, self._frames = fields.get("size"), fields.get("caller")
        self._entries: defaultdict[int, Entries] = defaultdict(lambda: Entries(tells_user=False))
        self._found: list[tuple[int, int, bytes]] = []
        self.used = 0

    def note(self, chains: Iterable[tuple[int, int, bytes]]) -> None:
        """Chains of rows of this batch: the row, its event, and the kernel_stack's raw data."""
        found = [(row, event, self._cut(raw)) for row, event, raw in chains]
        self._found += found
        self.used += len(found)

    def settle(self, c: npt.NDArray[np.int64]) -> None:
        """Learn from all chains of the batch, then write the origin of each row that has one into `c`."""
        chains = defaultdict(list)
        for (event, frames), count in Counter((event, frames) for _, event, frames in self._found).most_common():
            chains[event].append((frames, Chain(tuple(memoryview(frames).cast("q")), user=False, count=count)))
        origins = {}
        for event, found in chains.items():
            entries = self._entries[event]
            entries.learn([chain for _, chain in found])
            origins.update({(event, frames): entries.origin(chain) for frames, chain in found})
        for row, event, frames in self._found:
            c[row] = origins[event, frames]
        self._found = []

    def _cut(self, raw: bytes) -> bytes:
        """The frames' words, innermost first; what the record has no room for is not there."""
        if self._size is None or self._frames is None:
            return b""
        at, size = self._frames.offset, self._size
        told = int.from_bytes(raw[size.offset : size.offset + size.size], "little")
        return raw[at : at + 8 * min(told, _DEPTH, max(len(raw) - at, 0) // 8)]
