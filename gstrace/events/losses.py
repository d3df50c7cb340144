"""Every anomaly that reading a recording can meet, declared once; importers only count.

severity: `info` (nothing is missing), `loss` (events are missing: counts become lower bounds),
`damage` (bytes that could not be read: what came before them is whole).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Loss:
    """One kind of anomaly: what it means to the answer, and what the user can do about it."""

    name: str
    severity: str
    meaning: str
    remedy: str = ""
    again: bool = False
    """Whether it tells at the end, as a sum, what `lost` told on the way; what exceeds that was lost besides."""

    @property
    def blinds(self) -> bool:
        """Whether events are missing where it stands."""
        return self.severity == "loss"


LOSSES: Final = (
    Loss(
        "lost",
        "loss",
        "the kernel's buffer was full: this many events were dropped",
        "record with larger buffers (gstrace record: --buffer; perf: -m; Perfetto: buffer_size_kb)",
    ),
    Loss(
        "lost_samples",
        "loss",
        "the recorder says at the end that this many events were dropped, without saying when",
        "record with larger buffers (gstrace record: --buffer; perf: -m; Perfetto: buffer_size_kb)",
        again=True,
    ),
    Loss(
        "throttled",
        "loss",
        "the kernel switched an event off for a while",
        "raise kernel.perf_event_max_sample_rate",
    ),
    Loss("cut", "damage", "the file ends before its data does; what came before is kept", "let the recorder finish"),
    Loss("damaged", "damage", "a record that cannot be one; reading stopped there", "copy the file again"),
    Loss("undecodable", "loss", "records of an event whose format the file does not hold"),
    Loss("unknown_id", "loss", "records of an event that the file does not declare"),
    Loss("duplicate", "info", "byte-identical second copies of a record, dropped"),
    Loss("late", "info", "records older than the order the recorder promised; sorted as far as possible"),
    Loss("inferred_switch", "info", "an event's thread is not the one left running: a switch was not traced"),
    Loss("throttle_end", "info", "the kernel switched an event on again"),
    Loss("filtered", "info", "samples dropped by a filter of the recorder's own, not lost"),
    Loss(
        "coarse_time",
        "info",
        "times in microseconds: many events share one, and the order of lines is their order",
        "record a binary trace (trace-cmd record, perf record)",
    ),
    Loss(
        "some_calls",
        "loss",
        "the recorder was told to record some system calls only (syscall_events): the others are missing",
        "record without syscall_events",
    ),
    Loss("chosen", "info", "the recorder was told to record some threads or CPUs only: others are not counted"),
    Loss(
        "overwritten",
        "info",
        "the oldest events were overwritten, on some CPUs more than on others: those from before the time from which "
        "all CPUs' events are there are left out",
    ),
    Loss(
        "losses_untold",
        "info",
        "the text has no line of a loss, which perf script prints only with --show-lost-events: there may be some",
        "perf script --show-lost-events, or give the perf.data",
    ),
)
"""By code: `loss.kind` is the index here, so new ones go to the end."""

LOSS_CODE: Final = {loss.name: code for code, loss in enumerate(LOSSES)}
