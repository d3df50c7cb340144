"""What is not taken for granted only widens: every bill under the default lies in the bill under any other option."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from oracle.stream import recordings, rows

from gstrace.pricing.bill import bill
from gstrace.replay import select
from gstrace.replay.annotate import between
from gstrace.replay.engine import Replay
from gstrace.replay.options import DEFAULT, Options
from gstrace.schemes import library
from gstrace.schemes.facts import Facts

if TYPE_CHECKING:
    from gstrace.schemes.compile import Scheme

FLIPS = {
    "user_writes": DEFAULT._replace(user_writes=True),
    "tls_distinct": DEFAULT._replace(tls_distinct=False),
    "selectors_null": DEFAULT._replace(selectors_null=False),
    "kernel_names": DEFAULT._replace(kernel_names=False),
    "all": Options(user_writes=True, tls_distinct=False, selectors_null=False, kernel_names=False),
}
FACTS = Facts(null_seg=False, fences=True, fences_user=True, kernel=(6, 1))


@cache
def _schemes() -> list[Scheme]:
    return [library.parse(name) for name in ("linux-legacy", "linux-fsgsbase", "swapgs:write=on-change", "mixed")]


def _counts(events: list[dict[str, Any]], options: Options = DEFAULT) -> dict[tuple[int, int], dict[int, int]]:
    """Situation → how often, for each segment and CPU."""
    replay = Replay(options=options)
    replay.feed(rows(events))
    replay.finish()
    census = replay.census()
    places = set(zip(census.segment.tolist(), census.cpu.tolist(), strict=True))
    return {
        place: select.counts(select.part(census, (census.segment == place[0]) & (census.cpu == place[1])))
        for place in places
    }


@pytest.mark.parametrize("flip", FLIPS)
@given(events=recordings())
def test_an_option_only_widens(flip: str, events: list[dict[str, Any]]) -> None:
    taken, open_ = _counts(events), _counts(events, FLIPS[flip])
    for place in taken.keys() | open_.keys():
        for scheme in _schemes():
            narrow, wide = (bill(scheme, [FACTS], counts.get(place, {})) for counts in (taken, open_))
            assert (wide.low <= narrow.low).all(), scheme.name
            assert (narrow.high <= wide.high).all(), scheme.name


@given(recordings())
def test_a_stored_recording_is_recounted_under_options(events: list[dict[str, Any]]) -> None:
    for options in FLIPS.values():
        replay = Replay(options=options)
        replay.feed(rows(events))
        replay.finish()
        census = replay.census()
        again = between([(rows(events), [])], None, None, select.np.unique(census.start), options)
        assert select.counts(again) == select.counts(census)
