"""`gstrace explain`: what a scheme executes, in words."""

from __future__ import annotations

from typing import Annotated

import typer

from gstrace import api
from gstrace.cli.options import Output, scheme_names
from gstrace.cli.output import write
from gstrace.cli.schemes import bills, listing

EXAMPLES = """\
  gstrace explain mixed switch
  gstrace explain fsgsbase:lookup=rdpid
  gstrace explain swapgs --format json
"""


def event_names(incomplete: str) -> list[str]:
    """For completion in the shell."""
    return [name for name in api.event_names() if name.startswith(incomplete)]


def explain(
    scheme: Annotated[
        str, typer.Argument(metavar="SCHEME", autocompletion=scheme_names, help="NAME, NAME:param=value or a file.")
    ],
    event: Annotated[
        str, typer.Argument(metavar="EVENT", autocompletion=event_names, help="One event alone: entry, switch, …")
    ] = "",
    output: Output = Output(),
) -> None:
    """Say what a scheme executes, why, and who says so."""
    rules = api.explain(scheme, event)
    if output.format == "table":
        write("\n".join(bills(rules)) + "\n", output)
    else:
        listing("explain", rules, output)
