"""One recording in, one `.gst` out: drives the importer's stream and hands each piece to store and replay."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from gstrace import __version__
from gstrace.errors import NothingToPrice, OutputError, UnreadableInput
from gstrace.events.capture import with_machine
from gstrace.events.losses import LOSS_CODE
from gstrace.events.rows import Rows, empty
from gstrace.events.snapshots import NOTHING, read
from gstrace.events.tables import NULL, Kind
from gstrace.importers.machine import threads
from gstrace.importers.registry import open_reader
from gstrace.importers.stream import Stream
from gstrace.progress import Progress
from gstrace.replay.engine import Replay
from gstrace.replay.state import BITS32
from gstrace.store.gst import CENSUS, THREAD, Gst, Writer

if TYPE_CHECKING:
    from gstrace.importers.batch import Reader
    from gstrace.importers.source import Source
    from gstrace.replay.census import Census, Threads

KERNEL: Final = {0: False, 1: True, 2: None}


def machine_folder(source: Source, given: Path | None) -> Path | None:
    """`--machine`, else `TRACE.machine/` if it is there."""
    if given is not None or source.path is None:
        return given
    beside = source.path.with_name(source.path.name + ".machine")
    return beside if beside.is_dir() else None


def same_input(place: Path, digest: str) -> bool:
    """Whether a `.gst` is of this input and of this gstrace."""
    try:
        manifest = Gst(place).manifest
    except UnreadableInput:
        return False
    return manifest.get("digest") == digest and manifest.get("gstrace") == __version__


def ingest(
    source: Source,
    place: Path,
    *,
    force: bool = False,
    machine: Path | None = None,
    wanted: str = "",
    quiet: bool = False,
) -> Gst:
    """Read a recording into `place`. An existing one stays (OutputError) unless it is of the same input, or `force`.

    Bounded memory: rows travel in pieces. Raises what the importer raises; then nothing is left at `place`.
    """
    if place.exists() and not (place / "manifest.json").is_file() and not (place.is_dir() and not any(place.iterdir())):
        raise OutputError(f"{place} exists and is no .gst", hint="-o names the .gst to write, say OUT.gst")
    if place.exists() and not force and not same_input(place, source.digest()):
        raise OutputError(f"{place} exists and is of another input", hint="--force replaces it, -o writes elsewhere")
    machine = machine_folder(source, machine)
    source.begin_digest()
    with Progress(source.name, quiet=quiet) as progress:
        progress.say("loading kernels (compiled once per installation)")
        known, reader = open_reader(source, wanted, _event_formats(machine))
        before, unread = threads(machine, reader.texts)
        if unread:
            reader.skipped["line of the machine folder's threads"] = unread
        stream, replay = Stream(reader, before), Replay()
        with Writer(place) as writer:
            events = 0
            for rows in stream.rows():
                writer.add(rows, reader.texts)
                replay.feed(rows)
                events += rows.size
                progress.update(reader.progress, source.length, f"{events / 1e6:.1f} M events")
            if not events:
                raise NothingToPrice(f"{source.name} holds no event that gstrace knows")
            replay.finish()
            writer.add(_last(source, reader, replay, events), reader.texts)
            capture = reader.capture
            if machine is not None:
                capture = with_machine(capture, machine)
            writer.finish(
                census=census_table(replay.census()),
                threads=thread_table(replay.threads(), reader.texts),
                texts=reader.texts,
                capture=capture,
                provenance=_provenance(source, known.title, reader, stream, replay),
                snapshots=NOTHING if machine is None else read(machine),
            )
    return Gst(place)


def _event_formats(machine: Path | None) -> dict[str, str] | None:
    folder = machine / "events" if machine else None
    if folder is None or not folder.is_dir():
        return None
    found = folder.glob("*/*/format")
    return {f"{p.parent.parent.name}/{p.parent.name}": p.read_text(encoding="utf-8", errors="replace") for p in found}


def _last(source: Source, reader: Reader, replay: Replay, events: int) -> Rows:
    """LOSS rows for what only the end tells: switches that the recording proves but does not hold (RULES T10); a
    wrapper that was cut, unless the reader has told of the cut where it met it.
    """
    told = [(LOSS_CODE["inferred_switch"], replay.inferred_switches)] if replay.inferred_switches else []
    if source.cut and not reader.damage:
        told.append((LOSS_CODE["cut"], NULL))
    rows = empty(len(told))
    for column, value in (
        ("cpu", -1),
        ("tid", -1),
        ("text", -1),
        ("c", NULL),
        ("kind", Kind.LOSS),
        ("ts", replay.last_ts),
    ):
        getattr(rows, column)[:] = value
    for i, (kind, number) in enumerate(told):
        rows.seq[i], rows.a[i], rows.b[i] = events + i, kind, number
    return rows


def _provenance(source: Source, title: str, reader: Reader, stream: Stream, replay: Replay) -> dict[str, Any]:
    return {
        "gstrace": __version__,
        "source": source.name,
        "size": source.size,
        "digest": source.digest(),
        "format": title,
        "anomalies": dict(sorted(stream.anomalies.items())),
        "inferred_switches": replay.inferred_switches,
        "skipped": dict(sorted(reader.skipped.items())),
        "recorded": sorted(reader.recorded),
        "damage": "; ".join(filter(None, (source.cut, reader.damage))) or None,
    }


def census_table(census: Census) -> pa.Table:
    """The census as it is stored."""
    return pa.table([getattr(census, name) for name in CENSUS.names], schema=CENSUS)


def thread_table(threads: Threads, texts: list[str]) -> pa.Table:
    """The thread table as it is stored."""
    comm = ["idle" if i == 0 else texts[c] if c >= 0 else None for i, c in enumerate(threads.comm.tolist())]
    columns = {
        "tid": threads.tid.astype(np.int32),
        "tgen": threads.tgen.astype(np.int32),
        "pid": pa.array(threads.pid.astype(np.int32), mask=threads.pid == 0),
        "comm": comm,
        "kernel": [KERNEL[k] for k in threads.kernel.tolist()],
        "selectors": threads.selected > 0,
        "bits32": threads.selected == BITS32,
        "first_ts": threads.first_ts,
        "last_ts": threads.last_ts,
        "ran": threads.ran,
    }
    return pa.table([columns[name] for name in THREAD.names], schema=THREAD)
