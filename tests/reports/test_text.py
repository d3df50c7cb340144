"""The answer as people read it."""

from __future__ import annotations

from pathlib import Path

import pytest
from reports import recording

from gstrace import api
from gstrace.replay.selection import Selection
from gstrace.reports.grid import table_text
from gstrace.reports.numbers import count, estimate, interval, share
from gstrace.reports.text import answer_text


def test_the_verdicts_come_first_and_the_command_last(answer: api.Answer) -> None:
    lines = answer_text(answer).split("\n")
    assert lines[0].startswith("Against linux-fsgsbase, priced on skylake")
    assert lines[1].startswith("  swapgs: ")
    assert lines[-1] == "Again: gstrace what-if perf.data"


def test_every_scheme_has_its_word(answer: api.Answer) -> None:
    text = answer_text(answer)
    for p in answer.priced:
        if p.scheme.name != answer.baseline.name:
            assert f"  {p.scheme.name}: {p.verdict.word or 'not priced'}\n" in text


@pytest.mark.parametrize("width", [60, 80, 132])
def test_no_line_is_wider_than_asked(answer: api.Answer, width: int) -> None:
    for line in answer_text(answer, width).split("\n"):
        # A digest is one word.
        assert len(line) <= max(width, 74)


def test_what_is_not_known_is_told(lossy: api.Trace) -> None:
    text = answer_text(api.what_if(lossy, ["mixed"], uarch="skylake"))
    assert "loss: lost on CPU 0, 3: " in text
    assert "loss: lost on CPU 1, unknown number: " in text
    assert "interrupt open" in text
    assert " or more swapgs" in text
    assert "Coverage, of the whole recording:\n  not known: " in text


def test_threads_that_may_use_a_selector_are_named(tmp_path: Path) -> None:
    story = recording.usual()
    assert "selector" not in str(api.what_if(recording.write(story, tmp_path / "none", recording.FACTS)))
    for tid in (100, 101, 300):
        story.call(tid, nr=154)
    story.call(100, nr=45)
    text = " ".join(str(api.what_if(recording.write(story, tmp_path, recording.FACTS))).split())
    assert "whether FS or GS has a selector: nginx (100), worker (101), =1+1 (300)" in text
    for tid in (200, 400):
        story.call(tid, nr=205)
    text = " ".join(str(api.what_if(recording.write(story, tmp_path, recording.FACTS))).split())
    assert "worker (101), " in text
    assert " and 2 more " in text


def test_shares_of_draws_come_with_what_they_mean(answer: api.Answer) -> None:
    assert "a share of draws is a statement about their" in answer_text(answer)


def test_nothing_from_a_recording_reaches_the_terminal_as_it_is(tmp_path: Path) -> None:
    facts = {**recording.FACTS, "kernel_command_line": "nofsgsbase \x1b[31m\u202e", "kernel_release": "6.1\x9b2J"}
    trace = recording.write(recording.usual(), tmp_path, facts)
    answer = api.what_if(trace, selection=Selection(comms=("*\x1b*",)), command="gstrace what-if --comm '*\x1b*'")
    for text in (str(answer), str(api.report("by-process", answer))):
        assert all(c == "\n" or c.isprintable() for c in text)
        assert "\\x1b" in text


def test_a_table_rounds_and_states_intervals(answer: api.Answer) -> None:
    text = table_text(api.report("by-event", answer))
    head = text.split("\n")[0].split()
    assert head == ["event", "count", "scheme", "uarch", "difference", "cycles"]
    assert "sha256: 00" in text


def test_a_wide_table_of_few_rows_is_told_in_blocks(answer: api.Answer) -> None:
    lines = table_text(api.report("summary", answer)).split("\n")
    assert lines[0].split() == ["scheme", "swapgs"]


def test_the_text_is_always_the_same(answer: api.Answer) -> None:
    assert answer_text(answer) == answer_text(answer)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (3_350_300.5, "3,350,000"), (999.6, "1,000"), (41.23, "41.2"), (-0.57, "-0.57"), (0.00012, "0.00012")],
)
def test_an_estimate_has_three_digits(number: float, text: str) -> None:
    assert estimate(number) == text


def test_numbers_say_what_is_unknown() -> None:
    assert (count(None), estimate(None), interval(None, 2)) == ("?", "?", "[?, +2.00]")


def test_a_share_is_never_rounded_to_all_or_nothing() -> None:
    assert share(0.0001, 0.9999) == "<1 to >99 %"
    assert share(0.414, 0.416) == "41-42 %"
    assert (share(0, 0), share(1, 1)) == ("0 %", "100 %")
