"""Recordings with true instruction counts: where they are, and what their windows say.

Those of `sample-traces/` are everybody's; more of them lie in a folder beside the checkout or in `GSTRACE_SHARED`,
and are left out where that folder is not.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gstrace import api
from gstrace.pricing.bill import Bill, bill
from gstrace.replay.selection import Selection
from gstrace.schemes import library
from gstrace.schemes.compile import completions
from gstrace.schemes.operations import INDEX

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "sample-traces"
SHARED = Path(os.environ.get("GSTRACE_SHARED", ROOT.parent / "shared")) / "traces" / "truth"

RECORDINGS = (
    "perf*.data", "perf-script.txt", "trace.dat", "trace.pftrace", "trace.txt", "trace.txt.gz", "trace-cmd-report.txt",
)  # fmt: skip
"""What a folder's recordings are called; a folder may have several forms of one."""

MARKERS_LOST = {"perfetto-real-lossy"}
"""Recordings that lost their windows' markers with other events: `tests/importers` asks what is left of them."""

OPERATIONS = {
    **{name: (name,) for name in ("swapgs", "rdfsbase", "wrfsbase", "rdgsbase", "wrgsbase", "lsl")},
    **{f"{access}_{msr}": (f"{access}_{msr}",) for access in ("rdmsr", "wrmsr") for msr in ("fs", "gs", "kernel_gs")},
    "mov_fs": ("mov_fs", "mov_fs_null"),
    "mov_gs": ("mov_gs", "mov_gs_null"),
}
"""The emulator's operations, each as a bill's."""


@dataclass(frozen=True)
class Window:
    """One window of a recording: what was executed on the marking task's CPU."""

    label: str
    name: str
    cpu: int
    true: dict[str, int]
    by_symbol: dict[str, dict[str, int]]


def recordings() -> list[Path]:
    """Every recording that gstrace reads, and that has true counts beside it."""
    own = {p for kind in RECORDINGS for p in SAMPLES.glob(f"*/{kind}") if (p.parent / "windows.json").exists()}
    more = {p for kind in RECORDINGS for p in SHARED.glob(f"*/{kind}")}
    left_out = {p for p in more if p.parent.name.startswith("sample-") or p.parent.name in MARKERS_LOST}
    return sorted(own) + sorted(more - left_out)


def label(recording: Path) -> str:
    """A recording's name in tables: its folder, and itself where the folder has several."""
    several = sum(len(list(recording.parent.glob(kind))) for kind in RECORDINGS) > 1
    return f"{recording.parent.name}/{recording.name}" if several else recording.parent.name


@cache
def trace(recording: Path) -> api.Trace:
    """A recording, ingested once (into the user's cache)."""
    return api.open(recording, machine=recording.parent / "machine")


@cache
def windows(recording: Path) -> tuple[Window, ...]:
    data: list[dict[str, Any]] = json.loads((recording.parent / "windows.json").read_text())
    return tuple(
        Window(str(w["id"]), w["name"], cpu, w["cpus"][cpu]["true"], w["cpus"][cpu]["by_symbol"])
        for w in data
        for cpu in (w["cpu_of_marker"][0],)
    )


def counts(recording: Path, window: Window) -> dict[int, int]:
    selection = Selection(window=window.label, cpus=frozenset([window.cpu]))
    return trace(recording).counts(selection)


def billed(recording: Path, window: Window, scheme: str = "", taken: dict[int, int] | None = None) -> Bill:
    """The window's bill under a scheme; default: the one that the recorded kernel ran. taken: its counts, if others."""
    recorded = trace(recording)
    chosen = library.parse(scheme) if scheme else api.baseline_of(recorded)[0]
    facts = api.machines_for(recorded, (), {})[0].facts
    return bill(chosen, completions([chosen], facts), counts(recording, window) if taken is None else taken)


def interval(b: Bill, operation: str) -> tuple[int, int]:
    """An operation's low and high, in the emulator's terms, both ledgers together."""
    columns = [INDEX[part] for part in OPERATIONS[operation]]
    return int(b.low[:, columns].sum()), int(b.high[:, columns].sum())
