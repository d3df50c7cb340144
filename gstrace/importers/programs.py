"""From a tracepoint's declaration and its recorded format to the program that the kernel runs on its raw data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from gstrace.events.tables import NULL, TABLES, Kind, Origin, Phase
from gstrace.events.tracepoints import Tracepoint, exit_of, find
from gstrace.importers import kernel as k
from gstrace.importers.formats import PLAIN, Field, Format

if TYPE_CHECKING:
    import numpy.typing as npt

    I64 = npt.NDArray[np.int64]
    I32 = npt.NDArray[np.int32]

_TARGETS: Final = {"tid": k.TO_TID, "a": k.TO_A, "b": k.TO_B, "c": k.TO_C, "d": k.TO_D, "text": k.TO_TEXT}
_PRESETS: Final = {"tid": k.TID0, "a": k.A0, "b": k.B0, "c": k.C0, "d": k.D0}
_WIDTHS: Final = (1, 2, 4, 8)
_TID_BYTES: Final = 4
"""A thread's number is an int to every kernel, whatever a format's text says: a longer field is none, and none is
without a sign. So it fits its column."""
_IN_SOFTIRQ: Final = 0x10 | 0x80
"""`common_flags`: a softirq runs, or bottom halves are off (include/linux/trace_events.h). Never so in user mode."""
_LONGEST: Final = 0xFFFF
"""Raw data is shorter than its record, and that has a u16 for its length: a field beyond cannot be."""


@dataclass
class Program:
    """head: `kernel.HEAD_FIELDS` numbers, FIRST and LAST still open; ops: rows of `kernel.OP_FIELDS` numbers."""

    tracepoint: Tracepoint
    head: list[int]
    ops: list[list[int]] = field(default_factory=list)


def compile_event(recorded: Format, events: Collection[str], ranks: Mapping[str, int]) -> Program | None:
    """The program for one recorded event; None where gstrace has no use for it.

    events, ranks: as for `program`.
    """
    tracepoint = find(recorded.event)
    if tracepoint is None:
        return None
    step = partial(_step, recorded)
    made = program(tracepoint, recorded.event, events, ranks, step, tid="common_pid")
    if tracepoint.origin:
        _add_held(made, step)
    made.head[k.TYPE] = recorded.id & 0xFFFF
    made.head[k.NEED] = max([2, *(op[k.OFFSET] + op[k.SIZE] for op in made.ops)])
    return made


Step = Callable[[str, str], "list[int] | None"]
"""(field as the declaration says it, stream column) → a row of `kernel.OP_FIELDS` numbers; None where there is none."""


def program(
    tracepoint: Tracepoint, event: str, events: Collection[str], ranks: Mapping[str, int], step: Step, tid: str = ""
) -> Program:
    """A declaration's program, its steps made by the format.

    event: its name, `system:name`. events: all recorded, which tell an interrupt without exit from one with. ranks:
    `best_ranks`. tid: the field that holds the running thread, unless the declaration names another; '' for none.
    """
    head = [0] * k.HEAD_FIELDS
    head[k.KIND] = int(tracepoint.kind)
    head[k.LESSER] = int(tracepoint.is_lesser(ranks))
    head[k.TID0 : k.D0 + 1] = [NULL] * 5
    made = Program(tracepoint, head)
    for target, source in {**({"tid": tid} if tid else {}), **tracepoint.fields}.items():
        _add(made, step, target, source)
    if tracepoint.origin:
        head[k.C0] = int(Origin.UNKNOWN)
    if tracepoint.kind is Kind.IRQ and head[k.B0] == Phase.ENTRY and exit_of(event) not in events:
        head[k.B0] = int(Phase.ENTRY_ONLY)
    return made


def _add(program: Program, step: Step, target: str, source: str) -> None:
    """Add one line of a declaration: a preset, or a step. A field that the format lacks stays unknown."""
    column, _, part = target.partition(".")
    shift, width = _bits(program.tracepoint.kind, column, part) if part else (0, 0)
    if source.startswith("="):
        program.head[_PRESETS[column]] = int(source[1:])
        return
    op = step(source, column)
    if op is None:
        return
    if column == "tid":
        if op[k.SIZE] > _TID_BYTES:
            return
        op[k.MASK] = -1
    op[k.TARGET], op[k.SHIFT] = _TARGETS[column], shift
    if width:
        op[k.MASK] &= (1 << width) - 1
    if column != "text" and program.head[_PRESETS[column]] == NULL:
        program.head[_PRESETS[column]] = 0
    program.ops.append(op)


def _add_held(program: Program, step: Step) -> None:
    """What the interrupted code held, into column d: how deep preemption was off; above it, softirqs (`weave.py`)."""
    for source, mask, shift in (("common_preempt_count", 0xFF, 0), ("common_flags", _IN_SOFTIRQ, 8)):
        op = step(source, "d")
        if op is not None:
            op[k.TARGET], op[k.MASK], op[k.SHIFT] = k.TO_D, mask, shift
            program.head[k.D0] = 0
            program.ops.append(op)


def _bits(kind: Kind, column: str, part: str) -> tuple[int, int]:
    """Where the table's column `part` is in the stream's `column`: (first bit, width)."""
    for known in TABLES[kind].columns:
        if known.name == part and known.source == column and known.bits is not None:
            return known.bits
    raise KeyError(f"{kind.name}: no column {part} in {column}")


def _step(recorded: Format, source: str, column: str) -> list[int] | None:
    hashed, negated = source.startswith("&"), source.startswith("!")
    name, _, index = source.lstrip("&!").partition("[")
    found = recorded.fields.get(name)
    if found is None:
        return None
    if hashed or column == "text":
        return _text(found, hashed=hashed)
    return _number(found, int(index[:-1]) if index else None, k.IS_ZERO if negated else k.NUMBER)


def _text(found: Field, *, hashed: bool) -> list[int] | None:
    if not found.is_text or found.offset + (found.size if found.place == PLAIN else 4) > _LONGEST:
        return None
    code = found.place + (k.HASH_HERE if hashed else k.TEXT_HERE)
    return [0, code, found.offset, found.size if found.place == PLAIN else 4, 0, 0x7FFFFFFF, 0]


def _number(found: Field, index: int | None, code: int) -> list[int] | None:
    offset, size = found.offset, found.size
    if index is not None:
        if not found.count or index >= found.count:
            return None
        size //= found.count
        offset += index * size
    if size not in _WIDTHS or found.place != PLAIN or offset + size > _LONGEST:
        return None
    left = 64 - 8 * size
    mask = -1 if found.signed or size == 8 else (1 << 8 * size) - 1
    return [0, code, offset, size, left, mask, 0]


def lookup(rows: Mapping[int, int]) -> tuple[I64, I32]:
    """Row by key as the open hash table that `kernel.find` searches: (keys, rows, −1 for free), at most half full."""
    size = 1 << (2 * len(rows) + 1).bit_length()
    keys, values = np.zeros(size, np.int64), np.full(size, -1, np.int32)
    for unsigned, row in rows.items():
        key = unsigned - (1 << 64) if unsigned >> 63 == 1 else unsigned
        slot = (key ^ (key >> 15)) & (size - 1)
        while values[slot] >= 0:
            slot = (slot + 1) & (size - 1)
        keys[slot], values[slot] = key, row
    return keys, values
