"""The recorder's own events, told apart and left out (RULES T2)."""

from __future__ import annotations

import dataclasses

import pytest
from reports import recording
from truth.truth import recordings, trace, windows

from gstrace import api
from gstrace.replay.selection import Selection
from gstrace.verdict.answer import entries_and_switches
from gstrace.verdict.tracer import tracer

WITHOUT = Selection(without_tracer=True)


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> api.Trace:
    """perf (10, with a thread 11) records; what it starts (12) is called perf until it execs."""
    story = recording.Story().found(10, 10, "perf").found(11, 10, "helper").found(20, 20, "nginx")
    story.found(12, 12, "perf").call(12).add(recording.Kind.TASK, 12, int(recording.Task.EXEC), 12).call(12)
    story.switch(12, 10).call(10).call(10).switch(10, 11).call(11).switch(11, 20).call(20).switch(20, 0)
    return recording.write(story, tmp_path_factory.mktemp("noisy"))


def test_its_threads_are_those_of_its_processes_but_not_what_it_started(noisy: api.Trace) -> None:
    assert sorted(noisy.threads.filter(noisy.tracer)["tid"]) == [10, 11]


def test_its_events_are_counted_apart(noisy: api.Trace) -> None:
    found = tracer(noisy, Selection())
    assert (found.names, found.threads, found.entries, found.switches) == (("helper", "perf"), 2, 3, 2)
    assert tracer(noisy, WITHOUT) == found
    assert tracer(noisy, Selection(tids=frozenset([20]))).entries == 0


def test_left_out_they_are_in_no_figure(noisy: api.Trace) -> None:
    entries, switches = entries_and_switches(noisy.counts())
    assert entries_and_switches(noisy.counts(WITHOUT)) == (entries - 3, switches - 2)
    answer = api.what_if(noisy, ["mixed"], selection=WITHOUT)
    told = "left out, the recorder's own (helper, perf): 3 of the entries, 2 of the switches"
    assert told in " ".join(str(answer).split())
    assert answer.to_json()["tracer"]["excluded"]


def test_its_share_of_the_busy_time(noisy: api.Trace) -> None:
    found, whole = tracer(noisy, Selection()), noisy.runtime
    assert found.share is not None
    assert found.cpu == whole.of(noisy.tracer)
    assert 0 < found.share < 1


@pytest.mark.parametrize("recorded", [r for r in recordings() if r.parent.name == "noisy"], ids=str)
def test_without_the_recorder_its_loop_of_poll_and_write_is_gone(recorded: object) -> None:
    """Of the recording that the recorder filled with its own events, what is left in each window is the workload's."""
    for window in windows(recorded):  # type: ignore[arg-type]
        chosen = Selection(window=window.label)
        own = tracer(trace(recorded), chosen)  # type: ignore[arg-type]
        left = dataclasses.replace(chosen, without_tracer=True)
        entries, _ = entries_and_switches(trace(recorded).counts(chosen))  # type: ignore[arg-type]
        rest, _ = entries_and_switches(trace(recorded).counts(left))  # type: ignore[arg-type]
        print(f"{window.name:10} {entries} entries, {own.entries} of them the recorder's, share {own.share}")
        assert entries - own.entries == rest
