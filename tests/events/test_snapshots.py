"""The kernel's counts of two moments become differences, or unknown with a reason; nothing in such a file does harm."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gstrace.events.snapshots import DEVICES, NOTHING, ROWS, SIDES, Count, Snapshots, read

SAMPLES = Path(__file__).resolve().parents[2] / "sample-traces"

MODERN = """\
           CPU0       CPU1
  0:         {a}          0  IR-IO-APIC    2-edge      timer
 36:          0         {b}  PCI-MSIX-0000:00:02.0   1-edge      virtio1-req.0
NMI:          1          2   Non-maskable interrupts
LOC:        {c}        {d}   Local timer interrupts
ERR:          {e}
HYP:          5          7   Hypervisor callback interrupts
"""
ANCIENT = """\
           CPU0       CPU1
 16:        100        200   IO-APIC-fasteoi   uhci_hcd:usb1, eth0
LOC:       1000       2000
"""


def machine(folder: Path, name: str, before: str, after: str) -> Path:
    for side, text in zip(SIDES, (before, after), strict=True):
        (folder / f"{name}.{side}").write_text(text, encoding="utf-8")
    return folder


def modern(**numbers: int) -> str:
    return MODERN.format(**{"a": 9, "b": 1000, "c": 50, "d": 60, "e": 0, **numbers})


def values(folder: Path) -> dict[str, int | None]:
    return {name: count.value for name, count in read(folder).counts.items()}


def why(folder: Path, name: str) -> str:
    count = read(folder).counts[name]
    assert count.value is None
    return count.why


def test_interrupts_are_summed_over_cpus_and_devices_over_lines(tmp_path: Path) -> None:
    machine(tmp_path, "interrupts", modern(), modern(a=12, b=1100, c=55, d=67, e=3))
    assert values(tmp_path) == {"NMI": 0, "LOC": 12, "ERR": 3, "HYP": 0, DEVICES: 103}
    assert read(tmp_path).counts["LOC"].source == f"{tmp_path.name}/interrupts"


def test_an_old_kernel_has_fewer_rows_and_no_words(tmp_path: Path) -> None:
    machine(tmp_path, "interrupts", ANCIENT, ANCIENT.replace("200 ", "205 ").replace("1000", "1001"))
    assert values(tmp_path) == {"LOC": 1, DEVICES: 5}


def test_stat_and_vmstat_have_one_number_a_row(tmp_path: Path) -> None:
    stat = "cpu  86 0 261\nintr 1005 132 9\nctxt {}\nbtime 179\nprocesses {}\n"
    machine(tmp_path, "stat", stat.format(1480, 10), stat.format(2449, 18))
    machine(tmp_path, "vmstat", "nr_free_pages 9\npgfault 3199\n", "nr_free_pages 4\npgfault 4777\n")
    assert values(tmp_path) == {"ctxt": 969, "processes": 8, "pgfault": 1578}


def test_a_line_that_came_in_between_counted_nothing_before(tmp_path: Path) -> None:
    machine(tmp_path, "interrupts", modern(), modern() + " 44:   3   4  PCI-MSIX  0-edge  nvme0q1\n")
    assert values(tmp_path)[DEVICES] == 7


@pytest.mark.parametrize(
    ("before", "after", "name", "reason"),
    [
        (modern(c=50), modern(c=49), "LOC", "it went backwards"),
        (modern(b=1000), modern(b=999), DEVICES, "interrupt 36: it went backwards"),
        (modern() + " 44:  0  0  PCI-MSIX  nvme\n", modern(), DEVICES, "interrupt 44 is in the first snapshot only"),
        (modern(), modern().replace("CPU1", "CPU2"), "NMI", "CPU1 is in one of the snapshots only"),
        (modern(), modern().replace("50        60", "50"), "LOC", "the two snapshots have different columns"),
        (modern(c=0), modern(c=10**19), "LOC", "no machine counts that far"),
    ],
)
def test_what_cannot_be_subtracted_is_unknown_and_says_why(
    tmp_path: Path, before: str, after: str, name: str, reason: str
) -> None:
    machine(tmp_path, "interrupts", before, after)
    assert why(tmp_path, name) == reason


def test_one_snapshot_alone_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "interrupts.before").write_text(modern())
    (tmp_path / "stat.after").write_text("ctxt 5\n")
    (tmp_path / "vmstat.before").mkdir()
    assert read(tmp_path) == NOTHING
    assert read(tmp_path / "nowhere") == NOTHING


def test_times_and_counters_stand_in_files_of_their_own(tmp_path: Path) -> None:
    machine(tmp_path, "clock", "monotonic 100\n", "monotonic 250\nrealtime 9\n")
    (tmp_path / "counters").write_text("cpl_cycles.ring0_trans 4711\ncycles 5\n")
    found = read(tmp_path)
    assert found.stretch == (100, 250)
    assert found.counts == {"cpl_cycles.ring0_trans": Count(4711, f"{tmp_path.name}/counters")}
    machine(tmp_path, "clock", "monotonic 300\n", "monotonic 250\n")
    assert read(tmp_path).stretch is None


def test_the_recorder_may_say_that_it_recorded_the_whole_machine(tmp_path: Path) -> None:
    said = {}
    for text in ("all\n", "some\n", "no idea\n"):
        (tmp_path / "scope").write_text(text)
        said[text.strip()] = read(tmp_path).whole
    assert said == {"all": True, "some": False, "no idea": None}


def test_a_file_longer_than_any_kernels_is_not_read(tmp_path: Path) -> None:
    machine(tmp_path, "stat", "ctxt 1\n", "ctxt 2\n" + "x" * (1 << 24))
    assert read(tmp_path) == NOTHING


def test_each_sample_has_snapshots_of_all_three_files() -> None:
    folders = sorted(SAMPLES.glob("*/machine"))
    assert folders
    for folder in folders:
        assert {"ctxt", "processes", "LOC", DEVICES, "pgfault"} <= read(folder).counts.keys()


_WORDS = st.sampled_from(
    ["CPU0", "CPU1", "LOC:", "36:", "ctxt", "pgfault", "monotonic", "\n", " ", "-1", "7", "9" * 25]
)
_TEXTS = st.one_of(st.text(max_size=80), st.lists(_WORDS, max_size=40).map(" ".join), st.just(modern()))


@given(texts=st.fixed_dictionaries({f"{name}.{side}": _TEXTS for name in (*ROWS, "clock") for side in SIDES}))
def test_whatever_the_files_hold_there_are_numbers_or_reasons(
    tmp_path_factory: pytest.TempPathFactory, texts: dict[str, str]
) -> None:
    folder = tmp_path_factory.mktemp("machine")
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", errors="surrogatepass")
    found = read(folder)
    wanted = {row for rows in ROWS.values() for row in rows}
    assert found.counts.keys() <= wanted
    for count in found.counts.values():
        assert (count.value is None) == bool(count.why)
        assert count.value is None or 0 <= count.value < 1 << 53
    assert Snapshots.from_json(found.to_json()) == found


@given(
    before=st.lists(st.integers(0, 10**9), min_size=2, max_size=2),
    more=st.lists(st.integers(0, 10**9), min_size=2, max_size=2),
)
def test_a_difference_is_what_came_on_each_cpu(
    tmp_path_factory: pytest.TempPathFactory, before: list[int], more: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("machine")
    after = [b + m for b, m in zip(before, more, strict=True)]
    machine(folder, "interrupts", modern(c=before[0], d=before[1]), modern(c=after[0], d=after[1]))
    assert values(folder)["LOC"] == sum(more)
