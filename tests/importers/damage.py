"""What the hostile tests of every format share: a recording of each, and how much of it a reader makes of any bytes."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from gstrace.errors import GstraceError
from gstrace.events.tables import Kind
from gstrace.importers.registry import FORMATS, Format, find
from gstrace.importers.source import Source
from gstrace.importers.stream import Stream

if TYPE_CHECKING:
    from gstrace.importers.batch import Batch, Reader

SAMPLES = Path(__file__).resolve().parents[2] / "sample-traces"
SECONDS = 10
"""No input may take longer."""

DRAWN = frozenset({Kind.SYS_ENTER, Kind.SYS_EXIT, Kind.SWITCH, Kind.IRQ, Kind.EXCEPTION, Kind.NMI, Kind.SIGNAL})
"""Kinds of which each row stands for one event of the recording, whatever else the recording holds."""


@cache
def samples() -> dict[str, bytes]:
    """The smallest sample recording of each format, unpacked, by the format's name."""
    found: dict[str, bytes] = {}
    for path in sorted(SAMPLES.glob("*/*"), key=lambda p: p.stat().st_size, reverse=True):
        if path.is_file():
            with Source(path) as source:
                try:
                    name = find(source).name
                except GstraceError:
                    continue
                found[name] = source.file.read()
    return found


class Listening:
    """A reader that keeps what it handed on."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.events: Counter[tuple[int, ...]] = Counter()

    def __getattr__(self, name: str) -> object:
        return getattr(self._reader, name)

    def batches(self) -> Iterator[Batch]:
        for batch in self._reader.batches():
            columns = (getattr(batch, name).tolist() for name in ("kind", "cpu", "tid", "ts", "a"))
            self.events.update(row for row in zip(*columns, strict=True) if row[0] in DRAWN)
            yield batch


@cache
def compiled(known: Format) -> None:
    """Read a format's sample: kernels are compiled when first used, which is not an input's time."""
    if known.name in samples():
        for _ in Stream(import_module(known.module).open(BytesIO(samples()[known.name]), "sample", None)).rows():
            pass


def claimed(data: bytes) -> Format | None:
    return next((f for f in FORMATS if import_module(f.module).claims(data[:4096])), None)


def events(data: bytes, known: Format | None = None) -> Counter[tuple[int, ...]]:
    """Every event that the whole ingest loop makes of these bytes: (kind, cpu, tid, ts, a); none of what is refused."""
    known = known or claimed(data)
    if known is None:
        return Counter()
    compiled(known)
    try:
        with within(SECONDS):
            reader = Listening(import_module(known.module).open(BytesIO(data), "damaged", None))
            for _ in Stream(reader).rows():
                pass
    except GstraceError:
        return Counter()
    return reader.events


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Raise TimeoutError in what takes longer."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
