"""Small recordings that hold all kinds of events and options, for the guided search of `tests/fuzz`."""

from __future__ import annotations

import struct

from importers.tracedat.build import (
    ENTER,
    EXIT,
    FORK,
    IRQ,
    OTHER,
    PRINT,
    REST_EMPTY,
    SWITCH,
    File,
    Pages,
    discarded,
    event,
    extend,
    page,
    stamp,
)

PARTS = (
    event(ENTER.raw(7, id=158), 1),
    event(SWITCH.raw(7, prev_pid=7, next_pid=8), 2),
    event(FORK.raw(7, pid=9, comm=b"a b"), 3, long=True),
    event(IRQ.raw(7, irq=1, name=b"eth0\0")),
    event(OTHER.config.to_bytes(2, "little") + bytes(6)),
    event(PRINT.config.to_bytes(2, "little") + bytes(14) + b"gstrace:begin x\n\0"),
    extend(1 << 30),
    discarded(8),
    stamp(1 << 40),
    event(EXIT.raw(7, id=158)),
    REST_EMPTY,
)
STAT = b"CPU: 0\noverrun: 7\ncommit overrun: 1\ndropped events: 2\n\0"
OPTIONS = [
    (1, b"0x10\0"),
    (2, STAT),
    (4, b"local [mono]\0"),
    (5, b"Linux box 6.1 x86_64\0"),
    (7, b"-5\0"),
    (9, b"3.1.6\0"),
    (12, bytes(16)),
    (14, struct.pack("<IIQ", 1 << 31, 31, 0)),
    (99, b"?"),
]


def file(word: int, packing: str = "none") -> File:
    pages = page(100, *PARTS, size=512, word=word) + page(1 << 41, *PARTS, size=512, word=word, lost=96)
    more = Pages({1: page(70, *PARTS, size=512, word=word, lost=True)}, size=512)
    return File(
        {0: pages, 2: pages}, size=512, word=word, instances={"more": more}, options=OPTIONS, cmdlines=b"7 sh\n",
        packing=packing,
    )  # fmt: skip


SEEDS = [
    file(8).build(6),
    file(4).build(6),
    file(8).build(7),
    file(8, "zlib").build(7),
    file(4, "zstd").build(7),
]
