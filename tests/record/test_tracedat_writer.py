"""trace.dat as it is written: what the importer and trace-cmd read of it is what was put in."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from importers.tracedat.build import ENTER, EVENTS, EXIT, PRINT, event, extend, header_page, page
from importers.tracedat.helping import CPU, ROW, TS, by_cpu, events, rows
from importers.tracedat.test_laws import cpus, readable

from gstrace.events.tables import Kind
from gstrace.record.tracedat import TRACECLOCK, VERSION, Head, write

OPTIONS = [(TRACECLOCK, b"local [mono]\0"), (VERSION, b"gstrace 9.9\0")]


def head(size=4096, **values):
    formats: dict[str, list[bytes]] = {}
    for one in EVENTS:
        formats.setdefault(one.name.partition(":")[0], []).append(one.format().encode())
    values = {"own": [PRINT.format().encode()], "formats": formats, "clock": b"local [mono]", **values}
    return Head(size, header_page(size), b"x", options=OPTIONS, **values)


def written(pages: dict[int, bytes], head: Head) -> bytes:
    """The file of these pages; CPUs between have none."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as opened:
        parts = []
        for cpu in range(max(pages) + 1):
            place = Path(folder) / str(cpu)
            place.write_bytes(pages.get(cpu, b""))
            parts.append(opened.enter_context(place.open("rb")))
        whole = Path(folder) / "whole"
        with whole.open("wb") as file:
            write(file, head, parts)
        return whole.read_bytes()


@pytest.mark.slow
@given(st.sampled_from([4096, 8192]).flatmap(lambda size: cpus(shape=(8, size))))
def test_the_pages_put_in_come_out_event_by_event(file):
    theirs, _ = rows(readable(file.build(6)))
    ours, reader = rows(written(file.cpus, head(file.size)))
    assert by_cpu(ours) == by_cpu(theirs)
    assert not reader.damage


@given(st.dictionaries(st.integers(0, 9), st.integers(0, 300), min_size=1), st.binary(max_size=4096))
def test_every_page_lies_where_a_page_may_begin(counts, names):
    pages = {cpu: page(cpu + 1, event(ENTER.raw(cpu))) * n for cpu, n in counts.items()}
    data = written(pages, head(names=names))
    at = data.index(b"flyrecord\0") + 10
    for cpu in range(max(pages) + 1):
        place, size = struct.unpack_from("<QQ", data, at + 16 * cpu)
        assert place % 4096 == 0
        assert data[place : place + size] == pages.get(cpu, b"")
    assert len(data) < sum(map(len, pages.values())) + at + 4096 + 4096


def test_names_clock_cpus_and_recorder_come_out():
    found, reader = rows(written({2: page(1, event(ENTER.raw(7)))}, head(names=b"7 my program\n")))
    facts = {name: fact.value for name, fact in reader.capture}
    assert (facts["clock"], facts["cpus"], facts["recorder"]) == ("mono", 3, "gstrace 9.9")
    assert [(row[ROW.index("b")], row[ROW.index("text")]) for row in found if row[0] == Kind.TASK] == [
        (7, "my program")
    ]
    assert [row[CPU] for row in events(found)] == [2]


@pytest.mark.skipif(shutil.which("trace-cmd") is None, reason="trace-cmd is not installed")
@pytest.mark.slow
def test_trace_cmd_reads_it_as_it_is_meant(tmp_path):
    first, left = event(ENTER.raw(7, id=39), 9), event(EXIT.raw(7, id=39), 5)
    pages = {0: page(100, first, extend(1 << 30), left) + page(1 << 40, first, lost=96), 3: page(200, left)}
    place = tmp_path / "trace.dat"
    place.write_bytes(written(pages, head()))
    told = subprocess.run(["trace-cmd", "report", "-R", "-t", place], check=True, capture_output=True, text=True).stdout
    lines = re.findall(r"-(\d+) +\[(\d+)\] +(\d+)\.(\d{9}): +(\w+):", told)
    theirs = [(int(s) * 10**9 + int(ns), int(cpu), int(tid), name) for tid, cpu, s, ns, name in lines]
    names = {Kind.SYS_ENTER: "sys_enter", Kind.SYS_EXIT: "sys_exit"}
    ours, _ = rows(place.read_bytes())
    assert sorted((r[TS], r[CPU], r[ROW.index("tid")], names[r[0]]) for r in events(ours)) == sorted(theirs)
    assert len(theirs) == 4
    assert re.findall(r"CPU:(\d) \[(\d*) ?EVENTS DROPPED\]", told) == [("0", "96")]
