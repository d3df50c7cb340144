"""What the options say: buffers, clock, conversions of time, the machine, and how much the kernel lost."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gstrace.events.capture import Capture
from gstrace.importers.cursor import Cursor, Damaged

if TYPE_CHECKING:
    from gstrace.importers.formats import Field, Format

DATE, CPUSTAT, BUFFER, TRACECLOCK, UNAME, HOOK, OFFSET, CPUCOUNT, VERSION = range(1, 10)
PROCMAPS, TRACEID, TIME_SHIFT, GUEST, TSC2NSEC, STRINGS = range(10, 16)
HEADER_INFO, FTRACE_EVENTS, EVENT_FORMATS, KALLSYMS, PRINTK, CMDLINES, BUFFER_TEXT = range(16, 23)
BTF, LAST_BOOT, MODULES = 23, 24, 25
_SECTIONS: Final = frozenset({HEADER_INFO, FTRACE_EVENTS, EVENT_FORMATS, KALLSYMS, PRINTK, CMDLINES, BTF, MODULES})
_NOT_NEEDED: Final = frozenset({HOOK, PROCMAPS, TRACEID, GUEST, STRINGS, LAST_BOOT})

_MOST_SHIFT: Final = 63
_MOST_OFFSET: Final = 1 << 62
_SMALLEST_PAGE, _LARGEST_PAGE = 1 << 8, 1 << 20
_CLOCK: Final = re.compile(rb"\[([\w-]+)\]")
_STAT: Final = re.compile(r"^(overrun|commit overrun|dropped events):\s*(\d+)", re.MULTILINE)


@dataclass
class Buffer:
    """One ring buffer, the top one ("") or an instance's: its pages' size, and of each CPU (number, offset, size)."""

    name: str
    clock: str = ""
    page: int = 4096
    offset: int = 0
    packed: bool = False
    regions: list[tuple[int, int, int]] = field(default_factory=list)


@dataclass
class Container:
    """A file's frame.

    word: bytes of the kernel's long; data: where a page's data begin; page: bytes of the top buffer's pages, and
    whether the kernel itself stated them. instances: name and offset, in version 6. sections: offsets, in version 7.
    asked: the events that the recorder was asked for, where it says so. mult, shift: from the clock's cycles to ns, 0
    for none; offset: ns added to every time. dropped, overrun: events that the kernel lost without, and with, room made
    for newer ones. texts: buffers that hold text.
    """

    word: int = 8
    data: int = 16
    page: int = 4096
    page_stated: bool = False
    cpus: int = 0
    packing: str = "none"
    buffers: list[Buffer] = field(default_factory=list)
    instances: list[tuple[str, int]] = field(default_factory=list)
    sections: dict[int, int] = field(default_factory=dict)
    formats: dict[int, Format] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    cmdlines: bytes = b""
    mult: int = 0
    shift: int = 0
    offset: int = 0
    clock: str = ""
    is_guest: bool = False
    texts: int = 0
    dropped: int = 0
    overrun: int = 0
    capture: Capture = field(default_factory=Capture)
    skipped: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def take_page_header(self, fields: dict[str, Field]) -> None:
        """What the kernel said of its pages; the file's own words are of user space."""
        commit, data = fields.get("commit"), fields.get("data")
        if commit is None or data is None:
            return
        page = data.offset + data.size
        if commit.size in (4, 8) and data.offset >= 8 + commit.size and is_page(page, data.offset):
            self.word, self.data, self.page, self.page_stated = commit.size, data.offset, page, True


def is_page(size: int, data: int) -> bool:
    return _SMALLEST_PAGE <= size <= _LARGEST_PAGE and size % 8 == 0 and data < size


def clock_in(text: bytes) -> str:
    """The clock in use, of a list of them."""
    found = _CLOCK.search(text)
    return found[1].decode() if found else ""


def read_options(container: Container, cursor: Cursor, *, chained: bool) -> int:
    """Options up to the last; one that is damaged inside is passed over.

    chained: the last one says where more are. → that place, 0 for nowhere.
    """
    while True:
        number = cursor.u16()
        if number == 0 and not chained:
            return 0
        data = cursor.take(cursor.u32())
        if number == 0:
            return Cursor(data).u64()
        try:
            _take(container, number, Cursor(data), chained=chained)
        except (Damaged, ValueError) as damage:
            container.problems.append(f"option {number}: {damage}")


def _take(container: Container, number: int, cursor: Cursor, *, chained: bool) -> None:
    if number == BUFFER and chained:
        _buffer(container, cursor)
    elif number == BUFFER:
        offset, name = cursor.u64(), cursor.string()
        if name:  # the top buffer's events stand right behind the options
            container.instances.append((name, offset))
    elif number in _SECTIONS:
        container.sections[number] = cursor.u64()
    elif number == BUFFER_TEXT:
        container.texts += 1
    elif number == CPUCOUNT:
        container.cpus = cursor.u32()
        container.capture.set("cpus", container.cpus, "trace.dat CPUCOUNT")
    elif number == TSC2NSEC:
        mult, shift = cursor.u32(), cursor.u32()
        if shift > _MOST_SHIFT:
            raise Damaged(f"a shift by {shift}", cursor.at)
        container.mult, container.shift = mult, shift
    elif number == TIME_SHIFT:
        container.is_guest = True
    elif number in _TEXTS:
        _TEXTS[number](container, cursor.take(cursor.left).partition(b"\0")[0])
    elif number not in _NOT_NEEDED:
        container.skipped[f"option {number}"] += 1


def _buffer(container: Container, cursor: Cursor) -> None:
    offset, name, clock = cursor.u64(), cursor.string(), cursor.string()
    buffer = Buffer(name, clock, cursor.u32(), offset)
    if not is_page(buffer.page, container.data):
        raise Damaged(f"pages of {buffer.page} bytes", cursor.at)
    for _ in range(cursor.u32()):
        cpu, at, size = cursor.u32(), cursor.u64(), cursor.u64()
        if size:
            buffer.regions.append((cpu, at, size))
    container.buffers.append(buffer)


def _date(container: Container, text: bytes) -> None:
    """Microseconds from the trace's clock to the time of day."""
    _offset(container, text, 1000)


def _offset(container: Container, text: bytes, unit: int = 1) -> None:
    offset = container.offset + int(text.strip(), 0) * unit
    if abs(offset) > _MOST_OFFSET:
        raise Damaged(f"an offset of {offset} ns", 0)
    container.offset = offset


def _clock(container: Container, text: bytes) -> None:
    container.clock = clock_in(text)


def _stat(container: Container, text: bytes) -> None:
    """What the kernel counted on one CPU."""
    for what, number in _STAT.findall(text.decode("ascii", "replace")):
        count = min(int(number[:20]), _MOST_OFFSET)
        if what == "overrun":
            container.overrun += count
        else:
            container.dropped += count


def _uname(container: Container, text: bytes) -> None:
    """System, host, release, machine."""
    words = text.decode("utf-8", "replace").split()
    if len(words) < _UNAME_WORDS:
        raise Damaged("a uname of fewer than four words", 0)
    host = words[1] if words[1] != "(none)" else ""
    for fact, value in (("hostname", host), ("kernel_release", words[2]), ("architecture", words[-1])):
        container.capture.set(fact, value, "trace.dat UNAME")


def _version(container: Container, text: bytes) -> None:
    """trace-cmd gives its version alone; another recorder its name before it."""
    words = text.decode("utf-8", "replace").split() or [""]
    told = words[0] if words[0][:1].isdigit() else ""
    container.capture.set("recorder", f"trace-cmd {told}" if told else " ".join(words), "trace.dat VERSION")


_UNAME_WORDS: Final = 4
_TEXTS: Final = {
    DATE: _date, OFFSET: _offset, TRACECLOCK: _clock, CPUSTAT: _stat, UNAME: _uname, VERSION: _version,
}  # fmt: skip
