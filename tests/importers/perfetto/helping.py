"""What the tests of this folder share: running the importer, and finding recordings."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from backports import zstd
from importers.perfetto.plain import ROW

from gstrace.events.losses import LOSSES
from gstrace.events.tables import Kind
from gstrace.importers.perfetto.reader import Perfetto

CHECKOUT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("GSTRACE_SHARED", CHECKOUT.parent / "shared")) / "traces"
SAMPLE = CHECKOUT / "sample-traces" / "perfetto" / "trace.pftrace"


def rows(data: bytes, rows: int = 4096) -> tuple[list[tuple[Any, ...]], Perfetto]:
    """All rows as tuples in the order of `plain.ROW`, texts as texts; and the reader after its end."""
    reader = Perfetto(BytesIO(data), "x", rows=rows)
    found: list[tuple[Any, ...]] = []
    for batch in reader.batches():
        found += zip(*[getattr(batch, name).tolist() for name in ROW], strict=True)
    text = ROW.index("text")
    named = [(*r[:text], reader.texts[r[text]] if r[text] >= 0 else None, *r[text + 1 :]) for r in found]
    return named, reader


def losses(found: list[tuple[Any, ...]]) -> list[tuple[str, int, int, int, int]]:
    """(kind, cpu, from, to, count) of each LOSS row."""
    return [(LOSSES[r[6]].name, r[2], r[8], r[5], r[7]) for r in found if r[0] == Kind.LOSS]


def content(path: Path) -> bytes:
    data = path.read_bytes()
    return zstd.decompress(data) if path.suffix == ".zst" else data


def recordings() -> list[Any]:
    """Parameters: the sample, and where they are the recordings with true counts and with the recorder's accidents."""
    found = [SAMPLE, *sorted((SHARED / "truth").glob("*/*.pftrace"))]
    found += sorted(p for p in (SHARED / "perfetto-real").glob("*.pftrace*") if p.suffix != ".json")
    return [pytest.param(path, id=path.parent.name if path.stem == "trace" else path.name) for path in found]
