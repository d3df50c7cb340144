"""Recordings with true instruction counts: where they are, and what their windows say.

Those of `sample-traces/` are everybody's; more of them lie in a folder beside the checkout or in `GSTRACE_SHARED`,
and are left out where that folder is not.
"""

from __future__ import annotations

import json
import os
import tomllib
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

RECORDINGS = ("perf*.data", "trace.txt", "trace-cmd-report.txt")
"""What a folder's recording may be called, the best first."""

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


def folders() -> list[Path]:
    """Every folder with a recording that gstrace reads, and true counts."""
    own = sorted(p.parent for p in SAMPLES.glob("*/windows.json"))
    more = sorted({p.parent for kind in RECORDINGS for p in SHARED.glob(f"*/{kind}")}) if SHARED.is_dir() else []
    return own + [p for p in more if not p.name.startswith("sample-")]


def recording(folder: Path) -> Path:
    return next(path for kind in RECORDINGS for path in folder.glob(kind))


@cache
def trace(folder: Path) -> api.Trace:
    """The folder's recording, ingested once (into the user's cache)."""
    return api.open(recording(folder), machine=folder / "machine")


@cache
def windows(folder: Path) -> tuple[Window, ...]:
    data: list[dict[str, Any]] = json.loads((folder / "windows.json").read_text())
    return tuple(
        Window(str(w["id"]), w["name"], cpu, w["cpus"][cpu]["true"], w["cpus"][cpu]["by_symbol"])
        for w in data
        for cpu in (w["cpu_of_marker"][0],)
    )


def capture(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "capture.toml").read_text())


def counts(folder: Path, window: Window) -> dict[int, int]:
    selection = Selection(window=window.label, cpus=frozenset([window.cpu]))
    return trace(folder).counts(selection)


def billed(folder: Path, window: Window, scheme: str = "") -> Bill:
    """The window's bill under a scheme; default: the one that the recorded kernel ran."""
    recorded = trace(folder)
    chosen = library.parse(scheme) if scheme else api.baseline_of(recorded)[0]
    facts = api.machines_for(recorded, (), {})[0].facts
    return bill(chosen, completions([chosen], facts), counts(folder, window))


def interval(b: Bill, operation: str) -> tuple[int, int]:
    """An operation's low and high, in the emulator's terms, both ledgers together."""
    columns = [INDEX[part] for part in OPERATIONS[operation]]
    return int(b.low[:, columns].sum()), int(b.high[:, columns].sum())
