"""Directories of `perf record --threads`: one recording in several files, each with its own compression."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from backports import zstd
from importers.perfdata.bigendian import turned
from importers.perfdata.build import Event, File, comm, record, sample
from importers.perfdata.helping import rows

from gstrace import api
from gstrace.errors import UnreadableInput
from gstrace.events.tables import Kind
from gstrace.importers.perfdata import parts
from gstrace.importers.registry import open_reader
from gstrace.importers.source import Source
from gstrace.importers.stream import Stream

ENTER = Event("raw_syscalls:sys_enter")
SAMPLES = [sample(ENTER, ENTER.raw(id=i), ts=100 + i, cpu=i % 3) for i in range(30)]
ROUND = record(68, b"")
HEAD = File([ENTER], comm(ENTER, 40, 40, b"sh"), features={24: bytes(8)}).build()


def written(folder: Path, *files: bytes, head: bytes = HEAD) -> Path:
    folder.mkdir()
    (folder / "data").write_bytes(head)
    for number, content in enumerate(files):
        (folder / f"data.{number}").write_bytes(content)
    return folder


def numbers(folder: Path) -> list[int]:
    """The system calls of a directory, in the order of the stream."""
    with Source(folder) as source:
        stream = Stream(open_reader(source)[1])
        return [int(a) for r in stream.rows() for kind, a in zip(r.kind, r.a, strict=True) if kind == Kind.SYS_ENTER]


def by_cpu(wrap=lambda records: records) -> list[bytes]:
    return [wrap(ROUND.join(SAMPLES[cpu::3])) for cpu in range(3)]


def test_all_files_are_one_recording_in_the_order_of_time(tmp_path):
    assert numbers(written(tmp_path / "perf.data", *by_cpu())) == list(range(30))


def test_each_file_is_compressed_on_its_own(tmp_path):
    packed = by_cpu(lambda records: record(81, zstd.compress(records)))
    assert numbers(written(tmp_path / "perf.data", *packed)) == list(range(30))


def test_files_of_a_big_endian_machine(tmp_path):
    def big(records: bytes) -> bytes:
        data = File([ENTER], records, features={24: bytes(8)}).build()
        start = data.index(records)
        return turned(data)[start : start + len(records)]

    assert numbers(written(tmp_path / "perf.data", *by_cpu(big), head=turned(HEAD))) == list(range(30))


def test_files_are_taken_by_their_number_and_others_left_alone(tmp_path):
    folder = written(tmp_path / "d", *[b""] * 11)
    (folder / "data.old").write_bytes(b"")
    assert [p.name for p in parts(folder / "data")] == [f"data.{i}" for i in range(11)]


def test_size_and_digest_are_of_all_files(tmp_path):
    one, two = written(tmp_path / "a", b"12345678"), written(tmp_path / "b", b"12345679")
    with Source(one) as first, Source(two) as second:
        assert first.size == len(HEAD) + 8
        assert first.digest() != second.digest()


def test_a_cut_file_is_named(tmp_path):
    folder = written(tmp_path / "perf.data", SAMPLES[0], SAMPLES[1][:-8])
    with Source(folder) as source:
        reader = open_reader(source)[1]
        list(reader.batches())
    assert "perf.data/data.1" in reader.damage
    assert "byte 0" in reader.damage


def test_the_file_with_the_header_alone_is_refused():
    with pytest.raises(UnreadableInput, match="files beside it"):
        rows(HEAD)


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("-z",)])
def test_a_directory_recorded_here(tmp_path, options):
    if shutil.which("perf") is None:
        pytest.skip("no perf here")
    words = ["perf", "record", "-q", "--threads", *options, "-a", "-o", str(tmp_path / "x.data")]
    events = "raw_syscalls:sys_enter,raw_syscalls:sys_exit,sched:sched_switch"
    done = subprocess.run([*words, "-e", events, "--", "true"], capture_output=True, timeout=60, check=False)
    if done.returncode or not (tmp_path / "x.data" / "data").is_file():
        pytest.skip(f"perf cannot record so here: {done.stderr.decode(errors='replace').strip()[-200:]}")
    trace = api.open(tmp_path / "x.data")
    report = subprocess.run(
        ["perf", "report", "--stats", "-i", str(tmp_path / "x.data")], capture_output=True, text=True, check=True
    )
    samples = int(re.search(r"SAMPLE events:\s+(\d+)", report.stdout)[1])
    counted = sum(trace.gst.table(kind).num_rows for kind in (Kind.SYS_ENTER, Kind.SYS_EXIT, Kind.SWITCH))
    assert counted == samples
    assert trace.gst.manifest["damage"] is None
