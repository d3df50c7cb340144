"""Ingest of a large Perfetto trace: events per CPU second, whole process and marginal, and peak memory.

    make bench ARGS='tests/bench/bench_perfetto.py -o python_files=bench_*.py'

The files are the sample recording over and over, each time later: made here, since no recorder is at hand.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bench.bench_ingest import GSTRACE, TIMES, events_in, several

from gstrace.importers.perfetto.messages import classes

SAMPLE = Path(__file__).resolve().parents[2] / "sample-traces" / "perfetto" / "trace.pftrace"
GETPRIORITY = 140
LIVES = {"task_newtask", "task_rename", "sched_process_fork", "sched_process_exec", "sched_process_exit"}
ROUNDS = {"small": 20, "big": 4000}


def packets(data: bytes) -> Iterator[Any]:
    for packet in classes().Trace.FromString(data).packet:
        if packet.HasField("compressed_packets"):
            yield from packets(zlib.decompress(packet.compressed_packets))
        else:
            yield packet


def write(path: Path, rounds: int) -> None:
    """The sample's packets but its bundles, and those so many times: as of a steady load, without markers and forks."""
    found = list(packets(SAMPLE.read_bytes()))
    bundles = [packet for packet in found if packet.HasField("ftrace_events")]
    for bundle in (packet.ftrace_events for packet in bundles):
        steady = [event for event in bundle.event if event.WhichOneof("event") not in LIVES]
        del bundle.event[:]
        bundle.event.extend(event for event in steady if GETPRIORITY not in (event.sys_enter.id, event.sys_exit.id))
    stamps = [event.timestamp for packet in bundles for event in packet.ftrace_events.event]
    span = max(stamps) - min(stamps) + 1_000_000
    with path.open("wb") as file:
        for packet in found:
            if packet not in bundles:
                file.write(classes().Trace(packet=[packet]).SerializeToString())
        for _ in range(rounds):
            file.writelines(classes().Trace(packet=[packet]).SerializeToString() for packet in bundles)
            for packet in bundles:
                later(packet.ftrace_events, span)


def later(bundle: Any, span: int) -> None:
    if bundle.previous_bundle_end_timestamp:
        bundle.previous_bundle_end_timestamp += span
    for event in bundle.event:
        event.timestamp += span
    compact = bundle.compact_sched
    for stamps in (compact.switch_timestamp, compact.waking_timestamp):
        if stamps:
            stamps[0] += span


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bench")
    found = {name: folder / f"{name}.pftrace" for name in ROUNDS}
    for name, rounds in ROUNDS.items():
        write(found[name], rounds)
    return found


def test_ingest(files: dict[str, Path], tmp_path: Path) -> None:
    cost, rows = {}, {}
    for name, file in files.items():
        place = tmp_path / f"{name}.gst"
        (cost[name],) = several([GSTRACE, "ingest", file, "-o", place, "--force"])
        rows[name] = events_in(place)
    big, small = cost["big"], cost["small"]
    whole = rows["big"] / big.cpu / 1e6
    marginal = (rows["big"] - rows["small"]) / (big.cpu - small.cpu) / 1e6
    size = files["big"].stat().st_size / 1e6
    print(f"\n{rows['big']:,} events, {size:.0f} MB, median of {TIMES}")
    print(f"ingest Perfetto  {big.cpu:6.2f} CPU s  {whole:6.2f} M/s  marginal {marginal:6.2f}  {big.peak:6.0f} MiB")
