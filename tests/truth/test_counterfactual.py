"""A recording of one boot priced under the scheme of another, against that other boot's own true counts.

The two runs differ in how often things happened, so each part of a count is scaled by its own driver (entries,
switches, calls, …): what is tested is what each occurrence costs. With `pytest -s` it prints the table.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from truth.truth import OPERATIONS, SHARED, Window, billed, counts, interval, label, trace, windows

from gstrace import api
from gstrace.pricing.bill import Matrix
from gstrace.replay.situations import Event, completions, decode
from gstrace.schemes.operations import INDEX

if TYPE_CHECKING:
    from gstrace.schemes.compile import Scheme
    from gstrace.schemes.facts import Facts

PAIRS = [
    ("legacy-amd", "fsgs-amd"),
    ("legacy-intel", "fsgs-intel"),
    ("legacy-intel-nmi", "fsgs-intel-nmi"),
    ("rare-legacy-intel", "rare-fsgs-intel"),
    ("sample-legacy", "sample-fsgs"),
]
ENOUGH, TOLERANCE = 100, 0.02

DRIVER = {
    Event.ENTRY: "entries",
    Event.RETURN: "entries",
    Event.ARRIVAL: "arrivals",
    Event.NMI: "NMIs",
    Event.SET_GS: "calls",
    Event.SET_FS: "calls",
    Event.GET_GS: "calls",
    Event.GET_FS: "calls",
    Event.FORK: "forks",
    Event.EXEC: "execs",
    Event.EXIT: "exits",
}


SWITCHES = (Event.SWITCH_GS, Event.SWITCH_FS)


def _driver(code: int, *, by_base: bool) -> str:
    """What makes a situation occur; for a switch, by the kinds of base it is between where they matter."""
    event, values = decode(code)
    if event not in SWITCHES:
        return DRIVER.get(event, event.name)
    kinds = ("zero" if values[f].startswith("zero") else "set" for f in ("prev_base", "next_base"))
    return f"{event.name[-2:]} switches" + (f" {' to '.join(kinds)}" if by_base else "")


def _likely(found: dict[int, int]) -> Counter[int]:
    """Known situations, at the likeliest completion of each."""
    known: Counter[int] = Counter()
    for code, n in found.items():
        for happened in completions(code)[0]:
            known[happened] += n
    return known


def _by_driver(known: Counter[int], *, by_base: bool) -> Counter[str]:
    found: Counter[str] = Counter()
    for code, n in known.items():
        if decode(code)[0] is not Event.RETURN:
            found[_driver(code, by_base=by_base)] += n
    return found


def _costs(scheme: Scheme, facts: Facts, known: Counter[int], operation: str) -> dict[int, int]:
    """How often an operation runs in each situation."""
    matrix, columns = Matrix(scheme, facts), [INDEX[part] for part in OPERATIONS[operation]]
    return {code: int(matrix.alternatives(code)[0][:, columns].sum()) for code in known}


def _cases() -> list[tuple[Path, Path, Window, Window]]:
    cases = []
    for one, other in [pair for a, b in PAIRS for pair in ((a, b), (b, a))]:
        ours, theirs = (SHARED / name / "perf.data" for name in (one, other))
        if ours.exists() and theirs.exists():
            by_name = {w.name: w for w in windows(theirs)}
            cases += [(ours, theirs, w, by_name[w.name]) for w in windows(ours)]
    return cases


@pytest.mark.parametrize(
    ("ours", "theirs", "window", "other"), _cases(), ids=lambda v: label(v) if isinstance(v, Path) else v.name
)
def test_what_another_kernel_would_have_executed(ours: Path, theirs: Path, window: Window, other: Window) -> None:
    scheme, _ = api.baseline_of(trace(theirs))
    facts = api.machines_for(trace(theirs), (), {})[0].facts
    here, there = _likely(counts(ours, window)), _likely(counts(theirs, other))
    for operation in OPERATIONS:
        costs = _costs(scheme, facts, here + there, operation)
        by_base = any(len({costs[c] for c in costs if decode(c)[0] is event}) > 1 for event in SWITCHES)
        drivers, drivers_there = _by_driver(here, by_base=by_base), _by_driver(there, by_base=by_base)
        parts: Counter[str] = Counter()
        for code, n in here.items():
            parts[_driver(code, by_base=by_base)] += n * costs[code]
        parts = +parts
        if not parts or max(drivers[d] for d in parts) < ENOUGH:
            continue
        scaled = sum(n * drivers_there[d] / drivers[d] for d, n in parts.items() if drivers[d])
        low, high = interval(billed(theirs, other), operation)
        # What never happened here has no count to scale: it is left out of the other side. In `wrgs` that is much: user
        # code sets GS by WRGSBASE, which no trace shows, so that its switches are between zeroes for all one can tell.
        foreign = sum(n * costs[c] for c, n in there.items() if not drivers[_driver(c, by_base=by_base)])
        true = other.true[operation] - foreign
        open_share = (high - low) / true if true else 0.0
        off = scaled / true - 1 if true else float("inf")
        print(
            f"{label(ours):18} → {label(theirs):18} {window.name:9} {operation:16}"
            f" {scaled:8.1f} true {true:6}  {off:+.2%}"
        )
        assert abs(off) <= TOLERANCE + open_share, f"{operation}: {scaled:.1f} predicted, {true} executed"
