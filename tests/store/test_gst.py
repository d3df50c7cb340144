"""A `.gst` holds the stream it was given: absent or whole, the same bytes for the same rows."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from oracle.stream import recordings, rows

from gstrace.errors import OutputError, UnreadableInput
from gstrace.events.capture import Capture
from gstrace.events.rows import Rows
from gstrace.events.tables import NULL, TABLES, Kind
from gstrace.store.gst import CENSUS, THREAD, Gst, Writer

EMPTY = {"census": CENSUS.empty_table(), "threads": THREAD.empty_table()}


def write(place: Path, pieces: list[Rows], texts: list[str] | None = None) -> Gst:
    with Writer(place) as writer:
        for piece in pieces:
            writer.add(piece, texts or [])
        writer.finish(**EMPTY, texts=texts or [], capture=Capture(), provenance={"source": "made up"})
    return Gst(place)


def digests(place: Path) -> dict[str, str]:
    files = sorted(p for p in place.rglob("*") if p.is_file())
    return {str(p.relative_to(place)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def marked(events: list[dict[str, Any]]) -> Rows:
    """A recording's rows, without unknowns where a table knows none."""
    stream = rows(events)
    for kind, table in TABLES.items():
        for column in table.columns:
            values = getattr(stream, column.source)
            if not column.null and column.source in "abc":
                values[(stream.kind == kind) & (values == NULL)] = 0
    return stream


@given(recordings())
def test_tables_give_the_stream_back(tmp_path_factory: pytest.TempPathFactory, events: list[dict[str, Any]]) -> None:
    stream = marked(events)
    gst = write(tmp_path_factory.mktemp("gst") / "a.gst", [stream])
    back = [piece for piece, _ in gst.stream(size=7)]
    for i, name in enumerate(Rows._fields):
        column = np.concatenate([piece[i] for piece in back]) if back else np.zeros(0)
        kept = _kept(stream, name)
        np.testing.assert_array_equal(column[kept], stream[i][kept], err_msg=name)


def _kept(stream: Rows, name: str) -> np.ndarray[Any, Any]:
    """Rows whose table has a column for this part of the stream."""
    tables = {int(kind): {c.source for c in table.columns} for kind, table in TABLES.items()}
    return np.array([name == "kind" or name in tables[int(kind)] for kind in stream.kind], bool)


def test_texts_and_nulls_come_back(tmp_path: Path) -> None:
    events = [
        {"kind": "task", "what": "rename", "subject": 10, "cpu": 0, "tid": 10, "ts": 5},
        {"kind": "task", "what": "fork", "subject": 11, "pid": 0, "flags": None, "cpu": 0, "tid": 10, "ts": 6},
        {"kind": "sys_exit", "nr": 0, "ret": None, "cpu": 0, "tid": -1, "ts": 7},
    ]
    stream = rows(events)
    stream.text[0] = 0
    gst = write(tmp_path / "a.gst", [stream], ["na\x1bme"])
    task = gst.table(Kind.TASK).to_pylist()
    assert [(t["comm"], t["kind"], t["flags"], t["pid"]) for t in task] == [
        ("na\x1bme", "rename", None, None),
        (None, "fork", None, None),
    ]
    assert gst.table(Kind.SYS_EXIT).to_pylist()[0] | {"seq": 0, "nr": 0} == {
        "seq": 0, "ts": 7, "cpu": 0, "tid": None, "nr": 0, "ret": None,
    }  # fmt: skip
    ((piece, texts),) = gst.stream()
    assert texts[piece.text[0]] == "na\x1bme"
    assert piece.c[1] == piece.b[2] == NULL


def test_the_same_rows_make_the_same_bytes_however_they_came(tmp_path: Path) -> None:
    stream = rows([{"kind": "sys_enter", "nr": i % 9, "cpu": 0, "tid": 9, "ts": 10 * i} for i in range(1000)])
    whole = write(tmp_path / "a.gst", [stream])
    cut = write(tmp_path / "b.gst", [stream.part(slice(i, i + 77)) for i in range(0, 1000, 77)])
    assert digests(whole.path) == digests(cut.path)


def test_every_table_is_there_and_is_what_its_declaration_says(tmp_path: Path) -> None:
    gst = write(tmp_path / "a.gst", [])
    for table in TABLES.values():
        file = pq.ParquetFile(gst.path / "tables" / f"{table.name}.parquet")
        assert file.schema_arrow.names == [c.name for c in table.columns]
        assert file.metadata.num_rows == 0
    assert gst.tables.switch.collect().is_empty()
    with pytest.raises(AttributeError):
        gst.tables.nothing  # noqa: B018


def test_nothing_half_written_stays(tmp_path: Path) -> None:
    def fail_midway() -> None:
        with Writer(tmp_path / "a.gst") as writer:
            writer.add(rows([{"kind": "waking", "cpu": 0, "tid": 1, "ts": 1}]), [])
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fail_midway()
    assert list(tmp_path.iterdir()) == []


def test_an_older_one_is_replaced_whole(tmp_path: Path) -> None:
    write(tmp_path / "a.gst", [])
    gst = write(tmp_path / "a.gst", [rows([{"kind": "waking", "cpu": 0, "tid": 1, "ts": 1}])])
    assert gst.manifest["rows"]["waking"] == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a.gst"]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        write(tmp_path / "file" / "a.gst", [])


def test_what_is_no_gst_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match=r"no whole \.gst"):
        Gst(tmp_path)
    gst = write(tmp_path / "a.gst", [])
    manifest = json.loads((gst.path / "manifest.json").read_text())
    (gst.path / "manifest.json").write_text(json.dumps(manifest | {"schema": "gstrace.gst/99"}))
    with pytest.raises(UnreadableInput, match="version 99"):
        Gst(gst.path)
    (gst.path / "manifest.json").write_text(json.dumps(manifest))
    (gst.path / "tables" / "marker.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(UnreadableInput, match="marker"):
        Gst(gst.path).table(Kind.MARKER)


def test_the_census_is_stored_as_declared() -> None:
    assert CENSUS.field("count").type == pa.int64()


def test_a_span_reaches_from_the_first_event_to_the_last(tmp_path: Path) -> None:
    stream = rows(
        [
            {"kind": "task", "what": "found", "cpu": 0, "tid": 0, "ts": 5, "subject": 7, "kernel": 0},
            {"kind": "sys_enter", "cpu": 0, "tid": 7, "ts": 40, "nr": 1},
            {"kind": "sys_enter", "cpu": 1, "tid": 8, "ts": 90, "nr": 1},
            {"kind": "loss", "loss": "lost", "count": 3, "cpu": 1, "tid": -1, "ts": 200},
        ]
    )
    assert write(tmp_path / "a.gst", [stream]).span() == (40, 90)
    assert write(tmp_path / "none.gst", [stream.part(np.array([0]))]).span() is None  # a thread found is no event
