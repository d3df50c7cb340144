"""Call chains as text tells them, to where the interrupts came from (`importers/chains.py`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final

from gstrace.importers.chains import Chain, Entries

_KERNEL: Final = 0xFFFF_8000_0000_0000
"""Kernel addresses begin here. Behind the first user frame stands what a walk without frame pointers met: anything."""


@dataclass
class Origins:
    """What was learned of each event so far, and the chains of the rows that wait: event → addresses → rows.

    tells_user: as in `Entries`.
    """

    tells_user: bool = False
    _entries: dict[str, Entries] = field(default_factory=dict)
    _waiting: dict[str, dict[tuple[bytes, ...], list[int]]] = field(default_factory=dict)

    def add(self, event: str, addresses: tuple[bytes, ...], row: int) -> None:
        self._waiting.setdefault(event, {}).setdefault(addresses, []).append(row)

    def settle(self) -> dict[int, int]:
        """Learn from all that wait; → each row's origin.

        Whether chains show user frames where there are any is perf's option for all events: known from the first one.
        """
        origins = {}
        waiting = {
            e: [_chain(addresses, len(rows)) for addresses, rows in told.items()] for e, told in self._waiting.items()
        }
        self.tells_user |= any(chain.user for chains in waiting.values() for chain in chains)
        for event, chains in waiting.items():
            entries = self._entries.setdefault(event, Entries())
            entries.tells_user = self.tells_user
            entries.learn(sorted(chains, key=lambda chain: -chain.count))
            for chain, rows in zip(chains, self._waiting[event].values(), strict=True):
                origins.update(dict.fromkeys(rows, int(entries.origin(chain))))
        self._waiting.clear()
        return origins


def _chain(addresses: tuple[bytes, ...], count: int) -> Chain:
    frames = [int(address, 16) for address in addresses]
    kernel = tuple(takewhile(lambda frame: frame >= _KERNEL, frames))
    return Chain(kernel, len(kernel) < len(frames), count)
