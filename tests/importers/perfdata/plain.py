"""The plain twin: reads a perf.data obviously and slowly, a record after the other, a field after the other.

It shares with the importer only the declarations of events and tables. Rows are tuples in the order of ROW; the
origin of interrupts, which is learned and not read, is left UNKNOWN.
"""

from __future__ import annotations

import re
import struct
from io import BytesIO

from backports import zstd

from gstrace.events.losses import LOSS_CODE
from gstrace.events.tables import NULL, TABLES, Kind, Origin, Phase, Task
from gstrace.events.tracepoints import find, name_hash

ROW = ("kind", "lesser", "cpu", "tid", "text", "ts", "a", "b", "c", "d")
ORDER = (16, 0, 1, 2, 3, 6, 9, 7, 8)  # bits of sample_type up to PERIOD, as the words follow
TAIL = (1, 2, 6, 9, 7, 16)


def read(data: bytes) -> list[tuple[object, ...]]:
    """All rows of a file that is whole: its text as text, not as an index."""
    return list(_Plain(data).rows())


class _Plain:
    def __init__(self, data: bytes) -> None:
        self.data = data
        if data[8] == 16:
            self._pipe()
        else:
            self._file()
        for e in self.events:
            e["format"] = self.formats.get(e["config"]) if e["type"] == 2 else None
            e["point"] = find(e["format"]["event"]) if e["format"] else None
        self.recorded = {e["format"]["event"] for e in self.events if e["format"]}
        self.roles: dict[str, int] = {}
        for e in self.events:
            if e["point"] and e["point"].role:
                role, rank = e["point"].role, e["point"].rank
                self.roles[role] = min(rank, self.roles.get(role, rank))
        self.by_id = {i: e for e in reversed(self.events) for i in e["ids"]}
        self.newest = 0
        self.unknown = self.undecodable = 0

    def _file(self):
        (_, _, entry, attrs_at, attrs_size, self.start, size, _, _) = struct.unpack_from("<8s8Q", self.data)
        self.end = self.start + size
        pairs = [struct.unpack_from("<QQ", self.data, attrs_at + i - 16) for i in range(entry, attrs_size + 1, entry)]
        self.events = [self._event(attrs_at + entry * i, *pair) for i, pair in enumerate(pairs)]
        bits = [b for b in range(256) if self.data[72 + b // 8] >> b % 8 & 1]
        sections = {b: struct.unpack_from("<QQ", self.data, self.end + 16 * i) for i, b in enumerate(bits)}
        at, length = sections[1]
        self.formats = dict(_formats(self.data[at : at + length]))

    def _pipe(self):
        self.start, self.end, self.events = 16, len(self.data), []
        at = 16
        while at < self.end and struct.unpack_from("<I", self.data, at)[0] >= 64:
            kind, _, size = struct.unpack_from("<IHH", self.data, at)
            if kind == 64:
                own = struct.unpack_from("<I", self.data, at + 12)[0]
                self.events.append(self._event(at + 8, at + 8 + own, size - 8 - own))
            at += size
            if kind == 66:
                (length,) = struct.unpack_from("<I", self.data, at - size + 8)
                self.formats = dict(_formats(self.data[at : at + length]))
                at += (length + 7) // 8 * 8
        self.start = at

    def _event(self, at, ids_at, ids_size):
        kind, _, config, _, sample_type, read_format, flags = struct.unpack_from("<IIQQQQQ", self.data, at)
        ids = struct.unpack_from(f"<{ids_size // 8}Q", self.data, ids_at)
        return {"type": kind, "config": config, "words": sample_type, "read": read_format, "ids": ids,
                "tailed": flags >> 18 & 1}  # fmt: skip

    def records(self):
        """(type, misc, record) in file order, compressed ones unpacked where they stand."""
        unpack, rest = zstd.ZstdDecompressor(), b""
        at = self.start
        while at < self.end:
            kind, misc, size = struct.unpack_from("<IHH", self.data, at)
            record = self.data[at : at + size]
            at += size
            if kind != 81:
                yield kind, misc, record
                continue
            rest += unpack.decompress(record[8:])
            while len(rest) >= 8 and len(rest) >= struct.unpack_from("<H", rest, 6)[0]:
                kind, misc, size = struct.unpack_from("<IHH", rest)
                yield kind, misc, rest[:size]
                rest = rest[size:]

    def rows(self):
        before, started = [], False
        for kind, misc, record in self.records():
            row = self._sample(record) if kind == 9 else self._other(kind, misc, record, before)
            if row is None:
                continue
            if not started:
                yield from _found(before)
                started = True
            yield row
        if not started:
            yield from _found(before)
        for name, count in (("unknown_id", self.unknown), ("undecodable", self.undecodable)):
            if count:
                yield Kind.LOSS, 0, -1, -1, None, self.newest, LOSS_CODE[name], count, NULL, NULL

    def _sample(self, record):
        first = self.events[0]
        position = [b for b in ORDER if first["words"] >> b & 1]
        event = first
        if 16 in position or 6 in position:
            word = position.index(16 if 16 in position else 6)
            event = self.by_id.get(struct.unpack_from("<Q", record, 8 + 8 * word)[0])
        if event is None:
            self.unknown += 1
            return None
        words, at = {}, 8
        for bit in ORDER:
            if event["words"] >> bit & 1:
                words[bit] = struct.unpack_from("<Q", record, at)[0]
                at += 8
        self.newest = max(self.newest, words.get(2, 0))
        if event["type"] == 2 and event["format"] is None:
            self.undecodable += 1
        if event["point"] is None:
            return None
        if event["words"] >> 4 & 1:
            at += self._read_size(record, at, event["read"])
        if event["words"] >> 5 & 1:
            (nr,) = struct.unpack_from("<Q", record, at)
            at += 8 + 8 * nr
        (size,) = struct.unpack_from("<I", record, at)
        return self._row(event, words[2], words[7] & 0xFFFFFFFF, record[at + 4 : at + 4 + size])

    def _read_size(self, record, at, form):
        times = (form & 1) + (form >> 1 & 1)
        each = 1 + (form >> 2 & 1) + (form >> 4 & 1)
        if not form & 8:
            return 8 * (times + each)
        (nr,) = struct.unpack_from("<Q", record, at)
        return 8 * (1 + times + nr * each)

    def _row(self, event, ts, cpu, raw):
        point, fields = event["point"], event["format"]["fields"]
        columns = columns_of(
            point, {"tid": "common_pid", **point.fields}, lambda source, text: _value(source, fields, raw, text=text)
        )
        if point.origin:
            columns |= {"c": int(Origin.UNKNOWN), "d": held(fields, raw)}
        if point.kind is Kind.IRQ and columns["b"] == 0 and point.perf.replace("_entry", "_exit") not in self.recorded:
            columns["b"] = int(Phase.ENTRY_ONLY)
        lesser = int(bool(point.role) and self.roles[point.role] < point.rank)
        return (point.kind, lesser, cpu, columns["tid"], columns["text"], ts, *(columns[x] for x in "abcd"))

    def _other(self, kind, misc, record, before):
        if kind in (14, 15):
            return self._switch(kind, misc, record)
        if kind not in (1, 2, 3, 4, 5, 6, 7, 10, 13):
            return None
        body, words = self._parts(record)
        ts = words[2]
        cpu = words[7] & 0xFFFFFFFF if ts else -1
        self.newest = max(self.newest, ts)
        if kind in (1, 10) or (kind in (3, 7) and not ts):
            if not ts:
                before.append((kind, body))
            return None
        ts = ts or self.newest
        if kind in (2, 13, 5, 6):
            name = {2: "lost", 5: "throttled", 6: "throttle_end", 13: "filtered" if misc >> 15 else "lost_samples"}[
                kind
            ]
            at = {2: 16, 13: 8}.get(kind)
            count = struct.unpack_from("<Q", body, at)[0] if at else NULL
            return Kind.LOSS, 0, cpu, -1, None, ts, LOSS_CODE[name], count, NULL, NULL
        pid, second, tid, parent = struct.unpack_from("<iiii", body, 8)
        if kind == 3:
            tid = by = second
            what, role = (Task.EXEC, "exec") if misc >> 13 & 1 else (Task.RENAME, "rename")
        else:
            what, role, by = (Task.FORK, "fork", parent) if kind == 7 else (Task.EXIT, "exit", tid)
        text = _cut(body[16:]) if kind == 3 else None
        return Kind.TASK, int(role in self.roles), cpu, by, text, ts, what | (pid & 0xFFFFFFFF) << 8, tid, NULL, NULL

    def _parts(self, record):
        """A record that is no sample: without its tail, and the tail's words by their bits."""
        event = self.events[0]
        if event["words"] >> 16 & 1:
            event = self.by_id.get(struct.unpack_from("<Q", record, len(record) - 8)[0], event)
        tail = [b for b in TAIL if event["tailed"] and event["words"] >> b & 1]
        body = record[: len(record) - 8 * len(tail)]
        return body, {b: struct.unpack_from("<Q", record, len(body) + 8 * i)[0] for i, b in enumerate(tail)}

    def _switch(self, kind, misc, record):
        if "switch" in self.roles or not misc >> 13 & 1:
            return None
        body, words = self._parts(record)
        if not words[2]:
            self.undecodable += 1
            return None
        self.newest = max(self.newest, words[2])
        prev = words[1].to_bytes(8, "little")[4:]
        next_ = body[12:16] if kind == 15 else b"\xff" * 4
        prev, next_ = (int.from_bytes(w, "little", signed=True) for w in (prev, next_))
        return Kind.SWITCH, 0, words[7] & 0xFFFFFFFF, prev, None, words[2], next_, 1 - (misc >> 14 & 1), NULL, NULL


def _cut(text: bytes) -> str:
    return text.split(b"\0")[0].decode("utf-8", "replace")


def _found(before):
    """Threads told of before: a kernel thread has no mappings and descends from kthreadd."""
    threads, names, parents, mapped = {}, {}, {}, set()
    for kind, body in before:
        pid, second, tid = struct.unpack_from("<iii", body, 8)
        if kind == 3:
            threads[second] = pid
            names[second] = _cut(body[16:])
        elif kind == 7:
            threads[tid] = pid
            if tid == pid:
                parents[pid] = second
        else:
            mapped.add(pid)
    for tid, pid in threads.items():
        if tid > 0:
            kernel = int(pid not in mapped and (pid == 2 or parents.get(pid) == 2))
            yield (
                Kind.TASK,
                0,
                0,
                -1,
                names.get(tid) or names.get(pid) or None,
                0,
                (pid & 0xFFFFFFFF) << 8,
                tid,
                kernel,
                NULL,
            )


def columns_of(point, sources, value_of, tid=-1):
    """A declaration's columns: value_of(source, whether it is a text) → what an event says there, None for nothing."""
    columns = {"tid": tid, "a": NULL, "b": NULL, "c": NULL, "d": NULL, "text": None}
    for target, source in sources.items():
        column, _, part = target.partition(".")
        value = value_of(source, column == "text")
        if value is None:
            continue
        if part:
            (shift, width) = next(c.bits for c in TABLES[point.kind].columns if c.name == part)
            value = columns[column] | (value & (1 << width) - 1) << shift
        columns[column] = value
    return columns


def held(fields, raw):
    """What the interrupted code held: how deep preemption was off, and above that whether softirqs ran or were off."""
    depth, flags = (_value(f"common_{name}", fields, raw, text=False) for name in ("preempt_count", "flags"))
    if depth is None and flags is None:
        return NULL
    return ((depth or 0) & 0xFF) | ((flags or 0) & 0x90) << 8


def _value(source, fields, raw, *, text):
    if source.startswith("="):
        return int(source[1:])
    name, _, index = source.lstrip("&!").partition("[")
    if name not in fields:
        return None
    declared, at, size, signed = fields[name]
    if text or source.startswith("&"):
        if declared.startswith("__data_loc"):
            (word,) = struct.unpack_from("<I", raw, at)
            at, size = word & 0xFFFF, word >> 16
        elif declared.startswith("__rel_loc"):
            (word,) = struct.unpack_from("<I", raw, at)
            at, size = at + 4 + (word & 0xFFFF), word >> 16
        # An array without length goes on to the end; data elsewhere that reaches over the end is none.
        end = at + size if size or declared.startswith("__") else len(raw)
        content = raw[at:end] if end <= len(raw) else b""
        return _cut(content) if text else name_hash(content.split(b"\0")[0])
    if index:
        size //= int(re.search(r"\[(\d+)\]$", declared)[1])
        at += int(index[:-1]) * size
    number = int.from_bytes(raw[at : at + size], "little", signed=signed or size == 8)
    return int(number == 0) if source.startswith("!") else number


def _formats(data):
    """(id, {event, fields: name → (declaration, offset, size, signed)}) of each text in the tracing data."""
    file = BytesIO(data)

    def number(size):
        return int.from_bytes(file.read(size), "little")

    def text():
        return b"".join(iter(lambda: file.read(1), b"\0")).decode()

    file.read(10), text(), file.read(6)
    for _ in "he":
        text(), file.read(number(8))
    for _ in range(number(4)):
        yield _format("ftrace", file.read(number(8)).decode("latin-1"))
    for _ in range(number(4)):
        system = text()
        for _ in range(number(4)):
            yield _format(system, file.read(number(8)).decode("latin-1"))


def _format(system, text):
    fields = {}
    for declared, at, size, signed in re.findall(r"field:(.*?);\s*offset:(\d+);\s*size:(\d+);\s*signed:(\d);", text):
        name = re.sub(r"\[\w*\]$", "", declared.split()[-1])
        fields[name] = (declared, int(at), int(size), signed == "1")
    name, number = re.search(r"name: (\w+)", text)[1], int(re.search(r"ID: (\d+)", text)[1])
    return number, {"event": f"{system}:{name}", "fields": fields}
