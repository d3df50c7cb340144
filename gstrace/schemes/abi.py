"""What a scheme bills where programs set and read their bases by instructions instead of arch_prctl (`--abi inst`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gstrace.replay.situations import Event, decode, encode
from gstrace.schemes.compile import Scheme
from gstrace.schemes.operations import INDEX, LEDGERS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from gstrace.schemes.facts import Facts

ABIS: Final = ("asis", "inst")
"""A recorded arch_prctl as the system call it was; as the instruction that programs may use instead."""

INSTRUCTION: Final = {
    Event.SET_GS: ("gs", "wrgsbase"),
    Event.SET_FS: ("fs", "wrfsbase"),
    Event.GET_GS: ("gs", "rdgsbase"),
    Event.GET_FS: ("fs", "rdfsbase"),
}
"""What user code executes instead of each call, and the ledger that it belongs to."""

CALL: Final = (encode(Event.ENTRY, via="syscall"), encode(Event.RETURN, via="syscall"))
"""The situations that a call is besides its own: gone with it."""

FAULTS: Final = "user code may not use WRGSBASE and its like under this scheme: the instruction faults, the call stays"


def is_replaceable(code: int) -> bool:
    """Whether a known situation is a call that an instruction can do: a refused one (RULES P5) would fault."""
    event, values = decode(code)
    return event in INSTRUCTION and values.get("succeeds", "yes") == "yes"


@dataclass(frozen=True)
class ByInstruction(Scheme):
    """A scheme whose programs use the instructions.

    The situation of each replaceable call bills one instruction, less the call's entry and return, which the census
    counts by themselves.
    """

    def matrix(self, codes: Sequence[int], facts: Facts) -> npt.NDArray[np.int64]:
        rows = super().matrix(codes, facts).copy()
        call = super().matrix(CALL, facts).sum(axis=0)
        for row, code in zip(rows, codes, strict=True):
            if is_replaceable(code):
                ledger, instruction = INSTRUCTION[decode(code)[0]]
                row[:] = -call
                row[LEDGERS.index(ledger), INDEX[instruction]] += 1
        return rows


def under(scheme: Scheme, abi: str) -> Scheme:
    """The scheme as it bills under an ABI mode (`ABIS`)."""
    return scheme if abi == "asis" else ByInstruction(scheme.name, scheme.document, scheme.parameters)
