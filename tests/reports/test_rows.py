"""What the rows say: parts sum to the whole, and a part is what asking for it alone gives."""

from __future__ import annotations

from functools import cache
from typing import Any

import polars as pl
import pytest
from reports import recording

from gstrace import api
from gstrace.errors import NothingToPrice, UsageError
from gstrace.replay.selection import Selection
from gstrace.verdict.answer import entries_and_switches

SCHEMES = ["swapgs", "fsgsbase", "mixed"]
FIGURES = ["p05", "p50", "p95"]


def _ask(trace: api.Trace, schemes: list[str] = SCHEMES, **asked: Any) -> api.Answer:
    if not asked:
        return _usual(trace, tuple(schemes))
    return api.what_if(trace, schemes, **{"uarch": "skylake", "baseline": "swapgs", **asked})


@cache
def _usual(trace: api.Trace, schemes: tuple[str, ...]) -> api.Answer:
    return api.what_if(trace, schemes, uarch="skylake", baseline="swapgs")


def _bills(answer: api.Answer) -> dict[tuple[str, str, str], tuple[int, int | None]]:
    rows = api.report("operations", answer).rows.iter_rows(named=True)
    return {(r["scheme"], r["ledger"], r["op"]): (r["low"], r["high"]) for r in rows}


def test_a_scheme_against_itself_is_exactly_nothing(trace: api.Trace) -> None:
    answer = _ask(trace, ["mixed"], baseline="mixed")
    for kind in ("summary", "by-process", "by-event"):
        rows = api.report(kind, answer).rows
        for name in FIGURES:
            assert rows[f"difference_{name}"].to_list() == [0.0] * rows.height
    assert set(api.report("over-time", answer).rows["difference"].to_list()) == {0.0}


@pytest.mark.parametrize("kind", ["summary", "by-process", "by-event", "operations", "windows", "over-time", "events"])
def test_the_order_of_schemes_changes_no_figure(trace: api.Trace, kind: str) -> None:
    one, other = (api.report(kind, _ask(trace, schemes)).rows for schemes in (SCHEMES, SCHEMES[::-1]))
    alone = api.report(kind, _ask(trace, ["fsgsbase"])).rows.filter(pl.col("scheme") == "fsgsbase")
    keys = [name for name, dtype in one.schema.items() if dtype != pl.Float64]
    assert one.sort(keys, nulls_last=True).equals(other.sort(keys, nulls_last=True))
    assert one.filter(pl.col("scheme") == "fsgsbase").equals(alone)


@pytest.mark.parametrize("which", ["trace", "lossy"])
def test_processes_sum_to_the_whole(which: str, request: pytest.FixtureRequest) -> None:
    answer = _ask(request.getfixturevalue(which))
    rows = api.report("by-process", answer).rows.filter(pl.col("scheme") == "mixed")
    assert (rows["entries"].sum(), rows["switches"].sum()) == entries_and_switches(answer.counts)
    assert rows["arch_prctl"].sum() == 1
    assert rows.select("pid", "comm").is_unique().all()


def test_threads_of_a_process_are_one_row_under_their_leaders_name(trace: api.Trace) -> None:
    rows = api.report("by-process", _ask(trace, ["swapgs"])).rows
    assert rows.filter(pl.col("pid") == 100)["comm"].to_list() == ["nginx"]
    assert rows["comm"].to_list().count("worker") == 0


@pytest.mark.parametrize("pid", [0, 50, 100, 200, 300])
def test_a_process_costs_what_asking_for_it_alone_says(trace: api.Trace, pid: int) -> None:
    together = api.report("by-process", _ask(trace)).rows.filter(pl.col("pid") == pid)
    alone = api.report("summary", _ask(trace, selection=Selection(pids=frozenset({pid})))).rows
    names = [f"{figure}_{q}" for figure in ("difference", "cycles") for q in FIGURES]
    for one, other in zip(together.iter_rows(named=True), alone.iter_rows(named=True), strict=True):
        assert one["scheme"] == other["scheme"]
        assert [one[n] for n in names] == pytest.approx([other[n] for n in names], rel=1e-9, abs=1e-6)


def test_events_of_a_class_sum_to_the_answers_events(answer: api.Answer) -> None:
    rows = api.report("by-event", answer).rows.filter(pl.col("scheme") == "mixed")
    assert dict(zip(rows["event"], rows["count"], strict=True)) == answer.to_json()["events"]


def test_single_events_sum_to_the_whole(trace: api.Trace) -> None:
    answer = _ask(trace)
    events = pl.concat(answer.events())
    assert events.height == 3 * sum(answer.counts.values())
    kinds = events.filter(pl.col("scheme") == "swapgs")["kind"].value_counts()
    assert dict(kinds.iter_rows()) == answer.to_json()["events"]
    typical = dict(events.group_by("scheme").agg(pl.col("cycles_typical").sum()).iter_rows())
    over_time = api.report("over-time", answer).rows.group_by("scheme").agg(pl.col("difference").sum())
    for scheme, difference in over_time.iter_rows():
        assert typical[scheme] - typical["swapgs"] == pytest.approx(difference)
    assert (events["cycles_low"] <= events["cycles_typical"]).all()
    assert (events["cycles_typical"] <= events["cycles_high"]).all()


@pytest.mark.parametrize(
    "chosen",
    [
        Selection(cpus=frozenset({1})),
        Selection(pids=frozenset({100})),
        Selection(tids=frozenset({101})),
        Selection(comms=("ngi*",)),
        Selection(window="1"),
        Selection(window="serve"),
        Selection(window="1#2", cpus=frozenset({0})),
        Selection(since=1_010_000, until=1_025_000),
        Selection(until=1_020_000, tids=frozenset({100})),
    ],
    ids=lambda s: str({k: v for k, v in s.to_json().items() if v}),
)
def test_events_are_those_of_the_selection(trace: api.Trace, chosen: Selection) -> None:
    answer = _ask(trace, ["mixed"], selection=chosen)
    events = pl.concat(answer.events()).filter(pl.col("scheme") == "mixed")
    assert dict(events["kind"].value_counts().iter_rows()) == answer.to_json()["events"]
    if chosen.cpus:
        assert set(events["cpu"]) == set(chosen.cpus)
    if chosen.tids:
        assert set(events["tid"]) == set(chosen.tids)


def test_events_want_one_microarchitecture(trace: api.Trace) -> None:
    with pytest.raises(UsageError, match="one microarchitecture"):
        _ask(trace, uarch=["skylake", "zen2"]).events()


def _window(answer: api.Answer, label: str, cpu: int | None) -> dict[tuple[str, str, str], tuple[int, int | None]]:
    rows = api.report("windows", answer).rows.filter(pl.col("window") == label, pl.col("cpu").eq_missing(pl.lit(cpu)))
    return {(r["scheme"], r["ledger"], r["op"]): (r["low"], r["high"]) for r in rows.iter_rows(named=True)}


@pytest.mark.parametrize("label", ["1#2", "serve"])
@pytest.mark.parametrize("cpu", [0, 1, None])
def test_a_window_is_what_asking_for_it_alone_says(trace: api.Trace, label: str, cpu: int | None) -> None:
    cpus = frozenset() if cpu is None else frozenset({cpu})
    try:
        alone = _bills(_ask(trace, selection=Selection(window=label, cpus=cpus)))
    except NothingToPrice:
        alone = {}
    assert _window(_ask(trace), label, cpu) == alone


def test_the_first_of_two_windows_has_its_own_bill(trace: api.Trace) -> None:
    # Two calls on CPU 0. One on CPU 1, whose thread is switched out before it returns.
    key = ("swapgs", "gs", "swapgs")
    assert [_window(_ask(trace), "1", cpu)[key] for cpu in (0, 1, None)] == [(4, 4), (1, 1), (5, 5)]


def test_windows_say_their_name_where_they_have_one(trace: api.Trace) -> None:
    rows = api.report("windows", _ask(trace)).rows
    assert dict(rows.select("window", "name").unique().iter_rows()) == {"1": None, "1#2": None, "serve": "serve"}
    assert rows.columns == ["window", "name", "cpu", "scheme", "ledger", "op", "low", "high"]


def test_a_window_asked_for_is_the_only_one(trace: api.Trace) -> None:
    rows = api.report("windows", _ask(trace, selection=Selection(window="1"))).rows
    assert set(rows["window"]) == {"1", "1#2"}


def test_events_lost_without_number_leave_no_upper_end(lossy: api.Trace) -> None:
    answer = _ask(lossy)
    bills = api.report("operations", answer).rows
    assert bills["high"].null_count() == bills.height
    processes = api.report("by-process", answer).rows.filter(pl.col("scheme") == "mixed")
    assert processes.filter(pl.col("pid").is_null())["difference_p95"].to_list() == [None]
    assert processes.filter(pl.col("pid") == 200)["difference_p95"].null_count() == 0


def test_a_bill_spans_every_microarchitecture_asked_for(trace: api.Trace) -> None:
    both = _bills(_ask(trace, uarch=["skylake", "zen2"]))
    for one in ("skylake", "zen2"):
        for key, (low, high) in _bills(_ask(trace, uarch=one)).items():
            assert both[key][0] <= low
            assert both[key][1] >= high


def test_a_scheme_that_cannot_be_priced_has_nulls_and_a_reason(trace: api.Trace) -> None:
    answer = _ask(trace, ["fred"], uarch="zen4")
    row = api.report("summary", answer).rows.filter(pl.col("scheme") == "fred").row(0, named=True)
    assert row["verdict"] is None
    assert "lkgs" in row["why"]
    assert row["difference_p50"] is None
    for kind in ("by-process", "by-event", "over-time", "events"):
        rows = api.report(kind, answer).rows.filter(pl.col("scheme") == "fred")
        figures = rows.select(pl.selectors.float())
        assert figures.height > 0
        assert all(series.null_count() == rows.height for series in figures)


def test_a_machine_fact_that_was_assumed_is_listed(trace: api.Trace) -> None:
    rows = api.report("assumptions", _ask(trace, assume={"smap": "false"})).rows
    assert ("smap", "false", "as recorded", "true") in list(
        rows.select("name", "value", "default", "other").iter_rows()
    )
    assert rows.select("name", "other", "scheme", "uarch").is_unique().all()


def test_a_made_up_recording_is_what_the_builder_says(trace: api.Trace) -> None:
    assert recording.EVIL in trace.threads["comm"].to_list()
    assert [w.label for w in trace.windows] == ["1", "serve", "1#2"]


def test_a_stretch_of_time_keeps_its_windows(trace: api.Trace) -> None:
    first = int(trace.census.start.min())
    for chosen in (Selection(since=first), Selection(until=first + 1_000_000_000)):
        answer = _ask(trace, selection=chosen)
        assert api.report("over-time", answer).rows.equals(api.report("over-time", _ask(trace)).rows)
