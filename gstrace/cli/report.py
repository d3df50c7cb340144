"""`gstrace report`: tidy tables of an answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final

import typer

from gstrace import api
from gstrace.cli.asking import ask, note
from gstrace.cli.options import Chosen, Input, MachineFolder, Output, Question, starting
from gstrace.cli.output import as_json, write
from gstrace.errors import OutputError, UsageError, nearest

EXAMPLES = """\
  gstrace report by-process                   which processes would pay
  gstrace report operations perf.gst --scheme mixed --format csv
  gstrace report events perf.gst --scheme fsgsbase --comm nginx --format csv -o events.csv
  gstrace report parquet perf.gst -o tables   every table but events, for dashboards
"""

TABLES: Final = (
    "summary",
    "by-process",
    "by-event",
    "operations",
    "windows",
    "over-time",
    "assumptions",
    "coverage",
    "origins",
    "events",
)
KINDS: Final = (*TABLES, "parquet")


def report(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            autocompletion=starting(lambda: KINDS),
            help=f"{', '.join(TABLES)}; or parquet: all but events.",
        ),
    ],
    given: Input = None,
    question: Question = Question(),
    chosen: Chosen = Chosen(),
    machine: MachineFolder = None,
    output: Output = Output(),
) -> None:
    """Write one table of the answer, or all as Parquet."""
    if kind not in KINDS:
        raise nearest(kind, list(KINDS), what="report")
    if kind == "parquet":
        folder = output.file
        if folder is None:
            raise UsageError("report parquet needs a folder to write to", hint="-o DIR")
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"{folder} is not a folder")
    answer = ask(["report", kind], given, machine, question, chosen, output)
    if kind == "parquet":
        written = answer.to_parquet(output.file or ".")
        note(f"gstrace: {len(written)} tables in {output.file}", replace(output, quiet=not output.verbose))
    elif kind == "events":
        write(api.event_text(answer, output.format), output)
    else:
        show_table(kind, answer, output)


def show_table(kind: str, answer: api.Answer, output: Output) -> None:
    """One table in the form asked for."""
    table = api.report(kind, answer)
    match output.format:
        case "json":
            write(as_json(table.to_json()), output)
        case "csv":
            write(table.to_csv(), output)
        case "md":
            write(table.to_markdown(), output)
        case "table":
            write(str(table).rstrip("\n") + "\n", output)
