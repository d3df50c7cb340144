"""The loop: lines into rows, rows into batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np

from gstrace.errors import NothingToPrice, UnreadableInput
from gstrace.events.capture import Capture
from gstrace.events.losses import LOSS_CODE
from gstrace.events.tables import NULL, Kind, Phase, Task
from gstrace.events.tracepoints import best_ranks, exit_of
from gstrace.importers.batch import DTYPES, Batch, Texts
from gstrace.importers.ftracetext import shape
from gstrace.importers.ftracetext.lines import LONGEST, blocks
from gstrace.importers.payloads import MARKERS, columns, decoder, fits

if TYPE_CHECKING:
    import re

    from gstrace.importers.payloads import Decoder

SLACK: Final = 100_000_000
"""ns that a line may be late: text is in the order of time but for joined or hand-made files."""
ROWS: Final = 1 << 14
NEWEST: Final = 1 << 62
_MOST_CPU, _MOST_TID = 0xFFFE, 0x7FFFFFFF
_NAMES_KEPT: Final = 4096

Row = tuple[int, ...]


class FtraceText:
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
        self._used = self._unread = self._coarse = 0
        self._last = 0
        self._last_on: dict[int, int] = {}
        self._lost: dict[int, int] = {}
        self._found = {0}
        self._brought_in: dict[int, int] = {}
        self._made: set[str] = set()
        self._names = self._scan()
        self._decoders = {name: d for name in self._names if (d := decoder(name)) is not None}
        self._ranks = best_ranks(d.tracepoint for d in self._decoders.values())

    @property
    def recorded(self) -> frozenset[str]:
        """Tracepoints with at least one line: a text does not say which others were switched on."""
        return frozenset(
            f"{d.tracepoint.system}:{name}" if name not in MARKERS else d.tracepoint.perf
            for name, d in self._decoders.items()
            if name in self._made
        )

    def batches(self) -> Iterator[Batch]:
        """The rows in file order; see `Reader.batches`."""
        if not self._names:
            raise UnreadableInput(
                f"{self._name} holds no line of an ftrace text", hint="give tracefs's trace, or trace-cmd report's text"
            )
        self.capture.set("format", "ftrace text", "lines")
        for block, used in blocks(self._file):
            self.progress = used
            for line in block.split(b"\n"):
                self._line(line[:LONGEST])
                if len(self._rows) >= self._room:
                    yield self._batch()
        self._finish()
        if not self._used:
            names = ", ".join(sorted(self.seen)[:5])
            raise NothingToPrice(
                f"{self._name} records {names or 'nothing'}; needed are system calls and switches",
                hint="trace-cmd record -e raw_syscalls -e sched:sched_switch -e exceptions …",
            )
        yield self._batch()

    def _scan(self) -> frozenset[str]:
        """Every event's name: which tracepoints there are decides which of them count, before the first line."""
        names: set[str] = set()
        for block, _ in blocks(self._file):
            for match in shape.NAMES.finditer(block):
                if len(names) < _NAMES_KEPT:
                    names.add(_event_name(match["name"].decode(), match["sign"] or b""))
        return frozenset(names)

    def _line(self, line: bytes) -> None:
        head = shape.LINE.match(line)
        if head is None:
            self._no_event(line)
            return
        cpu, tid = int(head["cpu"]), int(head["tid"])
        ts = self._time(head)
        if cpu > _MOST_CPU or tid > _MOST_TID or ts > NEWEST:
            self._unread += 1
            return
        if cpu in self._lost:
            self._lose(cpu, ts)
        self._last = self._last_on[cpu] = ts
        self._event(head, cpu, tid, ts)

    def _time(self, head: re.Match[bytes]) -> int:
        fraction = head["fraction"]
        if fraction is None:
            # The clock counts events or cycles.
            self.capture.set("clock", "a counter without unit", "lines")
            return max(int(head["seconds"]), 1)
        self._coarse += len(fraction) < 9
        return max(int(head["seconds"]) * 1_000_000_000 + int(fraction.ljust(9, b"0")), 1)

    def _event(self, head: re.Match[bytes], cpu: int, tid: int, ts: int) -> None:
        event = shape.EVENT.match(head["rest"]) or shape.CALL.match(head["rest"])
        if event is None:
            self.skipped["line without an event"] += 1
            return
        call = event.re is shape.CALL
        name = event["name"].decode()
        if call:
            name = ("sys_exit_" if event["ret"] else "sys_enter_") + name
        payload = (event["ret"] or event["args"] or b"") if call else event["payload"].rstrip()
        self.seen[name if name in self._names else "other"] += 1
        found = self._decoders.get(name)
        fields = found.fields(payload) if found else None
        if found is None or fields is None:
            if found is not None and found.sure:
                self._unread += 1
            else:
                self.skipped[name if name in self._names else "other"] += 1
            return
        if tid not in self._found and (found.tracepoint.kind is Kind.SWITCH or self._brought_in.get(cpu) != tid):
            self._meet(head, tid, cpu, ts)
        self._take(found, name, fields, cpu, tid, ts)

    def _take(self, found: Decoder, name: str, fields: dict[str, bytes], cpu: int, tid: int, ts: int) -> None:
        tracepoint, row = found.tracepoint, {"tid": tid, **columns(found, fields)}
        if not (0 <= row["tid"] <= _MOST_TID and fits(tracepoint.kind, row)):
            self._unread += 1
            return
        if tracepoint.kind is Kind.TASK:
            row.setdefault("b", tid)
            if row["a"] == Task.FORK:
                self._found.discard(row["b"])
        if tracepoint.kind is Kind.SWITCH:
            self._brought_in[cpu] = row["a"]
        if tracepoint.kind is Kind.IRQ and row["b"] == Phase.ENTRY and exit_of(name) not in self._names:
            row["b"] = int(Phase.ENTRY_ONLY)
        text = self._texts.index(fields["text"]) if "text" in fields else -1
        self._put(tracepoint.kind, cpu, ts=ts, text=text, lesser=tracepoint.is_lesser(self._ranks), **row)
        self._made.add(name)
        self._used += 1

    def _meet(self, head: re.Match[bytes], tid: int, cpu: int, ts: int) -> None:
        """A row for a thread seen first: its process, where the line tells it. Thread 2 starts all kernel threads.

        The row says that the thread is not running: one that a switch brought in gets it before it is switched out.
        """
        self._found.add(tid)
        tgid = head["tgid"]
        pid = int(tgid) if tgid is not None and tgid.isdigit() else 0
        comm = head["comm"].strip()
        text = -1 if comm in (b"<...>", b"<unknown>") or not pid else self._texts.index(comm)
        if pid or tid == 2:
            a = int(Task.FOUND) | (pid & 0x7FFFFFFF) << 8
            self._put(Kind.TASK, cpu, -1, ts, a=a, b=tid, c=1 if tid == 2 else NULL, text=text)

    def _no_event(self, line: bytes) -> None:
        if match := shape.LOST.match(line):
            cpu, count = int(match["cpu"]), match["count"]
            before = self._lost.get(cpu, 0)
            self._lost[cpu] = NULL if count is None or before == NULL else before + int(count)
        elif (match := shape.STARTED.match(line)) and self._last:
            # What this CPU did before was overwritten.
            self._lost[int(match["cpu"])] = NULL
        elif match := shape.ENTRIES.match(line):
            self.capture.set("cpus", int(match["cpus"]), "ftrace header")
            gone = int(match["written"]) - int(match["held"])
            if gone > 0:
                self.skipped["overwritten before the first line"] += gone
        elif line and not line.startswith(b"#"):
            self.skipped["line without an event"] += 1

    def _put(
        self, kind: Kind, cpu: int, tid: int, ts: int, a: int = NULL, b: int = NULL, c: int = NULL, d: int = NULL,
        text: int = -1, lesser: bool = False,
    ) -> None:  # fmt: skip
        self._rows.append((int(kind), int(lesser), cpu, tid, text, ts, a, b, c, d, 0))

    def _lose(self, cpu: int, ts: int) -> None:
        """A row for what this CPU lost since its last line."""
        since = self._last_on.get(cpu, NULL)
        self._put(Kind.LOSS, min(cpu, _MOST_CPU), -1, ts, a=LOSS_CODE["lost"], b=self._lost.pop(cpu), c=since)

    def _finish(self) -> None:
        """What is known only at the end."""
        for cpu in sorted(self._lost):
            self._lose(cpu, self._last)
        for name, count in (("undecodable", self._unread), ("coarse_time", self._coarse)):
            if count:
                self._put(Kind.LOSS, -1, -1, self._last, a=LOSS_CODE[name], b=count)

    def _batch(self) -> Batch:
        turned = zip(*self._rows, strict=True) if self._rows else ((),) * len(DTYPES)
        columns = {name: np.array(values, DTYPES[name]) for name, values in zip(DTYPES, turned, strict=True)}
        self._rows = []
        return Batch(**columns, horizon=self._last - SLACK)


def _event_name(name: str, sign: bytes) -> str:
    """The name under which a line is decoded: a named call's line begins with the call."""
    if name.startswith("sys_") and sign != b":":
        return ("sys_exit_" if sign == b" ->" else "sys_enter_") + name[4:]
    return name
