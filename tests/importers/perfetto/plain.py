"""The plain twin: reads a trace with the classes that Perfetto itself publishes, a packet and an event after the other.

It shares with the importer only the declarations of events and tables. Rows are tuples in the order of ROW, those of
events and of what is missing before one; threads found before, and what is told at the end, have tests of their own.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

from backports import zstd
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.unknown_fields import UnknownFieldSet
from importers.perfdata.plain import columns_of
from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as messages

from gstrace.events.losses import LOSS_CODE
from gstrace.events.tables import NULL, TABLES, Kind, Origin, Phase
from gstrace.events.tracepoints import TRACEPOINTS, find, name_hash

ROW = ("kind", "lesser", "cpu", "tid", "text", "ts", "a", "b", "c", "d")
LATEST = 1 << 62


def packets(data: bytes) -> Iterator[Any]:
    """Packets of a whole file, packed ones unpacked where they stand."""
    for packet in messages.Trace.FromString(data).packet:
        if packet.HasField("compressed_packets"):
            yield from packets(zlib.decompress(packet.compressed_packets))
        elif packet.HasField("zstd_compressed_packets"):
            yield from packets(zstd.decompress(packet.zstd_compressed_packets))
        else:
            yield packet


def read(data: bytes) -> list[tuple[Any, ...]]:
    return list(Plain(list(packets(data))).rows())


class Plain:
    def __init__(self, found: list[Any]) -> None:
        self.packets = found
        self.bundles = [p.ftrace_events for p in found if p.HasField("ftrace_events") and not p.machine_id]
        self.described = {}
        for bundle in self.bundles:
            for told in bundle.generic_event_descriptors:
                inner = DescriptorProto.FromString(told.event_descriptor)
                self.described[told.field_id] = (f"{told.group_name}:{inner.name}", _class(inner))
        self.names = {self._event(e)[0] for b in self.bundles for e in b.event if 0 < e.timestamp <= LATEST} - {None}
        if any(b.compact_sched.switch_timestamp for b in self.bundles):
            self.names.add("sched:sched_switch")
        if any(b.compact_sched.waking_timestamp for b in self.bundles):
            self.names.add("sched:sched_waking")
        points = [point for point in map(find, self.names) if point is not None]
        self.ranks = {p.role: min(q.rank for q in points if q.role == p.role) for p in points if p.role}
        first: dict[int, Any] = {}
        for bundle in self.bundles:
            first.setdefault(bundle.cpu, bundle)
        self.begin = max([b.previous_bundle_end_timestamp for b in first.values()], default=0)

    def _event(self, event):
        """(its name, its fields: name → numbers and texts, in order)."""
        which = event.WhichOneof("event")
        if which == "generic":
            fields = {f.name: [getattr(f, f.WhichOneof("value"))] for f in event.generic.field if f.WhichOneof("value")}
            return _named(event.generic.event_name), fields
        if which is not None:
            number = messages.FtraceEvent.DESCRIPTOR.fields_by_name[which].number
            point = next((p for p in TRACEPOINTS if p.perfetto == number), None)
            return point.perf if point else None, _fields(getattr(event, which))
        for unknown in UnknownFieldSet(event):
            if unknown.field_number in self.described:
                name, message = self.described[unknown.field_number]
                return name, _fields(message.FromString(unknown.data))
        return None, {}

    def rows(self):
        runs, newest, missing = {}, {}, {}
        for bundle in self.bundles:
            cpu = bundle.cpu
            newest.setdefault(cpu, 0)
            errors = sorted(e.timestamp for e in bundle.error)
            if bundle.lost_events:
                told = bundle.HasField("previous_bundle_end_timestamp")
                since = bundle.previous_bundle_end_timestamp if told else newest[cpu]
                missing[cpu] = min(since, missing.get(cpu, since))
            pending = errors[:1]
            for ts, event in self.merged(bundle, runs):
                if pending and ts > pending[0]:
                    since = pending.pop()
                    missing[cpu] = min(since, missing.get(cpu, since))
                if cpu in missing:
                    since = missing.pop(cpu)
                    runs[cpu] = -1
                    if ts > self.begin:
                        yield Kind.LOSS, 0, cpu, -1, None, ts, LOSS_CODE["lost"], NULL, since or NULL, NULL
                newest[cpu] = max(newest[cpu], ts)
                row, runs[cpu] = self._row(cpu, ts, event, runs.get(cpu, -1))
                if row and ts > self.begin:
                    yield row
            if pending or len(errors) > 1:
                since = pending[0] if pending else newest[cpu]
                missing[cpu] = min(since, missing.get(cpu, since))
        for cpu, since in sorted(missing.items()):
            latest = max(newest.values())
            yield Kind.LOSS, 0, cpu, -1, None, latest, LOSS_CODE["lost"], NULL, since or NULL, NULL

    def merged(self, bundle, runs):
        """All of a bundle's events by time; of equals a waking first, a switch before an event of whom it brings in."""
        sched = bundle.compact_sched
        switches, ts = [], 0
        for delta, state, pid in zip(
            sched.switch_timestamp, sched.switch_prev_state, sched.switch_next_pid, strict=True
        ):
            ts += delta
            switches.append((ts, ("switch", pid, state)))
        wakings, ts = [], 0
        for delta, pid, cpu in zip(sched.waking_timestamp, sched.waking_pid, sched.waking_target_cpu, strict=True):
            ts += delta
            wakings.append((ts, ("waking", pid, cpu)))
        events = [(e.timestamp, e) for e in bundle.event if 0 < e.timestamp <= LATEST]
        while switches or wakings or events:
            soonest = min(queue[0][0] for queue in (switches, wakings, events) if queue)
            if wakings and wakings[0][0] == soonest:
                yield wakings.pop(0)
            elif not events or events[0][0] > soonest:
                yield switches.pop(0)
            elif switches and switches[0][0] == soonest:
                pid = events[0][1].pid
                brought = pid == switches[0][1][1] and pid != runs.get(bundle.cpu, -1)
                yield (switches if brought else events).pop(0)
            else:
                yield events.pop(0)

    def _row(self, cpu, ts, event, runs):
        """(the row or None, who runs then)."""
        if isinstance(event, tuple):
            what, pid, value = event
            if what == "switch":
                return (Kind.SWITCH, 0, cpu, runs, None, ts, pid, value, NULL, NULL), pid
            lesser = int(self.ranks["waking"] < find("sched:sched_waking").rank)
            return (Kind.WAKING, lesser, cpu, -1, None, ts, pid, value, NULL, NULL), runs
        name, fields = self._event(event)
        point = find(name) if name else None
        runs = event.pid if event.HasField("pid") else runs
        if point is None:
            return None, runs
        pid = event.pid if event.HasField("pid") else -1
        columns = columns_of(point, point.fields, lambda source, text: _value(source, fields, text=text), tid=pid)
        if point.kind is Kind.SWITCH:
            runs = columns["a"] if columns["a"] != NULL else -1
        if point.kind is Kind.MARKER and not (columns["text"] or "").startswith("gstrace:"):
            columns["text"] = None
        if point.origin:
            columns["c"] = int(Origin.UNKNOWN)
        if point.kind is Kind.IRQ and columns["b"] == 0 and name.replace("_entry", "_exit") not in self.names:
            columns["b"] = int(Phase.ENTRY_ONLY)
        lesser = int(bool(point.role) and self.ranks[point.role] < point.rank)
        if point.kind is not Kind.MARKER and not all(_fits(c, columns[c.source]) for c in _whole(point.kind)):
            return None, runs
        return (point.kind, lesser, cpu, columns["tid"], columns["text"], ts, *(columns[x] for x in "abcd")), runs


def _whole(kind):
    return [c for c in TABLES[kind].columns if c.source in "abc" and not c.bits]


def _fits(column, value):
    if value == NULL:
        return column.null
    return column.dtype != "int32" or -(1 << 31) <= value < 1 << 31


def _named(name):
    """An event that is told without its system."""
    for point in TRACEPOINTS:
        if point.name == name:
            return point.perf
    return f"syscalls:{name}" if name.startswith(("sys_enter_", "sys_exit_")) else None


def _fields(message):
    return {f.name: list(value) if f.is_repeated else [value] for f, value in message.ListFields()}


def _class(described):
    pool = DescriptorPool()
    pool.Add(FileDescriptorProto(name="event", message_type=[described]))
    return GetMessageClass(pool.FindMessageTypeByName(described.name))


def _value(source, fields, *, text):
    if source.startswith("="):
        return int(source[1:])
    if source.startswith("!"):
        return None
    name, _, index = source.lstrip("&").partition("[")
    found = fields.get(name, [])
    place = int(index[:-1]) if index else 0
    if place >= len(found):
        return None
    value = found[place]
    if text or source.startswith("&"):
        data = value if isinstance(value, bytes) else value.encode()
        return name_hash(data.split(b"\0")[0][:255]) if source.startswith("&") else data.decode("utf-8", "replace")
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value
