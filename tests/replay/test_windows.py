"""Windows from markers."""

from __future__ import annotations

from gstrace.replay.windows import Marker, windows


def test_a_label_that_comes_again_is_numbered() -> None:
    marks = [Marker(True, "1", 0), Marker(False, "1", 0), Marker(True, "1", 1), Marker(False, "1", 0)]
    assert [(w.label, w.first, w.last, w.cpus) for w in windows(marks)] == [("1", 1, 1, (0, 0)), ("1#2", 3, 3, (1, 0))]


def test_windows_may_overlap_and_one_without_end_reaches_to_the_end() -> None:
    marks = [Marker(True, "a", 0), Marker(True, "b", 0), Marker(False, "a", 0)]
    assert [(w.label, w.first, w.last) for w in windows(marks)] == [("a", 1, 2), ("b", 2, None)]


def test_an_end_without_begin_is_none() -> None:
    assert windows([Marker(False, "1", 0)]) == []


def test_a_name_may_have_a_number_sign() -> None:
    found = windows([Marker(True, "phase#2", 0, "phase#2"), Marker(False, "phase#2", 0, "phase#2")])
    assert [(w.label, w.plain, w.last) for w in found] == [("phase#2", "phase#2", 1)]
