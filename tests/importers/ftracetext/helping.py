"""What the tests of this folder share: running the importer on a text, and finding recordings."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

from gstrace.importers.ftracetext.reader import FtraceText

SHARED = Path(os.environ.get("GSTRACE_SHARED", Path(__file__).resolve().parents[4] / "shared"))
NAMES = ("kind", "lesser", "cpu", "tid", "text", "ts", "a", "b", "c", "d")


def read(data, rows=4096, *, ended=True):
    """All rows as dicts, texts as texts; and the reader after its end. ended: give the last line its end if need be."""
    missing = b"\n" if ended and not data.endswith(b"\n") else b""
    reader = FtraceText(BytesIO(data + missing), "x", rows=rows)
    found = []
    for batch in reader.batches():
        for values in zip(*(getattr(batch, name).tolist() for name in NAMES), strict=True):
            row = dict(zip(NAMES, values, strict=True))
            row["text"] = reader.texts[row["text"]] if row["text"] >= 0 else None
            found.append(row)
    return found, reader
