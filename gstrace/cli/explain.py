"""`gstrace explain`: what a scheme executes, in words."""

from __future__ import annotations

from typing import Annotated

import typer

from gstrace import api
from gstrace.cli.options import Output, scheme_names, starting
from gstrace.cli.output import write_rows
from gstrace.cli.schemes import bills

EXAMPLES = """\
  gstrace explain mixed switch
  gstrace explain fsgsbase:lookup=rdpid
  gstrace explain swapgs --format json
"""


def explain(
    scheme: Annotated[
        str, typer.Argument(metavar="SCHEME", autocompletion=scheme_names, help="NAME, NAME:param=value or a file.")
    ],
    event: Annotated[
        str,
        typer.Argument(
            metavar="EVENT", autocompletion=starting(api.event_names), help="One event alone: entry, switch, …"
        ),
    ] = "",
    output: Output = Output(),
) -> None:
    """Say what a scheme executes, why, and who says so."""
    rules = api.explain(scheme, event)
    write_rows({"schema": "gstrace.explain/1", "rows": rules}, rules, bills(rules), output)
