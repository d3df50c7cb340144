"""A recording and the text that trace-cmd prints of it tell the same, event by event, as exactly as a text can."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from importers.tracedat.build import ENTER, EXIT, SWITCH, File, Pages, discarded, event, extend, page, stamp
from importers.tracedat.helping import ROW, SHARED, events, rows

from gstrace.events.tables import NULL, Kind, Task
from gstrace.importers.ftracetext.reader import FtraceText

FOLDERS = sorted((SHARED / "traces" / "truth").glob("tracecmd-*"))
A, TS = ROW.index("a"), ROW.index("ts")


def of_text(path: Path):
    with path.open("rb") as file:
        reader = FtraceText(file, "x")
        found = []
        for batch in reader.batches():
            found += zip(*(getattr(batch, name).tolist() for name in ROW), strict=True)
    text = ROW.index("text")
    named = [(*r[:text], reader.texts[r[text]] if r[text] >= 0 else None, *r[text + 1 :]) for r in found]
    # Threads met first are no events.
    return [row for row in events(named) if not (row[0] == Kind.TASK and row[A] & 0xFF == Task.FOUND)]


def per_cpu(found):
    parts = {}
    for row in found:
        parts.setdefault(row[ROW.index("cpu")], []).append(row)
    return parts


def without_time(row):
    """What a text tells too. A switch's state is a letter there: whether the thread can run on, no more. What an
    interrupt found held is in columns of letters, which are not read.
    """
    row = list(row)
    row[TS] = 0
    if row[0] in (Kind.IRQ, Kind.NMI):
        row[ROW.index("d")] = NULL
    if row[0] == Kind.SWITCH:
        state = ROW.index("b")
        row[state] = int(row[state] & 0xFF != 0)
    return tuple(row)


@pytest.mark.skipif(not FOLDERS, reason="the recordings with true counts are not here")
@pytest.mark.slow
@pytest.mark.parametrize("folder", [pytest.param(path, id=path.name) for path in FOLDERS])
def test_every_event_is_in_the_text_and_the_other_way_round(folder):
    ours = per_cpu(events(rows((folder / "trace.dat").read_bytes())[0]))
    theirs = per_cpu(of_text(folder / "trace-cmd-report.txt"))
    assert ours.keys() == theirs.keys()
    for cpu, mine in ours.items():
        assert [without_time(row) for row in mine] == [without_time(row) for row in theirs[cpu]]
        assert all(abs(a[TS] - b[TS]) <= 1000 for a, b in zip(mine, theirs[cpu], strict=True))
    print(f"{folder.name}: {sum(map(len, ours.values()))} events equal")


@pytest.mark.skipif(shutil.which("trace-cmd") is None, reason="trace-cmd is not installed")
@pytest.mark.slow
@pytest.mark.parametrize(("version", "packing"), [(6, "none"), (7, "none"), (7, "zstd")])
def test_trace_cmd_reads_built_files_as_they_are_meant(tmp_path, version, packing):
    first = event(ENTER.raw(7, id=39), 9)
    pages = page(100, first, extend(1 << 30), first, discarded(8, 3), first) + page(1 << 40, first, lost=96)
    more = Pages({0: page(50, stamp(1 << 31), event(EXIT.raw(5, id=1)))})
    events_ = (ENTER, EXIT, SWITCH)
    options = [(8, struct.pack("<I", 2))]
    built = File({0: pages, 1: page(200, first, lost=True)}, events_, packing=packing, options=options)
    built.instances = {"more": more}
    (tmp_path / "trace.dat").write_bytes(built.build(version))
    told = subprocess.run(
        ["trace-cmd", "report", "-R", "-t", tmp_path / "trace.dat"], check=True, capture_output=True, text=True
    ).stdout
    lines = re.findall(r"-(\d+) +\[(\d+)\] +(\d+)\.(\d{9}): +(\w+):", told)
    if packing != "none" and not lines:
        pytest.skip(f"this trace-cmd has no {packing}")
    ours, _ = rows(built.build(version))
    names = {Kind.SYS_ENTER: "sys_enter", Kind.SYS_EXIT: "sys_exit"}
    theirs = [(int(s) * 10**9 + int(ns), int(cpu), int(tid), name) for tid, cpu, s, ns, name in lines]
    assert sorted((r[TS], r[ROW.index("cpu")], r[ROW.index("tid")], names[r[0]]) for r in events(ours)) == sorted(
        theirs
    )
    assert re.findall(r"CPU:(\d) \[(\d*) ?EVENTS DROPPED\]", told) == [("1", ""), ("0", "96")]
