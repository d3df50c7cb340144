"""Draws: exactly triangular, shared by everybody, together where they are one thing in the hardware."""

import re
from pathlib import Path

import numpy as np
import pytest

from gstrace.uarchs import load, prices
from gstrace.uarchs.prices import draw, missing, quality, ranges, triangular, typical
from gstrace.uarchs.uarch import PRICED, Cycles

SKYLAKE, GRANITE, ZEN4, PANTHER = (load.load(n) for n in ("skylake", "graniterapids", "zen4", "pantherlake"))


def distribution(x, low, mode, high):
    """The textbook's triangular distribution function."""
    if x <= low:
        return 0.0
    if x <= mode:
        return (x - low) ** 2 / (high - low) / (mode - low)
    if x < high:
        return 1 - (high - x) ** 2 / (high - low) / (high - mode)
    return 1.0


@pytest.mark.parametrize("cycles", [(6, 20, 50), (0, 4, 25), (5, 5, 9), (1, 9, 9), (2, 2, 2)])
def test_the_inverse_undoes_the_distribution(cycles):
    u = np.linspace(0, 1, 101)
    x = triangular(u, Cycles(*cycles))
    assert x[0] == cycles[0]
    assert x[-1] == cycles[2]
    if cycles[0] < cycles[2]:
        assert [distribution(v, *cycles) for v in x] == pytest.approx(u, abs=1e-9)


@pytest.mark.parametrize("independent", [False, True])
@pytest.mark.parametrize("op", ["swapgs", "wrgsbase", "wrmsr_kernel_gs_base", "lsl", "irq_restore"])
def test_the_draws_of_a_price_are_triangular(op, independent):
    low, mode, high = SKYLAKE.prices[op].cycles
    drawn = np.sort(draw(SKYLAKE, [op], 20_000, independent=independent)[:, 0])
    reached = np.array([distribution(x, low, mode, high) for x in drawn])
    # Kolmogorov–Smirnov: above 0.0138 once in a thousand seeds.
    assert np.abs(reached - (np.arange(20_000) + 0.5) / 20_000).max() < 0.0138
    assert drawn.mean() == pytest.approx((low + mode + high) / 3, rel=0.01)


def test_draws_depend_on_the_name_and_the_seed_alone():
    all_of_them = draw(PANTHER, PRICED, 500)
    for column, op in enumerate(PRICED):
        assert np.array_equal(draw(PANTHER, [op], 500)[:, 0], all_of_them[:, column])
    assert np.array_equal(draw(PANTHER, PRICED[::-1], 500)[:, ::-1], all_of_them)
    assert np.array_equal(draw(PANTHER, PRICED, 100), all_of_them[:100])
    assert not np.array_equal(draw(PANTHER, ["lsl"], 500, seed=1), draw(PANTHER, ["lsl"], 500, seed=2))


def test_draws_are_the_same_in_every_run():
    assert draw(SKYLAKE, ["swapgs", "lsl"], 2) == pytest.approx(
        np.array([[24.37034261, 23.04918169], [21.96173913, 28.2092386]])
    )


def test_asking_twice_for_one_thing_gives_one_thing():
    twice = draw(ZEN4, ["swapgs", "swapgs"])
    assert twice.shape == (10_000, 2)
    assert np.array_equal(twice[:, 0], twice[:, 1])


def rank_correlation(uarch, a, b, **how):
    ranks = draw(uarch, [a, b], 20_000, **how).argsort(axis=0).argsort(axis=0)
    return np.corrcoef(ranks.T)[0, 1]


@pytest.mark.parametrize(
    ("a", "b"), [("swapgs", "wrgsbase"), ("rdmsr_gs_base", "wrmsr_gs_base"), ("wrmsr_fs_base", "wrmsr_kernel_gs_base")]
)
def test_one_mechanism_is_cheap_or_dear_as_one(a, b):
    assert rank_correlation(SKYLAKE, a, b) == pytest.approx(0.9, abs=0.01)
    assert rank_correlation(SKYLAKE, a, b, independent=True) == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize(("a", "b"), [("swapgs", "wrmsr_gs_base"), ("wrgsbase", "wrfsbase"), ("lsl", "lfence")])
def test_the_rest_is_independent(a, b):
    assert rank_correlation(SKYLAKE, a, b) == pytest.approx(0, abs=0.03)


def test_groups_share_nothing():
    grouped = [op for ops in prices.GROUPS.values() for op in ops]
    assert len(grouped) == len(set(grouped))
    assert set(grouped) <= set(PRICED)


def test_saving_the_interrupt_flag_costs_what_its_parts_cost():
    whole, push, cli = draw(SKYLAKE, ["irq_save", "pushf_pop", "cli"]).T
    assert np.array_equal(whole, push + cli)


def test_what_a_cpu_lacks_has_no_price():
    ops = ["swapgs", "lkgs", "rdpid"]
    assert np.isnan(draw(SKYLAKE, ops, 5)).all(axis=0).tolist() == [False, True, True]
    assert missing(SKYLAKE, ops) == {
        "lkgs": "LKGS not enumerated on this microarchitecture",
        "rdpid": "RDPID not enumerated before Ice Lake; the lookup uses lsl",
    }
    assert missing(PANTHER, ops) == {}
    assert typical(SKYLAKE, ops)[0] == 15
    assert np.isnan(typical(SKYLAKE, ops)[1:]).all()


def test_what_a_file_leaves_out_has_no_price(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('id = "mine"\nname = "m"\nvendor = "m"\ndescription = "d"\n')
    assert missing(load.load(path), ["swapgs"]) == {"swapgs": "mine states no price"}
    assert np.isnan(draw(load.load(path), ["swapgs"], 3)).all()
    assert quality(load.load(path), ["swapgs"]) is None


def test_ranges_are_the_files():
    assert ranges(GRANITE, ["swapgs", "wrgsbase", "irq_save"]).T.tolist() == [
        [1, 16, 25],
        [0.4, 20, 24],
        list(GRANITE.prices["irq_save"].cycles),
    ]
    assert ranges(GRANITE, []).shape == (3, 0)


def test_a_result_is_as_good_as_its_worst_price():
    assert quality(ZEN4, ["wrgsbase", "lsl"]) == "measured"
    assert quality(ZEN4, ["wrgsbase", "swapgs"]) == "derived"
    assert quality(ZEN4, ["wrgsbase", "wrmsr_gs_base"]) == "estimate"
    assert quality(ZEN4, ["irq_save"]) == "estimate"  # of its cli
    assert quality(ZEN4, ["wrgsbase", "lkgs"]) == "measured"  # no price, no doubt about it
    assert quality(ZEN4, []) is None


def test_a_name_that_is_no_operation():
    with pytest.raises(KeyError):
        draw(ZEN4, ["wrmsr"])


CODED = {"swapgs": 4, "rdgsbase": 1, "wrgsbase": 1, "irq_save": 2, "irq_restore": 2}
LINUX = {"swapgs": 4, "rdgsbase": 1, "wrgsbase": 1}
WRITE = {"wrmsr_kernel_gs_base": 1}
ENTRY = {"rdgsbase": 1, "wrgsbase": 2, "lsl": 1, "l1_load": 2, "l1_store": 1}
SWAPS = {"swapgs": 2}


def documented():
    """The rows of docs/costs.md section 6: name, then numbers."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "costs.md").read_text(encoding="utf-8")
    section = text.split("\n## 6.")[1].split("\n## ")[0]
    rows = [[re.findall(r"[\d.]+", cell) for cell in line.split("|")[2:-1]] for line in section.splitlines()]
    names = [line.split("|")[1].strip() for line in section.splitlines() if line.count("|") > 2]
    return [
        pytest.param(name, *([float(number) for number in cell] for cell in row), id=name)
        for name, row in zip(names, (r for r in rows if r), strict=True)
        if name in load.names()
    ]


def sums(uarch, bill):
    return ranges(uarch, list(bill)) @ np.array(list(bill.values()))


def per_cent_dearer(uarch, bill, other):
    drawn = draw(uarch, [*bill, *other], 40_000, independent=True)
    return [100 * np.mean(drawn @ np.array([*bill.values(), *(-n for n in other.values())]) > 0)]


@pytest.mark.parametrize(("name", "coded", "write", "p_coded", "p_linux", "entry", "swaps", "p_entry"), documented())
def test_the_documented_bills(name, coded, write, p_coded, p_linux, entry, swaps, p_entry):
    uarch = load.load(name)
    for bill, expected in ((CODED, coded), (WRITE, write), (ENTRY, entry), (SWAPS, swaps)):
        assert sums(uarch, bill) == pytest.approx(expected, abs=0.75)
    for bill, other, expected in ((CODED, WRITE, p_coded), (LINUX, WRITE, p_linux), (ENTRY, SWAPS, p_entry)):
        assert per_cent_dearer(uarch, bill, other) == pytest.approx(expected, abs=1.2)


def test_the_documented_rows_are_there():
    assert len(documented()) >= 11
