"""The kernel's plain twin: the reader that takes each line by Python alone; and what two readers must agree in."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO

from importers.ftracetext.helping import NAMES

from gstrace.errors import NothingToPrice
from gstrace.importers.ftracetext import kernel
from gstrace.importers.ftracetext.first import FirstPass
from gstrace.importers.ftracetext.reader import FtraceText


class PlainPass(FirstPass):
    def _first_unknown(self, _text, at):
        return at


class Plain(FtraceText):
    _look = PlainPass

    def _decode(self, _text, at):
        return kernel.LEFT, at


def everything(reader_type, data, rows=4096):
    """All that a reader tells of a text."""
    reader = reader_type(BytesIO(data), "x", rows=rows)
    columns = {name: [] for name in NAMES}
    with suppress(NothingToPrice):
        for batch in reader.batches():
            for name in NAMES:
                columns[name] += getattr(batch, name).tolist()
    facts = (dict(reader.seen), dict(reader.skipped), reader._unread, reader.recorded, reader.capture.to_json())
    return columns, reader.texts, facts


def differences(data, rows=4096):
    """What the kernel makes of a text and its twin does not, line by line where that can be told; empty if nothing."""
    fast, slow = (everything(kind, data, rows) if _has_names(data) else None for kind in (FtraceText, Plain))
    if fast == slow:
        return []
    alone = [line for line in data.split(b"\n") if everything(FtraceText, line) != everything(Plain, line)]
    return alone or [data, fast, slow]


def _has_names(data):
    return bool(Plain(BytesIO(data), "x")._names.events)
