"""Each assumption can be told, flipped, and says how far the verdict moves. `pytest -s` prints the table of effects."""

from __future__ import annotations

from pathlib import Path

import pytest
from reports import recording

from gstrace import api
from gstrace.errors import UsageError
from gstrace.replay.options import DEFAULT
from gstrace.verdict.assumptions import STANDING, assumed
from gstrace.verdict.question import flips

VALUES = [(standing.name, value) for standing in STANDING for value in standing.values]
SCHEMES = ["swapgs:write=on-change", "linux-legacy", "linux-fsgsbase", "fsgsbase"]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> api.Trace:
    """Every assumption bears on something here: bases unknown, a child's TLS, open interrupts and NMIs, a loss."""
    story = recording.usual().lose(5)
    story.add(recording.Kind.NMI, 100, 7).tick(100)
    for _ in range(3):
        story.call(100).switch(100, 300).call(300).switch(300, 100)
    return recording.write(story, tmp_path_factory.mktemp("assumed"))


@pytest.mark.parametrize(("name", "value"), VALUES)
def test_each_value_is_read(name: str, value: str) -> None:
    taken = assumed({name: value})
    assert (taken.options != DEFAULT) ^ bool(taken.rules)
    assert taken.facts == {}


@pytest.mark.parametrize("standing", STANDING, ids=lambda s: s.name)
def test_a_default_changes_nothing(standing: object) -> None:
    assert assumed({standing.name: standing.default}) == assumed({})  # type: ignore[attr-defined]


def test_facts_of_the_machine_are_assumptions_too() -> None:
    assert assumed({"pti": "true"}).facts == {"pti": "true"}


@pytest.mark.parametrize(
    ("told", "said"),
    [({"selectors-nul": "yes"}, "no assumption named 'selectors-nul'"), ({"settled-after": "2ms"}, "settled-after")],
)
def test_what_is_none_is_refused(told: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        assumed(told)
    assert refused.value.hint


def test_the_report_flips_each_once(story: api.Trace) -> None:
    answer = api.what_if(story, SCHEMES, uarch="skylake")
    found = list(flips(answer.question, story, answer.machines, answer.priced))
    told = {(flip.assumption.name, flip.other) for flip in found}
    assert set(VALUES) <= told
    rows = answer.report("assumptions").rows
    assert rows.height == len(found) == len(told) * len(answer.priced)
    for flip in found:
        assert flip.before in answer.priced


@pytest.mark.parametrize(("name", "value"), VALUES)
def test_a_flip_is_the_answer_that_the_option_gives(story: api.Trace, name: str, value: str) -> None:
    answer = api.what_if(story, SCHEMES, uarch="skylake")
    told = api.what_if(story, SCHEMES, uarch="skylake", assume={name: value})
    flipped = [f for f in flips(answer.question, story, answer.machines, answer.priced) if f.other == value]
    after = [f.after for f in flipped if f.assumption.name == name and f.after is not None]
    assert [p.difference for p in after] == [p.difference for p in told.priced]


@pytest.mark.parametrize(("name", "value"), VALUES)
def test_what_decides_p50_moves_no_bound(story: api.Trace, name: str, value: str) -> None:
    standing = next(s for s in STANDING if s.name == name)
    if "never a bound" not in standing.sentence:
        return
    before, after = (api.what_if(story, SCHEMES, uarch="skylake", assume=a) for a in ({}, {name: value}))
    for one, other in zip(before.priced, after.priced, strict=True):
        assert (one.bill.low == other.bill.low).all()
        assert (one.bill.high == other.bill.high).all()


def test_the_table_of_effects(story: api.Trace) -> None:
    """Every assumption moves the figure of some scheme, in a recording where it bears on something."""
    answer = api.what_if(story, SCHEMES, uarch="skylake")
    moved = set()
    for flip in flips(answer.question, story, answer.machines, answer.priced):
        before, after = flip.before.difference, flip.after and flip.after.difference
        if after is not None and after != before:
            moved.add(flip.assumption.name)
    assert moved >= {s.name for s in STANDING} - {"settled-after", "kernel-threads-by-name", "tls-distinct"}


def test_told_assumptions_stand_in_the_answer(story: api.Trace, tmp_path: Path) -> None:
    answer = api.what_if(story, SCHEMES, uarch="skylake", assume={"unknown-gs": "high", "pti": "true"})
    assert "Assumed: unknown-gs=high, pti=true" in str(answer)
    said = {a["name"]: a for a in answer.to_json()["assumptions"]}
    assert (said["unknown-gs"]["value"], said["unknown-gs"]["default"]) == ("high", "zero")
    assert (said["pti"]["value"], said["pti"]["default"]) == ("true", "as recorded")
