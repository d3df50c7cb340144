"""What the code declares is documented, and what the pages point to is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from gstrace.events.capture import MACHINE_FILES
from gstrace.events.losses import LOSSES
from gstrace.events.snapshots import DEVICES, ROWS
from gstrace.schemes import library
from gstrace.uarchs import load
from gstrace.verdict.classes import CLASSES
from gstrace.verdict.decide import WORDS

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("sample-traces/*.md")])
RULES = [
    f"{letter}{n}"
    for letter, last in {"E": 8, "N": 3, "S": 5, "P": 5, "C": 4, "T": 11}.items()
    for n in range(1, last + 1)
]
CITED = re.compile(r"\b(?:[ENSPC]\d|T1?\d)\b")
LINK = re.compile(r"\]\((?!\w+:)([^)#]*)(#[^)]*)?\)")


def page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def rows(text: str) -> list[list[str]]:
    """Cells of every table line."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-")


def test_each_anomaly_is_documented_with_its_severity() -> None:
    told = {cells[0].strip("`"): cells[1] for cells in rows(page("docs/formats.md")) if len(cells) == 4}
    assert {loss.name: loss.severity for loss in LOSSES}.items() <= told.items()


def test_each_machine_file_is_documented() -> None:
    told = {cells[0].strip("`") for cells in rows(page("docs/formats.md"))}
    assert set(MACHINE_FILES) <= told
    assert {f"{name}.before` `{name}.after" for name in (*ROWS, "clock")} <= told
    assert "scope" in told


def test_each_class_that_others_count_is_documented_with_its_counters() -> None:
    told = {cells[0]: set(re.findall(r"`([^`]*)`", cells[1])) for cells in rows(page("docs/method.md"))}
    documented = set[str]().union(*told.values())
    assert {name for of in CLASSES for name in of.counters} - {DEVICES} <= documented
    assert {of.name for of in CLASSES if not of.counters} == set(
        next(t for t in told if "system calls" in t).split(", ")
    )


def test_each_rule_is_there_once() -> None:
    assert re.findall(r"\*\*([A-Z]\d+)\*\*", page("docs/rules.md")) == RULES


@pytest.mark.parametrize("path", sorted((ROOT / "gstrace").rglob("*.toml")), ids=lambda p: p.stem)
def test_each_rule_that_a_scheme_cites_exists(path: Path) -> None:
    sources = [rule.get("source", "") for rule in tomllib.loads(path.read_text("utf-8")).get("rule", [])]
    cited = {
        number
        for source in sources
        if "RULES" in source
        for number in CITED.findall(source.split("RULES", 1)[1].split(";")[0])
    }
    assert cited <= set(RULES)


def test_each_scheme_has_a_row() -> None:
    told = {cells[0].strip("`") for cells in rows(page("docs/schemes.md"))}
    assert set(library.names()) <= told


def test_the_number_of_cpus_is_told() -> None:
    assert f"{len(load.names()) - 1} microarchitectures and `generic`" in page("docs/costs.md")


def test_each_word_of_a_verdict_is_explained() -> None:
    told = {cells[0].strip("`") for cells in rows(page("docs/method.md"))}
    assert set(WORDS) <= told


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target, mark in LINK.findall(path.read_text("utf-8")):
        there = (path.parent / target).resolve() if target else path
        assert there.exists(), target
        if mark:
            headings = re.findall(r"^#+ (.*)$", there.read_text("utf-8"), re.MULTILINE)
            assert mark[1:] in {anchor(h) for h in headings}, f"{target}{mark}"
