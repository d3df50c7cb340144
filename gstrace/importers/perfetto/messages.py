"""Perfetto's messages, as the `perfetto` package declares them: which field has which number; and the rare packets.

Events are read by the kernel; these classes read what a trace has few of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from gstrace.events.tracepoints import TRACEPOINTS, Tracepoint

ROWS: Final = {row.perfetto: row for row in TRACEPOINTS if row.perfetto is not None}
"""Tracepoints that have a message of their own, by its number in FtraceEvent."""

_WIRE_TYPES: Final = {1: 1, 2: 5, 6: 1, 7: 5, 9: 2, 11: 2, 12: 2, 15: 5, 16: 1}
"""Of protobuf's field types; others are varints."""

_MOST_FIELDS: Final = 1 << 12


@cache
def classes() -> Any:
    """The package's module of message classes."""
    from perfetto.protos.perfetto.trace import perfetto_trace_pb2

    return perfetto_trace_pb2


def text(value: str | bytes) -> str:
    """A message's text: what is no UTF-8 comes as bytes."""
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def numbers(row: Tracepoint) -> Mapping[str, int]:
    """A message's fields by name."""
    message = classes().FtraceEvent.DESCRIPTOR.fields_by_number[row.perfetto].message_type
    return {field.name: field.number for field in message.fields}


def event_name(number: int) -> str:
    """What an event without a row here is called; '' for a number that no message has."""
    field = classes().FtraceEvent.DESCRIPTOR.fields_by_number.get(number)
    return "" if field is None else str(field.name)


def described(data: bytes) -> tuple[int, str, dict[str, int]] | None:
    """A GenericEventDescriptor: its number in FtraceEvent, `system:name`, fields by name; None for a damaged one."""
    from google.protobuf.descriptor_pb2 import DescriptorProto
    from google.protobuf.message import DecodeError

    try:
        outer = classes().FtraceEventBundle.GenericEventDescriptor.FromString(data)
        inner = DescriptorProto.FromString(outer.event_descriptor)
    except DecodeError:
        return None
    fields = {text(field.name): field.number for field in inner.field}
    return outer.field_id, f"{text(outer.group_name)}:{text(inner.name)}", fields


def is_trace(head: bytes) -> bool:
    """Whether a file's first bytes are packets with fields of TracePacket's numbers and types, and nothing else.

    Numbers that are not known here may be a later version's, but not all of them.
    """
    packet, known = classes().TracePacket.DESCRIPTOR, 0
    for number, wire, content in _fields(head):
        if not 0 < number < _MOST_FIELDS or wire not in (0, 1, 2, 5):
            return False
        field = packet.fields_by_number.get(number)
        if field is not None and not _fits(field, wire, content):
            return False
        known += field is not None
    return known > 0


def _fits(field: Any, wire: int, content: bytes) -> bool:
    """Whether a field has its declared type; a message, one of its fields at its beginning."""
    if wire != _WIRE_TYPES.get(field.type, 0):
        return False
    if field.message_type is None or not content:
        return True
    key, _ = varint(content, 0)
    inner = field.message_type.fields_by_number.get(key >> 3)
    return inner is not None and (key & 7 == _WIRE_TYPES.get(inner.type, 0) or inner.is_packed)


def varint(data: bytes | memoryview, at: int) -> tuple[int, int]:
    """(value, first byte behind it), behind 0 where the data ends before."""
    value = 0
    for i, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            return value, at + i + 1
    return 0, 0


def _fields(head: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(number, wire type, content's first bytes) of each packet's fields, as far as the bytes go; 0 for no packet."""
    at = 0
    while at < len(head):
        key, at = varint(head, at)
        size, at = varint(head, at) if at else (0, 0)
        if key not in (0, 10):
            yield 0, 0, b""
        if not at or key != 10:
            return
        end = at + size
        while at < min(end, len(head)):
            key, at = varint(head, at)
            if not at:
                return
            value, behind = varint(head, at)
            yield key >> 3, key & 7, head[behind : behind + min(value, 10)] if behind else b""
            if key & 7 in (1, 5):
                at += 8 if key & 7 == 1 else 4
            elif not behind:
                return
            else:
                at = behind + (value if key & 7 == 2 else 0)
        if at > end:
            yield 0, 0, b""
            return
