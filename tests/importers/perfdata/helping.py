"""What the tests of this folder share: running the importer, and finding recordings."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from importers.perfdata.plain import ROW

from gstrace.importers.perfdata.reader import PerfData

_CHECKOUT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("GSTRACE_SHARED", _CHECKOUT.parent / "shared"))


def rows(data: bytes, rows: int = 4096, **options: Any) -> tuple[list[tuple[Any, ...]], PerfData]:
    """All rows as tuples in the order of `plain.ROW`, texts as texts; and the reader after its end."""
    reader = PerfData(BytesIO(data), "x", rows=rows, **options)
    found: list[tuple[Any, ...]] = []
    for batch in reader.batches():
        columns = [getattr(batch, name).tolist() for name in ROW]
        found += zip(*columns, strict=True)
    text = ROW.index("text")
    named = [(*r[:text], reader.texts[r[text]] if r[text] >= 0 else None, *r[text + 1 :]) for r in found]
    return named, reader


def recordings() -> list[Any]:
    """Parameters: perf.data of the samples and of the recordings with true counts, where they are."""
    found = sorted((_CHECKOUT / "sample-traces").glob("*/perf.data"))
    found += sorted((SHARED / "traces" / "truth").glob("*/perf*.data"))
    return [pytest.param(path, id=path.parent.name) for path in found]


def folder(name: str) -> Path:
    """A folder beside the checkout; the test is skipped where it is not."""
    path = SHARED / "traces" / name
    if not path.is_dir():
        pytest.skip(f"{name}: no such folder here")
    return path
