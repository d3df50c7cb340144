"""Recordings that were asked about without being ingested: read once, then found again by their content."""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from gstrace import ingest
from gstrace.importers.source import Source
from gstrace.jit import sources_state
from gstrace.store.gst import Gst


def take(trace: str | Path, machine: Path | None, input_format: str, *, quiet: bool) -> Gst:
    """A recording's `.gst`, made where this gstrace has not seen the same content before. Raises GstraceError."""
    with Source(trace) as source:
        folder = ingest.machine_folder(source, machine)
        # The name is in every answer; what the sources make of the same bytes changes with them.
        key = (source.digest(), source.name, sources_state(), input_format, _facts(folder))
        place = _folder() / f"{hashlib.sha256(repr(key).encode()).hexdigest()[:24]}.gst"
        if place.is_dir():
            return Gst(place)
        return ingest.ingest(source, place, machine=folder, wanted=input_format, quiet=quiet)


def _facts(folder: Path | None) -> list[tuple[str, bytes]]:
    """Everything that a machine's folder says."""
    if folder is None:
        return []
    return sorted((str(p.relative_to(folder)), p.read_bytes()) for p in folder.rglob("*") if p.is_file())


@cache
def _folder() -> Path:
    """Of this user alone; one that goes with the process where there is no such place."""
    import platformdirs

    folder = Path(platformdirs.user_cache_dir("gstrace")) / "traces"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    aside = Path(tempfile.mkdtemp(prefix="gstrace-"))
    atexit.register(shutil.rmtree, aside, ignore_errors=True)
    return aside
