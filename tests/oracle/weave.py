"""The weave again, plainly: rows as dictionaries in, rows of the stream out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gstrace.events.tables import Kind, Origin, Phase, Task

Row = dict[str, Any]


def in_order(rows: Iterable[Row]) -> list[Row]:
    """By time, rows of one time as they came; second copies of a record left out."""
    ordered = sorted(rows, key=lambda row: row["ts"])
    kept: list[Row] = []
    for row in ordered:
        copies = (k for k in kept if (k["ts"], k["cpu"], k["digest"]) == (row["ts"], row["cpu"], row["digest"]))
        if not row["digest"] or not any(copies):
            kept.append(row)
    return kept


def woven(rows: list[Row]) -> Iterator[Row]:
    """The stream's rows: kind, tid, a, b, c. None stands for what is unknown."""
    open_calls: dict[int, Row] = {}
    least: dict[int | str, int] = {}
    for row in rows:
        kind, tid = row["kind"], row["tid"]
        if kind == Kind.SYS_ENTER:
            yield from _enter(open_calls, row)
        elif kind == Kind.SYS_EXIT:
            if row["a"] == 158 and tid in open_calls:
                call = open_calls.pop(tid)
                yield _row(Kind.ARCH_PRCTL, row, call["code"], call["value"], row["b"])
            if not row["lesser"]:
                yield _row(kind, row, row["a"], row["b"], None)
        elif not row["lesser"]:
            hit = kind == Kind.NMI or (kind == Kind.IRQ and row["b"] != Phase.EXIT)
            held, sort = row["d"], row["a"] & 0xFF if kind == Kind.IRQ else "nmi"
            sure = hit and held is not None and held > least.get(sort, held)
            if hit and held is not None:
                least[sort] = min(held, least.get(sort, held))
            yield _row(kind, row, row["a"], row["b"], int(Origin.KERNEL) if sure else row["c"])
        elif kind == Kind.TASK and row["a"] == Task.EXEC and row["text"] >= 0:
            yield _row(kind, row, int(Task.RENAME), row["b"], row["c"])
    for tid in sorted(open_calls, key=lambda tid: tid % 2**14):
        call = open_calls[tid]
        if not call["named"]:
            end = {"cpu": 0, "tid": tid, "ts": max(row["ts"] for row in rows)}
            yield _row(Kind.ARCH_PRCTL, end, call["code"], call["value"], None)


def _enter(open_calls: dict[int, Row], row: Row) -> Iterator[Row]:
    tid, nr = row["tid"], row["a"]
    if nr == 158 and row["b"] is not None:
        row = {**row, "b": (row["b"] + 2**31) % 2**32 - 2**31}  # an int to the kernel
    call = open_calls.get(tid)
    if row["lesser"]:
        if nr == 158 and call is None:
            open_calls[tid] = {"code": row["b"], "value": row["c"], "named": True}
        return
    if call and (not call["named"] or nr != 158):
        del open_calls[tid]
        yield _row(Kind.ARCH_PRCTL, row, call["code"], call["value"], None)
        call = None
    if nr == 140 and row["b"] == 0x6773 and row["c"] is not None and row["d"] in (0, 1):
        yield _row(Kind.MARKER, row, 1 - row["d"], row["c"], None)
    yield _row(Kind.SYS_ENTER, row, nr, None, None)
    if nr == 158:
        if row["b"] is None and call:
            open_calls[tid] = {**call, "named": False}
        else:
            open_calls[tid] = {"code": row["b"], "value": row["c"], "named": False}


def _row(kind: int, row: Row, a: Any, b: Any, c: Any) -> Row:
    return {"kind": int(kind), "cpu": row["cpu"], "tid": row["tid"], "ts": row["ts"], "a": a, "b": b, "c": c}
