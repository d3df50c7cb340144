"""Events as the plain replay takes them → the stream's columns; and random recordings of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from gstrace.events.losses import LOSS_CODE
from gstrace.events.rows import Rows
from gstrace.events.tables import NULL, VECTORS, Found, Kind, Origin, Phase, Task

DTYPES = (np.uint8, np.int32, np.int32, np.int32, np.int64, np.int64, np.int64, np.int64, np.int64)


def _or_null(value: int | None) -> int:
    return NULL if value is None else value


def _payload(e: dict[str, Any]) -> tuple[int, int, int]:
    match e["kind"]:
        case "sys_enter":
            return e["nr"], NULL, NULL
        case "sys_exit":
            return e["nr"], _or_null(e["ret"]), NULL
        case "arch_prctl":
            return e["code"], _or_null(e["value"]), _or_null(e["ret"])
        case "switch":
            return e["next"], 0x20 * e["gone"] | 8 * e.get("traced", False) or 1, NULL
        case "exception":
            return (0, NULL, int(Origin.USER)) if e["user"] else (1, NULL, int(Origin.KERNEL))
        case "irq":
            line = e.get("line")
            a = VECTORS.index("local_timer") if line is None else line[0] << 8 | line[1] << 32
            return a, int(Phase[e["phase"].upper()]), int(Origin[e["origin"].upper()])
        case "nmi":
            return e["handler"], NULL, int(Origin[e["origin"].upper()])
        case "signal":
            return e["sig"], e["code"], _or_null(e["default"])
        case "task":
            return _task(e)
        case "loss":
            return LOSS_CODE[e["loss"]], _or_null(e["count"]), NULL
    return 0, NULL, NULL


def _task(e: dict[str, Any]) -> tuple[int, int, int]:
    a = int(Task[e["what"].upper()]) | e.get("pid", 0) << 8
    c = {"found": "kernel", "fork": "flags", "exec": "old"}.get(e["what"])
    value = None if c is None else e[c]
    return a, e["subject"], int(Found.KERNEL_BY_NAME) if value == "name" else _or_null(value)


def rows(events: list[dict[str, Any]], first_seq: int = 0) -> Rows:
    """The stream of a list of events, in their order."""
    stream = Rows(*(np.zeros(len(events), dtype) for dtype in DTYPES))
    for i, e in enumerate(events):
        stream.kind[i] = Kind[e["kind"].upper()]
        stream.cpu[i], stream.tid[i], stream.text[i] = e["cpu"], e["tid"], -1
        stream.seq[i], stream.ts[i] = first_seq + i, e["ts"]
        stream.a[i], stream.b[i], stream.c[i] = _payload(e)
    return stream


TIDS = st.sampled_from([0, 2, 10, 11, 12, 13, 20])
VALUES = st.sampled_from([0, 0x1000, 1 << 32, 0x7F0000001000, 0x7F0000002000])
ORIGINS = st.sampled_from(["unknown", "unknown", "user", "kernel"])
PIDS = st.sampled_from([0, 10, 20])


def _of(kind: str, **fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"kind": st.just(kind), **fields})


def _null_or(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(values, values, st.none())


BODIES = st.one_of(
    _of("sys_enter", nr=st.sampled_from([0, 1, 45, 59, 154, 231, 243])),
    _of("sys_exit", nr=st.sampled_from([0, 1, 45, 59, 154, 243]), ret=_null_or(st.sampled_from([0, -1, 0x56000000]))),
    _of(
        "arch_prctl",
        code=st.sampled_from([0x1001, 0x1002, 0x1003, 0x1004, 0x1011]),
        value=_null_or(VALUES),
        ret=_null_or(st.sampled_from([0, -22])),
    ),
    _of("switch", next=TIDS, gone=st.booleans(), traced=st.sampled_from([False, False, True])),
    _of("exception", user=st.booleans()),
    _of("irq", phase=st.sampled_from(["entry", "exit", "entry_only"]), origin=ORIGINS),
    _of(
        "irq",
        phase=st.sampled_from(["entry", "exit"]),
        origin=ORIGINS,
        line=st.tuples(st.sampled_from([4, 5]), st.sampled_from([7, 8])),
    ),
    _of("nmi", handler=st.sampled_from([100, 200]), origin=ORIGINS),
    _of("signal", sig=st.sampled_from([5, 9, 11]), code=st.sampled_from([0, 1, 6]), default=_null_or(st.booleans())),
    _of("waking"),
    _of("task", what=st.just("found"), subject=TIDS, pid=PIDS, kernel=_null_or(st.sampled_from([True, False, "name"]))),
    _of("task", what=st.just("fork"), subject=TIDS, pid=PIDS, flags=_null_or(st.sampled_from([0, 0x10000, 0x90000]))),
    _of("task", what=st.just("exec"), subject=TIDS, old=_null_or(TIDS)),
    _of("task", what=st.sampled_from(["exit", "rename"]), subject=TIDS),
    _of("marker"),
    _of("loss", loss=st.sampled_from(["lost", "lost", "lost_samples", "late"]), count=_null_or(st.integers(1, 5))),
)


@st.composite
def recordings(draw: st.DrawFn, longest: int = 60) -> list[dict[str, Any]]:
    """Random events on two CPUs: any order of anything; the tid is often the one that a switch left running."""
    events: list[dict[str, Any]] = []
    ts, running = draw(st.integers(1, 10**9)), {0: 10, 1: 11}
    for body in draw(st.lists(BODIES, max_size=longest)):
        cpu = draw(st.sampled_from([0, 0, 1]))
        ts += draw(st.sampled_from([0, 1, 1000, 5_000_000, 700_000_000]))
        tid = draw(TIDS) if draw(st.integers(0, 5)) == 0 else running[cpu]
        if body["kind"] == "loss" and draw(st.integers(0, 9)) == 0:
            cpu = -1
        if body["kind"] == "switch" and draw(st.integers(0, 9)) == 0:
            tid = -1  # as after a loss, where a format tells only whom a switch brings in
        own = {"subject": tid} if body["kind"] == "task" and body["what"] in ("exec", "exit") else {}
        events.append({**body, **own, "cpu": cpu, "tid": tid, "ts": ts})
        if body["kind"] == "switch":
            running[cpu] = body["next"]
    return events
