"""Small traces, built from the classes that Perfetto publishes; varints by hand where those cannot write them so."""

from __future__ import annotations

import zlib
from typing import Any

from backports import zstd
from google.protobuf.descriptor_pb2 import DescriptorProto
from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as messages

DENSE = {
    "exceptions:page_fault_user": (65536, ("address", "ip", "error_code")),
    "exceptions:page_fault_kernel": (65537, ("address", "ip", "error_code")),
    "syscalls:sys_enter_arch_prctl": (65538, ("__syscall_nr", "option", "arg2")),
    "nmi:nmi_handler": (65539, ("handler", "delta_ns", "handled")),
    "irq_vectors:reschedule_entry": (65540, ("vector",)),
    "block:block_rq_issue": (65541, ("dev",)),
}
"""Generic events of these traces: number, fields numbered from 1."""


def varint(value: int, least: int = 1) -> bytes:
    """At least so many bytes long."""
    value &= (1 << 64) - 1
    out = []
    while value > 0x7F or len(out) + 1 < least:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, content: bytes | int, least: int = 1) -> bytes:
    if isinstance(content, int):
        return varint(number << 3, least) + varint(content, least)
    return varint(number << 3 | 2, least) + varint(len(content), least) + content


def described(name: str) -> Any:
    number, fields = DENSE[name]
    system, _, event = name.partition(":")
    inner = DescriptorProto(name=event)
    for place, column in enumerate(fields, 1):
        inner.field.add(name=column, number=place, type=4, label=1)
    return messages.FtraceEventBundle.GenericEventDescriptor(
        field_id=number, group_name=system, event_descriptor=inner.SerializeToString()
    )


def event(ts: int, pid: int, name: str = "", /, **fields: Any) -> Any:
    """An event with its own message, or a dense generic one, by `system:name`."""
    made = messages.FtraceEvent(timestamp=ts, pid=pid)
    if name in DENSE:
        number, columns = DENSE[name]
        inner = b"".join(field(columns.index(column) + 1, value) for column, value in fields.items())
        made.MergeFromString(field(number, inner))
    elif name:
        getattr(made, name).SetInParent()
        for column, value in fields.items():
            if isinstance(value, list):
                getattr(getattr(made, name), column).extend(v & (1 << 64) - 1 for v in value)
            else:
                setattr(getattr(made, name), column, value)
    return made


def generic(ts: int, pid: int, name: str, /, **fields: int | str) -> Any:
    """An event in the older generic encoding."""
    made = messages.FtraceEvent(timestamp=ts, pid=pid)
    made.generic.event_name = name
    for column, value in fields.items():
        kind = "str_value" if isinstance(value, str) else "int_value" if value < 0 else "uint_value"
        made.generic.field.add(name=column, **{kind: value})
    return made


def bundle(cpu: int, events: Any = (), switches: Any = (), wakings: Any = (), **fields: Any) -> Any:
    """switches: (ts, prev_state, next_pid); wakings: (ts, pid, cpu). Descriptors of the dense events are added."""
    made = messages.FtraceEventBundle(cpu=cpu, event=list(events), **fields)
    for ts, last, (state, pid) in _deltas(switches):
        made.compact_sched.switch_timestamp.append(ts - last)
        made.compact_sched.switch_prev_state.append(state)
        made.compact_sched.switch_next_pid.append(pid)
    for ts, last, (pid, target) in _deltas(wakings):
        made.compact_sched.waking_timestamp.append(ts - last)
        made.compact_sched.waking_pid.append(pid)
        made.compact_sched.waking_target_cpu.append(target)
    return made


def _deltas(rows: Any) -> Any:
    last = 0
    for ts, *rest in rows:
        yield ts, last, rest
        last = ts


def packet(content: Any = None, **fields: Any) -> Any:
    """A packet of a bundle, or of any other field."""
    made = messages.TracePacket(**fields)
    if content is not None:
        made.ftrace_events.CopyFrom(content)
    return made


def trace(*packets: Any, descriptors: bool = True) -> bytes:
    """descriptors: of the dense events, behind all others."""
    if descriptors:
        told = bundle(0, generic_event_descriptors=[described(name) for name in DENSE])
        packets = (*packets, packet(told))
    return messages.Trace(packet=packets).SerializeToString()


def deflated(data: bytes) -> bytes:
    return field(1, field(50, zlib.compress(data)))


def zstandard(data: bytes) -> bytes:
    return field(1, field(133, zstd.compress(data)))
