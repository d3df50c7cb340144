"""The loop: lines into rows, rows into batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np

from gstrace.errors import NothingToPrice, UnreadableInput
from gstrace.events.capture import Capture
from gstrace.events.kthreads import is_kernel_name
from gstrace.events.losses import LOSS_CODE
from gstrace.events.recorders import record_line
from gstrace.events.tables import NULL, Kind, Phase, Task
from gstrace.events.tracepoints import best_ranks, exit_of, find
from gstrace.importers.batch import DTYPES, NO_HORIZON, Batch, Texts
from gstrace.importers.payloads import Decoder, columns, decoder, fits, kernel_coming
from gstrace.importers.perfscript import shape
from gstrace.importers.perfscript.origins import Origins
from gstrace.importers.threads import Threads

if TYPE_CHECKING:
    import re

CHUNK: Final = 1 << 18
LONGEST: Final = 1 << 12
"""Of a longer line the rest is not looked at."""
SLACK: Final = 100_000_000
"""ns that a line may be late: perf sorts, but joined texts and unsorted recordings exist."""
ROWS: Final = 1 << 16
_MOST_CPU, _MOST_TID, _MOST_NAMES, _MOST_FRAMES = 0xFFFE, 0x7FFFFFFF, 4096, 4096
_ROLES: Final = {Task.FORK: "fork", Task.EXEC: "exec", Task.RENAME: "rename", Task.EXIT: "exit"}
_FACTS: Final = {
    b"hostname": "hostname",
    b"os release": "kernel_release",
    b"perf version": "recorder",
    b"arch": "architecture",
    b"nrcpus online": "cpus",
    b"cpudesc": "cpu_name",
    b"cmdline": "recorder_command",
}
_CPUID: Final = ("cpu_vendor", "cpu_family", "cpu_model", "cpu_stepping")
_HINT: Final = "perf script --ns --show-task-events --show-lost-events -F +cpu"

Row = tuple[int, ...]


class PerfScript:
    """One open text: a `Reader`. seen: event lines by name, also of those that no row was made of."""

    def __init__(self, file: BinaryIO, name: str, rows: int = ROWS) -> None:
        self._file, self._name, self._room = file, name, rows
        self.capture = Capture()
        self._texts = Texts()
        self.texts = self._texts.known
        self.skipped: dict[str, int] = Counter()
        self.seen: Counter[str] = Counter()
        self.progress = 0
        self.damage = ""
        self._rows: list[Row] = []
        self._origins = Origins()
        self._chain: list[bytes] | None = None
        self._chained = ("", 0)
        self._threads: Threads | None = Threads()
        self._met: set[int] = {0}
        self._heard: set[int] = set()
        self._runs: dict[int, int] = {}
        self._made: set[str] = set()
        self._last = self._used = self._unread = self._coarse = 0
        self._tells_losses = self._cut = False
        self._names = self._scan()
        self._decoders = {name: d for name in self._names if (d := _decoder(name)) is not None}
        self._ranks = best_ranks(d.tracepoint for d in self._decoders.values())
        self._lesser = {name: d.tracepoint.is_lesser(self._ranks) for name, d in self._decoders.items()}

    @property
    def recorded(self) -> frozenset[str]:
        """Tracepoints and records with at least one line: a text does not say which others were switched on."""
        return frozenset(self._made)

    def batches(self) -> Iterator[Batch]:
        """The rows in file order; see `Reader.batches`."""
        self.capture.set("format", "perf script text", "lines")
        if not self._decoders:
            names = ", ".join(sorted(self._names)[:5]) or "no tracepoint"
            raise NothingToPrice(
                f"{self._name} tells of {names}; needed are system calls and switches",
                hint=f"{record_line('perf script text')}; {_HINT}",
            )
        for block in self._blocks():
            for line in block.split(b"\n"):
                if len(self._rows) >= self._room and self._chain is None:
                    yield self._batch()
                self._line(line[:LONGEST])
        self._end_chain()
        if not self._used:
            raise UnreadableInput(f"{self._name}: no event's line has its thread and CPU", hint=_HINT)
        self._finish()
        yield self._batch()

    def _blocks(self) -> Iterator[bytes]:
        """The text in pieces of whole lines. A last one without its end is left out: a number in it may go on."""
        self._file.seek(0)
        rest = b""
        while chunk := self._file.read(CHUNK):
            self.progress = self._file.tell()
            whole, _, rest = (rest + chunk).rpartition(b"\n")
            rest = rest[:LONGEST]
            if whole:
                yield whole
        self._cut = bool(rest)

    def _scan(self) -> frozenset[str]:
        """Every tracepoint's name: which there are decides which of them count, before the first line."""
        names: set[bytes] = set()
        for block in self._blocks():
            names |= {match["name"] for match in shape.NAMES.finditer(block)}
            if len(names) > _MOST_NAMES:
                break
        return frozenset(name.decode("utf-8", "replace") for name in names if b":" in name)

    def _line(self, line: bytes) -> None:
        if line[:1] == b"\t":
            if self._chain is not None and len(self._chain) < _MOST_FRAMES and (frame := shape.FRAME.match(line)):
                self._chain.append(frame[1])
            return
        self._end_chain()
        head = shape.LINE.match(line)
        if head is None:
            self._no_event(line)
            return
        name = head["name"]
        if name is None:
            self._record(head["payload"], head)
            return
        known = name.decode("utf-8", "replace")
        self.seen[known if known in self._names or ":" not in known else "other"] += 1
        found = self._decoders.get(known)
        if found is None:
            self.skipped[known if len(self.skipped) < _MOST_NAMES else "other"] += 1
            return
        place = self._place(head)
        payload = head["payload"]
        sampled = shape.SAMPLED.search(payload) if payload[-1:] == b")" else None
        fields = found.fields(payload[: sampled.start()] if sampled else payload.rstrip())
        if place is None or fields is None:
            self._unread += 1
            return
        self._take(found, known, fields, head, *place)

    def _place(self, head: re.Match[bytes]) -> tuple[int, int, int] | None:
        """(CPU, thread, ns) of a line; None where a column is missing, or holds what it cannot."""
        fraction = head["fraction"]
        ts = int(head["seconds"]) * 1_000_000_000 + int(fraction) * (1 if len(fraction) == 9 else 1000)
        cpu, tid = head["cpu"], int(head["tid"])
        if cpu is None or int(cpu) > _MOST_CPU or tid > _MOST_TID:
            return None
        self._coarse += len(fraction) < 9
        return int(cpu), tid, ts

    def _take(
        self, found: Decoder, name: str, fields: dict[str, bytes], head: re.Match[bytes], cpu: int, tid: int, ts: int
    ) -> None:
        tracepoint, row = found.tracepoint, {"tid": tid, **columns(found, fields)}
        if not (ts > 0 and row["tid"] <= _MOST_TID and fits(tracepoint.kind, row)):
            self._unread += 1
            return
        self._begin()
        self._last = ts
        if tid not in self._met and (tracepoint.kind is Kind.SWITCH or self._runs.get(cpu) != tid):
            self._meet(head, tid, cpu, ts)
        if tracepoint.kind is Kind.TASK:
            row.setdefault("b", tid)
            if row["a"] == Task.FORK:
                self._met.discard(row["b"])
                self._heard.add(row["b"])
        elif tracepoint.kind is Kind.SWITCH:
            self._runs[cpu] = row["a"]
            self._hear(row["a"], head["payload"], cpu, ts)
        elif tracepoint.kind is Kind.IRQ and row["b"] == Phase.ENTRY and exit_of(name) not in self._names:
            row["b"] = int(Phase.ENTRY_ONLY)
        if tracepoint.origin:
            self._chain, self._chained = [], (name, len(self._rows))
        text = self._texts.index(fields["text"]) if "text" in fields else -1
        self._put(tracepoint.kind, cpu, ts=ts, text=text, lesser=self._lesser[name], **row)
        self._made.add(name)
        self._used += 1

    def _end_chain(self) -> None:
        if self._chain:
            self._origins.add(self._chained[0], tuple(self._chain), self._chained[1])
        self._chain = None

    def _meet(self, head: re.Match[bytes], tid: int, cpu: int, ts: int) -> None:
        """A row for a thread seen first: its process, where the line tells it, or a name that is the kernel's. Thread 2
        starts all kernel threads.
        """
        self._met.add(tid)
        pid = max(int(head["pid"] or 0), 0)
        comm = head["comm"] or b""
        # A thread born here is what its parent is, whatever name it still has.
        kernel = tid not in self._heard and is_kernel_name(comm.decode("utf-8", "replace"))
        if pid or kernel or tid == 2:
            text = self._texts.index(comm) if comm and (pid or kernel) else -1
            a = int(Task.FOUND) | (pid & _MOST_TID) << 8
            self._put(Kind.TASK, cpu, -1, ts, a=a, b=tid, c=1 if tid == 2 else NULL, text=text)

    def _hear(self, tid: int, payload: bytes, cpu: int, ts: int) -> None:
        """A row for a thread that a switch brings in and nothing was told of, if its name is the kernel's."""
        if tid in self._met or tid in self._heard:
            return
        self._heard.add(tid)
        if comm := kernel_coming(payload):
            self._put(Kind.TASK, cpu, -1, ts, a=int(Task.FOUND), b=tid, text=self._texts.index(comm))

    # ---- records ----------------------------------------------------------------------------------------------------

    def _record(self, payload: bytes, head: re.Match[bytes]) -> None:
        """A line of --show-task-events, --show-switch-events or --show-lost-events."""
        place = self._place(head)
        if place is None:
            self._unread += 1
        elif match := shape.FORK.match(payload) or shape.COMM.match(payload):
            self._task(match, place)
        elif match := shape.LOST.match(payload):
            self._tells_losses = True
            name = "lost_samples" if match["samples"] else "lost"
            self._put(Kind.LOSS, place[0], -1, place[2] or self._last, a=LOSS_CODE[name], b=int(match["count"]))
        elif (match := shape.SWITCH.match(payload)) and "switch" not in self._ranks:
            self._switch(match, place)
        else:
            self.skipped[payload[:40].split(b" ")[0].split(b"(")[0].rstrip(b":").decode("utf-8", "replace")] += 1

    def _task(self, match: re.Match[bytes], place: tuple[int, int, int]) -> None:
        cpu, _, ts = place
        said = match.groupdict()
        pid, tid = int(said["pid"]), int(said["tid"])
        comm = said.get("comm")
        if ts == 0:
            self._before(pid, tid, int(said.get("ppid") or 0), comm)
            return
        if comm is not None:
            what, by = (Task.EXEC if said["exec"] else Task.RENAME), tid
        else:
            what, by = (Task.FORK, int(said["ptid"])) if said["what"] == b"FORK" else (Task.EXIT, tid)
        row = {"tid": by, "a": int(what) | (pid & 0xFFFFFFFF) << 8, "b": tid}
        if max(by, tid) > _MOST_TID or not fits(Kind.TASK, row):
            self._unread += 1
            return
        self._begin()
        self._last = ts
        self._met.add(tid)
        text = -1 if comm is None else self._texts.index(comm)
        self._put(Kind.TASK, cpu, ts=ts, text=text, lesser=_ROLES[what] in self._ranks, **row)
        self._made.add("record:COMM_EXEC" if what is Task.EXEC else f"record:{what.name}")

    def _before(self, pid: int, tid: int, parent: int, comm: bytes | None) -> None:
        """A thread that was there before the recording."""
        if self._threads is None or not 0 <= tid <= _MOST_TID:
            self.skipped["record of a thread found, told late"] += 1
        elif comm is not None:
            self._threads.comm(pid, tid, comm)
        else:
            self._threads.fork(pid, parent, tid)

    def _switch(self, match: re.Match[bytes], place: tuple[int, int, int]) -> None:
        """The half at the way out tells all of a switch; see `perfdata`'s SWITCH."""
        cpu, tid, ts = place
        coming = int(match["next"]) if match["next"] else -1
        if coming > _MOST_TID or ts <= 0:
            self._unread += 1
            return
        self._begin()
        self._last = ts
        self._put(Kind.SWITCH, cpu, tid, ts, a=coming, b=int(not match["preempt"]))
        self._made.add("record:SWITCH")

    def _begin(self) -> None:
        """Rows for the threads that were there before; then real rows may come."""
        if self._threads is None:
            return
        whole = bool({"-a", "--all-cpus"} & set(self.capture.text("recorder_command").split()))
        for tid, pid, kernel, comm in self._threads.found(whole_system=whole):
            self._met.add(tid)
            text = self._texts.index(comm) if comm else -1
            a = int(Task.FOUND) | (pid & 0xFFFFFFFF) << 8
            self._put(Kind.TASK, 0, -1, 0, a=a, b=tid, c=kernel, text=text)
        self._threads = None

    def _no_event(self, line: bytes) -> None:
        if line[:1] == b"#":
            if fact := shape.FACT.match(line):
                self._fact(fact["name"], fact["value"].decode("utf-8", "replace"))
        elif line.strip():
            self.skipped["line without an event"] += 1
            self.seen["(instruction trace error)"] += bool(shape.ERROR.match(line))

    def _fact(self, name: bytes, value: str) -> None:
        if name == b"cpuid":
            for fact, part in zip(_CPUID, value.split(","), strict=False):
                self.capture.set(fact, part, "perf script header")
        elif name in _FACTS:
            known: object = f"perf {value}" if name == b"perf version" else value
            if name == b"nrcpus online":
                known = int(value) if value.isdigit() else None
            self.capture.set(_FACTS[name], known, "perf script header")

    def _put(
        self, kind: Kind, cpu: int, tid: int, ts: int, a: int = NULL, b: int = NULL, c: int = NULL, d: int = NULL,
        text: int = -1, lesser: bool = False,
    ) -> None:  # fmt: skip
        self._rows.append((int(kind), int(lesser), cpu, tid, text, ts, a, b, c, d, 0))

    def _finish(self) -> None:
        """What is known only at the end."""
        losses = {"undecodable": self._unread, "coarse_time": self._coarse}
        if not self._tells_losses:
            losses["losses_untold"] = 1
        if self._cut:
            self.damage = f"{self._name}: the last line has no end, at byte {self.progress}"
            losses["cut"] = NULL
        for name, count in losses.items():
            if count:
                self._put(Kind.LOSS, -1, -1, self._last, a=LOSS_CODE[name], b=count)

    def _batch(self) -> Batch:
        turned = zip(*self._rows, strict=True) if self._rows else ((),) * len(DTYPES)
        filled = {name: np.array(values, DTYPES[name]) for name, values in zip(DTYPES, turned, strict=True)}
        for row, origin in self._origins.settle().items():
            filled["c"][row] = origin
        self._rows = []
        return Batch(**filled, horizon=self._last - SLACK if self._last else NO_HORIZON)


def _decoder(name: str) -> Decoder | None:
    """How to read the tracepoint `system:name`; None for events of no use, and for others' of such a name."""
    tracepoint = find(name)
    found = decoder(name.partition(":")[2]) if tracepoint is not None else None
    return found if found is not None and found.tracepoint.system == name.partition(":")[0] else None
