"""`gstrace check`: what this installation can prove."""

from __future__ import annotations

import typer

from gstrace import api
from gstrace.cli.options import Output
from gstrace.cli.schemes import listing
from gstrace.progress import Progress

EXAMPLES = """\
  gstrace check
  gstrace check --format json
"""


def check(output: Output = Output()) -> None:
    """Prove what this installation can prove of itself.

    Exit status 1 if something does not hold.
    """
    rows = []
    with Progress("check", quiet=output.quiet) as progress:
        for row in api.check():
            progress.say(row["check"])
            rows.append(row)
    listing("check", rows, output)
    if any(row["result"] == "FAILED" for row in rows):
        raise typer.Exit(1)
