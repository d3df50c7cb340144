"""A small recording made by hand: rows of the stream → a `.gst`, opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gstrace import api
from gstrace.events.capture import Capture
from gstrace.events.losses import LOSS_CODE
from gstrace.events.rows import Rows
from gstrace.events.tables import NULL, VECTORS, Kind, Origin, Phase, Task
from gstrace.events.tracepoints import WANTED
from gstrace.ingest import census_table, thread_table
from gstrace.replay.engine import Replay
from gstrace.store.gst import Gst, Writer

EVIL = "\x1b[2J|<b>`x`\n"
FORMULA = "=1+1"
TIMER = VECTORS.index("local_timer")
FACTS = {
    "kernel_release": "6.1.0",
    "architecture": "x86_64",
    "cpu_flags": "fsgsbase smap",
    "cpu_bugs": "spectre_v1",
    "kernel_command_line": "quiet",
}


class Story:
    """Events in order, each a microsecond after the one before."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, ...]] = []
        self.texts: list[str] = []

    def add(
        self, kind: Kind, tid: int, a: int = 0, b: int = NULL, c: int = NULL, *, cpu: int = 0, text: str = ""
    ) -> Story:
        index = -1
        if text:
            index = len(self.texts)
            self.texts.append(text)
        n = len(self.rows)
        self.rows.append((int(kind), cpu, tid, index, n, 1_000_000 + 1000 * n, a, b, c))
        return self

    def found(self, tid: int, pid: int, comm: str, *, kernel: bool = False) -> Story:
        return self.add(Kind.TASK, 0, int(Task.FOUND) | pid << 8, tid, int(kernel), text=comm)

    def call(self, tid: int, *, cpu: int = 0, nr: int = 1) -> Story:
        return self.add(Kind.SYS_ENTER, tid, nr, cpu=cpu).add(Kind.SYS_EXIT, tid, nr, 0, cpu=cpu)

    def set_fs(self, tid: int, value: int, *, cpu: int = 0) -> Story:
        self.add(Kind.SYS_ENTER, tid, 158, cpu=cpu).add(Kind.ARCH_PRCTL, tid, 0x1002, value, 0, cpu=cpu)
        return self.add(Kind.SYS_EXIT, tid, 158, 0, cpu=cpu)

    def switch(self, prev: int, following: int, *, cpu: int = 0) -> Story:
        return self.add(Kind.SWITCH, prev, following, 1, cpu=cpu)

    def fault(self, tid: int, *, cpu: int = 0) -> Story:
        return self.add(Kind.EXCEPTION, tid, 0, c=int(Origin.USER), cpu=cpu)

    def tick(self, tid: int, *, cpu: int = 0) -> Story:
        self.add(Kind.IRQ, tid, TIMER, int(Phase.ENTRY), 0, cpu=cpu)
        return self.add(Kind.IRQ, tid, TIMER, int(Phase.EXIT), 0, cpu=cpu)

    def mark(self, tid: int, window: int | str, *, begin: bool, cpu: int = 0) -> Story:
        if isinstance(window, str):
            return self.add(Kind.MARKER, tid, int(begin), cpu=cpu, text=window)
        return self.add(Kind.MARKER, tid, int(begin), window, cpu=cpu)

    def lose(self, count: int | None, *, cpu: int = 0) -> Story:
        return self.add(Kind.LOSS, -1, LOSS_CODE["lost"], NULL if count is None else count, cpu=cpu)

    def stream(self) -> Rows:
        columns = np.array(self.rows, np.int64).T
        i4 = np.int32
        dtypes = (np.uint8, i4, i4, i4, np.int64, np.int64, np.int64, np.int64, np.int64)
        return Rows(*(column.astype(dtype) for column, dtype in zip(columns, dtypes, strict=True)))


def usual() -> Story:
    """Two processes, one of two threads, on two CPUs; a kernel thread; three marked windows, one of them twice."""
    story = Story()
    story.found(100, 100, "nginx").found(101, 100, "worker").found(200, 200, EVIL).found(50, 50, "kworker", kernel=True)
    story.found(300, 300, FORMULA)
    story.call(100).call(200, cpu=1).set_fs(100, 0x7F0000001000).fault(101 - 1).tick(100)
    story.switch(100, 101).call(101).switch(101, 50).tick(50).switch(50, 100)
    story.mark(100, 1, begin=True).call(100).call(100).call(200, cpu=1).mark(100, 1, begin=False).call(100)
    story.mark(100, "serve", begin=True).switch(200, 300, cpu=1).call(300, cpu=1).mark(100, "serve", begin=False)
    story.mark(100, 1, begin=True).call(100).switch(100, 0).mark(0, 1, begin=False).switch(0, 100).call(100)
    story.tick(300, cpu=1).call(300, cpu=1)
    return story.add(Kind.TASK, 300, int(Task.EXEC), 300, cpu=1).call(300, cpu=1)


def write(story: Story, folder: Path, facts: dict[str, Any] = FACTS) -> api.Trace:
    """The story as a `.gst` in a folder."""
    replay, rows, capture = Replay(), story.stream(), Capture()
    for name, value in facts.items():
        capture.set(name, value, "made by hand")
    replay.feed(rows)
    replay.finish()
    provenance = {"gstrace": "0", "source": "perf.data", "size": 1, "digest": "00", "format": "perf.data"}
    more = {"anomalies": {}, "inferred_switches": replay.inferred_switches, "skipped": {}}
    more |= {"recorded": sorted({name for w in WANTED for name in w.tracepoints}), "damage": None}
    with Writer(folder / "hand.gst") as writer:
        writer.add(rows, story.texts)
        writer.finish(
            census=census_table(replay.census()),
            threads=thread_table(replay.threads(), story.texts),
            texts=story.texts,
            capture=capture,
            provenance={**provenance, **more},
        )
    return api.Trace(Gst(folder / "hand.gst"))
