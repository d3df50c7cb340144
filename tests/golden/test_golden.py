"""Every golden vector, word for word."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

import pytest
from golden import story

from gstrace.schemes import library

CASES = tomllib.loads(Path(__file__).with_name("golden.toml").read_text("utf-8"))["case"]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_scheme_executes_what_its_golden_vector_says(case: story.Table) -> None:
    bill = story.bill(library.parse(case["scheme"]), story.codes(case), story.facts(case))
    for ledger in story.LEDGERS:
        least = Counter(case[ledger])
        assert bill[ledger] == (least, Counter(case.get(f"{ledger}_high", least)))


def test_every_scheme_has_a_golden_vector() -> None:
    assert {case["scheme"].split(":")[0] for case in CASES} == set(library.names())
