"""What the tests of this folder share: rows of a text and of a perf.data, made comparable; and finding recordings."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gstrace.events.tables import Kind, Origin, Task
from gstrace.importers.perfscript.reader import PerfScript

if TYPE_CHECKING:
    from gstrace.importers.batch import Reader

ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("GSTRACE_SHARED", ROOT.parent / "shared"))
NAMES = ("kind", "lesser", "cpu", "tid", "text", "ts", "a", "b", "c", "d")
Row = dict[str, Any]


def rows_of(reader: Reader) -> list[Row]:
    """All rows, texts as texts."""
    found = []
    for batch in reader.batches():
        for values in zip(*(getattr(batch, name).tolist() for name in NAMES), strict=True):
            row = dict(zip(NAMES, values, strict=True))
            row["text"] = reader.texts[row["text"]] if row["text"] >= 0 else None
            found.append(row)
    return found


def read(data: bytes, rows: int = 4096) -> tuple[list[Row], PerfScript]:
    """All rows of a text; and the reader after its end."""
    reader = PerfScript(BytesIO(data), "x", rows=rows)
    return rows_of(reader), reader


def told(rows: list[Row], *, records: bool, chains: bool = True) -> list[tuple[Any, ...]]:
    """Rows as far as a text tells them: states as runs on or waits, no handler's address, no losses' summaries,
    not what an interrupt found held.

    records: the text has the lines of --show-task-events; without, rows of FORK, EXIT and COMM are left out. What they
    count beside is not compared: a text does not tell of tracepoints that were recorded and never met.
    chains: it has the call chains.
    """
    kept = []
    for row in rows:
        made_of_record = row["kind"] == Kind.TASK and (row["a"] >> 8 or row["a"] & 0xFF == Task.FOUND)
        if row["kind"] == Kind.LOSS or (made_of_record and not records):
            continue
        now = {**row, "text": row["text"] or ""}
        if row["kind"] == Kind.SWITCH:
            now["b"] = int(row["b"] not in (0, 256))
        if made_of_record:
            now["lesser"] = 0
        if row["kind"] == Kind.NMI:
            now["a"] = 0
        if row["kind"] in (Kind.IRQ, Kind.NMI):
            now["d"] = 0
            if not chains:
                now["c"] = int(Origin.UNKNOWN)
        kept.append(tuple(now[name] for name in NAMES))
    return sorted(kept, key=lambda row: row[NAMES.index("ts")])


def line(
    payload: str, *, comm: str = "a b", tid: int = 7, cpu: int = 1, ts: str = "5.000000100", event: str = ""
) -> str:
    name = event or "raw_syscalls:sys_enter"
    return f"{comm:>16} {tid:5} [{cpu:03}] {ts:>12}: {name:>30}: {payload}\n"
