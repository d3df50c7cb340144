"""A broken file: the message names the file, the rule and what is wrong."""

from __future__ import annotations

import pytest

from gstrace.schemes.document import SchemeError, read

HEAD = """
id = "own"
title = "t"
description = "d"
user_gs = true

[parameters.pace]
values = ["slow", "fast"]
default = "slow"
meaning = "m"

[sequence.swap-twice]
swapgs = 2

[sequence.paced]
by = "pace"
slow = { swap-twice = 1 }
fast = {}

[sequence.by-origin]
by = "origin"
user = {}
kernel = { lfence = 1 }

[sequence.half]
by = "null_seg"
true = {}

[sequence.round]
turn = 1

[sequence.turn]
round = 1
"""
RULE = '[[rule]]\nwhen = { event = "entry" }\nwhy = "w"\nsource = "s"\n'


def rule(when: str = 'event = "entry"', rest: str = "") -> str:
    return f'{HEAD}[[rule]]\nwhen = {{ {when} }}\nwhy = "w"\nsource = "s"\n{rest}\n'


def test_sequences_add_up_through_each_other() -> None:
    cost = read(rule(rest="gs = { swapgs = 1, swap-twice = 2, paced = 3 }"), "own.toml").rules[0].gs
    assert cost.counts({"pace": "slow"}) == {"swapgs": 11}
    assert cost.counts({"pace": "fast"}) == {"swapgs": 5}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id = ", "own.toml: not TOML"),
        (HEAD, r"own.toml: no \[\[rule\]\]"),
        (RULE, "own.toml: id is missing"),
        (rule().replace('"d"', '" "'), "own.toml: description is empty"),
        (rule().replace("user_gs = true", 'user_gs = "yes"'), "own.toml: user_gs = 'yes' must be a bool"),
        (rule().replace("user_gs", "usergs"), "own.toml: no key named 'usergs'\nhint: did you mean user_gs"),
        (rule().replace("user_gs", 'needs = ["fsgsbsae"]\nuser_gs'), "no CPU feature named 'fsgsbsae'"),
        (rule().replace('default = "slow"', 'default = "lazy"'), "own.toml: parameter pace: no value named 'lazy'"),
        (rule().replace('["slow", "fast"]', "[1, 2]"), r"parameter pace: values = \[1, 2\] must be a text or a list"),
        (rule().replace("pace", "fences"), "parameter fences has the name of a field or machine fact"),
        (rule().replace('meaning = "m"', 'meanign = "m"'), "parameter pace: no key named 'meanign'"),
        (HEAD + '[[rule]]\nwhy = "w"', "own.toml: rule 1: when: event is missing"),
        (rule().replace('why = "w"', ""), "own.toml: rule 1: why is missing"),
        (rule('event = "entyr"'), "own.toml: rule 1: no event named 'entyr'\nhint: did you mean entry"),
        (rule('event = "entry", ledger = "gs"'), "rule 1: a rule for entry has no ledger"),
        (rule('event = "switch", ledger = "es"'), "rule 1: no ledger named 'es'"),
        (rule('event = "switch", ledger = "gs"', "fs = { swapgs = 1 }"), "rule 1: bills fs, but none of its"),
        (rule('event = "entry", origin = "user"'), "rule 1: when: no field of this event, .* named 'origin'"),
        (rule('event = ["entry", "nmi"], via = "syscall"'), "rule 1: when: no field of this event, .* named 'via'"),
        (rule('event = "entry", via = "sycsall"'), "rule 1: when: no value of via named 'sycsall'"),
        (rule('event = "nmi", origin = "unknown"'), "rule 1: when: no value of origin named 'unknown'"),
        (rule('event = "entry", null_seg = "yes"'), "rule 1: when: no value of null_seg named 'yes'"),
        (rule('event = "entry", via = []'), r"rule 1: when: via = \[\] can never hold"),
        (rule('event = "entry", pace = "lazy"'), "rule 1: when: no value of pace named 'lazy'"),
        (rule(rest="unless = { via = 1 }"), "rule 1: unless: no value of via named '1'"),
        (rule(rest="unless = 1"), "rule 1: unless: a table is needed here, not 1"),
        (
            rule(rest="gs = { swapsg = 1 }"),
            "rule 1: gs: no operation or sequence named 'swapsg'\nhint: did you mean swapgs",
        ),
        (rule(rest="gs = { swapgs = 0 }"), "rule 1: gs: swapgs = 0 is no count"),
        (rule(rest="gs = { swapgs = true }"), "rule 1: gs: swapgs = True is no count"),
        (
            rule(rest="gs = { by-origin = 1 }"),
            "rule 1: gs: sequence by-origin: no field of this event, .* named 'origin'",
        ),
        (
            rule(rest="gs = { half = 1 }"),
            "rule 1: gs: sequence half: by null_seg needs a table for each of true, false",
        ),
        (rule(rest="gs = { round = 1 }"), "sequences go round in a circle"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, message: str) -> None:
    with pytest.raises(SchemeError, match=message) as error:
        read(text, "own.toml")
    assert error.value.status == 2


def test_the_second_rule_is_called_rule_2() -> None:
    with pytest.raises(SchemeError, match="rule 2: source is missing"):
        read(rule() + '[[rule]]\nwhen = { event = "exec" }\nwhy = "w"\n', "own.toml")
