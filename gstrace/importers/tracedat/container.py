r"""The file around the pages: two versions, one content.

Version 6 is read from front to back:

    start  page header  formats  u32 kallsyms  u32 printk formats  u64 saved command lines  u32 CPUs
    ["options  \0"  options]  "flyrecord\0"  CPUs × (offset u64, size u64)  u64 clock

and an instance's option says where another "flyrecord\0" with its CPUs is. Version 7 has sections, found from options:

    start  compression name\0 version\0  first options u64
    section: id u16  flags u16  title u32  size u64  content
    packed content (flag 1): packed u32  unpacked u32  data
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO, Final

from gstrace.errors import UnreadableInput
from gstrace.importers import tracing
from gstrace.importers.cursor import Cursor, Damaged, FileCursor
from gstrace.importers.formats import parse_format
from gstrace.importers.tracedat.facts import (
    CMDLINES,
    EVENT_FORMATS,
    FTRACE_EVENTS,
    HEADER_INFO,
    Buffer,
    Container,
    clock_in,
    is_page,
    read_options,
)
from gstrace.importers.tracedat.packing import UNPACKERS, unpack
from gstrace.importers.tracedat.regions import MOST_CPU

_WORD: Final = 10
_PACKED: Final = 1
_MOST_SECTIONS: Final = 1 << 10
_READ: Final = (HEADER_INFO, FTRACE_EVENTS, EVENT_FORMATS, CMDLINES)
EVERYWHERE: Final = frozenset(
    {"sched:sched_kthread_stop", "signal:signal_generate", "timer:timer_init", "irq:softirq_raise"}
)
"""Events that every kernel has and few people ask for: a file with the formats of all of these has all formats."""
_COUNTERS, _CYCLES = ("counter", "uptime"), "x86-tsc"
_AGAIN: Final = "copy the file again"


def read_container(file: BinaryIO, name: str, formats: Mapping[str, str] | None = None) -> Container:
    """Read a file's frame. formats: event format texts from elsewhere, by `system/name`; the file's own come first.

    Raises UnreadableInput where no events can be had of it.
    """
    cursor = FileCursor(file)
    container = Container()
    try:
        version = _start(cursor, container, name)
        if version == "6":
            _read_6(cursor, container)
        else:
            _read_7(cursor, container, name)
    except Damaged as damage:
        raise UnreadableInput(f"{name}: the head is damaged: {damage}", hint=_AGAIN) from damage
    _settle(container, name, version)
    # trace-cmd stores the formats of the events that it was asked to record; asked for none by name, all there are.
    listed = {f.event for f in container.formats.values() if f.system != "ftrace"}
    container.asked = frozenset() if listed >= EVERYWHERE else frozenset(listed)
    for path, text in (formats or {}).items():
        given = parse_format(path.partition("/")[0], text)
        if given is not None:
            container.formats.setdefault(given.id, given)
    return container


def _start(cursor: FileCursor, container: Container, name: str) -> str:
    """→ the version, one of those that are read."""
    version, container.word, container.page = tracing.read_start(cursor)
    if cursor.order == ">":
        raise UnreadableInput(f"{name}: a trace.dat of a big-endian machine", hint="FS and GS bases are x86's")
    if version not in ("6", "7"):
        raise UnreadableInput(
            f"{name}: a trace.dat of version {version[:20]!r}; 6 and 7 are known",
            hint="trace-cmd convert --file-version 7",
        )
    if container.word not in (4, 8):
        raise Damaged(f"a long of {container.word} bytes", cursor.at)
    container.data = 8 + container.word
    return version


def _settle(container: Container, name: str, version: str) -> None:
    """What can only be said once all is read."""
    if not container.buffers:
        if container.texts:
            raise UnreadableInput(
                f"{name} holds a trace as text, not events", hint=f"trace-cmd report {name} > TEXT, and give the TEXT"
            )
        raise UnreadableInput(
            f"{name} has no events: {'; '.join(container.problems) or 'no buffer is described'}",
            hint="did the recorder end without writing?",
        )
    packing = f", {container.packing}" if container.packing != "none" else ""
    container.capture.set("format", f"trace.dat, version {version}{packing}", "trace.dat header")
    clock = container.clock or container.buffers[0].clock
    if clock in _COUNTERS or (clock == _CYCLES and not container.mult):
        clock = f"{clock}, a counter without unit"
    if container.is_guest:
        clock = f"{clock} of a guest, as the guest tells it"
    container.capture.set("clock", clock, "trace.dat TRACECLOCK")


def _read_6(cursor: FileCursor, container: Container) -> None:
    container.take_page_header(tracing.page_header(cursor))
    tracing.add_formats(container.formats, tracing.own_texts(cursor))
    tracing.add_formats(container.formats, tracing.system_texts(cursor))
    for _ in range(2):  # kallsyms, printk formats
        cursor.skip(cursor.u32())
    container.cmdlines = cursor.take(cursor.u64())
    container.cpus = cursor.u32()
    word = cursor.take(_WORD)
    if word.startswith(b"options"):
        read_options(container, cursor, chained=False)
        word = cursor.take(_WORD)
    container.texts += word.startswith(b"latency")
    if word.startswith(b"flyrecord"):
        _regions(cursor, container, Buffer("", page=container.page))
    for instance, offset in container.instances:
        cursor.at = offset
        if cursor.take(_WORD).startswith(b"flyrecord"):
            _regions(cursor, container, Buffer(instance, page=container.page))
        else:
            container.problems.append(f"no events of buffer {instance} at byte {offset}")


def _regions(cursor: FileCursor, container: Container, buffer: Buffer) -> None:
    """A buffer's table of CPUs, and, from trace-cmd 2.7 on, its clock."""
    if not is_page(buffer.page, container.data):
        raise Damaged(f"pages of {buffer.page} bytes", cursor.at)
    if container.cpus > MOST_CPU + 1:
        raise Damaged(f"{container.cpus} CPUs", cursor.at)
    for cpu in range(container.cpus):
        offset, size = cursor.u64(), cursor.u64()
        if size:
            buffer.regions.append((cpu, offset, size))
    size = cursor.u64() if cursor.left >= 8 else 0
    buffer.clock = clock_in(cursor.take(size)) if size <= min(cursor.left, 1 << 10) else ""
    if buffer.regions:
        container.buffers.append(buffer)


def _read_7(cursor: FileCursor, container: Container, name: str) -> None:
    container.packing, _ = cursor.string(), cursor.string()
    if container.packing not in UNPACKERS:
        raise UnreadableInput(
            f"{name} is compressed with {container.packing[:20]!r}; zlib and zstd are known",
            hint="trace-cmd convert --compression zstd",
        )
    _follow(cursor, container)
    for number in _READ:
        offset = container.sections.get(number)
        if offset is None:
            continue
        cursor.at = offset
        try:
            _take(container, number, _section(cursor, container.packing, number))
        except Damaged as damage:
            container.problems.append(f"section {number}: {damage}")
    described, container.buffers = container.buffers, []
    for buffer in described:
        cursor.at = buffer.offset
        cursor.take(2)
        buffer.packed = bool(cursor.u16() & _PACKED) and container.packing != "none"
        if not buffer.name and container.page_stated:
            # An old trace-cmd writes the machine's page here, also where the kernel's buffer has larger ones.
            buffer.page = container.page
        if buffer.regions:
            container.buffers.append(buffer)


def _follow(cursor: FileCursor, container: Container) -> None:
    """The chain of options; one that is damaged ends it, with a word in `problems`."""
    offset, seen = cursor.u64(), set[int]()
    while offset and offset not in seen and len(seen) < _MOST_SECTIONS:
        seen.add(offset)
        cursor.at = offset
        try:
            offset = read_options(container, _section(cursor, container.packing, 0), chained=True)
        except Damaged as damage:
            container.problems.append(f"options at byte {offset}: {damage}")
            return
    if offset:
        container.problems.append(f"the options at byte {offset} follow themselves")


def _section(cursor: FileCursor, packing: str, wanted: int) -> Cursor:
    """The section's content where the cursor is; what is not packed stays in the file."""
    start = cursor.at
    number, flags, _, size = cursor.u16(), cursor.u16(), cursor.u32(), cursor.u64()
    if number != wanted:
        raise Damaged(f"section {number} instead of {wanted}", start)
    if not flags & _PACKED or packing == "none":
        return cursor
    packed, unpacked = cursor.u32(), cursor.u32()
    if packed + 8 > size:
        raise Damaged(f"{packed} bytes in a section of {size}", start)
    return Cursor(unpack(packing, cursor.take(packed), unpacked, start))


def _take(container: Container, number: int, cursor: Cursor) -> None:
    if number == HEADER_INFO:
        container.take_page_header(tracing.page_header(cursor))
    elif number == FTRACE_EVENTS:
        tracing.add_formats(container.formats, tracing.own_texts(cursor))
    elif number == EVENT_FORMATS:
        tracing.add_formats(container.formats, tracing.system_texts(cursor))
    else:
        container.cmdlines = cursor.take(cursor.u64())
