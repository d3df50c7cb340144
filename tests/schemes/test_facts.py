"""What follows from a machine's facts, and what is left open."""

from __future__ import annotations

import pytest

from gstrace.schemes import library
from gstrace.schemes.compile import completions
from gstrace.schemes.facts import Facts

FENCED = {"mitigations": True, "smap": True, "meltdown": False, "swapgs_bug": True, "pti": False}


@pytest.mark.parametrize(
    ("given", "user_gs", "fences", "fences_user"),
    [
        (FENCED, True, True, True),
        (FENCED, False, False, False),
        ({**FENCED, "meltdown": True}, False, True, True),
        ({**FENCED, "smap": False}, False, True, True),
        ({**FENCED, "pti": True}, True, True, False),
        ({**FENCED, "swapgs_bug": False}, True, True, False),
        ({**FENCED, "mitigations": False}, True, False, False),
        ({"mitigations": False}, True, False, False),
        ({"mitigations": True}, True, True, None),
        ({"mitigations": True}, False, None, None),
        ({"mitigations": True, "smap": False}, False, True, None),
        ({"fences": False, **FENCED}, True, False, False),
        ({"fences": True, "fences_user": True}, False, True, True),
    ],
)
def test_fences_follow_from_the_machine_and_the_scheme(
    given: dict[str, bool], user_gs: bool, fences: bool | None, fences_user: bool | None
) -> None:
    seen = Facts(**given).seen_by(user_gs=user_gs)  # type: ignore[arg-type]
    assert (seen.fences, seen.fences_user) == (fences, fences_user)


@pytest.mark.parametrize(("kernel", "since"), [((5, 9), True), ((5, 8), False), ((6, 1), True), (None, None)])
def test_a_release_is_compared_as_numbers(kernel: tuple[int, int] | None, since: bool | None) -> None:
    assert Facts(kernel=kernel).seen_by(user_gs=True).since_5_9 is since


def test_what_no_bill_depends_on_is_not_completed() -> None:
    fred = library.load("fred")
    assert fred.depends == {"null_seg"}
    assert fred.completions(Facts()) == (Facts(null_seg=False), Facts(null_seg=True))
    assert fred.completions(Facts(null_seg=True)) == (Facts(null_seg=True),)


def test_completions_can_be_billed_and_differ() -> None:
    for scheme in library.expand(["all"]):
        seen = [facts.seen_by(user_gs=scheme.user_gs) for facts in scheme.completions(Facts())]
        asked = [tuple(getattr(view, name) for name in sorted(scheme.depends)) for view in seen]
        assert None not in {value for values in asked for value in values}
        assert len(set(asked)) == len(asked)


def test_two_schemes_are_completed_as_one_machine() -> None:
    """A legacy kernel with fences means that every kernel has them: SMAP does not hold there."""
    pair = library.expand(["linux-legacy", "linux-fsgsbase"])
    seen = {(f.seen_by(user_gs=False).fences, f.seen_by(user_gs=True).fences) for f in completions(pair, Facts())}
    assert seen == {(False, False), (False, True), (True, True)}


def test_the_likeliest_machine_comes_first() -> None:
    first = completions(library.expand(["all"]), Facts())[0]
    assert first == Facts(
        null_seg=False, mitigations=True, smap=True, meltdown=False, swapgs_bug=False, pti=False, kernel=(5, 9)
    )
