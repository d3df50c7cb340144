"""What the tests of this folder share: running the importer, and finding recordings."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from backports import zstd
from importers.tracedat.plain import ROW

from gstrace.events.tables import Kind
from gstrace.importers.tracedat.reader import TraceDat

CHECKOUT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("GSTRACE_SHARED", CHECKOUT.parent / "shared"))
PUBLIC = SHARED / "traces" / "public" / "tracedat"
CPU, TS = ROW.index("cpu"), ROW.index("ts")

Row = tuple[Any, ...]


def rows(data: bytes, rows: int = 4096, **options: Any) -> tuple[list[Row], TraceDat]:
    """All rows as tuples in the order of `plain.ROW`, texts as texts; and the reader after its end."""
    reader = TraceDat(BytesIO(data), "x", rows=rows, **options)
    found: list[Row] = []
    for batch in reader.batches():
        columns = [getattr(batch, name).tolist() for name in ROW]
        found += zip(*columns, strict=True)
    text = ROW.index("text")
    named = [(*r[:text], reader.texts[r[text]] if r[text] >= 0 else None, *r[text + 1 :]) for r in found]
    return named, reader


def by_cpu(found: list[Row]) -> dict[int, list[Row]]:
    """Rows of each CPU in their order; how CPUs follow each other is nobody's promise."""
    parts: dict[int, list[Row]] = {}
    for row in found:
        parts.setdefault(row[CPU], []).append(tuple(row))
    return parts


def events(found: list[Row]) -> list[Row]:
    """Without threads found and losses."""
    return [row for row in found if row[0] != Kind.LOSS and row[TS]]


def recordings() -> list[Any]:
    """Parameters: trace.dat of the samples, of the recordings with true counts, and those that others published."""
    found = sorted((CHECKOUT / "sample-traces").glob("*/trace.dat"))
    found += sorted((SHARED / "traces" / "truth").glob("*/trace.dat"))
    named = [pytest.param(path, id=path.parent.name) for path in found]
    return named + [pytest.param(path, id=path.name.removesuffix(".zst")) for path in sorted(PUBLIC.glob("*.zst"))]


def content(path: Path) -> bytes:
    data = path.read_bytes()
    return zstd.decompress(data) if path.suffix == ".zst" else data
