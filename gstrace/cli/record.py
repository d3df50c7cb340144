"""`gstrace record`: events and machine into a recording."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from gstrace import api
from gstrace.cli.options import Quiet, Verbose, starting
from gstrace.progress import Progress
from gstrace.units import clean, size

EXAMPLES = """\
  gstrace record -a -o perf.data -- ./benchmark --fast
  gstrace record -a -o perf.data --duration 10
  gstrace record -o perf.data -- make -j4        only make and what it starts
"""


def record(
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The recording to write.")],
    command: Annotated[
        list[str] | None, typer.Argument(metavar="-- CMD", help="What to run; its status is gstrace's.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("-a", "--all", help="All tasks on all CPUs, not CMD's alone: what CPUs switch between.")
    ] = False,
    duration: Annotated[
        float | None, typer.Option(min=0.0, metavar="S", help="End after so many seconds; CMD is then told to.")
    ] = None,
    using: Annotated[
        str,
        typer.Option(
            "--with",
            metavar="RECORDER",
            help="Who records: perf, tracefs or perfetto. Default: perf, and tracefs where that is not installed.",
            autocompletion=starting(api.recorder_names),
        ),
    ] = "",
    buffer: Annotated[
        str,
        typer.Option(metavar="SIZE", help="The kernel's buffer for each CPU: 32M; a larger one loses fewer events."),
    ] = "",
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Record what a full answer needs, and which machine it was.

    Without CMD until Ctrl-C. Mostly for root. Beside FILE comes FILE.machine/, which the other commands find there.
    """
    room = size(buffer) if buffer else None
    with Progress("record", quiet=quiet or bool(command)) as progress:
        progress.say("until Ctrl-C" if duration is None else f"for {duration:g} s")
        done = api.record(output, command or (), everything=everything, duration=duration, using=using, buffer=room)
    for note in done.notes if verbose else ():
        print(clean(f"gstrace: {note}"), file=sys.stderr)
    if done.early and not quiet:
        print("gstrace: the recorder was ended by others: what came later is not recorded", file=sys.stderr)
    if not quiet:
        print(clean(f"gstrace: {_told(output, done.events, done.lost, done.size)}"), file=sys.stderr)
    raise typer.Exit(done.status)


def _told(output: Path, events: int | None, lost: int | None, size: int) -> str:
    """The recording in a line, and what is done with it."""
    counted = "" if events is None else f"{events:,} events, "
    missing = f", {lost:,} lost (a larger --buffer loses fewer)" if lost else ""
    return f"{output}: {counted}{size / 1e6:.1f} MB{missing}; next: gstrace what-if {shlex.quote(str(output))}"
