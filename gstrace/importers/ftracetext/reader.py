"""The loop: lines into rows, rows into batches. The kernel takes most lines; this file takes each that it leaves."""

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
from gstrace.events.tracepoints import best_ranks, exit_of
from gstrace.importers.batch import Batch, Texts, new_batch
from gstrace.importers.forms.kernel import CHOICE_FIELDS, CHOICES
from gstrace.importers.forms.steps import COLUMNS
from gstrace.importers.ftracetext import kernel as k
from gstrace.importers.ftracetext import shape
from gstrace.importers.ftracetext.first import FirstPass
from gstrace.importers.ftracetext.lines import LONGEST, blocks
from gstrace.importers.ftracetext.processes import KTHREADD
from gstrace.importers.ftracetext.programs import compile_events
from gstrace.importers.payloads import MARKERS, columns, decoder, fits, kernel_coming

if TYPE_CHECKING:
    import re

    import numpy.typing as npt

    from gstrace.importers.payloads import Decoder

    Text = npt.NDArray[np.uint8]

SLACK: Final = 100_000_000
"""ns that a line may be late: text is in the order of time but for joined or hand-made files."""
ROWS: Final = 1 << 14
NO_EVENT: Final = "line without an event"
_A_LINE: Final = 4
"""Rows that a line may become: a loss, a thread met, a thread heard of, an event."""
_IN_A_ROW: Final = 64
"""Lines that are taken here at most before the kernel is asked again."""


class FtraceText:
    """One open text: a `Reader`. seen: event lines by name, also of those that no row was made of."""

    _look = FirstPass

    def __init__(self, file: BinaryIO, name: str, rows: int = ROWS) -> None:
        self._file, self._name, self._room = file, name, rows
        self.capture = Capture()
        self._texts = Texts()
        self.texts = self._texts.known
        self.skipped: dict[str, int] = Counter()
        self.seen: Counter[str] = Counter()
        self.progress = 0
        self.damage = ""
        self._rows, self._row = new_batch(rows + _A_LINE), 0
        self._unread = 0
        self._lost: dict[int, int] = {}
        self._state = np.zeros(k.STATE_FIELDS, np.int64)
        self._cpus = np.full((k.MOST_CPU + 1, k.CPU_FIELDS), NULL, np.int64)
        self._cpus[:, k.LOSING] = 0
        self._found = np.zeros(k.MOST_TID + 1, np.uint8)
        self._found[0] = k.MET
        self._several_files = False
        self._first_pass = self._look(file)
        self._names = self._first_pass.names
        self._decoders = {name: d for name in self._names.events if (d := decoder(name)) is not None}
        self._ranks = best_ranks(d.tracepoint for d in self._decoders.values())
        self._programs = compile_events(self._names.events, self._decoders, self._ranks)
        self._counts = np.zeros((len(self._programs.events), k.COUNT_FIELDS), np.int64)
        self._scratch = np.zeros((CHOICES, CHOICE_FIELDS), np.int64), np.zeros(len(COLUMNS), np.int64)

    @property
    def recorded(self) -> frozenset[str]:
        """Tracepoints with at least one line: a text does not say which others were switched on."""
        return frozenset(
            f"{d.tracepoint.system}:{name}" if name not in MARKERS else d.tracepoint.perf
            for name, d in self._decoders.items()
            if self._counts[self._names.events[name], k.MADE]
        )

    def batches(self) -> Iterator[Batch]:
        """The rows in file order; see `Reader.batches`."""
        if not self._names.events:
            raise UnreadableInput(
                f"{self._name} holds no line of an ftrace text", hint="give tracefs's trace, or trace-cmd report's text"
            )
        self.capture.set("format", "ftrace text", "lines")
        for thread in self._first_pass.threads():
            self._found_before(*thread)
            if self._row > self._room:
                yield self._batch()
        for block, used in blocks(self._file):
            self.progress = used
            yield from self._block(block)
        for cpu in sorted(self._lost):
            self._lose(cpu, int(self._state[k.LAST_TIME]))
            if self._row > self._room:
                yield self._batch()
        self._sum_up()
        self._finish()
        if not self._state[k.USED]:
            names = ", ".join(sorted(self.seen)[:5])
            raise NothingToPrice(
                f"{self._name} records {names or 'nothing'}; needed are system calls and switches",
                hint=f"record with: {record_line('ftrace text')}",
            )
        yield self._batch()

    def _found_before(self, tid: int, pid: int, kernel: int, name: bytes) -> None:
        """A row for a thread known before the first line: at no time."""
        a = int(Task.FOUND) | pid << 8
        self._put(Kind.TASK, 0, -1, 0, a=a, b=tid, c=kernel, text=self._texts.index(name) if name else -1)

    def _block(self, block: bytes) -> Iterator[Batch]:
        whole = block.rfind(b"\n") + 1
        text, at, patience = np.frombuffer(block[:whole], np.uint8), 0, 1
        while at < whole:
            status, taken = self._decode(text, at)
            patience = 1 if taken > at else min(2 * patience, _IN_A_ROW)
            at = taken
            for _ in range(patience if status == k.LEFT else 0):
                if at == whole or self._row > self._room:
                    break
                end = block.index(b"\n", at)
                self._line(block[at : min(end, at + LONGEST)])
                at = end + 1
            if self._row >= self._room:
                yield self._batch()
        if whole < len(block):
            self._line(block[whole : whole + LONGEST], ended=False)

    def _decode(self, text: Text, at: int) -> tuple[int, int]:
        """The kernel's lines from a byte on. → (its status, first byte that it did not take)."""
        names, programs = self._names, self._programs
        status, at, self._row = k.decode(
            text, at, self._rows, self._row, names.names, names.slots, names.pool,
            programs.events, programs.forms, programs.steps, programs.literals, *self._scratch,
            self._state, self._cpus, self._found, self._counts,
        )  # fmt: skip
        return status, at

    def _line(self, line: bytes, *, ended: bool = True) -> None:
        """One line. ended: whether its end is there; only the input's last may lack it, and may then be cut."""
        head = shape.LINE.match(line)
        if head is None:
            self._no_event(line)
            return
        cpu, tid = int(head["cpu"] or head["glued"]), int(head["tid"])
        ts = self._time(head)
        if cpu > k.MOST_CPU or tid > k.MOST_TID or ts > k.MOST_TIME:
            self._unread += 1
            return
        if cpu in self._lost:
            self._lose(cpu, ts)
        self._state[k.LAST_TIME] = self._cpus[cpu, k.LAST_ON] = ts
        self._event(head, cpu, tid, ts, ended=ended)

    def _time(self, head: re.Match[bytes]) -> int:
        fraction = head["fraction"]
        if head["micros"]:
            self._state[k.COARSE] += 1
            return max(int(head["seconds"]) * 1000, 1)
        if fraction is None:
            self._state[k.UNITLESS] += 1
            return max(int(head["seconds"]), 1)
        self._state[k.COARSE] += len(fraction) < 9
        return max(int(head["seconds"]) * 1_000_000_000 + int(fraction.ljust(9, b"0")), 1)

    def _event(self, head: re.Match[bytes], cpu: int, tid: int, ts: int, *, ended: bool) -> None:
        event = shape.EVENT.match(head["rest"]) or shape.CALL.match(head["rest"])
        if event is None:
            self.skipped[NO_EVENT] += 1
            return
        call = event.re is shape.CALL
        name = event["name"].decode()
        if call:
            name = ("sys_exit_" if event["ret"] else "sys_enter_") + name
        payload = (event["ret"] or event["args"] or b"") if call else event["payload"].rstrip()
        told = name if name in self._names.events else "other"
        self.seen[told] += 1
        found = self._decoders.get(name)
        fields = found.fields(payload) if found else None
        # Of a line that may be cut, what another byte would change is not known.
        cut = not ended and found is not None and (fields is None or fields != found.fields(payload + b"1"))
        if found is None or fields is None or cut:
            if found is not None and found.sure and ended:
                self._unread += 1
            else:
                self.skipped[told] += 1
            return
        is_switch = found.tracepoint.kind is Kind.SWITCH
        if self._found[tid] < k.MET and (is_switch or self._cpus[cpu, k.BROUGHT_IN] != tid):
            self._meet(head, tid, cpu, ts)
        self._take(found, name, payload, fields, cpu, tid, ts)

    def _take(
        self, found: Decoder, name: str, payload: bytes, fields: dict[str, bytes], cpu: int, tid: int, ts: int
    ) -> None:
        tracepoint, row = found.tracepoint, {"tid": tid, **columns(found, fields)}
        if not (0 <= row["tid"] <= k.MOST_TID and fits(tracepoint.kind, row)):
            self._unread += 1
            return
        if tracepoint.kind is Kind.TASK:
            row.setdefault("b", tid)
            if row["a"] == Task.FORK and 0 < row["b"] <= k.MOST_TID:
                self._found[row["b"]] = k.HEARD
        if tracepoint.kind is Kind.SWITCH:
            self._cpus[cpu, k.BROUGHT_IN] = row["a"]
            self._hear(row["a"], payload, cpu, ts)
        if tracepoint.kind is Kind.IRQ and row["b"] == Phase.ENTRY and exit_of(name) not in self._names.events:
            row["b"] = int(Phase.ENTRY_ONLY)
        text = self._texts.index(fields["text"]) if "text" in fields else -1
        self._put(tracepoint.kind, cpu, ts=ts, text=text, lesser=tracepoint.is_lesser(self._ranks), **row)
        self._counts[self._names.events[name], k.MADE] += 1
        self._state[k.USED] += 1

    def _meet(self, head: re.Match[bytes], tid: int, cpu: int, ts: int) -> None:
        """A row for a thread seen first whose process its line tells, or whose name is the kernel's.

        The row says that the thread is not running: one that a switch brought in gets it before it is switched out.
        """
        heard, self._found[tid] = self._found[tid], k.MET
        tgid = head["tgid"]
        pid = int(tgid) if tgid is not None and tgid.isdigit() else 0
        comm = head["comm"]
        if self._several_files and (file := shape.FILE.match(comm)):
            comm = comm[file.end() :]
        comm = comm.strip()
        # A thread born here is what its parent is, whatever name it still has.
        kernel = not heard and is_kernel_name(comm.decode("utf-8", "replace"))
        if not pid and not kernel and tid != KTHREADD:
            return
        text = -1 if comm in (b"<...>", b"<unknown>") or not (pid or kernel) else self._texts.index(comm)
        a = int(Task.FOUND) | (pid & 0x7FFFFFFF) << 8
        self._put(Kind.TASK, cpu, -1, ts, a=a, b=tid, c=1 if tid == KTHREADD else NULL, text=text)

    def _hear(self, tid: int, payload: bytes, cpu: int, ts: int) -> None:
        """A row for a thread that a switch brings in and nothing was told of, if its name is the kernel's."""
        if not 0 <= tid <= k.MOST_TID or self._found[tid]:
            return
        self._found[tid] = k.HEARD
        if comm := kernel_coming(payload):
            self._put(Kind.TASK, cpu, -1, ts, a=int(Task.FOUND), b=tid, text=self._texts.index(comm))

    def _no_event(self, line: bytes) -> None:
        if match := shape.LOST.match(line):
            cpu, count = int(match["cpu"]), match["count"]
            before = self._lost.get(cpu, 0)
            self._lose_until_next(cpu, NULL if count is None or before == NULL else before + int(count))
        elif (match := shape.STARTED.match(line)) and self._state[k.LAST_TIME]:
            # What this CPU did before was overwritten.
            self._lose_until_next(int(match["cpu"]), NULL)
        elif match := shape.ENTRIES.match(line):
            self.capture.set("cpus", int(match["cpus"]), "ftrace header")
            gone = int(match["written"]) - int(match["held"])
            if gone > 0:
                self.skipped["overwritten before the first line"] += gone
        elif match := shape.CPUS.match(line):
            self.capture.set("cpus", int(match["cpus"]), "trace-cmd report's header")
            self._several_files |= bool(match["file"])
        elif line and not line.startswith(b"#"):
            self.skipped[NO_EVENT] += 1

    def _lose_until_next(self, cpu: int, count: int) -> None:
        """Keep in mind that this CPU lost events, up to its next line."""
        if cpu > k.MOST_CPU:
            self._unread += 1
            return
        self._lost[cpu] = count
        self._cpus[cpu, k.LOSING] = 1

    def _put(
        self, kind: Kind, cpu: int, tid: int, ts: int, a: int = NULL, b: int = NULL, c: int = NULL, d: int = NULL,
        text: int = -1, lesser: bool = False,
    ) -> None:  # fmt: skip
        row = (int(kind), int(lesser), cpu, tid, text, ts, a, b, c, d, 0)
        for column, value in zip(self._rows, row, strict=False):
            column[self._row] = value  # type: ignore[index]
        self._row += 1

    def _lose(self, cpu: int, ts: int) -> None:
        """A row for what this CPU lost since its last line."""
        since = int(self._cpus[cpu, k.LAST_ON])
        self._put(Kind.LOSS, cpu, -1, ts, a=LOSS_CODE["lost"], b=self._lost.pop(cpu), c=since)
        self._cpus[cpu, k.LOSING] = 0

    def _sum_up(self) -> None:
        """What the kernel counted, to what was counted here."""
        for name, number in self._names.events.items():
            seen, skipped = self._counts[number, [k.SEEN, k.SKIPPED]].tolist()
            if seen and name:
                self.seen[name] += seen
            if skipped:
                self.skipped[name or NO_EVENT] += skipped
        if self._state[k.UNITLESS]:
            # The clock counts events or cycles.
            self.capture.set("clock", "a counter without unit", "lines")

    def _finish(self) -> None:
        """What is known only at the end."""
        last = int(self._state[k.LAST_TIME])
        for name, count in (("undecodable", self._unread), ("coarse_time", int(self._state[k.COARSE]))):
            if count:
                self._put(Kind.LOSS, -1, -1, last, a=LOSS_CODE[name], b=count)

    def _batch(self) -> Batch:
        filled = self._rows.first(self._row, int(self._state[k.LAST_TIME]) - SLACK)
        self._row = 0
        return filled
