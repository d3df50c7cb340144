"""Shared by the laws: rows made comparable, small buffers, digests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from unittest import mock

from importers.perfdata.plain import ROW

from gstrace.events.tables import Kind, Origin, Task
from gstrace.importers import feed
from gstrace.importers.perfdata.reader import PerfData

A, C = ROW.index("a"), ROW.index("c")


def comparable(row):
    """A row without what is learned from other rows: an interrupt's origin; whether a thread found is the kernel's."""
    if row[0] in (Kind.IRQ, Kind.NMI) or (row[0] == Kind.TASK and row[A] & 0xFF == Task.FOUND):
        return (*row[:C], int(Origin.UNKNOWN), *row[C + 1 :])
    return row


@contextmanager
def buffers_of(size: int) -> Iterator[None]:
    """Feeds of this many bytes, at least the longest record of the test."""
    with mock.patch.object(feed.Feed.__init__, "__defaults__", (0, size)):
        yield


def digests(data: bytes) -> list[int]:
    return [d for batch in PerfData(BytesIO(data), "x").batches() for d in batch.digest.tolist()]
