"""From the events of a text to what the kernel runs: each name is an entry, each payload's forms are steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gstrace.events.tables import NULL, Kind, Phase
from gstrace.events.tracepoints import exit_of
from gstrace.importers.forms.kernel import STEP_FIELDS
from gstrace.importers.forms.steps import COLUMNS, Steps
from gstrace.importers.ftracetext import kernel as k
from gstrace.importers.kernel import LOW32
from gstrace.importers.payloads import ROOM

if TYPE_CHECKING:
    import numpy.typing as npt

    from gstrace.importers.payloads import Decoder

MOST: Final = 1 << 12
"""Names that are told apart; lines of more are left to Python."""
_SLOTS: Final = 4 * MOST
_LONGEST: Final = 64

SIGNS: Final = {b":": k.SAYS, b"(": k.CALLED, b" ->": k.RETURNED, b"": k.NOTHING}


class Names:
    """The names in a text, as the kernel looks them up. `events`: each event's number, in order of sight; the event
    without a name stands for what names none.
    """

    def __init__(self) -> None:
        self.events: dict[str, int] = {}
        self.names = np.zeros((MOST, k.NAME_FIELDS), np.int64)
        self.slots = np.full(_SLOTS, -1, np.int64)
        self.pool = np.zeros(MOST * _LONGEST, np.uint8)
        self._known: set[tuple[bytes, bytes]] = set()

    def add(self, name: bytes, sign: bytes, event: str) -> None:
        """A name as it stands in the text with what stands behind it; no more than `MOST`."""
        if len(self._known) == MOST or (name, sign) in self._known:
            return
        number, at = len(self._known), len(self._known) * _LONGEST
        self._known.add((name, sign))
        self.pool[at : at + len(name)] = np.frombuffer(name, np.uint8)
        self.names[number] = (at, len(name), SIGNS[sign], self.events.setdefault(event, len(self.events)))
        value = 0x811C9DC5 ^ SIGNS[sign]
        for byte in name:
            value = ((value ^ byte) * 0x01000193) & LOW32
        slot = value % _SLOTS
        while self.slots[slot] >= 0:
            slot = (slot + 1) % _SLOTS
        self.slots[slot] = number


@dataclass(frozen=True)
class Programs:
    """What `kernel.decode` runs: arrays of its fields."""

    events: npt.NDArray[np.int64]
    forms: npt.NDArray[np.int64]
    steps: npt.NDArray[np.int64]
    literals: npt.NDArray[np.uint8]


def compile_events(events: Mapping[str, int], decoders: Mapping[str, Decoder], ranks: Mapping[str, int]) -> Programs:
    """Programs for all events of a text, by their numbers; ranks: `best_ranks`."""
    heads = np.zeros((max(len(events), 1), k.EVENT_FIELDS), np.int64)
    steps, forms = Steps(), list[tuple[int, int]]()
    for name, number in events.items():
        head, found = heads[number], decoders.get(name)
        head[k.WHAT] = k.PASSED_OVER
        if found is not None:
            head[k.WHAT] = k.BY_PYTHON if found.tracepoint.kind is Kind.TASK else k.ROW
            _fill(head, name, found, events, found.tracepoint.is_lesser(ranks))
            head[k.FIRST_FORM] = len(forms)
            for pattern in found.patterns:
                forms.append(steps.form(pattern.pattern))
            head[k.LAST_FORM] = len(forms)
    return Programs(
        heads,
        np.array(forms or [(0, 0)], np.int64),
        np.array(steps.rows or [[0] * STEP_FIELDS], np.int64),
        np.frombuffer(bytes(steps.literals) or b"\0", np.uint8),
    )


def _fill(head: npt.NDArray[np.int64], name: str, found: Decoder, events: Mapping[str, int], lesser: bool) -> None:
    kind = found.tracepoint.kind
    fixed = dict(found.fixed)
    if kind is Kind.IRQ and fixed["b"] == Phase.ENTRY and exit_of(name) not in events:
        fixed["b"] = int(Phase.ENTRY_ONLY)
    head[k.KIND], head[k.LESSER], head[k.SURE] = int(kind), int(lesser), int(found.sure)
    limits = {column: (low, high) for column, low, high in ROOM[kind]} | {"tid": (0, k.MOST_TID)}
    for i, column in enumerate(COLUMNS):
        head[k.TID0 + i] = fixed.get(column, NULL)
        head[k.LOW + i], head[k.HIGH + i] = limits.get(column, (NULL, -NULL - 1))
