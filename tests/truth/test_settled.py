"""How far intervals close where a thread that was quiet for so long is taken to run user code (`settled-after`), and
how often that is wrong: why it is an assumption and no rule. `pytest -s` prints the tables.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from truth.truth import billed, interval, label, recordings, trace, windows

from gstrace.replay.selection import Selection
from gstrace.trace import Part
from gstrace.verdict.assumptions import assumed

AFTER = ("never", "1ms", "100us", "10us")
Found = list[tuple[int, int, int]]


@cache
def swapgs(recording: Path, after: str) -> Found:
    """Of each window: least, most, true."""
    rules, found = assumed({"settled-after": after}).rules, []
    for window in windows(recording):
        chosen = Selection(window=window.label, cpus=frozenset([window.cpu]))
        taken = Part(trace(recording), chosen, rules=rules).counts
        found.append((*interval(billed(recording, window, taken=taken), "swapgs"), window.true["swapgs"]))
    return found


def told(found: Found) -> str:
    width = sum((most - least) / true for least, most, true in found) / len(found)
    return f"{width:6.1%} {right(found):3} of {len(found)}"


def right(found: Found) -> int:
    """How many windows hold the true count."""
    return sum(least <= true <= most for least, most, true in found)


@pytest.mark.parametrize("recording", recordings(), ids=label)
def test_the_shorter_it_must_be_quiet_the_narrower_the_interval(recording: Path) -> None:
    wider = swapgs(recording, "never")
    for after in AFTER:
        found = swapgs(recording, after)
        for (least, most, _), (low, high, _) in zip(found, wider, strict=True):
            assert low <= least <= most <= high
        wider = found
    print(f"{label(recording):34} {'   '.join(told(swapgs(recording, after)) for after in AFTER)}")


@pytest.mark.parametrize(("after", "share"), [("1ms", 0.95), ("100us", 0.8), ("10us", 0.6)])
def test_a_quiet_thread_mostly_runs_user_code(after: str, share: float) -> None:
    found = [window for recording in recordings() for window in swapgs(recording, after)]
    print(f"settled after {after}: {told(found)} windows")
    assert right(found) >= share * len(found)


def test_and_not_always() -> None:
    found = [window for recording in recordings() for window in swapgs(recording, "10us")]
    assert right(found) < len(found)
