"""From event formats to the tables by which the kernel walks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gstrace.events.tracepoints import best_ranks, find
from gstrace.importers.kernel import FIRST, HEAD_FIELDS, LAST, OP_FIELDS
from gstrace.importers.programs import compile_event

if TYPE_CHECKING:
    import numpy.typing as npt

    from gstrace.importers.formats import Format

    I64 = npt.NDArray[np.int64]
    I32 = npt.NDArray[np.int32]

TYPES = 1 << 16
"""An event's id in its raw data is a u16."""


class Plan(NamedTuple):
    """places: int32 [TYPES], an id's row of `events`, −1 for none. events: [n, HEAD_FIELDS], kind 0 for events of no
    use. ops: the programs' steps.
    """

    places: I32
    events: I64
    ops: I64


class Notes(NamedTuple):
    """What the kernel leaves to its caller: row, first byte and length of each text; of each call chain the same, and
    its event's row of `events`; events met, by row of `events`.
    """

    text_row: I32
    text_at: I64
    text_length: I32
    chain_row: I32
    chain_event: I32
    chain_at: I64
    chain_length: I32
    met: I64


def new_notes(rows: int, events: int) -> Notes:
    """Room for rows texts and chains."""
    i32, i64 = np.int32, np.int64
    return Notes(
        text_row=np.zeros(rows, i32),
        text_at=np.zeros(rows, i64),
        text_length=np.zeros(rows, i32),
        chain_row=np.zeros(rows, i32),
        chain_event=np.zeros(rows, i32),
        chain_at=np.zeros(rows, i64),
        chain_length=np.zeros(rows, i32),
        met=np.zeros(events, i64),
    )


def make_plan(formats: Mapping[int, Format], recorded: Collection[str], counts: Collection[int]) -> Plan:
    """formats: by id, each below TYPES; its place is its row. recorded: all `system:name` recorded, which rank each
    other. counts: ids of the events to make rows of.
    """
    names = frozenset(recorded)
    ranks = best_ranks(filter(None, map(find, names)))
    places = np.full(TYPES, -1, np.int32)
    events: list[list[int]] = []
    ops: list[list[int]] = []
    for number, known in formats.items():
        places[number] = len(events)
        program = compile_event(known, names, ranks) if number in counts else None
        head = [0] * HEAD_FIELDS if program is None else program.head
        if program is not None:
            head[FIRST], head[LAST] = len(ops), len(ops) + len(program.ops)
            ops.extend(program.ops)
        events.append(head)
    return Plan(
        places,
        np.array(events, np.int64).reshape(len(events), HEAD_FIELDS),
        np.array(ops, np.int64).reshape(len(ops), OP_FIELDS),
    )


def shares(met: Sequence[Counter[int]]) -> list[set[int]]:
    """Of each buffer the events that count there, where most of them are; met: how often each buffer has each."""
    return [
        {n for n, count in mine.items() if all(count > met[j][n] - (j > i) for j in range(len(met)) if j != i)}
        for i, mine in enumerate(met)
    ]
