"""Small recordings that hold all kinds of records, for the guided search of `tests/fuzz`."""

from __future__ import annotations

import struct

from backports import zstd
from importers.perfdata import build
from importers.perfdata.build import Event, File, comm, fork, mmap, record, sample, switch, tail, text

ENTER = Event("raw_syscalls:sys_enter")
SWITCH = Event("sched:sched_switch", config=12, ids=(8,))
IRQ = Event("irq:irq_handler_entry", config=13, ids=(9,))
TIMER = Event(
    "irq_vectors:local_timer_entry", config=14, ids=(10,), sample_type=build.USUAL | build.READ | build.CALLCHAIN,
    read_format=0x1C,
)  # fmt: skip
EVENTS = [ENTER, SWITCH, IRQ, TIMER]
CHAIN = (-128, -(1 << 40), -(1 << 41), -512, 4096)
RECORDS = b"".join([
    comm(ENTER, 40, 40, b"sh"),
    mmap(ENTER, 40),
    sample(ENTER, ENTER.raw(id=158), ts=50),
    sample(SWITCH, SWITCH.raw(prev_pid=5, next_pid=6, prev_comm=b"a", next_comm=b"b"), ts=51),
    sample(IRQ, IRQ.raw(irq=1, name=b"eth0\0"), ts=52),
    sample(TIMER, TIMER.raw(vector=236), ts=53, chain=CHAIN, read=struct.pack("<6Q", 1, 2, 3, 4, 5, 6)),
    fork(ENTER, 1, 2, 3, 4, ts=54),
    record(2, struct.pack("<QQ", 7, 96) + tail(ENTER, 55)),
    record(13, struct.pack("<Q", 4) + tail(ENTER, 56)),
    record(68, b""),
    record(71, struct.pack("<QQQIIII", 8, 0, 0, 0, 0, 0, 0)) + bytes(8),
    sample(ENTER, ENTER.raw(id=39), ts=57, cpu=1),
    switch(ENTER, ts=58, other=6),
])  # fmt: skip
FEATURES = {3: text("host"), 9: text("AuthenticAMD,25,17,1"), 11: struct.pack("<I", 1) + text("perf")}
PACKED = zstd.compress(RECORDS)
LENGTH = struct.pack("<Q", len(PACKED))

SEEDS = [
    File(EVENTS, RECORDS, features=FEATURES).build(),
    File(EVENTS, RECORDS, features=FEATURES).pipe(),
    File([ENTER, IRQ, TIMER], RECORDS, features=FEATURES).build(),
    File(EVENTS, record(81, PACKED)).pipe(),
    File(EVENTS, record(83, LENGTH + PACKED.ljust(-(-len(PACKED) // 8) * 8, b"\0"))).build(),
]
