"""From the events that a trace holds to the tables by which the kernel makes rows of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from gstrace.events.tables import NULL, TABLES, Kind
from gstrace.events.tracepoints import TRACEPOINTS, Tracepoint, best_ranks, name_hash
from gstrace.importers import kernel as fields
from gstrace.importers.perfetto.kernel import codes as k
from gstrace.importers.programs import Program, lookup, program

if TYPE_CHECKING:
    import numpy.typing as npt

    I64 = npt.NDArray[np.int64]
    I32 = npt.NDArray[np.int32]

_COLUMNS: Final = {"a": 1, "b": 2, "c": 4}


class Plan(NamedTuple):
    """keys, values: open hash table from an event's key to its row of `events`, −1 for free.
    events: [n, kernel.EVENT_FIELDS]; ops: [any, OP_FIELDS], the programs' steps. waking_lesser: of compact wakings.
    """

    keys: I64
    values: I32
    events: I64
    ops: I64
    waking_lesser: int


@dataclass(frozen=True)
class Met:
    """A kind of events that a trace holds. name: `system:name`, the bare name where the system is not known. fields:
    by name, what the kernel finds them by; None: by their names, which stand in every event. row: its declaration.
    """

    key: int
    name: str
    row: Tracepoint | None
    fields: Mapping[str, int] | None


def name_key(name: bytes) -> int:
    """As `kernel.name_key`."""
    return min(len(name), 255) << 32 | name_hash(name[:255])


def make_plan(met: Sequence[Met], compact: Collection[str]) -> Plan:
    """compact: tracepoints that the trace has in its compact form."""
    wanted = [(event, event.row) for event in met if event.row is not None]
    ranks = best_ranks([row for _, row in wanted] + [row for row in TRACEPOINTS if row.perf in compact])
    names = frozenset(event.name for event in met)
    events: list[list[int]] = []
    ops: list[list[int]] = []
    for event, row in wanted:
        made = program(row, event.name, names, ranks, partial(_step, event.fields))
        head = made.head
        _unknown_until_met(made)
        head[fields.FIRST], head[fields.LAST] = len(ops), len(ops) + len(made.ops)
        ops += made.ops
        repeated = max([op[fields.OFFSET] for op in made.ops if op[fields.SIZE] >= 0], default=0)
        events.append([*head, int(event.fields is None), repeated, *_limits(row.kind)])
    waking = next(row for row in TRACEPOINTS if row.perf == "sched:sched_waking")
    return Plan(
        *lookup({event.key: row for row, (event, _) in enumerate(wanted)}),
        np.array(events, np.int64).reshape(len(events), k.EVENT_FIELDS),
        np.array(ops, np.int64).reshape(len(ops), fields.OP_FIELDS),
        int(waking.is_lesser(ranks)),
    )


def _step(numbers: Mapping[str, int] | None, source: str, column: str) -> list[int] | None:
    if source.startswith("!"):
        return None
    name, _, index = source.lstrip("&").partition("[")
    place = name_key(name.encode()) if numbers is None else numbers.get(name)
    if place is None:
        return None
    code = fields.HASH_HERE if source.startswith("&") else fields.TEXT_HERE if column == "text" else fields.NUMBER
    return [0, code, place, int(index[:-1]) if index else -1, 0, 0x7FFFFFFF if code == fields.HASH_HERE else -1, 0]


def _unknown_until_met(made: Program) -> None:
    """A field that a message lacks is unknown, not 0."""
    for op in made.ops:
        if op[fields.CODE] == fields.NUMBER and op[fields.MASK] == -1:
            made.head[fields.TID0 + op[fields.TARGET]] = NULL


def _limits(kind: Kind) -> tuple[int, int]:
    """`kernel.NEEDS` and `NARROW` of a table."""
    if kind is Kind.MARKER:
        # What a text marks is for `importers/stream.py` to say.
        return 0, 0
    whole = [c for c in TABLES[kind].columns if c.source in _COLUMNS and c.bits is None]
    return (
        sum(_COLUMNS[c.source] for c in whole if not c.null),
        sum(_COLUMNS[c.source] for c in whole if c.dtype == "int32"),
    )
