"""Pipe mode (perf record -o -): a header of 16 bytes, and all else in records, in the order in which it is known.

HEADER_ATTR        attribute, of its own size; ids up to the record's end
HEADER_EVENT_TYPE  config u64, name 64          (perf 3)
TRACING_DATA       size u32; as many bytes behind the record, filled up to a multiple of 8
EVENT_UPDATE       what u64, id u64, for a name (2) its text
HEADER_FEATURE     number u64, the feature as in file mode
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO, Final

from gstrace.errors import UnreadableInput
from gstrace.importers.perfdata import kernel as k
from gstrace.importers.perfdata.attr import attr_size, parse_attr
from gstrace.importers.perfdata.facts import F_TRACING, LONGEST_FEATURE, READ, Container, read_feature

if TYPE_CHECKING:
    from collections.abc import Iterator

START: Final = 16
_FIRST_OF_PERF, _NAME = 64, 2
_MOST_RECORDS: Final = 1 << 17


def read_pipe(file: BinaryIO, name: str, size: int, order: str = "<") -> Container:
    """What the records say before the first that is for rows; those records are read again with all others.

    Raises UnreadableInput where there is no attribute among them.
    """
    container = Container([], START, size, pipe=True, order=order)
    for kind, body, behind in _records(file, size, order):
        _take(container, kind, body, behind)
    if not container.attrs:
        raise UnreadableInput(f"{name}: no attributes before the first event", hint="was the start of the pipe kept?")
    return container


def _records(file: BinaryIO, size: int, order: str) -> Iterator[tuple[int, bytes, bytes]]:
    """(type, body, payload behind the record) of the records that perf writes first."""
    at = START
    for _ in range(_MOST_RECORDS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return
        kind, _, length = struct.unpack(order + "IHH", head)
        if kind < _FIRST_OF_PERF or kind in (k.ROUND_END, k.AUXTRACE, k.COMPRESSED, k.COMPRESSED2) or length < 8:
            return
        body, behind, beyond = file.read(length - 8), b"", 0
        if kind == k.TRACING_DATA and len(body) >= 4:
            (announced,) = struct.unpack_from(order + "I", body)
            beyond = -(-announced // 8) * 8
            behind = file.read(min(announced, LONGEST_FEATURE, size))
        if len(body) < length - 8:
            return
        yield kind, body, behind
        at += length + beyond


def _take(container: Container, kind: int, body: bytes, behind: bytes) -> None:
    order = container.order
    if kind == k.HEADER_ATTR:
        length = attr_size(body, order)
        ids = struct.unpack_from(f"{order}{max(len(body) - length, 0) // 8}Q", body, min(length, len(body)))
        attr = parse_attr(body[:length], ids, order)
        if attr is not None:
            container.attrs.append(attr)
        else:
            container.problems.append("a damaged attribute")
    elif kind == k.TRACING_DATA:
        read_feature(container, F_TRACING, behind)
    elif kind == k.HEADER_FEATURE:
        take_feature(container, body)
    elif kind == k.EVENT_TYPE and len(body) > 8:
        _named(container, struct.unpack_from(order + "Q", body)[0], body[8:], by_config=True)
    elif kind == k.EVENT_UPDATE and len(body) > 16:
        what, event = struct.unpack_from(order + "QQ", body)
        if what == _NAME:
            _named(container, event, body[16:], by_config=False)


def take_feature(container: Container, body: bytes) -> None:
    """A HEADER_FEATURE, here or later in the pipe. The event formats have a record of their own."""
    (number,) = struct.unpack_from(container.order + "Q", body.ljust(8, b"\0"))
    if len(body) < 8 or number not in READ or number == F_TRACING:
        return
    read_feature(container, number, body[8:])


def _named(container: Container, number: int, text: bytes, *, by_config: bool) -> None:
    name = text.partition(b"\0")[0].decode("utf-8", "replace")
    for attr in container.attrs:
        if attr.config == number if by_config else number in attr.ids:
            container.names.setdefault((attr.type, attr.config), name)
