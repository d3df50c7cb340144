"""Situations read under an assumption."""

from __future__ import annotations

import numpy as np
import pytest

from gstrace.replay.rewriting import Rule, rewritten, rewritten_codes
from gstrace.replay.situations import QUIET, Event, completions, encode, known_codes
from gstrace.verdict.assumptions import STANDING, assumed

RULES = [rule for standing in STANDING for reading in standing.values.values() for rule in reading.rules]
USER = Rule(Event.INTERRUPT, {"origin": ("unknown",)}, {"origin": "user"})


def test_an_interrupt_that_is_taken_to_hit_user_mode_is_an_entry_and_a_return() -> None:
    opened = encode(Event.INTERRUPT, via="interrupt")
    entry, back = (encode(event, via="interrupt") for event in (Event.ENTRY, Event.RETURN))
    assert completions(opened) == ((entry, back), (encode(Event.ARRIVAL, via="interrupt"),))
    assert completions(rewritten(opened, [USER])) == ((entry, back),)


def test_rules_apply_in_their_order() -> None:
    kernel = Rule(Event.INTERRUPT, {"origin": ("unknown",)}, {"origin": "unknown_kernel"})
    opened = encode(Event.INTERRUPT, via="interrupt")
    assert rewritten(opened, [USER, kernel]) == rewritten(opened, [USER])
    assert rewritten(opened, [kernel, USER]) == rewritten(opened, [kernel])


def test_what_was_quiet_for_long_enough_is_taken_for_user_mode() -> None:
    rules = assumed({"settled-after": "100us"}).rules
    opened = [encode(Event.INTERRUPT, via="interrupt", quiet=word) for word in QUIET]
    nmis = [encode(Event.NMI, origin="unknown", quiet=word) for word in QUIET]
    assert [len(completions(rewritten(code, rules))) for code in opened] == [2, 2, 1, 1]
    assert [len(completions(rewritten(code, rules))) for code in nmis] == [2, 2, 1, 1]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.event.name} {rule.to}")
def test_no_assumption_touches_what_the_recording_decided(rule: Rule) -> None:
    codes = np.array(known_codes())
    assert (rewritten_codes(codes, [rule]) == codes).all()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.event.name} {rule.to}")
def test_no_assumption_adds_a_completion(rule: Rule) -> None:
    fields = {name: allowed[0] for name, allowed in rule.where.items()}
    code = encode(rule.event, **fields)
    after = rewritten(code, [rule])
    assert after != code
    assert set(completions(after)) <= set(completions(code))
