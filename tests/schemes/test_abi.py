"""`--abi inst`: a call's bill becomes one instruction, less the call."""

from __future__ import annotations

import numpy as np
import pytest

from gstrace.replay.situations import Event, decode, encode, known_codes
from gstrace.schemes import library
from gstrace.schemes.abi import CALL, INSTRUCTION, is_replaceable, under
from gstrace.schemes.facts import Facts
from gstrace.schemes.operations import INDEX

FACTS = Facts(null_seg=False, mitigations=True, smap=True, meltdown=False, swapgs_bug=False, pti=False, kernel=(6, 1))
ABLE = [name for name in library.names() if library.load(name).user_gs]


@pytest.mark.parametrize("name", ABLE)
def test_a_call_and_what_comes_with_it_is_one_instruction(name: str) -> None:
    scheme = under(library.load(name), "inst")
    for event, (ledger, instruction) in INSTRUCTION.items():
        done = {"succeeds": "yes"} if event in (Event.SET_GS, Event.SET_FS) else {}
        whole = scheme.matrix([encode(event, **done), *CALL], FACTS).sum(axis=0)
        assert whole.sum() == 1
        assert whole[("gs", "fs").index(ledger), INDEX[instruction]] == 1


@pytest.mark.parametrize("name", ABLE)
def test_nothing_else_changes(name: str) -> None:
    asis = library.load(name)
    others = [code for code in known_codes() if not is_replaceable(code)]
    assert np.array_equal(asis.matrix(others, FACTS), under(asis, "inst").matrix(others, FACTS))
    assert under(asis, "asis") is asis


def test_a_refused_call_stays_a_call() -> None:
    refused = [code for code in known_codes() if decode(code)[1].get("succeeds") == "no"]
    assert {decode(code)[0] for code in refused} == {Event.SET_GS, Event.SET_FS}
    assert not any(map(is_replaceable, refused))
