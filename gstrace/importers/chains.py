"""Where an interrupt came from, by its call chain and without symbols.

A chain is the kernel's frames from the innermost on, and behind them, if the thread has any, the user's. Of an
interrupt from user mode the kernel's part is the interrupt's own frames and no more, the outermost being the entry
that the hardware called. Of one from kernel mode the interrupted frames stand between. So the question is which
frame is the entry, and it is learned from the chains themselves:

- The entry is in every chain of its event; and from kernel mode further frames stand outside of it. What a system
  call or page fault enters by stands outermost only. Hence: a frame that is outermost above user frames, and that
  nearly all longer chains have too, but further inside, is the entry.
- An NMI enters by one of two stubs, for user and kernel mode, which call the same function: there the frame before
  the outermost is the common one. Kernel mode then shows by two frames or more outside of it.
- Where only short chains were seen, there is nothing to compare. Three frames can only be from user mode: an
  interrupted kernel has at least two of its own (its entry and what it calls), and the interrupt has two.

The guarantee ends where a stack could not be unwound: its chain lacks the entry, and stays unknown; and where not one
longer chain has been seen. A thread without user frames (a kernel thread, or one that exits) was in kernel mode.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from gstrace.events.tables import Origin

_SHORT: Final = 3
_DEEPEST_ENTRY: Final = 12
_CANDIDATES: Final = 8
_NEARLY_ALL: Final = 0.9
_LEARN_FROM: Final = 1000


@dataclass(frozen=True)
class Chain:
    """A distinct chain: its kernel frames, innermost first; whether user frames follow; how often it was seen."""

    frames: tuple[int, ...]
    user: bool
    count: int


@dataclass
class Entries:
    """What was learned of one event: its entry frames, and for each how many frames are outside of it from user mode.

    tells_user: its chains have user frames where there are any (else none ever has).
    """

    tells_user: bool = True
    outside: dict[int, int] = field(default_factory=dict)

    def learn(self, chains: Sequence[Chain]) -> None:
        """Look for entries in the chains of one batch, most seen first; what an earlier batch has taught stays."""
        chains = chains[:_LEARN_FROM]
        above_user = [c for c in chains if (c.user or not self.tells_user) and 0 < len(c.frames) <= _DEEPEST_ENTRY]
        ends = Counter[tuple[int, ...]]()
        for chain in above_user:
            ends[chain.frames[-2:]] += chain.count
        shares: dict[int, _Places] = {}
        for end, _ in ends.most_common(_CANDIDATES):
            for outside, frame in enumerate(reversed(end)):
                if frame not in self.outside and frame not in shares:
                    shares[frame] = _places(frame, chains)
                if frame in self.outside or shares[frame].is_entry(outside):
                    self.outside[frame] = min(outside, self.outside.get(frame, outside))
                    break

    def origin(self, chain: Chain) -> Origin:
        if not chain.frames:
            return Origin.UNKNOWN
        if self.tells_user and not chain.user:
            return Origin.KERNEL
        for i, frame in enumerate(chain.frames):
            if frame in self.outside:
                beyond = len(chain.frames) - 1 - i - self.outside[frame]
                return Origin.USER if beyond == 0 else Origin.KERNEL if beyond > 0 else Origin.UNKNOWN
        alone = self.tells_user and not self.outside
        return Origin.USER if alone and len(chain.frames) <= _SHORT else Origin.UNKNOWN


@dataclass
class _Places:
    """How often a frame has been seen with this many frames outside of it (2 for more), and how often not at all."""

    beyond: list[int] = field(default_factory=lambda: [0, 0, 0])
    absent: int = 0

    def is_entry(self, outside: int) -> bool:
        """Whether it is in nearly all chains from kernel mode, were it the entry with so many frames outside."""
        kernel = sum(self.beyond[outside + 1 :])
        return kernel > 0 and kernel >= _NEARLY_ALL * (kernel + self.absent)


def _places(frame: int, chains: Sequence[Chain]) -> _Places:
    places = _Places()
    for chain in chains:
        if frame in chain.frames:
            places.beyond[min(len(chain.frames) - 1 - chain.frames.index(frame), 2)] += chain.count
        else:
            places.absent += chain.count
    return places
