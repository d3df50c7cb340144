"""The Python API on a real recording: parts add up to the whole, and the same question has the same answer."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import gstrace
from gstrace import api
from gstrace.errors import NothingToPrice, OutputError, UnreadableInput, UsageError
from gstrace.replay.selection import Selection

SAMPLES = Path(__file__).resolve().parents[2] / "sample-traces"


@pytest.fixture(scope="module")
def trace() -> api.Trace:
    return gstrace.open(SAMPLES / "fsgs" / "perf.data", machine=SAMPLES / "fsgs" / "machine")


def add(*parts: dict[int, int]) -> dict[int, int]:
    total: Counter[int] = Counter()
    for part in parts:
        total.update(part)
    return dict(sorted(total.items()))


def test_cpus_and_threads_add_up(trace: api.Trace) -> None:
    whole = trace.counts()
    tids = set(trace.threads["tid"].to_list())
    assert add(*(trace.counts(Selection(tids=frozenset([tid]))) for tid in tids)) == whole
    assert trace.counts(Selection(cpus=frozenset([0]))) == whole
    assert trace.counts(Selection(cpus=frozenset([7]))) == {}


def test_times_cut_a_recording_without_remainder(trace: api.Trace) -> None:
    rows = trace.tables.switch.select("ts").collect()["ts"]
    middle = int(rows[len(rows) // 2])
    before, after = trace.counts(Selection(until=middle)), trace.counts(Selection(since=middle))
    assert before
    assert after
    assert add(before, after) == trace.counts() == trace.counts(Selection(since=0))


def test_windows_are_found_by_label_and_by_time(trace: api.Trace) -> None:
    assert [w.label for w in trace.windows] == ["2", "4", "9", "10", "12"]
    with pytest.raises(UsageError, match="no window"):
        trace.counts(Selection(window="serve"))
    both = Selection(window="2", since=0)
    assert trace.counts(both) == trace.counts(Selection(window="2"))


def test_processes_by_name(trace: api.Trace) -> None:
    named = trace.counts(Selection(comms=("w*",)))
    assert 0 < sum(named.values()) < sum(trace.counts().values())
    assert trace.counts(Selection(comms=("nobody",))) == {}


def test_the_same_question_has_the_same_answer(trace: api.Trace) -> None:
    a = gstrace.what_if(trace, schemes=["fsgsbase"], uarch="skylake", window="2")
    b = gstrace.what_if(trace, schemes=["fsgsbase"], uarch="skylake", window="2")
    assert a.to_json() == b.to_json()
    assert isinstance(a.table(), pl.DataFrame)
    assert "fsgsbase" in str(a)
    assert "<table" in a._repr_html_()


def test_figures_depend_neither_on_the_order_nor_on_what_else_is_asked(trace: api.Trace) -> None:
    def figures(schemes: list[str]) -> dict[str, Any]:
        answer = gstrace.what_if(trace, schemes=schemes, uarch=["zen4", "skylake"])
        return {f"{s['id']} {s['uarch']}": s for s in answer.to_json()["schemes"]}

    alone, among, mirrored = figures(["mixed"]), figures(["all"]), figures(["fred", "mixed", "swapgs"])
    assert alone["mixed zen4"] == among["mixed zen4"] == mirrored["mixed zen4"]
    assert alone["mixed skylake"] == among["mixed skylake"]


def test_a_scheme_against_itself_is_exactly_zero(trace: api.Trace) -> None:
    for scheme in ("swapgs", "mixed", "linux-legacy", "linux-fsgsbase"):
        answer = gstrace.what_if(trace, schemes=[scheme], baseline=scheme, uarch="generic").to_json()
        (priced,) = answer["schemes"]
        assert priced["difference"] == {"p05": 0.0, "p50": 0.0, "p95": 0.0}
        assert priced["verdict"] == "equal"


def test_swapping_the_sides_negates(trace: api.Trace) -> None:
    def difference(scheme: str, baseline: str) -> dict[str, float]:
        answer = gstrace.what_if(trace, schemes=[scheme], baseline=baseline, uarch="zen4").to_json()
        found: dict[str, float] = next(s["difference"] for s in answer["schemes"] if s["id"] == scheme)
        return found

    one, other = difference("swapgs", "mixed"), difference("mixed", "swapgs")
    assert one["p05"] == pytest.approx(-other["p95"])
    assert one["p50"] == pytest.approx(-other["p50"])


def test_a_cpu_without_an_instruction_has_no_price_and_says_why(trace: api.Trace) -> None:
    answer = gstrace.what_if(trace, schemes=["fred"], uarch="skylake").to_json()
    fred = next(s for s in answer["schemes"] if s["id"] == "fred")
    assert fred["cycles"] is fred["difference"] is fred["verdict"] is None
    assert "lkgs" in fred["why"]
    assert fred["bill"]["gs"]["lkgs"]["low"] > 0


def test_the_newest_gst_is_taken_where_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"no \.gst"):
        gstrace.open()
    for age, name in enumerate(("new.gst", "old.gst")):
        api.ingest(SAMPLES / "fsgs" / "perf.data", tmp_path / name)
        os.utime(tmp_path / name, (1_000_000 - age, 1_000_000 - age))
    assert gstrace.open().gst.path.name == "new.gst"


def test_what_cannot_be_asked(trace: api.Trace) -> None:
    with pytest.raises(UsageError, match="fsgsbase"):
        gstrace.what_if(trace, schemes=["fsgsbasse"])
    with pytest.raises(UsageError, match="ledger"):
        gstrace.what_if(trace, ledger="es")
    with pytest.raises(NothingToPrice):
        gstrace.what_if(trace, selection=Selection(cpus=frozenset([5])))


def test_without_calls_or_switches_there_is_no_bill_and_without_the_rest_a_warning(tmp_path: Path) -> None:
    trace = api.ingest(SAMPLES / "fsgs" / "perf.data", tmp_path / "a.gst", machine=SAMPLES / "fsgs" / "machine")
    recorded = set(trace.gst.manifest["recorded"])
    assert {"raw_syscalls:sys_enter", "sched:sched_switch", "record:FORK"} <= recorded
    assert trace.not_recorded == []
    trace.gst.manifest["recorded"] = sorted(recorded - {"exceptions:page_fault_user"})
    (told,) = gstrace.what_if(api.Trace(trace.gst), schemes=["mixed"]).to_json()["not_recorded"]
    assert told["events"] == "page faults of user mode"
    trace.gst.manifest["recorded"] = sorted(recorded - {"sched:sched_switch"})
    with pytest.raises(NothingToPrice, match="no context switches") as error:
        gstrace.what_if(api.Trace(trace.gst))
    assert "perf record -a -e sched:sched_switch" in error.value.hint


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_that_is_no_gst_is_never_replaced(tmp_path: Path, force: bool) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("precious")
    with pytest.raises(OutputError, match=r"is no \.gst"):
        api.ingest(SAMPLES / "fsgs" / "perf.data", tmp_path / "out", force=force)
    assert (tmp_path / "out" / "thesis.txt").read_text() == "precious"


def test_a_pipe_by_name_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cp", SAMPLES / "fsgs" / "perf.data", tmp_path / "pipe"]):
        trace = api.ingest(tmp_path / "pipe", tmp_path / "a.gst")
    assert trace.gst.manifest["size"] == (SAMPLES / "fsgs" / "perf.data").stat().st_size


def test_what_is_no_recording(tmp_path: Path) -> None:
    for name, content, words in (
        ("empty", b"", "is empty"),
        ("text", b"hello world, this is a text", "no trace that gstrace knows"),
        ("pointer", b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UnreadableInput, match=words):
            gstrace.open(tmp_path / name)
    (tmp_path / "perf.dataa").write_bytes(b"x")
    with pytest.raises(UsageError, match=r"perf\.dataa"):
        gstrace.open(tmp_path / "perf.data")
