"""From attributes and formats to the tables by which the kernel walks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gstrace.events.tables import Task
from gstrace.events.tracepoints import best_ranks, find
from gstrace.importers.kernel import FIRST, HEAD_FIELDS, KIND, LAST, OP_FIELDS
from gstrace.importers.perfdata import attr as at
from gstrace.importers.perfdata import layout
from gstrace.importers.perfdata.attr import TRACEPOINT, Attr
from gstrace.importers.perfdata.kernel import UNREADABLE
from gstrace.importers.programs import compile_event, lookup

if TYPE_CHECKING:
    import numpy.typing as npt

    from gstrace.importers.formats import Format

    I64 = npt.NDArray[np.int64]
    I32 = npt.NDArray[np.int32]

SALT_WORDS = (1 << 13) + 1
_TASK_ROLES = {Task.FORK: "fork", Task.EXEC: "exec", Task.RENAME: "rename", Task.EXIT: "exit"}


class Plan(NamedTuple):
    """keys, values: open hash table from id to row of `events`, −1 for free. events: [n, layout.EVENT_FIELDS].
    ops: [any, OP_FIELDS], the programs' steps. task_lesser: by `Task`. salt: for digests.
    """

    keys: I64
    values: I32
    events: I64
    ops: I64
    task_lesser: I64
    salt: I64


@dataclass
class Planned:
    """A plan; by_type, id_at: as in the kernel's state; wanted: tracepoints decoded; missing: tracepoints that have
    no format here; untimed: wanted ones that were recorded without time or CPU; switches: SWITCH records count, no
    tracepoint telling of switches.
    """

    plan: Plan
    by_type: bool
    id_at: int
    wanted: set[str] = field(default_factory=set)
    missing: int = 0
    untimed: list[str] = field(default_factory=list)
    switches: bool = True


def make_plan(attrs: Sequence[Attr], formats: Mapping[int, Format]) -> Planned:
    """Formats by event id of the recording kernel. At least one attribute."""
    recorded = [formats.get(a.config) if a.type == TRACEPOINT else None for a in attrs]
    events = frozenset(f.event for f in recorded if f is not None)
    ranks = best_ranks(filter(None, map(find, events)))
    rows: list[list[int]] = []
    ops: list[list[int]] = []
    planned = Planned(_NO_PLAN, by_type=False, id_at=0, switches="switch" not in ranks)
    for attr, known in zip(attrs, recorded, strict=True):
        rows.append(_event(attr, known, events, ranks, ops, planned))
    # Ids in samples are of no use where no attribute tells its own: a single event needs none.
    planned.id_at = rows[0][layout.ID] if any(attr.ids for attr in attrs) else 0
    planned.by_type = not planned.id_at and len(attrs) > 1
    keys, values = lookup(_rows(attrs, by_type=planned.by_type))
    planned.plan = Plan(
        keys,
        values,
        np.array(rows, np.int64).reshape(len(rows), layout.EVENT_FIELDS),
        np.array(ops, np.int64).reshape(len(ops), OP_FIELDS),
        np.array([int(_TASK_ROLES.get(task, "") in ranks) for task in Task], np.int64),
        np.random.default_rng(2).integers(-(2**63), 2**63 - 1, SALT_WORDS, np.int64),
    )
    return planned


def _event(
    attr: Attr,
    known: Format | None,
    events: frozenset[str],
    ranks: Mapping[str, int],
    ops: list[list[int]],
    planned: Planned,
) -> list[int]:
    head, placed = [0] * HEAD_FIELDS, layout.place(attr)
    program = compile_event(known, events, ranks) if known is not None else None
    if known is not None and program is not None:
        head = program.head
        head[FIRST], head[LAST] = len(ops), len(ops) + len(program.ops)
        ops.extend(program.ops)
        placed[layout.ORIGIN - HEAD_FIELDS] = int(program.tracepoint.origin and attr.chain_has_kernel)
        if not attr.sample_type & at.RAW or not attr.sample_type & at.TIME or not attr.sample_type & at.CPU:
            planned.untimed.append(known.event)
            head[KIND] = UNREADABLE
        else:
            planned.wanted.add(known.event)
    elif attr.type == TRACEPOINT and known is None:
        planned.missing += 1
        head[KIND] = UNREADABLE
    return head + placed


def _rows(attrs: Sequence[Attr], *, by_type: bool) -> dict[int, int]:
    """Row of `events` by what tells events apart: ids, or tracepoints' types. Of several with one the first counts."""
    rows: dict[int, int] = {}
    for row, attr in enumerate(attrs):
        for key in (attr.config & 0xFFFF,) if by_type else attr.ids:
            if not by_type or attr.type == TRACEPOINT:
                rows.setdefault(key, row)
    return rows


_NO_PLAN = Plan(*(np.zeros(0, np.int64) for _ in range(6)))  # type: ignore[arg-type]
