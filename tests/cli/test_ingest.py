"""`gstrace ingest`: where a recording goes, and that a failure leaves nothing new."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from importers.perfdata.build import USUAL, Event, File, sample

from gstrace import api

if TYPE_CHECKING:
    from conftest import Type

ENTER = Event("raw_syscalls:sys_enter")


def recording(number: int) -> bytes:
    """A small perf.data with so many system calls."""
    calls = (sample(ENTER, ENTER.raw(id=1), ts=50 * (i + 1)) for i in range(number))
    return File([ENTER], b"".join(calls)).build()


def without_events() -> bytes:
    cycles = Event("cycles", config=0, type=0, sample_type=USUAL & ~1024)
    return File([cycles], b"").build()


def rows(place: Path) -> int:
    manifest = json.loads((place / "manifest.json").read_text())
    return int(manifest["rows"]["sys_enter"])


def test_it_goes_beside_its_recording(gstrace: Type, here: Path) -> None:
    (here / "a").mkdir()
    (here / "a" / "perf.data").write_bytes(recording(3))
    assert gstrace("ingest", "a/perf.data") == (0, "", "gstrace: a/perf.data → a/perf.gst: 3 events\n")
    assert rows(here / "a" / "perf.gst") == 3
    assert gstrace("ingest", "a/perf.data", "--quiet") == (0, "", "")
    assert "gstrace: sys_enter: 3 rows\n" in gstrace("ingest", "a/perf.data", "--verbose").err


def test_another_input_is_not_written_over(gstrace: Type, here: Path) -> None:
    (here / "perf.data").write_bytes(recording(3))
    gstrace("ingest", "perf.data")
    (here / "perf.data").write_bytes(recording(4))
    ended = gstrace("ingest", "perf.data")
    assert (ended.status, ended.out) == (5, "")
    assert (
        ended.err
        == "gstrace: perf.gst exists and is of another input\nhint: --force replaces it, -o writes elsewhere\n"
    )
    assert rows(here / "perf.gst") == 3
    assert gstrace("ingest", "perf.data", "--force").status == 0
    assert rows(here / "perf.gst") == 4


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_several_go_to_a_folder(gstrace: Type, here: Path, jobs: int) -> None:
    for number in (1, 2, 3):
        (here / f"{number}.data").write_bytes(recording(number))
    ended = gstrace("ingest", "1.data", "2.data", "3.data", "-o", "out", "--jobs", jobs)
    assert (ended.status, ended.out) == (0, "")
    assert ended.err == "".join(f"gstrace: {n}.data → out/{n}.gst: {n} events\n" for n in (1, 2, 3))
    assert sorted(p.name for p in (here / "out").iterdir()) == ["1.gst", "2.gst", "3.gst"]
    assert [rows(here / "out" / f"{n}.gst") for n in (1, 2, 3)] == [1, 2, 3]


def test_of_several_one_that_fails_leaves_none(gstrace: Type, here: Path) -> None:
    (here / "1.data").write_bytes(recording(1))
    (here / "2.data").write_bytes(without_events())
    before = sorted(here.iterdir())
    ended = gstrace("ingest", "1.data", "2.data", "-o", "out")
    assert (ended.status, ended.out) == (3, "")
    assert "kept: none of the 2 recordings was ingested\n" in ended.err
    assert sorted(here.iterdir()) == before


def test_what_cannot_be_priced_says_what_is_missing_and_how_to_record_it(gstrace: Type, here: Path) -> None:
    (here / "perf.data").write_bytes(without_events())
    for command in ("ingest", "what-if"):
        ended = gstrace(command, "perf.data")
        assert (ended.status, ended.out) == (3, "")
        assert ended.err.startswith("gstrace: perf.data records hardware 0; needed are system calls and switches\n")
        assert (
            "hint: record with: gstrace record -a -o perf.data -- CMD; or: perf record -a -e raw_syscalls:sys_enter,"
            in ended.err
        )
    assert [p.name for p in here.iterdir()] == ["perf.data"]


def test_a_folder_that_takes_nothing(gstrace: Type, here: Path) -> None:
    (here / "perf.data").write_bytes(recording(1))
    (here / "out").write_text("a file")
    ended = gstrace("ingest", "perf.data", "-o", "out/perf.gst")
    assert (ended.status, ended.out) == (5, "")
    assert ended.err.startswith("gstrace: out/perf.gst: cannot be written: ")


def test_the_facts_of_a_machine_folder_are_taken(gstrace: Type, here: Path) -> None:
    (here / "perf.data").write_bytes(recording(1))
    shutil.copytree(api.sample().machine, here / "perf.data.machine")
    gstrace("ingest", "perf.data")
    assert api.open(here / "perf.gst").capture.text("cpu_vendor") == "AuthenticAMD"
