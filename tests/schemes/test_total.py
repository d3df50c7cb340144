"""Exactly one rule for each situation, whatever the parameters and the machine."""

from __future__ import annotations

from itertools import product

import pytest

from gstrace.replay import situations
from gstrace.schemes import library
from gstrace.schemes.compile import Scheme, check_total
from gstrace.schemes.document import SchemeError, read
from gstrace.schemes.facts import Facts
from gstrace.schemes.operations import INDEX, NAMES, OPERATIONS

RULE = '[[rule]]\nwhen = { event = %s }\nwhy = "w"\nsource = "s"\n'
HEAD = 'id = "own"\ntitle = "t"\ndescription = "d"\nuser_gs = true\n'
MOST = '["entry", "return", "arrival", "nmi", "set", "get", "fork", "exec", "exit", "core_dump"]'


def variants() -> list[Scheme]:
    """Every built-in scheme with every choice of parameters."""
    documents = {name: library.load(name).document for name in library.names()}
    return [
        library.load(name, dict(zip(document.parameters, values, strict=True)))
        for name, document in documents.items()
        for values in product(*(p.values for p in document.parameters.values()))
    ]


@pytest.mark.parametrize("name", library.names())
def test_each_situation_has_exactly_one_rule(name: str) -> None:
    check_total(library.load(name))


@pytest.mark.parametrize("scheme", variants(), ids=lambda s: s.name)
def test_each_known_situation_has_a_bill_on_each_machine(scheme: Scheme) -> None:
    codes = situations.known_codes()
    for facts in scheme.completions(Facts()):
        matrix = scheme.matrix(codes, facts)
        assert matrix.shape == (len(codes), 2, len(NAMES))
        for code, rows in list(zip(codes, matrix, strict=True))[::17]:
            bill = scheme.bill(code, facts)
            assert {op: rows[0][INDEX[op]] for op in bill.gs} == bill.gs
            assert rows.sum() == sum(bill.gs.values()) + sum(bill.fs.values())


def test_no_situations_make_an_empty_matrix() -> None:
    facts = Facts(null_seg=False, fences=False, fences_user=False)
    assert library.load("mixed").matrix([], facts).shape == (0, 2, len(NAMES))


def test_a_situation_that_belongs_to_one_base_bills_no_other() -> None:
    for scheme in variants():
        facts = scheme.completions(Facts())[-1]
        for code in situations.known_codes():
            event, bill = situations.decode(code)[0].name, scheme.bill(code, facts)
            assert not (event.endswith("_GS") and bill.fs)
            assert not (event.endswith("_FS") and bill.gs)


def test_a_switch_that_was_inferred_costs_what_a_recorded_one_does() -> None:
    assert not any("inferred" in rule.asks() for s in variants() for rule in s.rules)


def test_a_hole_is_named_in_words() -> None:
    text = HEAD + RULE % MOST + RULE % '"switch", prev_selector = "null"'
    with pytest.raises(
        SchemeError, match=r"own.toml: not total: no rule of own for switch gs, prev's selector is not null"
    ):
        check_total(read(text, "own.toml"))


def test_rivals_are_named_with_their_reasons() -> None:
    text = HEAD + RULE % MOST + RULE % '"switch"' + RULE % '"switch", ledger = "fs", null_seg = true'
    with pytest.raises(SchemeError, match=r"ambiguous: switch fs, null-segment bug matches rules 2 \(w\) and 3 \(w\)"):
        check_total(read(text, "own.toml"))


def test_a_bill_that_depends_on_an_unknown_fact_is_refused() -> None:
    with pytest.raises(ValueError, match="depends on 'fences', which nobody knows"):
        library.load("mixed").bill(situations.encode(situations.Event.ARRIVAL, via="interrupt"), Facts())


def test_a_situation_that_is_not_known_is_refused() -> None:
    facts = Facts(null_seg=False, fences=False, fences_user=False)
    unknown = [
        situations.encode(situations.Event.LOST),
        situations.encode(situations.Event.INTERRUPT),
        situations.encode(situations.Event.SWITCH_GS, prev_base="unknown"),
    ]
    for code in unknown:
        with pytest.raises(ValueError, match="not a known situation"):
            library.load("mixed").bill(code, facts)


def test_operations_have_one_name_each() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert all(op.meaning and op.price for op in OPERATIONS)
