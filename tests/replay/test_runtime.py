"""How long threads ran, from their switches."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from gstrace.replay.runtime import Runtime, runtime

Switches = list[tuple[int, int, int, int]]


def ran(switches: Switches, since: int, until: int) -> Runtime:
    columns: list[npt.NDArray[np.int64]] = [np.array([row[i] for row in switches], np.int64) for i in range(4)]
    cpu, ts, prev, following = columns
    return runtime(cpu, ts, prev, following, since, until)


def test_a_thread_runs_from_the_switch_to_it_to_the_switch_away() -> None:
    #                cpu ts prev next
    found = ran([(0, 10, 7, 0), (0, 30, 0, 8), (0, 35, 8, 7)], 0, 100)
    assert dict(zip(found.tid.tolist(), found.ran.tolist(), strict=True)) == {0: 20, 7: 10 + 65, 8: 5}
    assert (found.idle, found.busy, found.unsure, found.cpus) == (20, 80, 0, 1)
    assert found.share(np.array([8])) == (5 / 80, 5 / 80)


def test_between_two_switches_that_do_not_agree_nobody_knows_who_ran() -> None:
    found = ran([(0, 10, 7, 0), (0, 50, 9, 7)], 0, 60)  # no switch from idle to 9
    assert dict(zip(found.tid.tolist(), found.ran.tolist(), strict=True)) == {7: 20}
    assert (found.unsure, found.busy) == (40, 60)
    assert found.share(np.array([9])) == (0, 40 / 60)


def test_without_a_switch_nobody_is_seen_to_run() -> None:
    found = ran([], 0, 100)
    assert (found.cpus, found.busy, found.share(np.array([1]))) == (0, 0, None)


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 50), st.integers(-1, 3), st.integers(0, 3)), max_size=30).map(
        lambda rows: sorted(rows, key=lambda row: row[1])
    )
)
def test_all_time_is_accounted_for(switches: Switches) -> None:
    found = ran(switches, 0, 50)
    assert int(found.ran.sum()) + found.unsure == found.cpus * 50
    assert found.cpus == len({row[0] for row in switches})
