"""Builds perf.data files for tests: events with any sample_type, records, features; each byte where perf puts it."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

IP, TID, TIME, ADDR, READ, CALLCHAIN, ID, CPU, PERIOD, STREAM_ID, RAW = (1 << bit for bit in range(11))
IDENTIFIER = 1 << 16
USUAL = IP | TID | TIME | CPU | PERIOD | RAW | IDENTIFIER
SAMPLE_ID_ALL = 1 << 18

COMMON = (
    ("unsigned short common_type", 0, 2, 0),
    ("unsigned char common_flags", 2, 1, 0),
    ("unsigned char common_preempt_count", 3, 1, 0),
    ("int common_pid", 4, 4, 1),
)
# system:name → its fields, as Linux 6 lays them out
LAYOUTS = {
    "raw_syscalls:sys_enter": (("long id", 8, 8, 1), ("unsigned long args[6]", 16, 48, 0)),
    "raw_syscalls:sys_exit": (("long id", 8, 8, 1), ("long ret", 16, 8, 1)),
    "syscalls:sys_enter_read": (("int __syscall_nr", 8, 4, 1), ("unsigned int fd", 16, 8, 0)),
    "syscalls:sys_exit_read": (("int __syscall_nr", 8, 4, 1), ("long ret", 16, 8, 1)),
    "sched:sched_switch": (
        ("char prev_comm[16]", 8, 16, 0),
        ("pid_t prev_pid", 24, 4, 1),
        ("int prev_prio", 28, 4, 1),
        ("long prev_state", 32, 8, 1),
        ("char next_comm[16]", 40, 16, 0),
        ("pid_t next_pid", 56, 4, 1),
        ("int next_prio", 60, 4, 1),
    ),
    "task:task_newtask": (
        ("pid_t pid", 8, 4, 1),
        ("char comm[16]", 12, 16, 0),
        ("unsigned long clone_flags", 32, 8, 0),
        ("short oom_score_adj", 40, 2, 1),
    ),
    "irq:irq_handler_entry": (("int irq", 8, 4, 1), ("__data_loc char[] name", 12, 4, 0)),
    "irq_vectors:local_timer_entry": (("int vector", 8, 4, 1),),
    "irq_vectors:local_timer_exit": (("int vector", 8, 4, 1),),
    "signal:signal_deliver": (
        ("int sig", 8, 4, 1),
        ("int errno", 12, 4, 1),
        ("int code", 16, 4, 1),
        ("unsigned long sa_handler", 24, 8, 0),
        ("unsigned long sa_flags", 32, 8, 0),
    ),
}


@dataclass
class Event:
    """One attribute; `name` gives its format. config: the event's id in its kernel."""

    name: str
    config: int = 443
    sample_type: int = USUAL
    read_format: int = 0
    flags: int = SAMPLE_ID_ALL
    ids: tuple[int, ...] = (7,)
    type: int = 2
    layout: tuple[tuple[str, int, int, int], ...] | None = None

    def format(self) -> str:
        fields = (*COMMON, *(LAYOUTS[self.name] if self.layout is None else self.layout))
        lines = [f"\tfield:{d};\toffset:{o};\tsize:{s};\tsigned:{g};\n" for d, o, s, g in fields]
        name = self.name.partition(":")[2]
        return f"name: {name}\nID: {self.config}\nformat:\n" + "".join(lines) + '\nprint fmt: "x"\n'

    def attr(self, size: int) -> bytes:
        head = struct.pack("<IIQQQQQ", self.type, size, self.config, 1, self.sample_type, self.read_format, self.flags)
        return head.ljust(size, b"\0")

    def raw(self, by: int = 5, **values: int | bytes) -> bytes:
        """Raw data with these fields; a __data_loc's bytes go behind."""
        fields = {d.split()[-1].partition("[")[0]: (d, o, s, g) for d, o, s, g in (*COMMON, *LAYOUTS[self.name])}
        data = bytearray(max(o + s for _, o, s, _ in fields.values()))
        data[0:2], data[4:8] = struct.pack("<H", self.config & 0xFFFF), struct.pack("<i", by)
        for name, value in values.items():
            declared, at, size, signed = fields[name]
            if declared.startswith("__data_loc"):
                data[at : at + 4] = struct.pack("<I", len(data) | len(value) << 16)
                data += value
            elif isinstance(value, bytes):
                data[at : at + size] = value.ljust(size, b"\0")
            else:
                data[at : at + size] = value.to_bytes(size, "little", signed=bool(signed))
        return bytes(data)


def record(kind: int, body: bytes, misc: int = 0) -> bytes:
    return struct.pack("<IHH", kind, misc, 8 + len(body)) + body


def sample(
    event: Event,
    raw: bytes,
    *,
    ts: int = 100,
    cpu: int = 0,
    id: int | None = None,  # noqa: A002
    read: bytes = b"",
    chain: tuple[int, ...] = (),
    after: bytes = b"",
) -> bytes:
    """A SAMPLE with the words that its event's sample_type asks for; `after`: what follows RAW."""
    number = event.ids[0] if id is None else id
    words = {
        IDENTIFIER: number, IP: 0xFFFFFFFF81000000, TID: 9 | 9 << 32, TIME: ts, ADDR: 3, ID: number, STREAM_ID: 77,
        CPU: cpu | 0xABCD << 32, PERIOD: 1,
    }  # fmt: skip
    body = b"".join(struct.pack("<Q", w) for bit, w in words.items() if event.sample_type & bit)
    if event.sample_type & READ:
        body += read
    if event.sample_type & CALLCHAIN:
        body += struct.pack(f"<{len(chain) + 1}Q", len(chain), *(ip & (1 << 64) - 1 for ip in chain))
    if event.sample_type & RAW:
        padded = raw.ljust((len(raw) + 4 + 7) // 8 * 8 - 4, b"\0")
        body += struct.pack("<I", len(padded)) + padded
    return record(9, body + after)


def tail(event: Event, ts: int = 0, cpu: int = 0, id: int | None = None, tid: int = 9) -> bytes:  # noqa: A002
    """The words that end a record which is no sample."""
    number = event.ids[0] if id is None else id
    thread = int.from_bytes(struct.pack("<ii", tid, tid), "little")
    words = {TID: thread, TIME: ts, ID: number, STREAM_ID: 77, CPU: cpu, IDENTIFIER: number}
    if not event.flags & SAMPLE_ID_ALL:
        return b""
    return b"".join(struct.pack("<Q", w) for bit, w in words.items() if event.sample_type & bit)


def comm(event: Event, pid: int, tid: int, name: bytes, *, ts: int = 0, cpu: int = 0, misc: int = 0) -> bytes:
    return record(
        3, struct.pack("<ii", pid, tid) + name.ljust(len(name) // 8 * 8 + 8, b"\0") + tail(event, ts, cpu), misc
    )


def fork(event: Event, pid: int, ppid: int, tid: int, ptid: int, *, ts: int = 0, cpu: int = 0, kind: int = 7) -> bytes:
    return record(kind, struct.pack("<iiiiQ", pid, ppid, tid, ptid, ts) + tail(event, ts, cpu))


def mmap(event: Event, pid: int, *, ts: int = 0) -> bytes:
    return record(1, struct.pack("<iiQQQ", pid, pid, 0x400000, 0x1000, 0) + b"/bin/x\0\0" + tail(event, ts))


def switch(
    event: Event, *, ts: int, cpu: int = 0, misc: int = 1 << 13, other: int | None = None, tid: int = 9
) -> bytes:
    """A SWITCH; with the other thread, a SWITCH_CPU_WIDE. tid: the thread that leaves, or with misc 0 comes."""
    body = b"" if other is None else struct.pack("<ii", other, other)
    return record(14 if other is None else 15, body + tail(event, ts, cpu, tid=tid), misc)


def text(content: str) -> bytes:
    data = content.encode() + b"\0"
    size = -(-len(data) // 64) * 64
    return struct.pack("<I", size) + data.ljust(size, b"\0")


def tracing_data(events: list[Event]) -> bytes:
    out = b"\x17\x08Dtracing0.6\0" + struct.pack("<BBI", 0, 8, 4096)
    for name in (b"header_page\0", b"header_event\0"):
        out += name + struct.pack("<Q", 1) + b"x"
    systems: dict[str, list[bytes]] = {}
    for event in events:
        if event.type == 2:
            systems.setdefault(event.name.partition(":")[0], []).append(event.format().encode())
    out += struct.pack("<II", 0, len(systems))
    for system, texts in systems.items():
        out += system.encode() + b"\0" + struct.pack("<I", len(texts))
        out += b"".join(struct.pack("<Q", len(t)) + t for t in texts)
    return out + struct.pack("<IIQ", 0, 0, 0)


@dataclass
class File:
    """A file-mode perf.data. attr_size: of the attribute inside an entry; features: contents by bit."""

    events: list[Event]
    records: bytes
    attr_size: int = 128
    features: dict[int, bytes] = field(default_factory=dict)
    data_size: int | None = None
    formats: bool = True

    def pipe(self) -> bytes:
        """The same in pipe mode."""
        out = b"PERFILE2" + struct.pack("<Q", 16)
        for number, content in sorted(self.features.items()):
            out += record(80, struct.pack("<Q", number) + content)
        for event in self.events:
            out += record(64, event.attr(self.attr_size) + struct.pack(f"<{len(event.ids)}Q", *event.ids))
        formats = tracing_data(self.events)
        if self.formats:
            out += record(66, struct.pack("<I", len(formats))) + formats.ljust(-(-len(formats) // 8) * 8, b"\0")
        return out + self.records

    def build(self) -> bytes:
        ids_at, entries, ids = 104, b"", b""
        for event in self.events:
            pair = struct.pack("<QQ", ids_at + len(ids) if event.ids else 0, 8 * len(event.ids))
            ids += struct.pack(f"<{len(event.ids)}Q", *event.ids)
            entries += event.attr(self.attr_size) + pair
        attrs_at = ids_at + len(ids)
        data_at = attrs_at + len(entries)
        features = dict(self.features)
        if self.formats:
            features[1] = tracing_data(self.events)
        at = data_at + len(self.records) + 16 * len(features)
        table = contents = b""
        for _, content in sorted(features.items()):
            table += struct.pack("<QQ", at + len(contents), len(content))
            contents += content
        size = len(self.records) if self.data_size is None else self.data_size
        sections = (attrs_at, len(entries), data_at, size, 0, 0)
        head = struct.pack("<8sQQ6Q", b"PERFILE2", 104, self.attr_size + 16, *sections)
        bits = sum(1 << bit for bit in features).to_bytes(32, "little")
        return head + bits + ids + entries + self.records + table + contents
