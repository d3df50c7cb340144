"""Every golden vector again, through the replay kernel and the pricing."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from golden import engine, story

from gstrace.schemes import library
from gstrace.schemes.operations import NAMES

CASES = [
    case
    for case in tomllib.loads(Path(__file__).with_name("golden.toml").read_text("utf-8"))["case"]
    # A trace shows a core dump only by the exit behind it (RULES C4).
    if case["events"][-1]["do"] != "coredump"
]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_engine_bills_what_the_golden_vector_says(case: story.Table) -> None:
    found = engine.Engine(case).bill(library.parse(case["scheme"]), story.facts(case))
    dumps = any(event["do"] == "coredump" for event in case["events"])
    for row, ledger in enumerate(("gs", "fs")):
        for column, operation in enumerate(NAMES):
            low, high = found.low[row, column], found.high[row, column]
            least = case[ledger].get(operation, 0)
            most = case.get(f"{ledger}_high", case[ledger]).get(operation, 0)
            if dumps:
                assert low <= least <= most <= high, operation
            else:
                assert (low, high) == (least, most), operation
