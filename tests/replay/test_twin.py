"""The kernel counts what the plain replay counts, on any stream, however it is cut."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import replay as plain
from oracle.stream import recordings, rows

from gstrace.replay import state
from gstrace.replay.engine import Replay
from gstrace.replay.options import DEFAULT, Options
from gstrace.replay.situations import Event, decode

if TYPE_CHECKING:
    from gstrace.events.rows import Rows
    from gstrace.replay.census import Census

Cells = dict[tuple[int, ...], int]


OPTIONS = st.builds(Options, *[st.booleans()] * len(Options._fields))


def counted(pieces: list[Rows], listen: int = 0, options: Options = DEFAULT) -> tuple[Replay, list[Any]]:
    replay = Replay(listen, options)
    heard = [part for piece in pieces for part in replay.feed(piece)]
    heard += replay.finish()
    return replay, heard


def cells(census: Census) -> Cells:
    columns = (census.segment, census.start, census.cpu, census.thread, census.situation)
    keys = zip(*(c.tolist() for c in columns), strict=True)
    return dict(zip(keys, census.count.tolist(), strict=True))


def without_time_of_losses(found: Cells) -> Cells:
    """Losses reach over windows of time; in which of a stretch's windows they stand says nothing."""
    told: Counter[tuple[int, ...]] = Counter()
    for (segment, start, *rest, code), n in found.items():
        lost = decode(code)[0] in (Event.LOST, Event.LOST_UNCOUNTED)
        told[segment, 0 if lost else start, *rest, code] += n
    return dict(told)


@given(recordings(), st.one_of(st.just(DEFAULT), OPTIONS))
@settings(deadline=None, max_examples=300)
def test_the_kernel_counts_what_the_plain_replay_counts(events: list[dict[str, Any]], options: Options) -> None:
    twin = plain.Replay(options)
    for event in events:
        twin.feed(event)
    twin.finish()
    replay, _ = counted([rows(events)], options=options)
    assert without_time_of_losses(cells(replay.census())) == without_time_of_losses(twin.cells)
    assert replay.inferred_switches == twin.inferred
    assert replay.threads().ran.tolist() == [thread.ran for thread in twin.all]
    assert replay.threads().selected.tolist() == [thread.selected for thread in twin.all]


@given(recordings(), st.lists(st.integers(0, 60), max_size=4))
@settings(deadline=None)
def test_where_the_stream_is_cut_does_not_matter(events: list[dict[str, Any]], cuts: list[int]) -> None:
    whole = rows(events)
    edges = [0, *sorted(min(c, whole.size) for c in cuts), whole.size]
    pieces = [whole.part(slice(a, b)) for a, b in itertools.pairwise(edges)]
    one, several = counted([whole])[0], counted(pieces)[0]
    assert cells(one.census()) == cells(several.census())
    for a, b in zip(one.threads(), several.threads(), strict=True):
        np.testing.assert_array_equal(a, b)


@given(recordings())
@settings(deadline=None)
def test_what_is_listened_to_is_what_is_counted(events: list[dict[str, Any]]) -> None:
    replay, heard = counted([rows(events)], listen=70)
    told: Counter[tuple[int, ...]] = Counter()
    for part in heard:
        for row in part.tolist():
            told[row[state.E_SEGMENT], row[state.E_CPU], row[state.E_SLOT], row[state.E_CODE]] += row[state.E_COUNT]
    counts: Counter[tuple[int, ...]] = Counter()
    for (segment, _, *rest), n in cells(replay.census()).items():
        counts[segment, *rest] += n
    assert told == counts


def test_windows_of_time_widen_and_nothing_is_lost() -> None:
    ticks = [{"kind": "exception", "user": True, "cpu": 0, "tid": 10, "ts": 1000 + i * 3_000_000} for i in range(5000)]
    twin = plain.Replay()
    for tick in ticks:
        twin.feed(tick)
    twin.finish()
    replay, _ = counted([rows(ticks)])
    census = replay.census()
    assert cells(census) == twin.cells
    assert census.count.sum() == 2 * len(ticks)
    assert len(np.unique(census.start)) <= state.MAX_BINS
