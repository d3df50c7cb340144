"""Builds trace.dat files for tests: pages with any events, versions 6 and 7; each byte where trace-cmd puts it."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

from backports import zstd
from importers.perfdata.build import Event

ENTER = Event("raw_syscalls:sys_enter", 443)
EXIT = Event("raw_syscalls:sys_exit", 442)
SWITCH = Event("sched:sched_switch", 372)
FORK = Event("task:task_newtask", 12)
IRQ = Event("irq:irq_handler_entry", 13)
TIMER = Event("irq_vectors:local_timer_entry", 14)
OTHER = Event("power:cpu_idle", 15, layout=())
PRINT = Event("ftrace:print", 5, layout=(("unsigned long ip", 8, 8, 0), ("char buf[]", 16, 0, 0)))
EVENTS = (ENTER, EXIT, SWITCH, FORK, IRQ, TIMER, OTHER)
PACKERS = {"none": bytes, "zlib": zlib.compress, "zstd": zstd.compress}


def event(raw: bytes, delta: int = 0, *, long: bool = False) -> bytes:
    """An event with this raw data, filled up to words; long: with a word for its length, as long ones have."""
    raw += bytes(-len(raw) % 4)
    if long or not 4 <= len(raw) <= 112:
        return struct.pack("<II", delta << 5, len(raw) + 4) + raw
    return struct.pack("<I", delta << 5 | len(raw) // 4) + raw


def extend(delta: int) -> bytes:
    return struct.pack("<II", (delta & 0x7FFFFFF) << 5 | 30, delta >> 27)


def stamp(time: int) -> bytes:
    """An absolute time, which has room for 59 bits."""
    return struct.pack("<II", (time & 0x7FFFFFF) << 5 | 31, time >> 27 & 0xFFFFFFFF)


def discarded(size: int, delta: int = 1) -> bytes:
    """An event taken back, of size bytes of data: a whole number of words."""
    return struct.pack("<II", delta << 5 | 29, size + 4) + bytes(size)


REST_EMPTY = struct.pack("<I", 29)


def page(ts: int, *parts: bytes, size: int = 4096, word: int = 8, lost: int | bool = False) -> bytes:
    """One page; lost: whether events were lost before it, or how many."""
    data = b"".join(parts)
    commit = len(data) | (lost is not False) << 31 | (type(lost) is int) << 30
    if type(lost) is int:
        data += lost.to_bytes(word, "little")
    out = ts.to_bytes(8, "little") + commit.to_bytes(word, "little") + data
    assert len(out) <= size
    return out.ljust(size, b"\0")


def header_page(size: int = 4096, word: int = 8) -> bytes:
    return (
        "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
        f"\tfield: local_t commit;\toffset:8;\tsize:{word};\tsigned:1;\n"
        "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
        f"\tfield: char data;\toffset:{8 + word};\tsize:{size - 8 - word};\tsigned:0;\n"
    ).encode()


@dataclass
class Pages:
    """A buffer's pages: of each CPU, one behind another."""

    cpus: dict[int, bytes] = field(repr=False)
    clock: str = "local"
    size: int = 4096


@dataclass
class File:
    """A trace.dat. options: (id, data) before the buffers'. chunk: pages packed together."""

    cpus: dict[int, bytes] = field(repr=False)
    events: tuple[Event, ...] = field(default=EVENTS, repr=False)
    size: int = 4096
    word: int = 8
    user_word: int = 8
    instances: dict[str, Pages] = field(default_factory=dict)
    options: list[tuple[int, bytes]] = field(default_factory=list)
    cmdlines: bytes = b""
    packing: str = "none"
    chunk: int = 10
    header: bytes | None = None
    clock: str = "local"

    def start(self, version: bytes) -> bytes:
        return b"\x17\x08Dtracing" + version + struct.pack("<BBI", 0, self.user_word, 4096)

    def page_header(self) -> bytes:
        header = header_page(self.size, self.word) if self.header is None else self.header
        return b"".join(
            n + struct.pack("<Q", len(t)) + t for n, t in ((b"header_page\0", header), (b"header_event\0", b"x"))
        )

    def own_formats(self) -> bytes:
        text = PRINT.format().encode()
        return struct.pack("<IQ", 1, len(text)) + text

    def formats(self) -> bytes:
        systems: dict[str, list[bytes]] = {}
        for one in self.events:
            systems.setdefault(one.name.partition(":")[0], []).append(one.format().encode())
        out = struct.pack("<I", len(systems))
        for system, texts in systems.items():
            out += system.encode() + struct.pack("<xI", len(texts))
            out += b"".join(struct.pack("<Q", len(t)) + t for t in texts)
        return out

    def version_6(self) -> bytes:
        """CPUs are numbered by their place: those between are empty."""
        count = max([*self.cpus, *(cpu for i in self.instances.values() for cpu in i.cpus)], default=-1) + 1
        out = self.start(b"6\0") + self.page_header() + self.own_formats() + self.formats()
        out += struct.pack("<I", 7) + b"symbols" + struct.pack("<I", 0)
        out += struct.pack("<Q", len(self.cmdlines)) + self.cmdlines + struct.pack("<I", count)
        out += b"options  \0"
        for number, data in self.options:
            out += struct.pack("<HI", number, len(data)) + data
        places = {}
        for name in self.instances:
            out += struct.pack("<HI", 3, 8 + len(name) + 1)
            places[name] = len(out)
            out += bytes(8) + name.encode() + b"\0"
        out += struct.pack("<H", 0)
        out = self._table(out, count, self.cpus, self.size)
        for name, pages in self.instances.items():
            out = out[: places[name]] + struct.pack("<Q", len(out)) + out[places[name] + 8 :]
            out = self._table(out, count, pages.cpus, pages.size)
        return out

    def _table(self, out: bytes, count: int, cpus: dict[int, bytes], size: int) -> bytes:
        clock = f"[{self.clock}]".encode()
        at = len(out) + 10 + 16 * count + 8 + len(clock)
        table, data = b"", b""
        for cpu in range(count):
            content = cpus.get(cpu, b"")
            data += bytes(-(at + len(data)) % size if content else 0)
            table += struct.pack("<QQ", at + len(data) if content else 0, len(content))
            data += content
        return out + b"flyrecord\0" + table + struct.pack("<Q", len(clock)) + clock + data

    def section(self, number: int, content: bytes) -> bytes:
        """A section; all but the options are packed where the file is."""
        if self.packing == "none" or number == 0:
            return struct.pack("<HHIQ", number, 0, 0, len(content)) + content
        packed = PACKERS[self.packing](content)
        return struct.pack("<HHIQII", number, 1, 0, len(packed) + 8, len(packed), len(content)) + packed

    def chunks(self, pages: bytes, size: int) -> bytes:
        if self.packing == "none":
            return pages
        step = self.chunk * size
        parts = [pages[i : i + step] for i in range(0, len(pages), step)]
        packed = [PACKERS[self.packing](part) for part in parts]
        return struct.pack("<I", len(parts)) + b"".join(
            struct.pack("<II", len(p), len(part)) + p for p, part in zip(packed, parts, strict=True)
        )

    def version_7(self) -> bytes:
        """The options are in two sections: what is behind the buffers is written last."""
        out = self.start(b"7\0") + self.packing.encode() + b"\x001.5\0"
        first, out = len(out), out + bytes(8)
        options = b""
        contents = {16: self.page_header(), 17: self.own_formats(), 18: self.formats()}
        contents[21] = struct.pack("<Q", len(self.cmdlines)) + self.cmdlines
        for number, content in contents.items():
            options += struct.pack("<HIQ", number, 8, len(out))
            out += self.section(number, content)
        for number, data in self.options:
            options += struct.pack("<HI", number, len(data)) + data
        buffers = b""
        for name, pages in {"": Pages(self.cpus, self.clock, self.size), **self.instances}.items():
            table, start = b"", len(out)
            out += struct.pack("<HHIQ", 3, self.packing != "none", 0, 0)
            for cpu, content in pages.cpus.items():
                out += bytes(-len(out) % 4096)
                data = self.chunks(content, pages.size)
                size = len(data) - 4 if self.packing != "none" else len(data)
                table += struct.pack("<IQQ", cpu, len(out), size)
                out += data
            told = struct.pack("<Q", start) + name.encode() + b"\0" + pages.clock.encode()
            told += struct.pack("<xII", pages.size, len(pages.cpus)) + table
            buffers += struct.pack("<HI", 3, len(told)) + told
        second = len(out)
        out += self.section(0, buffers + struct.pack("<HIQ", 0, 8, 0))
        out = out[:first] + struct.pack("<Q", len(out)) + out[first + 8 :]
        return out + self.section(0, options + struct.pack("<HIQ", 0, 8, second))

    def build(self, version: int = 7) -> bytes:
        return self.version_6() if version == 6 else self.version_7()
