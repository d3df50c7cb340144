"""`gstrace ingest`: recordings → `.gst` directories."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from gstrace import api
from gstrace.cli.options import MachineFolder, Quiet, Verbose
from gstrace.errors import GstraceError, UsageError
from gstrace.progress import Progress
from gstrace.units import clean

EXAMPLES = """\
  gstrace ingest perf.data                    → perf.gst beside it
  gstrace ingest perf.data -o before.gst --machine perf.data.machine
  gstrace ingest run-*.data -o traces --jobs 4
  ssh server cat perf.data | gstrace ingest - -o server.gst
"""

Job = tuple[str, Path]


def ingest(
    trace: Annotated[list[str], typer.Argument(metavar="TRACE...", help="Recordings, or - for standard input.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="OUT", help="The .gst to write; of several traces, a folder for them."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a .gst of another input.")] = False,
    machine: MachineFolder = None,
    input_format: Annotated[
        str, typer.Option("--input-format", metavar="F", help="Take it for this format, whatever its content says.")
    ] = "",
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, envvar="GSTRACE_JOBS", metavar="N", help="Traces read at a time.")
    ] = 1,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Read recordings into .gst directories.

    Every other command answers from a .gst, and takes a second where a recording takes minutes.
    """
    work = _plan(trace, output)
    one = partial(api.ingest, force=force, machine=machine, input_format=input_format, quiet=quiet)
    if len(work) == 1:
        one(*work[0])
    else:
        for source, _ in work:
            api.check_format(source, input_format)
        with _all_or_none([place for _, place in work]):
            if jobs > 1:
                flags = [*(["--force"] if force else []), *(["--machine", str(machine)] if machine else [])]
                flags += ["--input-format", input_format] if input_format else []
                with Progress("ingest", quiet=quiet) as progress:
                    _in_processes(work, flags, jobs, progress)
            else:
                for source, place in work:
                    one(source, place)
    for source, place in () if quiet else work:
        _tell(source, place, verbose)


def _tell(source: str, place: Path, verbose: bool) -> None:
    trace = api.open(place)
    manifest = trace.gst.manifest
    rows: dict[str, int] = manifest["rows"]
    lost = f", {trace.losses} {'stretch' if trace.losses == 1 else 'stretches'} with losses" if trace.losses else ""
    print(clean(f"gstrace: {source} → {place}: {sum(rows.values())} events{lost}"), file=sys.stderr)
    if verbose:
        for table, number in rows.items():
            print(f"gstrace: {table}: {number} rows", file=sys.stderr)


def _plan(traces: list[str], output: Path | None) -> list[Job]:
    """Where each recording goes. Raises UsageError where that cannot be told, or two would meet."""
    if len(traces) == 1:
        return [(traces[0], output or api.destination(traces[0]))]
    if "-" in traces:
        raise UsageError("- is one recording and cannot stand among others")
    if output is not None and output.suffix == ".gst":
        raise UsageError(
            f"{output} cannot take {len(traces)} traces", hint="with several traces -o is a folder for them"
        )
    work: dict[Path, str] = {}
    for name in traces:
        place = api.destination(name)
        place = place if output is None else output / place.name
        if place in work:
            raise UsageError(
                f"{work[place]} and {name} would both become {place}", hint="give them one at a time, with -o"
            )
        work[place] = name
    return [(name, place) for place, name in work.items()]


@contextmanager
def _all_or_none(places: list[Path]) -> Iterator[None]:
    """A failed recording takes those with it that this run has made: no status but 0 leaves a new .gst."""
    new = [place for place in places if not place.exists()]
    folders = {place.parent for place in new if not place.parent.exists()}
    try:
        yield
    except BaseException as error:
        for place in new:
            shutil.rmtree(place, ignore_errors=True)
        for folder in folders:
            with suppress(OSError):
                folder.rmdir()
        if isinstance(error, GstraceError) and not error.kept:
            error.kept = f"none of the {len(places)} recordings was ingested"
        raise


def _in_processes(work: list[Job], flags: list[str], jobs: int, progress: Progress) -> None:
    """Each recording by a gstrace of its own, `jobs` at a time. Raises SystemExit with the first failure's status."""
    waiting, running = list(work), list[subprocess.Popen[bytes]]()
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                source, place = waiting.pop(0)
                command = [sys.executable, "-m", "gstrace", "ingest", source, "-o", str(place), "--quiet", *flags]
                running.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))
            time.sleep(0.02)
            for process in [p for p in running if p.poll() is not None]:
                running.remove(process)
                if process.returncode:
                    sys.exit(process.returncode)
            done = len(work) - len(waiting) - len(running)
            progress.update(done, len(work), f"{done} of {len(work)} recordings")
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()
