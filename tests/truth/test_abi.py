"""`--abi inst` on windows that set and get bases: the calls disappear, the threads' states still follow. `pytest -s`
prints what is spared.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from truth.truth import Window, label, recordings, trace, windows

from gstrace import api
from gstrace.replay.selection import Selection
from gstrace.replay.situations import Event, decode
from gstrace.schemes.operations import INDEX
from gstrace.verdict.calls import calls

CASES = [
    (recording, window)
    for recording in recordings()
    if recording.name == "perf.data" and recording.parent.name != "lossy"
    for window in windows(recording)
    if window.name == "prctls" or window.name.startswith("gs_")
]


@pytest.mark.parametrize(("recording", "window"), CASES, ids=lambda v: label(v) if isinstance(v, Path) else v.name)
def test_replaced_calls_leave_one_instruction_each(recording: Path, window: Window) -> None:
    chosen = Selection(window=window.label)
    schemes = ["swapgs", "linux-legacy", "linux-fsgsbase"]
    asis, inst = (
        api.what_if(trace(recording), schemes, selection=chosen, uarch="skylake", abi=abi) for abi in ("asis", "inst")
    )
    by_name = {p.scheme.name: p for p in inst.priced}
    for name in ("swapgs", "linux-legacy"):
        assert by_name[name].difference is None
        assert "the instruction faults" in by_name[name].verdict.why
    made = dict.fromkeys((Event.SET_GS, Event.GET_GS), 0)
    for code, n in asis.counts.items():
        event, values = decode(code)
        if event in made and values.get("succeeds", "yes") == "yes":
            made[event] += n
    spared = calls(inst.part)
    assert spared.low == spared.high >= sum(made.values())
    before = next(p for p in asis.priced if p.scheme.name == "linux-fsgsbase").bill
    after = by_name["linux-fsgsbase"].bill
    swapgs = INDEX["swapgs"]
    # A SET_GS is 2 + 4 SWAPGS (P1), a GET_GS 2 (P4); each call of either base comes with an entry and a return.
    gone = 4 * made[Event.SET_GS] + 2 * made[Event.GET_GS] + 2 * spared.low
    assert before.low[0, swapgs] - after.low[0, swapgs] == gone
    assert (after.low[0] >= 0).all()
    print(f"{label(recording):22} {window.name:10} {spared.low:4} calls, {gone:5} swapgs less; {spared.recorded} ns")
