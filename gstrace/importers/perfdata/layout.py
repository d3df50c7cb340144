"""Where a record's words are, for each event: the numbers that the kernel walks by.

A sample has, each only if its bit is set, in this order and not in that of the bits:

    IDENTIFIER IP TID TIME ADDR ID STREAM_ID CPU PERIOD READ CALLCHAIN RAW …

Everything up to PERIOD, and READ without GROUP, is fixed. Other records end, with sample_id_all, in

    … TID TIME ID STREAM_ID CPU IDENTIFIER

which is read from the record's end backwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gstrace.importers.kernel import HEAD_FIELDS
from gstrace.importers.perfdata import attr as at

if TYPE_CHECKING:
    from gstrace.importers.perfdata.attr import Attr

# A row of `Plan.events` is the event's program (`importers.kernel`) and these:
TIME, CPU, ID, FIXED, GROUP, EACH, CHAIN, ORIGIN, TAIL, TAIL_TIME, TAIL_CPU, TAIL_TID = range(
    HEAD_FIELDS, HEAD_FIELDS + 12
)
EVENT_FIELDS: Final = HEAD_FIELDS + 12
"""TIME, CPU, ID: bytes from the record's start, 0 for absent; FIXED: length of the fixed part; GROUP, EACH: bytes of a
READ group's head and of each member, 0 for no group; CHAIN: has a call chain; ORIGIN: which is wanted;
TAIL: length of the tail; TAIL_TIME, TAIL_CPU, TAIL_TID: bytes back from the record's end, 0 for absent."""

_HEADER: Final = 8
SAMPLE_ORDER: Final = (at.IDENTIFIER, at.IP, at.TID, at.TIME, at.ADDR, at.ID, at.STREAM_ID, at.CPU, at.PERIOD)
TAIL_ORDER: Final = (at.TID, at.TIME, at.ID, at.STREAM_ID, at.CPU, at.IDENTIFIER)


def place(attr: Attr) -> list[int]:
    """The columns TIME … TAIL_TID of one event; ORIGIN is left 0."""
    places, offset = {}, _HEADER
    for bit in SAMPLE_ORDER:
        if attr.sample_type & bit:
            places[bit] = offset
            offset += 8
    group, each, fixed_read = read_size(attr)
    back, tail = {}, 0
    for bit in reversed(TAIL_ORDER):
        if attr.has_tail and attr.sample_type & bit:
            tail += 8
            back[bit] = tail
    return [
        places.get(at.TIME, 0),
        places.get(at.CPU, 0),
        places.get(at.IDENTIFIER, places.get(at.ID, 0)),
        offset + fixed_read,
        group,
        each,
        int(bool(attr.sample_type & at.CALLCHAIN)),
        0,
        tail,
        back.get(at.TIME, 0),
        back.get(at.CPU, 0),
        back.get(at.TID, 0),
    ]


def read_size(attr: Attr) -> tuple[int, int, int]:
    """Bytes of a READ group's head, of each of its members, and of a READ without group."""
    if not attr.sample_type & at.READ:
        return 0, 0, 0
    times = 8 * ((attr.read_format & (at.TIMES_ENABLED | at.TIMES_RUNNING)).bit_count())
    each = 8 + 8 * ((attr.read_format & (at.READ_ID | at.READ_LOST)).bit_count())
    return (8 + times, each, 0) if attr.read_format & at.GROUP else (0, 0, times + each)
