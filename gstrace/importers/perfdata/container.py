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
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from gstrace.errors import UnreadableInput
from gstrace.events.capture import Capture
from gstrace.importers.cursor import Cursor, Damaged
from gstrace.importers.formats import Format, parse_format
from gstrace.importers.perfdata.attr import Attr, attr_size, parse_attr
from gstrace.importers.tracing import read_formats

MAGIC: Final = b"PERFILE2"
OTHER_ENDIAN: Final = b"2ELIFREP"
VERSION_1: Final = b"PERFFILE"

_HEADER: Final = struct.Struct("<8sQQQQQQQQ")
_FEATURE_BITS: Final = 32
_FILE, _PIPE = 104, 16
_MOST_ATTRS, _MOST_IDS, _LONGEST_FEATURE = 1 << 14, 1 << 20, 1 << 26
F_TRACING, F_HOST, F_RELEASE, F_VERSION, F_ARCH, F_CPUS, F_CPU, F_CPUID = 1, 3, 4, 5, 6, 7, 8, 9
F_COMMAND, F_EVENTS = 11, 12


@dataclass
class Container:
    """A file's frame. data_end: first byte behind the records. cut: a sentence where they end too early, else ''.
    formats: by event id. names: of events, by (type, config), where the file tells them. command: the recorder's.
    """

    attrs: list[Attr]
    data: int
    data_end: int
    cut: str = ""
    formats: dict[int, Format] = field(default_factory=dict)
    names: dict[tuple[int, int], str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)
    capture: Capture = field(default_factory=Capture)
    problems: list[str] = field(default_factory=list)


def read_container(file: BinaryIO, name: str, formats: Mapping[str, str] | None = None) -> Container:
    """Read a file's frame. formats: event format texts from elsewhere, by `system/name`; the file's own come first.

    Raises UnreadableInput where the header or the attributes are no such thing.
    """
    size = file.seek(0, 2)
    head = _at(file, size, 0, _HEADER.size + _FEATURE_BITS)
    if len(head) < _HEADER.size + _FEATURE_BITS:
        if head[8:16] == _PIPE.to_bytes(8, "little"):
            raise _pipe(name)
        raise UnreadableInput(f"{name}: {size} bytes, too short for the header of a perf.data")
    magic, header_size, entry, attrs_at, attrs_size, data_at, data_size, _, _ = _HEADER.unpack_from(head)
    _check_magic(name, magic, header_size)
    if data_at > size or data_at < _HEADER.size + _FEATURE_BITS:
        raise UnreadableInput(
            f"{name}: the header puts the data at byte {data_at} of {size}", hint="copy the file again"
        )
    container = Container(_attrs(file, name, size, entry, attrs_at, attrs_size), data_at, data_at + data_size)
    if not data_size:
        container.cut = "the recorder was killed before it completed the header"
    elif data_at + data_size > size:
        container.cut = f"{data_at + data_size - size} bytes of records are missing at the file's end"
    container.data_end = size if container.cut else container.data_end
    container.capture.set("format", "perf.data", "perf.data header")
    if not container.cut:
        _features(file, size, container, int.from_bytes(head[_HEADER.size :], "little"))
    for path, text in (formats or {}).items():
        given = parse_format(path.partition("/")[0], text)
        if given is not None:
            container.formats.setdefault(given.id, given)
    clocks = {attr.clock for attr in container.attrs}
    container.capture.set("clock", min(clocks) if len(clocks) == 1 else ", ".join(sorted(clocks)), "perf.data attr")
    return container


def _at(file: BinaryIO, file_size: int, offset: int, size: int) -> bytes:
    """Up to size bytes at offset; what the file says is never more than what it has."""
    if offset >= file_size:
        return b""
    file.seek(offset)
    return file.read(min(size, file_size - offset))


def _pipe(name: str) -> UnreadableInput:
    return UnreadableInput(
        f"{name}: perf.data in pipe mode, which this version does not read",
        hint="record into a file: perf record -o perf.data …",
    )


def _check_magic(name: str, magic: bytes, header_size: int) -> None:
    if magic == VERSION_1:
        raise UnreadableInput(f"{name}: perf.data version 1 (PERFFILE, before 2010)", hint="record with a current perf")
    if magic == OTHER_ENDIAN:
        raise UnreadableInput(f"{name}: perf.data of a big-endian machine", hint="FS and GS bases are x86's")
    if magic != MAGIC:
        raise UnreadableInput(f"{name}: not a perf.data")
    if header_size == _PIPE:
        raise _pipe(name)
    if header_size != _FILE:
        raise UnreadableInput(f"{name}: a perf.data header of {header_size} bytes", hint="copy the file again")


def _attrs(file: BinaryIO, name: str, size: int, entry: int, offset: int, length: int) -> list[Attr]:
    count = length // entry if entry >= 64 + 16 else 0
    if not 0 < count <= _MOST_ATTRS or length % entry or offset + length > size:
        raise UnreadableInput(
            f"{name}: the header announces {length} bytes of attributes, {entry} each, at byte {offset} of {size}",
            hint="copy the file again",
        )
    data = _at(file, size, offset, length)
    attrs = []
    for at in range(0, length, entry):
        ids_at, ids_size = struct.unpack_from("<QQ", data, at + entry - 16)
        ids = _at(file, size, ids_at, ids_size) if ids_size <= 8 * _MOST_IDS else b""
        attr = parse_attr(data[at : at + entry - 16], struct.unpack(f"<{len(ids) // 8}Q", ids[: len(ids) // 8 * 8]))
        if attr is None or len(ids) != ids_size:
            raise UnreadableInput(
                f"{name}: attribute {at // entry} of {count}, at byte {offset + at}, is damaged "
                f"(it says {attr_size(data[at:])} bytes, and {ids_size} of ids)",
                hint="copy the file again",
            )
        attrs.append(attr)
    return attrs


def _features(file: BinaryIO, size: int, container: Container, bits: int) -> None:
    """Read the features; a damaged one is passed over, with a word in `problems`."""
    numbers = [bit for bit in range(256) if bits >> bit & 1]
    table = _at(file, size, container.data_end, 16 * len(numbers))
    for i, number in enumerate(numbers[: len(table) // 16]):
        offset, length = struct.unpack_from("<QQ", table, 16 * i)
        if number not in _READ:
            continue
        data = _at(file, size, offset, length) if length <= _LONGEST_FEATURE else b""
        if len(data) != length:
            container.problems.append(f"feature {number}: {length} bytes at byte {offset} of {size}")
            continue
        try:
            read_feature(container, number, data)
        except Damaged as damage:
            container.problems.append(f"feature {number}: {damage}")


def read_feature(container: Container, number: int, data: bytes) -> None:
    """Take what one feature says: formats, names, facts. Raises Damaged."""
    cursor = Cursor(data)
    if number == F_TRACING:
        container.formats, problem = read_formats(data)
        if problem:
            container.problems.append(problem)
    elif number == F_EVENTS:
        _event_names(container, cursor)
    elif number == F_COMMAND:
        container.command = [_string(cursor) for _ in range(min(cursor.u32(), len(data)))]
        container.capture.set("recorder_command", " ".join(container.command), "perf.data CMDLINE")
    elif number == F_CPUS:
        # Which of the two words came first has changed: what is online is never more than what is available.
        container.capture.set("cpus", min(cursor.u32(), cursor.u32()), "perf.data NRCPUS")
    elif number == F_CPUID:
        parts = _string(cursor).split(",")
        for fact, value in zip(("cpu_vendor", "cpu_family", "cpu_model", "cpu_stepping"), parts, strict=False):
            container.capture.set(fact, value, "perf.data CPUID")
    elif number in _TEXTS:
        fact, source = _TEXTS[number]
        text = _string(cursor)
        container.capture.set(fact, f"perf {text}" if fact == "recorder" and text else text, f"perf.data {source}")


_TEXTS: Final = {
    F_HOST: ("hostname", "HOSTNAME"),
    F_RELEASE: ("kernel_release", "OSRELEASE"),
    F_VERSION: ("recorder", "VERSION"),
    F_ARCH: ("architecture", "ARCH"),
    F_CPU: ("cpu_name", "CPUDESC"),
}


_READ: Final = frozenset({F_TRACING, F_EVENTS, F_COMMAND, F_CPUS, F_CPUID, *_TEXTS})
"""The features of which anything is taken."""


def _string(cursor: Cursor) -> str:
    """u32 length, padding included, and the text up to its NUL."""
    return cursor.take(cursor.u32()).partition(b"\0")[0].decode("utf-8", "replace").strip()


def _event_names(container: Container, cursor: Cursor) -> None:
    count, size = cursor.u32(), cursor.u32()
    for _ in range(count):
        attr = parse_attr(cursor.take(size))
        ids = cursor.u32()
        name = _string(cursor)
        cursor.take(8 * ids)
        if attr is not None and name:
            container.names.setdefault((attr.type, attr.config), name)
