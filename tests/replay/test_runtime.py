"""How long threads ran, from drawn timelines: a line an event, a microsecond apart."""

from __future__ import annotations

import numpy as np
import pytest
from oracle.timeline import replay, tid

from gstrace.replay.runtime import Runtime


def ran(text: str) -> tuple[dict[int, int], Runtime]:
    """Thread → microseconds, and all of it; thread −1: nobody knows who."""
    threads = replay(text).threads()
    by_tid = zip(threads.tid.tolist(), threads.ran.tolist(), strict=True)
    return {t: ns // 1000 for t, ns in by_tid if ns}, Runtime(threads.ran)


def test_a_thread_runs_from_the_switch_to_it_to_the_switch_away() -> None:
    told, whole = ran("0 a sys_enter\n0 a switch idle\n0 idle switch b\n0 b sys_enter\n0 b switch a\n0 a sys_enter")
    assert told == {tid("a"): 2, 0: 1, tid("b"): 2}
    assert (whole.idle, whole.unsure, whole.busy) == (1000, 0, 4000)


def test_each_cpu_has_its_time() -> None:
    told, whole = ran("0 a sys_enter\n1 b sys_enter\n0 a switch idle\n1 b sys_enter\n1 b sys_enter")
    assert told == {tid("a"): 2, 0: 2, tid("b"): 3}
    assert whole.of(np.array([False, False, True, False])) == 2000
    assert whole.share(np.array([False, False, True, False])) == pytest.approx(2 / 5)


def test_before_a_switch_that_was_not_traced_nobody_knows_who_ran() -> None:
    told, whole = ran("0 a sys_enter\n0 a switch idle\n0 b sys_enter\n0 b sys_exit")
    assert told == {tid("a"): 1, -1: 1, tid("b"): 1}
    assert (whole.unsure, whole.busy) == (1000, 2000)


def test_nor_between_the_last_event_before_a_loss_and_the_first_after_it() -> None:
    told, _ = ran("0 a sys_enter\n0 a sys_exit\n0 - loss 3\n0 a sys_enter\n0 a sys_exit")
    assert told == {tid("a"): 2, -1: 2}


def test_where_no_cpu_ran_there_is_no_share() -> None:
    _, whole = ran("0 idle irq entry\n0 idle irq exit")
    assert whole.share(np.array([True, False])) is None
