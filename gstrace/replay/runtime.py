"""How long threads ran, as the replay has seen it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    I64 = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Runtime:
    """ran: int64 [threads], ns, over all CPUs from the first event of each to the recording's end; row 0: that they
    idled, row 1: that nobody knows who ran, since a switch was not traced (RULES T10) or events were lost.
    """

    ran: I64

    @property
    def idle(self) -> int:
        """Time in which CPUs had nothing to run."""
        return int(self.ran[0])

    @property
    def unsure(self) -> int:
        """Time in which nobody knows who ran, if any did."""
        return int(self.ran[1])

    @property
    def busy(self) -> int:
        """Time in which CPUs are known to have run a thread."""
        return int(self.ran[2:].sum())

    def of(self, threads: Mask) -> int:
        """How long these rows of the thread table ran together, at least."""
        return int(self.ran[threads].sum())

    def share(self, threads: Mask) -> float | None:
        """Their share of the known busy time; None: there is none."""
        return self.of(threads) / self.busy if self.busy else None
