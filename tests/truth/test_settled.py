"""How far an interval closes where a thread that was quiet for so long is taken to run user code (`settled-after`), and
how often that is wrong. An assumption and no rule: a hypervisor may stop a CPU anywhere. `pytest -s` prints the table.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from truth.truth import interval, label, recordings, trace, windows

from gstrace import api
from gstrace.pricing.bill import bill
from gstrace.replay.selection import Selection
from gstrace.schemes.compile import completions
from gstrace.trace import Part
from gstrace.verdict.assumptions import assumed

AFTER = ("never", "1ms", "100us", "10us")


def swapgs(recording: Path, after: str) -> list[tuple[int, int, int]]:
    """Of each window: least, most, true."""
    recorded, rules = trace(recording), assumed({"settled-after": after}).rules
    scheme, facts = api.baseline_of(recorded)[0], api.machines_for(recorded)[0].facts
    found = []
    for window in windows(recording):
        chosen = Selection(window=window.label, cpus=frozenset([window.cpu]))
        counted = Part(recorded, chosen, rules=rules).counts
        found.append((*interval(bill(scheme, completions([scheme], facts), counted), "swapgs"), window.true["swapgs"]))
    return found


@pytest.mark.parametrize("recording", recordings(), ids=label)
def test_the_shorter_it_must_be_quiet_the_narrower_the_interval(recording: Path) -> None:
    wider = swapgs(recording, "never")
    told = []
    for after in AFTER:
        found = swapgs(recording, after)
        width = sum((most - least) / true for least, most, true in found) / len(found)
        inside = sum(least <= true <= most for least, most, true in found)
        told.append(f"{width:6.1%} {inside:2} of {len(found)}")
        for (least, most, _), (low, high, _) in zip(found, wider, strict=True):
            assert low <= least <= most <= high
        wider = found
    print(f"{label(recording):34} {'   '.join(told)}")
