"""Event attributes: what was recorded, and which words each of its samples has.

An attribute may be shorter than known here (old perf: the rest is 0) or longer (new perf: the rest is passed over).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

TRACEPOINT: Final = 2
"""`type` of a tracepoint; `config` is then its id in the recording kernel."""

# sample_type: which words a sample has.
IP, TID, TIME, ADDR, READ, CALLCHAIN, ID, CPU, PERIOD, STREAM_ID, RAW = (1 << bit for bit in range(11))
IDENTIFIER: Final = 1 << 16

# read_format: which words a READ has.
TIMES_ENABLED, TIMES_RUNNING, READ_ID, GROUP, READ_LOST = (1 << bit for bit in range(5))

_SMALLEST: Final = 64
_TASK, _SAMPLE_ID_ALL, _COMM_EXEC, _USE_CLOCKID, _SWITCHES = 13, 18, 24, 25, 26
_NO_CHAIN_KERNEL, _NO_CHAIN_USER = 21, 22
_CLOCKS: Final = {0: "realtime", 1: "monotonic", 4: "monotonic_raw", 7: "boottime", 11: "tai"}

_TURNED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Flags are a bit field: a big-endian compiler fills each byte from its other end."""


@dataclass(frozen=True)
class Attr:
    """One event as it was opened; ids: those that its records carry."""

    type: int
    config: int
    sample_type: int
    read_format: int
    flags: int
    clockid: int
    ids: tuple[int, ...] = ()

    def _flag(self, bit: int) -> bool:
        return bool(self.flags >> bit & 1)

    @property
    def side_records(self) -> frozenset[str]:
        """Records of threads and switches that this event brings along, as `events.tracepoints.WANTED` names them."""
        told = {"record:FORK": _TASK, "record:EXIT": _TASK, "record:COMM_EXEC": _COMM_EXEC, "record:SWITCH": _SWITCHES}
        return frozenset(name for name, bit in told.items() if self._flag(bit))

    @property
    def has_tail(self) -> bool:
        """Whether records that are no samples end in a sample's words (sample_id_all)."""
        return self._flag(_SAMPLE_ID_ALL)

    @property
    def chain_has_kernel(self) -> bool:
        return not self._flag(_NO_CHAIN_KERNEL)

    @property
    def chain_has_user(self) -> bool:
        return not self._flag(_NO_CHAIN_USER)

    @property
    def clock(self) -> str:
        return _CLOCKS.get(self.clockid, f"clock {self.clockid}") if self._flag(_USE_CLOCKID) else "perf_clock"


def attr_size(data: bytes, order: str = "<") -> int:
    """The size that an attribute says it has; 0 in the oldest, which are 64 bytes."""
    (size,) = struct.unpack_from(order + "I", data[4:8].ljust(4, b"\0"))
    return int(size) or _SMALLEST


def parse_attr(data: bytes, ids: tuple[int, ...] = (), order: str = "<") -> Attr | None:
    """Read an attribute of any size; None for one that is shorter than the oldest or than it says."""
    size = attr_size(data, order)
    if size < _SMALLEST or size > len(data):
        return None
    words = data[:size].ljust(96, b"\0")
    kind, _, config, _, sample_type, read_format = struct.unpack_from(order + "IIQQQQ", words)
    flags = words[40:48] if order == "<" else words[40:48].translate(_TURNED)
    (clockid,) = struct.unpack_from(order + "i", words, 92)
    return Attr(kind, config, sample_type, read_format, int.from_bytes(flags, "little"), clockid, ids)
