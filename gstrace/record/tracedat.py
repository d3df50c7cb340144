r"""Write a trace.dat, version 6: what trace-cmd reads, and `importers/tracedat/` too.

    17 08 44 "tracing6\0"  little endian 0  bytes of a long  u32 page
    "header_page\0" u64 text  "header_event\0" u64 text
    u32 n, n × (u64 text)                          ftrace's own events
    u32 n, n × (system\0, u32 m, m × (u64 text))   all others
    u32 kallsyms  u32 printk formats  u64 names of threads  u32 CPUs
    "options  \0"  (u16 number  u32 data)…  u16 0
    "flyrecord\0"  CPUs × (offset u64, size u64)  u64 clock
    pages of each CPU, where a page may begin

Source: trace-cmd.dat.v6(5); the clock behind the table is of trace-cmd 2.7.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Final

CPUSTAT, TRACECLOCK, UNAME, CPUCOUNT, VERSION = 2, 4, 5, 8, 9
_PIECE: Final = 1 << 20


@dataclass(frozen=True)
class Head:
    """What stands before the pages.

    page: bytes of one, as `header_page` has it. own: formats of ftrace's own events; formats: of all others, by
    system. names: lines `TID COMM`. clock: tracefs's list, the one in use in brackets. options: number and data, but
    CPUCOUNT.
    """

    page: int
    header_page: bytes
    header_event: bytes
    own: Sequence[bytes]
    formats: Mapping[str, Sequence[bytes]]
    names: bytes = b""
    clock: bytes = b"[mono]"
    options: Sequence[tuple[int, bytes]] = field(default=())


def write(file: BinaryIO, head: Head, cpus: Sequence[BinaryIO]) -> None:
    """Write the head, and behind it each CPU's pages: those of CPU n are `cpus[n]`, from its start, in whole pages."""
    sizes = [os.fstat(pages.fileno()).st_size for pages in cpus]
    start = _start(head, len(cpus))
    at = len(start) + 16 * len(cpus) + 8 + len(head.clock)
    places = []
    for size in sizes:
        at += -at % head.page
        places.append(at if size else 0)
        at += size
    table = b"".join(struct.pack("<QQ", *row) for row in zip(places, sizes, strict=True))
    file.write(start + table + _sized(head.clock))
    for pages, place, size in zip(cpus, places, sizes, strict=True):
        if size:
            file.write(bytes(place - file.tell()))
            file.flush()
            _copy(pages, file, size)


def _start(head: Head, cpus: int) -> bytes:
    """All up to the table of CPUs."""
    # Readers size the table behind the options by CPUCOUNT, if it is there.
    numbered = [(CPUCOUNT, struct.pack("<I", cpus)), *head.options]
    options = b"".join(struct.pack("<HI", number, len(data)) + data for number, data in numbered)
    return b"".join(
        (
            b"\x17\x08\x44tracing6\0",
            struct.pack("<BBI", 0, struct.calcsize("l"), head.page),
            b"header_page\0" + _sized(head.header_page),
            b"header_event\0" + _sized(head.header_event),
            _listed(head.own),
            struct.pack("<I", len(head.formats)),
            *(system.encode() + b"\0" + _listed(texts) for system, texts in head.formats.items()),
            struct.pack("<II", 0, 0),
            _sized(head.names),
            struct.pack("<I", cpus),
            b"options  \0" + options + bytes(2),
            b"flyrecord\0",
        )
    )


def _sized(data: bytes) -> bytes:
    return struct.pack("<Q", len(data)) + data


def _listed(texts: Sequence[bytes]) -> bytes:
    return struct.pack("<I", len(texts)) + b"".join(map(_sized, texts))


def _copy(source: BinaryIO, target: BinaryIO, size: int) -> None:
    """Inside the kernel: a recording may be of many gigabytes."""
    at = 0
    while at < size:
        at += os.sendfile(target.fileno(), source.fileno(), at, min(size - at, _PIECE))
    target.seek(0, os.SEEK_END)
