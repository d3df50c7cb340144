"""The commands by name, and what typer has to say in gstrace's manner."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Any, Final

import typer
from typer.main import get_command

from gstrace import __version__
from gstrace.cli.check import EXAMPLES as CHECK
from gstrace.cli.check import check
from gstrace.cli.demo import EXAMPLES as DEMO
from gstrace.cli.demo import demo
from gstrace.cli.explain import EXAMPLES as EXPLAIN
from gstrace.cli.explain import explain
from gstrace.cli.flat import flat
from gstrace.cli.ingest import EXAMPLES as INGEST
from gstrace.cli.ingest import ingest
from gstrace.cli.record import EXAMPLES as RECORD
from gstrace.cli.record import record
from gstrace.cli.report import EXAMPLES as REPORT
from gstrace.cli.report import report
from gstrace.cli.schemes import EXAMPLES as SCHEMES
from gstrace.cli.schemes import schemes
from gstrace.cli.uarchs import EXAMPLES as UARCHS
from gstrace.cli.uarchs import uarchs
from gstrace.cli.what_if import EXAMPLES as WHAT_IF
from gstrace.cli.what_if import what_if
from gstrace.units import clean

EPILOG: Final = (
    "Exit status: 0 answered, 1 check found something, 2 wrong use, 3 nothing to price in the input, "
    "4 input not readable, 5 output not written, 70 a fault of gstrace, 125 not recorded, 130 interrupted, "
    "141 reader gone. `record` ends with its command's."
)

app = typer.Typer(
    name="gstrace",
    help="Replay a recorded trace and price every way in which Linux could switch its GS and FS bases.",
    epilog=EPILOG,
    # Coloured help and tracebacks would triple the time to start.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        print(f"gstrace {__version__}")
        raise typer.Exit


@app.callback()
def _gstrace(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and end.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


def _add(name: str, command: Callable[..., None], examples: str, **settings: Any) -> None:
    # `\b` keeps click from joining the lines of examples into a paragraph.
    app.command(name, epilog=f"\b\nExamples:\n{examples}", context_settings=settings)(flat(command))


# What follows the recorded command's name is the command's own.
_add("record", record, RECORD, allow_interspersed_args=False)
_add("ingest", ingest, INGEST)
_add("what-if", what_if, WHAT_IF)
_add("report", report, REPORT)
_add("schemes", schemes, SCHEMES)
_add("uarchs", uarchs, UARCHS)
_add("explain", explain, EXPLAIN)
_add("check", check, CHECK)
_add("demo", demo, DEMO)


def run_app() -> int:
    """The command that `sys.argv` asks for. → its status; raises what it raises, but typer's own complaints."""
    result: Any = None
    try:
        result = get_command(app)(prog_name="gstrace", standalone_mode=False)
    except Exception as error:
        # typer carries its own click, whose exceptions it does not all export.
        if not hasattr(error, "format_message"):
            raise
        return _complaint(error)
    return result if isinstance(result, int) else 0


def _complaint(error: Any) -> int:
    context = error.ctx
    message = error.format_message()
    if context is not None and type(error).__name__ == "NoArgsIsHelpError":
        print(message, file=sys.stderr)
        return int(error.exit_code)
    message, _, similar = message.replace("Value error, ", "").partition(" Did you mean ")
    message = message.partition(" (Possible options: ")[0]
    offered = getattr(error, "possibilities", None)
    like = offered[0] if offered else similar.rstrip("?").replace("'", "")
    print(clean(f"gstrace: {message[:1].lower()}{message[1:].rstrip('.')}"), file=sys.stderr)
    path = context.command_path if context is not None else "gstrace"
    print(f"hint: {f'did you mean {like}? ' if like else ''}see `{path} --help`", file=sys.stderr)
    return int(error.exit_code)
