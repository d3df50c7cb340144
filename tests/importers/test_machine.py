"""Threads from the machine folder: rows before the recording's own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from gstrace import api
from gstrace.events.tables import NULL, Task
from gstrace.importers.machine import threads

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "sample-traces" / "tracecmd"


def write(folder: Path, text: str) -> Path:
    (folder / "threads").write_text(text)
    return folder


def test_each_line_is_a_row_and_what_is_none_is_counted(tmp_path: Path) -> None:
    texts = ["there"]
    batch, unread = threads(
        write(tmp_path, "2 2 1 kthreadd\n77 70 0 my prog\n78 70 0 \n9 9 2 x\n0 0 1 idle\nno\n"), texts
    )
    assert batch is not None
    assert unread == 3
    assert texts == ["there", "kthreadd", "my prog"]
    rows = zip(
        batch.a.tolist(), batch.b.tolist(), batch.c.tolist(), batch.text.tolist(), batch.ts.tolist(), strict=True
    )
    assert list(rows) == [
        (int(Task.FOUND) | 2 << 8, 2, 1, 1, 0),
        (int(Task.FOUND) | 70 << 8, 77, 0, 2, 0),
        (int(Task.FOUND) | 70 << 8, 78, 0, -1, 0),
    ]
    assert set(batch.d.tolist()) == {NULL}


def test_without_a_folder_or_file_there_are_none(tmp_path: Path) -> None:
    assert threads(None, []) == (None, 0)
    assert threads(tmp_path, []) == (None, 0)
    assert threads(write(tmp_path, "\n\n"), []) == (None, 0)


@given(st.binary(max_size=200))
def test_any_file_is_read(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("machine")
    (folder / "threads").write_bytes(data)
    batch, unread = threads(folder, [])
    assert (batch.size if batch else 0) + unread == len([line for line in data.split(b"\n") if line])


def test_the_folders_word_outranks_names_and_marks_of_a_recording(tmp_path: Path) -> None:
    trace = tmp_path / "trace.dat"
    shutil.copy(SAMPLE / "trace.dat", trace)
    named = api.open(trace).threads.filter(comm="rcu_preempt")
    assert named["kernel"].to_list() == [True]
    tid = named["tid"][0]
    (tmp_path / "trace.dat.machine").mkdir()
    write(tmp_path / "trace.dat.machine", f"{tid} {tid} 0 rcu_preempt\n4000 4000 1 mine\n")
    told = api.open(trace).threads
    assert told.filter(tid=tid)["kernel"].to_list() == [False]
    assert told.filter(tid=4000)["kernel"].to_list() == [True]
