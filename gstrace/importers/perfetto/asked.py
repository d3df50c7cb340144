"""What a trace was asked to record, what of it could not be, and what the recorder says at the end that it lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from gstrace.events.tracepoints import TRACEPOINTS
from gstrace.importers.perfetto.messages import text

START, END = 1, 2
_COUNTERS = ("overrun", "commit_overrun", "dropped_events")
DISCARD = 2


@dataclass
class Asked:
    """From TraceConfig, FtraceStats and TraceStats.

    patterns: events asked for, `group/name`, `group/*` or `name`. refused: those that the kernel or the recorder does
    not have. typed_only: nothing but events with a message of their own. some_calls: only system calls of a list.
    chosen: only threads or CPUs of a list. buffers: those that the kernel's events went to. lost: per CPU, counted by
    the kernel at the start and the end. packets: lost or broken in those buffers; discarded: chunks for which one of
    them had no room any more.
    """

    patterns: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    typed_only: bool = False
    some_calls: bool = False
    chosen: bool = False
    _buffers: set[int] = field(default_factory=set)
    _counted: dict[int, dict[int, int]] = field(default_factory=dict)
    _stats: list[Any] = field(default_factory=list)

    def config(self, config: Any) -> None:
        for source in config.data_sources:
            if not source.config.HasField("ftrace_config"):
                continue
            ftrace = source.config.ftrace_config
            self.patterns.update(map(text, ftrace.ftrace_events))
            self.typed_only |= ftrace.disable_generic_events
            self.some_calls |= bool(ftrace.syscall_events)
            self.chosen |= bool(ftrace.tids_to_trace) or bool(ftrace.tracing_cpumask)
            self._buffers.add(source.config.target_buffer)

    def stats(self, stats: Any) -> None:
        """FtraceStats: the kernel's counters of a CPU, at the start and at the end."""
        self.refused.update(map(text, [*stats.unknown_ftrace_events, *stats.failed_ftrace_events]))
        counted = self._counted.setdefault(stats.phase, {})
        for cpu in stats.cpu_stats:
            counted[cpu.cpu] = sum(getattr(cpu, name) for name in _COUNTERS)

    def buffers(self, stats: Any) -> None:
        """TraceStats: a trace that is written while it is recorded has an early one only."""
        self._stats = [b for i, b in enumerate(stats.buffer_stats) if i in self._buffers or not self._buffers]

    @property
    def lost(self) -> Counter[int]:
        """Events that each CPU's kernel buffer had no room for: only where both counts are there."""
        if not {START, END} <= self._counted.keys():
            return Counter()
        before = self._counted[START]
        lost = Counter({cpu: n - before.get(cpu, 0) for cpu, n in self._counted[END].items()})
        return +lost

    @property
    def packets(self) -> int:
        return sum(b.patches_failed + b.trace_writer_packet_loss for b in self._stats)

    @property
    def discarded(self) -> int:
        return sum(b.chunks_discarded for b in self._stats)

    def recorded(self, met: Collection[str]) -> frozenset[str]:
        """Tracepoints that were recorded, `system:name`: asked for and not refused, and what was met."""
        return frozenset(
            row.perf
            for row in TRACEPOINTS
            if (row.perfetto is not None or not self.typed_only) and self._asks(row.perf.replace(":", "/"))
        ).union(met)

    def _asks(self, name: str) -> bool:
        bare = name.partition("/")[2]
        if "*" in name or {name, bare} & self.refused:
            return False
        return bare in self.patterns or any(fnmatchcase(name, pattern) for pattern in self.patterns if "/" in pattern)

    def system(self, name: str) -> str:
        """The group of an event that a trace names without it, as the configuration says it; '' where it does not."""
        return next((p.partition("/")[0] for p in sorted(self.patterns) if p.partition("/")[2] == name), "")
