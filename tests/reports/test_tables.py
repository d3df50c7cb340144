"""Every report is what its declaration says, in every form the same."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from reports import recording

from gstrace import api
from gstrace.errors import OutputError, UsageError
from gstrace.replay.selection import Selection
from gstrace.reports.tables import REPORTS, STREAMED

KINDS = list(REPORTS)


@pytest.mark.parametrize("kind", KINDS)
def test_columns_are_those_declared(answer: api.Answer, kind: str) -> None:
    rows, report = api.report(kind, answer).rows, REPORTS[kind]
    assert dict(rows.schema) == {c.name: c.polars for c in report.columns}
    assert rows.height > 0
    for column in report.columns:
        assert column.null or rows[column.name].null_count() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_no_figure_is_nan(lossy_answer: api.Answer, kind: str) -> None:
    rows = api.report(kind, lossy_answer).rows
    for series in rows.select(pl.selectors.float()):
        assert not series.is_nan().any()


@pytest.mark.parametrize("kind", KINDS)
def test_parquet_holds_what_json_says(answer: api.Answer, kind: str, tmp_path: Path) -> None:
    table = api.report(kind, answer)
    table.write_parquet(tmp_path / "t.parquet")
    found = pq.read_table(tmp_path / "t.parquet")
    said = json.loads(json.dumps(table.to_json(), allow_nan=False))
    assert found.to_pylist() == said["rows"]
    metadata = found.schema.metadata
    assert metadata[b"gstrace.schema"].decode() == said["schema"] == f"gstrace.report.{kind}/1"
    assert json.loads(metadata[b"gstrace.provenance"]) == said["provenance"]
    assert [p.name for p in tmp_path.iterdir()] == ["t.parquet"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_input_gives_the_same_bytes(answer: api.Answer, again: api.Answer, kind: str, tmp_path: Path) -> None:
    tables = [api.report(kind, asked) for asked in (answer, again)]
    for number, table in enumerate(tables):
        table.write_parquet(tmp_path / f"{number}.parquet")
    assert (tmp_path / "0.parquet").read_bytes() == (tmp_path / "1.parquet").read_bytes()
    assert tables[0].to_csv() == tables[1].to_csv()
    assert tables[0].to_markdown() == tables[1].to_markdown()


@pytest.mark.parametrize("kind", KINDS)
def test_csv_has_the_declared_header_and_all_rows(answer: api.Answer, kind: str) -> None:
    table = api.report(kind, answer)
    head, *rows = csv.reader(io.StringIO(table.to_csv(provenance=False)))
    assert head == [c.name for c in REPORTS[kind].columns]
    assert len(rows) == table.rows.height
    comments = [line for line in table.to_csv().split("\n") if line.startswith("# ")]
    assert any(line.startswith("# sha256: ") for line in comments)


def test_provenance_says_what_was_asked_of_what(answer: api.Answer) -> None:
    told = api.report("summary", answer).provenance
    assert told["source"] == "perf.data"
    assert told["digest"] == "00"
    assert told["uarch"] == [{"id": "skylake", "quality": "estimate"}]
    assert told["command"] == "gstrace what-if perf.data"


def test_a_folder_of_reports_is_whole(answer: api.Answer, tmp_path: Path) -> None:
    written = answer.to_parquet(tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(p.name for p in written)
    assert {p.stem for p in written} == set(KINDS) - {STREAMED}


def test_a_folder_that_cannot_be_written_is_an_output_error(answer: api.Answer, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError):
        answer.to_parquet(tmp_path / "out")
    with pytest.raises(OutputError):
        api.report("summary", answer).write_parquet(tmp_path / "nowhere" / "t.parquet")


def test_an_unknown_kind_gets_the_nearest(answer: api.Answer) -> None:
    with pytest.raises(UsageError, match="sumary") as error:
        api.report("sumary", answer)
    assert "summary" in error.value.hint


def test_foreign_names_do_no_harm_in_csv_and_markdown(answer: api.Answer) -> None:
    table = api.report("by-process", answer)
    assert recording.EVIL in table.rows["comm"].to_list()
    for text in (table.to_csv(), table.to_markdown(), str(table)):
        assert "\x1b" not in text
        assert all(c == "\n" or c.isprintable() for c in text)
    row = next(line for line in table.to_markdown().split("\n") if "x1b" in line)
    assert row.count("|") == len(table.report.columns) + 1
    assert "<b>" not in row
    assert "`" not in row
    assert ",'=1+1," in table.to_csv()


def test_a_selection_is_in_the_provenance(trace: api.Trace) -> None:
    asked = Selection(pids=frozenset({100}), cpus=frozenset({0}))
    told = api.report("summary", api.what_if(trace, uarch="skylake", selection=asked)).provenance["selection"]
    assert (told["pid"], told["cpu"]) == ([100], [0])
