"""How long each thread ran, from recorded context switches alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Runtime:
    """CPU time in ns, over the stretch from `since` to `until` (ns, trace clock) of all CPUs that switch.

    tid: int64, ascending; ran: int64, how long each ran (0: the idle threads). unsure: stretches between two switches
    that do not agree who ran: one in between was not recorded (RULES T10).
    """

    tid: I64
    ran: I64
    unsure: int
    cpus: int
    since: int
    until: int

    @property
    def idle(self) -> int:
        """Time in which CPUs had nothing to run."""
        return int(self.ran[self.tid == 0].sum())

    @property
    def busy(self) -> int:
        """Time in which CPUs ran a thread, at most: unsure stretches are taken for busy."""
        return self.cpus * (self.until - self.since) - self.idle

    def of(self, tids: I64) -> int:
        """How long these threads ran together, at least."""
        return int(self.ran[np.isin(self.tid, tids)].sum())

    def share(self, tids: I64) -> tuple[float, float] | None:
        """Their share of the busy time: at least, and at most, if every unsure stretch was theirs."""
        ran = self.of(tids)
        return (ran / self.busy, (ran + self.unsure) / self.busy) if self.busy else None


def runtime(cpu: I64, ts: I64, prev: I64, following: I64, since: int, until: int) -> Runtime:
    """Rows of the switch table in time order per CPU: int64 each; since, until: the recording's ends, ns.

    Who a CPU's first switch takes away ran from the begin on, who its last one brings runs to the end.
    """
    order = np.argsort(cpu, kind="stable")
    cpu, ts, prev, following = cpu[order], ts[order], prev[order], following[order]
    first = np.ones(len(cpu), np.bool_)
    first[1:] = cpu[1:] != cpu[:-1]
    last = np.roll(first, -1)
    # One stretch before each switch, and one after each CPU's last.
    begins = np.where(first, since, np.roll(ts, 1))
    agree = first | (np.roll(following, 1) == prev)
    lengths = np.maximum(ts - begins, 0)
    who = np.concatenate([prev[agree], following[last]])
    ran = np.concatenate([lengths[agree], np.maximum(until - ts[last], 0)])
    tid, place = np.unique(who, return_inverse=True)
    total = np.zeros(len(tid), np.int64)
    np.add.at(total, place, ran)
    return Runtime(tid, total, int(lengths[~agree].sum()), int(first.sum()), since, until)
