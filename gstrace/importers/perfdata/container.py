"""The file around the records: header, attributes, features, event formats.

    magic 8  header size u64  attr size u64
    attrs, data, event types: (offset u64, size u64) each
    feature bits 256

One entry of the attrs section is an attribute and the (offset, size) of its ids. After the data there is one
(offset, size) for each feature bit set, in their order: a recorder that was killed never wrote them.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import BinaryIO, Final

from gstrace.errors import UnreadableInput
from gstrace.importers.formats import parse_format
from gstrace.importers.perfdata.attr import Attr, attr_size, parse_attr
from gstrace.importers.perfdata.facts import LONGEST_FEATURE, READ, Container, read_feature
from gstrace.importers.perfdata.pipe import read_pipe

MAGIC: Final = b"PERFILE2"
OTHER_ENDIAN: Final = b"2ELIFREP"
VERSION_1: Final = b"PERFFILE"

_HEADER: Final = struct.Struct("8x8Q")
_FEATURE_BITS: Final = 32
_FILE, _PIPE = 104, 16
_MOST_ATTRS, _MOST_IDS = 1 << 14, 1 << 20


def read_container(file: BinaryIO, name: str, formats: Mapping[str, str] | None = None) -> Container:
    """Read a file's frame. formats: event format texts from elsewhere, by `system/name`; the file's own come first.

    Raises UnreadableInput where the header or the attributes are no such thing.
    """
    size = file.seek(0, 2)
    head = _at(file, size, 0, _HEADER.size + _FEATURE_BITS)
    order = _order(name, head[:8])
    (header_size,) = struct.unpack_from(order + "Q", head.ljust(16, b"\0"), 8)
    if header_size == _PIPE:
        container = read_pipe(file, name, size, order)
    elif header_size == _FILE and len(head) == _HEADER.size + _FEATURE_BITS:
        container = _read_file(file, name, size, head, order)
    else:
        raise UnreadableInput(
            f"{name}: a perf.data header of {header_size} bytes in a file of {size}", hint="copy the file again"
        )
    for path, text in (formats or {}).items():
        given = parse_format(path.partition("/")[0], text)
        if given is not None:
            container.formats.setdefault(given.id, given)
    kind = "perf.data, pipe mode" if container.pipe else "perf.data"
    container.capture.set("format", kind, "perf.data header")
    clocks = sorted({attr.clock for attr in container.attrs})
    container.capture.set("clock", ", ".join(clocks), "perf.data attr")
    return container


def _read_file(file: BinaryIO, name: str, size: int, head: bytes, order: str) -> Container:
    _, entry, attrs_at, attrs_size, data_at, data_size, _, _ = struct.unpack_from(order + "8x8Q", head)
    if not len(head) <= data_at <= size:
        raise UnreadableInput(
            f"{name}: the header puts the data at byte {data_at} of {size}", hint="copy the file again"
        )
    attrs = _attrs(file, name, size, entry, attrs_at, attrs_size, order)
    container = Container(attrs, data_at, data_at + data_size, order=order)
    if not data_size:
        container.cut = "the recorder was killed before it completed the header"
    elif data_at + data_size > size:
        container.cut = f"{data_at + data_size - size} bytes of records are missing at the file's end"
    else:
        words = struct.unpack_from(order + "4Q", head, _HEADER.size)
        _features(file, size, container, [64 * i + bit for i in range(4) for bit in range(64) if words[i] >> bit & 1])
    container.data_end = size if container.cut else container.data_end
    return container


def _at(file: BinaryIO, file_size: int, offset: int, size: int) -> bytes:
    """Up to size bytes at offset; what the file says is never more than what it has."""
    if offset >= file_size:
        return b""
    file.seek(offset)
    return file.read(min(size, file_size - offset))


def _order(name: str, magic: bytes) -> str:
    """`<` or `>`: the byte order of all words but those of the tracing data, which tells its own."""
    if magic == VERSION_1:
        raise UnreadableInput(f"{name}: perf.data version 1 (PERFFILE, before 2010)", hint="record with a current perf")
    if magic not in (MAGIC, OTHER_ENDIAN):
        raise UnreadableInput(f"{name}: not a perf.data")
    return "<" if magic == MAGIC else ">"


def _attrs(file: BinaryIO, name: str, size: int, entry: int, offset: int, length: int, order: str) -> list[Attr]:
    count = length // entry if entry >= 64 + 16 else 0
    if not 0 < count <= _MOST_ATTRS or length % entry or offset + length > size:
        raise UnreadableInput(
            f"{name}: the header announces {length} bytes of attributes, {entry} each, at byte {offset} of {size}",
            hint="copy the file again",
        )
    data = _at(file, size, offset, length)
    attrs = []
    left = 8 * _MOST_IDS
    for at in range(0, length, entry):
        ids_at, ids_size = struct.unpack_from(order + "QQ", data, at + entry - 16)
        ids = _at(file, size, ids_at, ids_size) if ids_size <= left else b""
        left -= len(ids)
        numbers = struct.unpack_from(f"{order}{len(ids) // 8}Q", ids)
        attr = parse_attr(data[at : at + entry - 16], numbers, order)
        if attr is None or len(ids) != ids_size:
            raise UnreadableInput(
                f"{name}: attribute {at // entry} of {count}, at byte {offset + at}, is damaged "
                f"(it says {attr_size(data[at:], order)} bytes, and {ids_size} of ids)",
                hint="copy the file again",
            )
        attrs.append(attr)
    return attrs


def _features(file: BinaryIO, size: int, container: Container, numbers: list[int]) -> None:
    """Read the features; a damaged one is passed over, with a word in `problems`."""
    table = _at(file, size, container.data_end, 16 * len(numbers))
    for i, number in enumerate(numbers[: len(table) // 16]):
        offset, length = struct.unpack_from(container.order + "QQ", table, 16 * i)
        if number not in READ:
            continue
        data = _at(file, size, offset, length) if length <= LONGEST_FEATURE else b""
        if len(data) != length:
            container.problems.append(f"feature {number}: {length} bytes at byte {offset} of {size}")
            continue
        read_feature(container, number, data)
