"""Rows as decoded become one stream in the order of time, whatever the pieces they come in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from oracle import weave as plain

from gstrace.events.capture import Capture
from gstrace.events.losses import LOSSES
from gstrace.events.tables import NULL, Found, Kind, Origin, Phase, Task
from gstrace.importers.batch import COLUMNS, NO_HORIZON, Batch
from gstrace.importers.stream import Stream

Row = dict[str, Any]
DTYPES = {"kind": np.uint8, "lesser": np.uint8, "cpu": np.int32, "tid": np.int32, "text": np.int32, "digest": np.uint64}


class Made:
    """A reader of rows made by a test: batches of dictionaries, each with its horizon."""

    def __init__(self, batches: list[tuple[list[Row], int]], texts: list[str] | None = None) -> None:
        self.capture, self.texts, self.skipped, self.progress = Capture(), texts or [], {}, 0
        self._batches = batches

    def batches(self) -> Iterator[Batch]:
        for rows, horizon in self._batches:
            columns = {
                name: np.array([_stored(row[name]) for row in rows], DTYPES.get(name, np.int64)) for name in COLUMNS
            }
            yield Batch(**columns, horizon=horizon)


def _stored(value: int | None) -> int:
    return NULL if value is None else int(value)


def row(kind: Kind, ts: int, **values: Any) -> Row:
    blank = {"lesser": 0, "cpu": 0, "tid": 10, "text": -1, "a": 0, "b": None, "c": None, "d": None, "digest": 0}
    return {**blank, "kind": int(kind), "ts": ts, **values}


def streamed(reader: Made) -> list[Row]:
    """All rows of the stream but those that tell of anomalies."""
    found: list[Row] = []
    for piece in Stream(reader).rows():
        for i in range(piece.size):
            names = ("kind", "cpu", "tid", "ts", "a", "b", "c", "seq", "text")
            found.append({name: int(getattr(piece, name)[i]) for name in names})
    return found


def kinds(rows: list[Row]) -> list[str]:
    return [Kind(r["kind"]).name.lower() for r in rows]


ROWS = st.lists(
    st.one_of(
        st.builds(
            lambda **v: row(Kind.SYS_ENTER, **v),
            ts=st.integers(1, 9),
            a=st.sampled_from([39, 140, 158, 158]),
            b=st.sampled_from([None, 0x1001, 0x7FFF00001001, 0x6773]),
            c=st.sampled_from([None, 1]),
            d=st.sampled_from([None, 0, 1, 2]),
            tid=st.sampled_from([10, 11]),
            lesser=st.integers(0, 1),
        ),
        st.builds(
            lambda **v: row(Kind.SYS_EXIT, **v),
            ts=st.integers(1, 9),
            a=st.sampled_from([39, 158]),
            b=st.sampled_from([None, 0]),
            tid=st.sampled_from([10, 11]),
            lesser=st.integers(0, 1),
        ),
        st.builds(
            lambda **v: row(Kind.TASK, **v),
            ts=st.integers(1, 9),
            a=st.sampled_from([int(t) for t in Task]),
            text=st.sampled_from([-1, 0]),
            lesser=st.integers(0, 1),
        ),
        st.builds(
            lambda **v: row(Kind.WAKING, **v),
            ts=st.integers(1, 4),
            cpu=st.integers(0, 1),
            digest=st.sampled_from([0, 5, 6]),
        ),
        st.builds(
            row,
            kind=st.sampled_from([Kind.IRQ, Kind.NMI]),
            ts=st.integers(1, 9),
            a=st.sampled_from([1, 2]),
            b=st.sampled_from([int(phase) for phase in Phase]),
            c=st.sampled_from([int(origin) for origin in Origin]),
            d=st.sampled_from([None, 1, 2, 0x1001]),
            lesser=st.integers(0, 1),
        ),
    ),
    max_size=30,
)


@given(ROWS, st.integers(0, 30))
def test_the_kernel_weaves_what_the_plain_one_weaves(rows: list[Row], cut: int) -> None:
    reader = Made([(rows[:cut], NO_HORIZON), (rows[cut:], NO_HORIZON)], ["name"])
    found = [r for r in streamed(reader) if r["kind"] != Kind.LOSS]
    wanted = list(plain.woven(plain.in_order(rows)))
    for r, w in zip(found, wanted, strict=True):
        assert {name: r[name] for name in w} == {name: _stored(value) for name, value in w.items()}
    assert [r["seq"] for r in found] == list(range(len(found)))


def test_rows_wait_until_nothing_earlier_can_come() -> None:
    first = [row(Kind.WAKING, 5, cpu=0), row(Kind.WAKING, 9, cpu=0)]
    second = [row(Kind.WAKING, 7, cpu=1), row(Kind.WAKING, 12, cpu=1)]
    pieces = [piece.ts.tolist() for piece in Stream(Made([(first, 6), (second, 13)])).rows()]
    assert pieces == [[5], [7, 9, 12]]


def test_a_row_that_comes_too_late_is_counted() -> None:
    reader = Made([([row(Kind.WAKING, 9)], 10), ([row(Kind.WAKING, 5), row(Kind.WAKING, 11)], 12)])
    (told,) = (r for r in streamed(reader) if r["kind"] == Kind.LOSS)
    assert (LOSSES[told["a"]].name, told["b"], told["cpu"]) == ("late", 1, -1)


def test_second_copies_are_dropped_and_counted() -> None:
    twice = [row(Kind.WAKING, 5, digest=7), row(Kind.WAKING, 5, digest=8), row(Kind.WAKING, 5, digest=7)]
    found = streamed(Made([(twice, NO_HORIZON)]))
    assert kinds(found) == ["waking", "waking", "loss"]
    assert (LOSSES[found[-1]["a"]].name, found[-1]["b"]) == ("duplicate", 1)
    assert kinds(streamed(Made([([{**r, "digest": 0} for r in twice], NO_HORIZON)]))) == ["waking"] * 3


def test_what_was_known_before_the_recording_gets_its_first_time() -> None:
    found = streamed(Made([([row(Kind.WAKING, 500), row(Kind.TASK, 0, a=int(Task.FOUND))], NO_HORIZON)]))
    assert [(r["kind"], r["ts"]) for r in found] == [(Kind.TASK, 500), (Kind.WAKING, 500)]


def test_an_interrupt_that_found_more_held_than_another_of_its_kind_hit_the_kernel() -> None:
    def origins(kind: Kind, *held: int | None, b: int = 0) -> list[int]:
        rows = [row(kind, 1 + i, a=1, b=b, c=int(Origin.UNKNOWN), d=d) for i, d in enumerate(held)]
        return [r["c"] for r in streamed(Made([(rows, NO_HORIZON)]))]

    for kind in (Kind.IRQ, Kind.NMI):
        assert origins(kind, 2, 1, 2, None, 1, 0x1001) == [0, 0, 2, 0, 0, 2]
    assert origins(Kind.IRQ, 1, 2, b=int(Phase.EXIT)) == [0, 0]
    other = [row(Kind.IRQ, 1, a=1, c=0, d=1), row(Kind.IRQ, 2, a=2, c=0, d=2)]
    assert [r["c"] for r in streamed(Made([(other, NO_HORIZON)]))] == [0, 0]


def test_a_thread_that_nothing_marks_is_marked_by_a_name_of_the_kernels() -> None:
    def found(kernel: int | None, text: int = 0) -> int:
        rows = [row(Kind.TASK, 0, a=int(Task.FOUND), b=9, c=kernel, text=text), row(Kind.WAKING, 5)]
        return streamed(Made([(rows, NO_HORIZON)], ["kworker/0:1", "bash"]))[0]["c"]

    assert [found(None), found(0), found(1)] == [int(Found.KERNEL_BY_NAME), 0, 1]
    assert [found(None, 1), found(None, -1)] == [NULL, NULL]


def test_one_call_recorded_raw_and_by_name_is_one_call() -> None:
    rows = [
        row(Kind.SYS_ENTER, 1, a=158, b=0x1001, c=77, d=0),
        row(Kind.SYS_ENTER, 2, a=158, b=0x1001, c=77, lesser=1),
        row(Kind.SYS_EXIT, 8, a=158, b=0),
        row(Kind.SYS_EXIT, 9, a=158, b=0, lesser=1),
    ]
    for order in ([0, 1, 2, 3], [1, 0, 3, 2]):
        told = [{**rows[i], "ts": n + 1} for n, i in enumerate(order)]
        found = streamed(Made([(told, NO_HORIZON)]))
        assert sorted(kinds(found)) == ["arch_prctl", "sys_enter", "sys_exit"]
        call = next(r for r in found if r["kind"] == Kind.ARCH_PRCTL)
        assert (call["a"], call["b"], call["c"]) == (0x1001, 77, 0)


def test_a_call_without_an_end_ends_unknown_at_the_next() -> None:
    rows = [row(Kind.SYS_ENTER, 1, a=158, b=0x1001, c=77, d=0), row(Kind.SYS_ENTER, 5, a=39)]
    found = streamed(Made([(rows, NO_HORIZON)]))
    assert kinds(found) == ["sys_enter", "arch_prctl", "sys_enter"]
    assert found[1]["c"] == NULL
    assert kinds(streamed(Made([(rows[:1], NO_HORIZON)]))) == ["sys_enter", "arch_prctl"]


def test_a_window_is_marked_right_before_the_call_that_marks_it() -> None:
    begin = row(Kind.SYS_ENTER, 1, a=140, b=0x6773, c=3, d=0)
    end = row(Kind.SYS_ENTER, 5, a=140, b=0x6773, c=3, d=1)
    found = streamed(Made([([begin, end], NO_HORIZON)]))
    assert kinds(found) == ["marker", "sys_enter", "marker", "sys_enter"]
    assert [(r["a"], r["b"]) for r in found if r["kind"] == Kind.MARKER] == [(1, 3), (0, 3)]
    unknown = streamed(Made([([{**begin, "d": None}], NO_HORIZON)]))
    assert kinds(unknown) == ["sys_enter"]


def test_a_name_written_to_trace_marker_is_a_window_and_other_texts_are_not() -> None:
    texts = ["gstrace:begin serve\n", "hello", "gstrace:end serve"]
    reader = Made([([row(Kind.MARKER, i + 1, text=i) for i in range(3)], NO_HORIZON)], texts)
    found = streamed(reader)
    assert [(r["a"], r["b"], reader.texts[r["text"]]) for r in found] == [(1, NULL, "serve"), (0, NULL, "serve")]
