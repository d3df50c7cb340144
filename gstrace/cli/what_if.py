"""`gstrace what-if`: every scheme's price on a recording, and the verdict."""

from __future__ import annotations

from gstrace import api
from gstrace.cli.asking import ask
from gstrace.cli.options import Chosen, Input, MachineFolder, Output, Question
from gstrace.cli.output import as_json, width, write
from gstrace.cli.report import show_table

EXAMPLES = """\
  gstrace what-if                             the newest .gst here, all schemes
  gstrace what-if perf.data --scheme fsgsbase
  gstrace what-if perf.gst --uarch skylake --uarch 'zen*' --ledger gs
  gstrace what-if perf.gst --comm 'nginx*' --from 12.5s --to 13s --format json
"""


def what_if(
    given: Input = None,
    question: Question = Question(),
    chosen: Chosen = Chosen(),
    machine: MachineFolder = None,
    output: Output = Output(),
) -> None:
    """Re-price a recording under every scheme and give the verdict."""
    show(ask(["what-if"], given, machine, question, chosen, output), output)


def show(answer: api.Answer, output: Output) -> None:
    """The whole answer; as rows, its summary."""
    match output.format:
        case "json":
            write(as_json(answer.to_json()), output)
        case "table":
            # Narrower than usual where the terminal is; never wider, so that lines stay readable.
            write(answer.text(max(40, min(width(), 80)) if width() else 0) + "\n", output)
        case _:
            show_table("summary", answer, output)
