"""`what-if`, `report` and `demo` on a real recording: the API's numbers, wherever they are written."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gstrace import api
from gstrace.cli.report import TABLES

if TYPE_CHECKING:
    from conftest import Type


def test_json_is_what_the_api_says(gstrace: Type, gst: Path) -> None:
    ended = gstrace("what-if", gst, "--scheme", "fsgsbase", "--uarch", "zen*", "--comm", "nginx", "--format", "json")
    assert (ended.status, ended.err) == (0, "")
    command = "gstrace what-if perf.gst --scheme fsgsbase --uarch 'zen*' --comm nginx"
    selection = api.Selection(comms=("nginx",))
    answer = api.what_if(api.open(gst), ["fsgsbase"], uarch="zen*", selection=selection, command=command)
    assert json.loads(ended.out) == json.loads(json.dumps(answer.to_json()))


def test_every_selection_reaches_the_api(gstrace: Type, gst: Path) -> None:
    line = "--scheme mixed --baseline swapgs --ledger gs --assume pti=true --pid 6847 --tid 6847 --tid 1 --cpu 0-1,3"
    times = "--from 965.76s --to 965900ms"
    ended = gstrace("what-if", gst, "--uarch", "skylake", *line.split(), *times.split(), "--format", "json")
    assert (ended.status, ended.err) == (0, "")
    selection = api.Selection(
        pids=frozenset({6847}),
        tids=frozenset({6847, 1}),
        cpus=frozenset({0, 1, 3}),
        since=965_760_000_000,
        until=965_900_000_000,
    )
    answer = api.what_if(
        api.open(gst),
        ["mixed"],
        baseline="swapgs",
        uarch="skylake",
        ledger="gs",
        selection=selection,
        assume={"pti": "true"},
        command="gstrace what-if perf.gst --scheme mixed --baseline swapgs --uarch skylake --ledger gs"
        " --assume pti=true --pid 6847 --tid 6847 --tid 1 --cpu 0-1,3 --from 965.76s --to 965900ms",
    )
    assert json.loads(ended.out) == json.loads(json.dumps(answer.to_json()))


def test_the_newest_gst_is_taken_and_named(gstrace: Type, gst: Path, here: Path) -> None:
    shutil.copytree(gst, here / "perf.gst")
    ended = gstrace("report", "by-event", "--format", "csv")
    assert ended.err == "gstrace: reading perf.gst, the newest .gst in this folder\n"
    assert "# command: gstrace report by-event perf.gst\n" in ended.out
    assert gstrace("report", "by-event", "--format", "csv", "--quiet") == (0, ended.out, "")


def test_settings_may_come_from_the_environment(gstrace: Type, gst: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = gstrace(
        "report", "summary", gst, "--format", "csv", "--scheme", "mixed", "--scheme", "fred", "--uarch", "zen4"
    )
    for name, value in (("FORMAT", "csv"), ("SCHEME", "mixed fred"), ("UARCH", "zen4")):
        monkeypatch.setenv(f"GSTRACE_{name}", value)
    assert gstrace("report", "summary", gst) == said
    assert gstrace("report", "summary", gst, "--format", "json").out.startswith("{")


@pytest.mark.parametrize("kind", TABLES)
def test_every_report_in_every_form_holds_the_same_rows(gstrace: Type, gst: Path, kind: str) -> None:
    line = ("report", kind, gst, "--scheme", "fsgsbase", "--comm", "wrk", "--to", "965.8s")
    rows = json.loads(gstrace(*line, "--format", "json").out)["rows"]
    assert rows == api.report(kind, _asked(gst)).rows.to_dicts()
    text = gstrace(*line, "--format", "csv").out
    table = [row for row in csv.reader(io.StringIO(text)) if not row[0].startswith("# ")]
    assert len(table) == len(rows) + 1
    markdown = gstrace(*line, "--format", "md").out
    assert markdown.count("\n|") == len(rows) + 1
    assert gstrace(*line).status == 0


def _asked(gst: Path) -> api.Answer:
    selection = api.Selection(comms=("wrk",), until=965_800_000_000)
    return api.what_if(api.open(gst), ["fsgsbase"], selection=selection)


@pytest.mark.parametrize("form", ["json", "csv", "md"])
def test_forms_for_machines_are_neither_wrapped_nor_coloured(
    gstrace: Type, gst: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = ("what-if", gst, "--scheme", "fsgsbase", "--format", form)
    wide = gstrace(*line)
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert gstrace(*line) == wide
    assert "\x1b" not in wide.out


def test_a_file_is_there_whole_or_not_at_all(gstrace: Type, gst: Path, here: Path) -> None:
    said = gstrace("report", "summary", gst, "--format", "json").out
    (here / "a.json").write_text("old")
    (here / "a.json").chmod(0o640)
    assert gstrace("report", "summary", gst, "--format", "json", "-o", "a.json") == (0, "", "")
    assert (here / "a.json").read_text() == said
    assert (here / "a.json").stat().st_mode & 0o777 == 0o640
    assert [p.name for p in here.iterdir()] == ["a.json"]


def test_a_file_that_cannot_be_written(gstrace: Type, gst: Path, here: Path) -> None:
    for place in ("no/such/folder.json", "/proc/self/cmdline.json"):
        ended = gstrace("report", "summary", gst, "--format", "json", "-o", place)
        assert (ended.status, ended.out) == (5, "")
        assert ended.err.startswith(f"gstrace: {place}: cannot be written: ")
    assert not list(here.iterdir())


def test_a_report_that_breaks_leaves_the_old_file(
    gstrace: Type, gst: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaking(*_: object) -> object:
        yield "half"
        raise KeyboardInterrupt

    monkeypatch.setattr("gstrace.api.event_text", breaking)
    (here / "a.csv").write_text("old")
    assert gstrace("report", "events", gst, "-o", "a.csv").status == 130
    assert [(p.name, p.read_text()) for p in here.iterdir()] == [("a.csv", "old")]


def test_parquet_writes_every_table_but_events(gstrace: Type, gst: Path, here: Path) -> None:
    assert gstrace("report", "parquet", gst, "-o", "tables") == (0, "", "")
    assert sorted(p.name for p in (here / "tables").iterdir()) == sorted(
        f"{k}.parquet" for k in TABLES if k != "events"
    )
    (here / "file").touch()
    ended = gstrace("report", "parquet", gst, "-o", "file")
    assert (ended.status, ended.err) == (5, "gstrace: file is not a folder\n")


def test_a_recording_and_its_gst_give_one_answer(gstrace: Type, gst: Path, here: Path) -> None:
    sample = api.sample()
    shutil.copy(sample.trace, here / "perf.data")
    line = ("--machine", sample.machine, "--scheme", "fsgsbase", "--format", "json")
    direct, stored = (json.loads(gstrace("what-if", t, *line).out) for t in ("perf.data", gst))
    for answer in (direct, stored):
        answer.pop("command", None)
        answer.get("provenance", {}).pop("command", None)
    assert direct == stored
    assert [p.name for p in here.iterdir()] == ["perf.data"]


def test_schemes_do_not_apply_to_another_architecture(gstrace: Type, gst: Path, here: Path) -> None:
    shutil.copytree(gst, here / "arm.gst")
    facts = json.loads((here / "arm.gst" / "capture.json").read_text())
    facts["architecture"]["value"] = "aarch64"
    (here / "arm.gst" / "capture.json").write_text(json.dumps(facts))
    said = "gstrace: the recording is of aarch64: the schemes do not apply, they are of x86-64\n"
    assert gstrace("what-if", "arm.gst") == (3, "", said)


def test_a_selection_of_nothing(gstrace: Type, gst: Path) -> None:
    said = "gstrace: the selection holds no event that a scheme could be billed for\n"
    assert gstrace("what-if", gst, "--comm", "nosuch") == (3, "", said)
    ended = gstrace("what-if", gst, "--window", "serve")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("gstrace: no window in this recording named 'serve'\n")


def test_verbose_says_why(gstrace: Type, gst: Path) -> None:
    said = gstrace("what-if", gst, "--scheme", "fsgsbase", "--verbose").err
    assert "gstrace: baseline linux-fsgsbase: what the recorded kernel ran: " in said
    assert "gstrace: priced on zen4: CPUID AuthenticAMD 19/11 stepping 1 is AMD Zen 4" in said
    assert "gstrace: pti = False: " in said


def test_the_demo_needs_nothing(gstrace: Type, here: Path) -> None:
    ended = gstrace("demo")
    assert ended.status == 0
    assert ended.err.startswith("gstrace: nginx (one worker")
    assert "fsgsbase: " in ended.out
    assert ended.out.endswith("gstrace demo\n")
    assert not list(here.iterdir())
