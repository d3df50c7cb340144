"""`schemes`, `uarchs`, `explain`, `check`, and what the shell completes."""

from __future__ import annotations

import csv
import io
import json
import sys
from typing import TYPE_CHECKING

import pytest
from golden import bundle

from gstrace import api, check

if TYPE_CHECKING:
    from conftest import Type


def test_schemes_in_one_table(gstrace: Type) -> None:
    ended = gstrace("schemes", "--format", "csv")
    assert [row["id"] for row in csv.DictReader(io.StringIO(ended.out))] == list(api.scheme_names())
    assert json.loads(gstrace("schemes", "--format", "json").out) == {
        "schema": "gstrace.schemes/1",
        "rows": json.loads(json.dumps(api.schemes())),
    }
    assert gstrace("schemes", "--format", "md").out.startswith("| id | title |")


@pytest.mark.parametrize("name", api.scheme_names())
def test_a_scheme_in_full_has_its_sources(gstrace: Type, name: str) -> None:
    ended = gstrace("schemes", name)
    assert (ended.status, ended.err) == (0, "")
    known = api.scheme(name)
    assert ended.out.startswith(f"{name}: {known['title']}\n")
    flat = " ".join(ended.out.split())
    assert all(" ".join(rule["source"].split()) in flat for rule in known["rules"])
    assert max(map(len, ended.out.splitlines()[1:])) <= 80


@pytest.mark.parametrize("name", api.uarch_names())
def test_a_uarch_in_full_has_every_price(gstrace: Type, name: str) -> None:
    ended = gstrace("uarchs", name)
    assert (ended.status, ended.err) == (0, "")
    assert all(f"\n{price}  " in ended.out for price in api.uarch(name)["prices"])


def test_a_chosen_parameter_decides(gstrace: Type) -> None:
    assert "rdpid" in gstrace("explain", "fsgsbase:lookup=rdpid", "entry").out
    assert "lsl" in gstrace("explain", "fsgsbase", "entry").out


def test_one_event_explained(gstrace: Type) -> None:
    ended = gstrace("explain", "mixed", "return")
    assert ended.out.splitlines()[:5] == [
        "return to user mode (return)",
        "  always",
        "    GS      swapgs",
        "    FS      nothing",
        "    why     one SWAPGS brings the user's base back",
    ]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("what-if --scheme fs", ["fsgsbase"]),
        ("explain mixed s", ["set", "switch"]),
        ("uarchs zen4", ["zen4"]),
        ("report by", ["by-event", "by-process"]),
    ],
)
def test_the_shell_completes_names(
    gstrace: Type, monkeypatch: pytest.MonkeyPatch, line: str, offered: list[str]
) -> None:
    words = f"gstrace {line}"
    monkeypatch.setenv("_GSTRACE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    monkeypatch.setattr(sys, "argv", ["gstrace"])
    assert sorted(gstrace().out.split()) == offered


def test_everything_that_can_be_checked_holds(gstrace: Type) -> None:
    ended = gstrace("check", "--format", "json")
    rows = json.loads(ended.out)["rows"]
    assert (ended.status, ended.err) == (0, "")
    assert {row["result"] for row in rows} == {"ok"}
    names = [row["check"] for row in rows]
    assert {"scheme fred", "uarch zen4", "golden vectors", "sample nginx: switch"} <= set(names)


def test_a_wrong_golden_vector_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "_agrees", lambda vector: vector["id"] != "seed-bill-mix")
    row = check._row("golden vectors", check._golden)
    assert row["result"] == "FAILED"
    assert row["detail"].endswith("do not come out: seed-bill-mix")


def test_the_package_carries_the_golden_vectors_as_they_are() -> None:
    from importlib.resources import files

    assert files("gstrace").joinpath("golden.json").read_text("utf-8") == bundle.bundled()
