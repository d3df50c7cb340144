"""The first pass: what a trace holds, since most of what explains its events may stand behind them.

Descriptors of generic events, the process tree, the recorder's own statistics: all may be at the end. So may be events
older than those before them: where nothing older can follow is known from here, not promised by the format.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np

from gstrace.events.capture import Capture
from gstrace.events.tables import NULL
from gstrace.events.tracepoints import TRACEPOINTS, find
from gstrace.importers.perfetto.asked import Asked
from gstrace.importers.perfetto.buffers import Walk, new_found
from gstrace.importers.perfetto.facts import take_clocks, take_cpus, take_system
from gstrace.importers.perfetto.horizons import Horizons
from gstrace.importers.perfetto.kernel import codes as k
from gstrace.importers.perfetto.kernel import survey as kernel
from gstrace.importers.perfetto.messages import ROWS, classes, described, event_name, numbers
from gstrace.importers.perfetto.packets import Packets
from gstrace.importers.perfetto.plan import Met
from gstrace.importers.perfetto.threads import Tree

if TYPE_CHECKING:
    from gstrace.importers.feed import Feed

_SALT_WORDS: Final = (1 << 13) + 1
_BARE: Final = {row.name: row for row in reversed(TRACEPOINTS) if "*" not in row.name}
_COMPACT: Final = {"sched:sched_switch": k.SWITCHES, "sched:sched_waking": k.WAKINGS}


class Survey:
    """What one pass found.

    threads: those that were there before, as `Tree.found` tells them. met: kinds of events, with how many of each in
    `counts`. compact: tracepoints recorded in the compact form. start: the smallest stamp. valid_from: the stamp after
    which every CPU's events are there. writers: sequences of packets with bundles → whether others were before the
    first that is left. damage: a sentence where reading had to stop, '' for none.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.capture, self.asked, self.tree, self.horizons = Capture(), Asked(), Tree(), Horizons()
        self.skipped: Counter[str] = Counter()
        self._described: dict[int, tuple[str, dict[str, int]] | None] = {}
        self._names: dict[int, str] = {}
        self._noted = 0
        self._walk, self._found = Walk(), new_found()
        forks = [(row.perfetto, numbers(row)[row.fields["b"]]) for row in ROWS.values() if row.role == "fork"]
        self._births = np.array(forks, np.int64)
        self._salt = np.random.default_rng(2).integers(-(2**63), 2**63 - 1, _SALT_WORDS, np.int64)
        self._packets = Packets(file, name)
        for feed in self._packets.feeds():
            self._take(feed)
        self.damage = self._packets.damage
        self._finish()

    def _take(self, feed: Feed) -> None:
        """All whole packets of a feed, up to one that is packed."""
        walk, found, status = self._walk, self._found, k.FULL
        while status in (k.FULL, k.META):
            with np.errstate(over="ignore"):
                status, at = kernel.survey(
                    feed.words, feed.at, feed.end, self._salt, self._births, found,
                    walk.cpus, walk.bundle, walk.packet, walk.state,
                )  # fmt: skip
            feed.at = int(at)
            self._note(feed)
            self.horizons.add(found.least[: walk.state[k.BUNDLES]])
            walk.state[k.BUNDLES] = 0
            if status == k.META:
                number, start, end = walk.packet[[k.OWN, k.PACKED, k.PACKED_END]].tolist()
                if number in (k.F_DEFLATE, k.F_ZSTD):
                    self._packets.unpack(feed, number, start, end)
                    return
                self._read(self._packets.take(feed))
        if status == k.BAD:
            self._packets.bad(feed)

    def _note(self, feed: Feed) -> None:
        """Events and descriptors that the kernel met for the first time, while their bytes are in the buffer."""
        for key, at, length in self._found.notes[self._noted : self._walk.state[k.FOUND]].tolist():
            data = bytes(feed.bytes[at : at + length])
            if key >= k.NAMED_KEY:
                self._names[key] = data.decode("utf-8", "replace")
            elif key < 0 and (told := described(data)) is not None:
                number, name, fields = told
                # Two sessions in one file may give a number to two events: then nobody knows which one is meant.
                same = self._described.setdefault(number, (name, fields)) == (name, fields)
                if not same:
                    self._described[number] = None
        self._noted = int(self._walk.state[k.FOUND])

    def _read(self, data: bytes) -> None:
        """One packet that is not of events."""
        from google.protobuf.message import DecodeError

        try:
            packet = classes().TracePacket.FromString(data)
            if packet.machine_id:
                return
            match packet.WhichOneof("data"):
                case "process_tree":
                    self.tree.add(packet.process_tree, packet.timestamp)
                case "trace_config":
                    self.asked.config(packet.trace_config)
                case "ftrace_stats":
                    self.asked.stats(packet.ftrace_stats)
                case "trace_stats":
                    self.asked.buffers(packet.trace_stats)
                case "system_info":
                    take_system(packet.system_info, self.capture)
                case "cpu_info":
                    take_cpus(packet.cpu_info, self.capture)
        except DecodeError:
            self.skipped["packet that cannot be parsed"] += 1

    def _finish(self) -> None:
        walk, found = self._walk, self._found
        used = found.counts > 0
        self.counts = Counter(dict(zip(found.keys[used].tolist(), found.counts[used].tolist(), strict=True)))
        self.met = [self._identify(key) for key in self.counts if key >= 0]
        self.compact = frozenset(name for name, flag in _COMPACT.items() if walk.state[flag])
        self.horizons.settle()
        self.start = self.horizons.after(0)
        before = walk.cpus[walk.cpus[:, k.SEEN] > 0, k.BEFORE]
        self.tells_before = bool((before != NULL).any())
        self.valid_from = max(0, int(before.max(initial=0)))
        self.bundles = int(walk.cpus[:, k.SEEN].sum())
        self._gaps = walk.cpus[:, k.GAPS].copy()
        self.writers = {int(n): bool(late) for n, late in found.writers[: walk.state[k.WRITERS]]}
        take_clocks(int(walk.state[k.CLOCKS]), self.capture)
        # Numbers that began before that were there before.
        comparable = walk.state[k.CLOCKS] == 1
        self.threads = list(self.tree.found(found.born, since=self.valid_from, comparable=bool(comparable)))
        self._overflow = int(walk.state[k.OVERFLOW])
        if walk.state[k.FOREIGN]:
            self.skipped["ftrace_events of another machine"] += int(walk.state[k.FOREIGN])
        del self._walk, self._found

    def _identify(self, key: int) -> Met:
        """What a key stands for: an event with its own message, a described one, one that says its name."""
        if key >= k.NAMED_KEY:
            name = self._names.get(key, "")
            system = self.asked.system(name)
            row = find(f"{system}:{name}") if system else _BARE.get(name)
            if row is None and name.startswith(("sys_enter_", "sys_exit_")):
                row = find(f"syscalls:{name}")
            known = row.system if row is not None else system
            return Met(key, f"{known}:{name}" if known else name, row, None)
        described = self._described.get(key)
        if described is not None:
            return Met(key, described[0], find(described[0]), described[1])
        row = ROWS.get(key)
        if row is not None:
            return Met(key, row.perf, row, numbers(row))
        return Met(key, event_name(key) or f"event {key}", None, {})

    def overruns(self) -> dict[int, int]:
        """CPUs that lost events once, and how many the kernel counts."""
        return {cpu: n for cpu, n in self.asked.lost.items() if cpu <= k.MAX_CPU and self._gaps[cpu] == 1}

    def misplaced(self) -> int:
        """Events that the kernel counts as lost, on CPUs of which no bundle says so."""
        return sum(n for cpu, n in self.asked.lost.items() if cpu > k.MAX_CPU or not self._gaps[cpu])

    def undeclared(self) -> int:
        """Events of which nobody knows what they are."""
        number = sum(n for key, n in self.counts.items() if self._is_strange(key))
        return number + self._overflow

    def _is_strange(self, key: int) -> bool:
        return 0 <= key < k.NAMED_KEY and self._described.get(key) is None and not event_name(key)
