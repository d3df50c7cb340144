"""The words for `gstrace explain`."""

from __future__ import annotations

import pytest

from gstrace.errors import UsageError
from gstrace.schemes import library
from gstrace.schemes.explain import explain
from gstrace.schemes.facts import Facts
from gstrace.schemes.words import EVENTS


@pytest.mark.parametrize("name", library.names())
def test_every_event_of_every_scheme_is_explained(name: str) -> None:
    told = explain(library.load(name))
    assert {line.event for line in told} == set(EVENTS)
    assert all(line.when and line.why and line.source and (line.gs or line.fs) for line in told)


def test_the_mail_s_bill_in_words() -> None:
    (switch,) = explain(library.load("mixed"), "switch")
    assert switch.gs == "4 × swapgs, rdmsr_gs, wrmsr_gs, 2 × irq_save, 2 × irq_restore"
    assert switch.fs == "rdfsbase, wrfsbase, load, store"
    assert switch.when == "always"


def test_what_depends_on_the_machine_says_so_until_the_machine_is_known() -> None:
    mixed = library.load("mixed")
    assert explain(mixed, "arrival")[0].gs == "lfence if kernel fences on"
    assert explain(mixed, "arrival", Facts(fences=True))[0].gs == "lfence"
    assert explain(mixed, "arrival", Facts(fences=False))[0].gs == "nothing"
    entry = explain(mixed, "entry")[0].gs
    assert entry == "swapgs, lfence if user fences on and by interrupt, page fault or exception"


def test_a_fact_that_is_known_leaves_the_rules_that_hold() -> None:
    legacy = library.load("linux-legacy")
    assert [line.when for line in explain(legacy, "fork")] == ["Linux 5.9 or newer", "Linux before 5.9"]
    assert [line.gs for line in explain(legacy, "fork", Facts(kernel=(4, 19)))] == ["nothing"]


def test_parameters_choose_the_rules() -> None:
    gdt = explain(library.parse("linux-legacy:small-bases=gdt"), "set")
    assert [line.when for line in gdt if "succeeds" in line.when] == [
        "the call succeeds, the base is above 4 GiB",
        "the call succeeds, the base is at most 4 GiB",
    ]


def test_a_rule_about_one_base_says_nothing_of_the_other() -> None:
    gs, fs = explain(library.parse("swapgs:write=on-change"), "switch")
    assert (gs.fs, fs.gs) == ("", "")
    assert fs.fs == "wrmsr_fs if the CPU's user base is not next's, and next is no kernel thread"


def test_an_event_that_is_none_gets_the_nearest() -> None:
    with pytest.raises(UsageError, match="no event named 'swicth'"):
        explain(library.load("mixed"), "swicth")
