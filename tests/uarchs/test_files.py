"""Every microarchitecture's file: complete, ordered, with sources; and what a file of one's own is told."""

import re
from collections import Counter
from pathlib import Path

import pytest

from gstrace.errors import UsageError
from gstrace.schemes.operations import OPERATIONS
from gstrace.uarchs import load
from gstrace.uarchs.uarch import CPU_FACTS, KINDS, PRICED, QUALITIES

UARCHS = [
    *("haswell", "broadwell", "skylake", "skylake_server", "cascadelake", "icelake", "icelake_server", "goldencove"),
    *("sapphirerapids", "graniterapids", "pantherlake", "diamondrapids"),
    *("zen1", "zen2", "zen3", "zen4", "zen5", "generic"),
]

PRICE = """
[price.swapgs]
cycles = { low = 6, typical = 20, high = 50 }
kind = "latency"
quality = "estimate"
source = "none"
"""
HEAD = 'id = "mine"\nname = "My CPU"\nvendor = "me"\ndescription = "a bench"\n'


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "mine.toml"
        path.write_text(text)
        return load.load(path)

    return read


def test_the_microarchitectures_are_these():
    assert sorted(load.names()) == sorted(UARCHS)
    assert load.names()[-1] == "generic"


@pytest.mark.parametrize("name", UARCHS)
def test_a_file_prices_every_operation_of_every_scheme(name):
    uarch = load.load(name)
    assert uarch.id == name
    assert tuple(uarch.prices) == PRICED
    assert {operation.price for operation in OPERATIONS} <= set(uarch.prices)


@pytest.mark.parametrize("name", UARCHS)
def test_each_price_is_a_range_with_a_kind_a_quality_and_a_source(name):
    for op, price in load.load(name).prices.items():
        assert price.quality in QUALITIES, op
        assert price.source, op
        if price.cycles is None:
            assert (price.kind, price.quality) == ("unsupported", "recalled"), op
            assert price.note, op
        else:
            assert price.kind in KINDS, op
            assert 0 <= price.cycles.low <= price.cycles.typical <= price.cycles.high, op


@pytest.mark.parametrize("name", UARCHS)
def test_saving_the_interrupt_flag_is_made_of_its_parts(name):
    prices = load.load(name).prices
    assert prices["irq_save"].parts == ("pushf_pop", "cli")
    assert not prices["irq_restore"].parts


@pytest.mark.parametrize("name", UARCHS)
def test_a_cpu_brings_all_its_facts_and_generic_none(name):
    uarch = load.load(name)
    assert set(uarch.facts) == (set() if name == "generic" else set(CPU_FACTS))
    if uarch.facts:
        assert uarch.facts["rdpid"].value == (uarch.prices["rdpid"].cycles is not None)
        assert uarch.facts["lkgs"].value == (uarch.prices["lkgs"].cycles is not None)
        assert uarch.facts["fred"].value == uarch.facts["lkgs"].value


def test_generic_reaches_from_the_lowest_to_the_highest_of_all():
    others = [load.load(name) for name in UARCHS if name != "generic"]
    for op, price in load.load("generic").prices.items():
        cycles = [found for other in others if (found := other.prices[op].cycles)]
        assert price.cycles.low == min(c.low for c in cycles), op
        assert price.cycles.high == max(c.high for c in cycles), op


def test_the_documented_qualities():
    text = (Path(__file__).resolve().parents[2] / "docs" / "costs.md").read_text(encoding="utf-8")
    prices = [price for name in UARCHS for price in load.load(name).prices.values()]
    counted = Counter(price.quality for price in prices if price.cycles is not None)
    stated = re.findall(r"^\| `(\w+)` \| .* \| (\d+) \|$", text, flags=re.MULTILINE)
    assert {quality: int(number) for quality, number in stated} == counted
    assert f"Of the {counted.total()} prices outside the {len(prices) - counted.total()} combinations" in text


def test_a_file_may_price_what_it_knows(read):
    uarch = read(HEAD + PRICE)
    assert uarch.prices["swapgs"].cycles == (6, 20, 50)
    assert list(uarch.prices) == ["swapgs"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("id = ", "not a TOML file"),
        (PRICE, "id must be a text"),
        (HEAD + "prices = 1\n", "no entry named 'prices'"),
        (HEAD + PRICE.replace("swapgs", "swapg"), "no operation named 'swapg'"),
        (HEAD + PRICE.replace("low = 6", "low = 60"), "0 ≤ low ≤ typical ≤ high"),
        (HEAD + PRICE.replace("low = 6", 'low = "6"'), "cycles.low: a number of cycles was expected"),
        (HEAD + PRICE.replace("low = 6,", ""), "cycles.low: a number of cycles was expected"),
        (HEAD + PRICE.replace("low = 6", "low = nan"), "cycles.low: a number of cycles was expected"),
        (HEAD + PRICE.replace('"estimate"', '"guess"'), "no quality named 'guess'"),
        (HEAD + PRICE.replace('"latency"', '"delay"'), "no kind named 'delay'"),
        (HEAD + PRICE.replace('"none"', '""'), "source must be a text"),
        (HEAD + PRICE + "unsupported = true\n", "an unsupported operation has a note"),
        (HEAD + PRICE + 'parts = ["cli"]\n', "its part 'cli' is not a plain operation"),
        (HEAD + "[facts]\nsmap = true\n", "[facts] smap: a table was expected"),
        (HEAD + '[facts]\nsnap = { value = true, source = "x" }\n', "no CPU fact named 'snap'"),
        (HEAD + '[match]\ncpuid = [{ vendor = "x", family = 6, model = [9, 1] }]\n', "model must be a number, or"),
        (HEAD + '[match]\ncpuid = [{ vendor = "x", model = 1 }]\n', "family must be a number"),
        (HEAD + "price = 3\n", "[price]: a table was expected"),
    ],
)
def test_a_file_that_does_not_hold_is_told_where(read, text, complaint):
    with pytest.raises(UsageError, match=r"mine\.toml: ") as error:
        read(text)
    assert complaint in error.value.what


def test_a_sum_that_is_none_is_refused(read):
    parts = PRICE + PRICE.replace("swapgs", "cli") + PRICE.replace("swapgs", "irq_save") + 'parts = ["swapgs", "cli"]\n'
    with pytest.raises(UsageError, match=r"irq_save\]: cycles are not the sum of its parts, \(12"):
        read(HEAD + parts)
    both = "{ low = 12, typical = 40, high = 100 }"
    whole = parts[::-1].replace("{ low = 6, typical = 20, high = 50 }"[::-1], both[::-1], 1)[::-1]
    assert read(HEAD + whole).prices["irq_save"].cycles == (12, 40, 100)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        load.load(tmp_path / "none.toml")
