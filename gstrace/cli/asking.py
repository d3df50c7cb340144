"""From options to an answer: what `what-if`, `report` and `demo` share."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from gstrace import api
from gstrace.cli.options import Chosen, Output, Question
from gstrace.units import clean


def note(text: str, output: Output) -> None:
    """A sentence on standard error."""
    if not output.quiet:
        print(clean(text), file=sys.stderr)


def ask(
    command: list[str], given: str | None, machine: Path | None, question: Question, chosen: Chosen, output: Output
) -> api.Answer:
    """The answer, with the command that repeats it."""
    selection, assume = chosen.selection(), question.assumed()
    api.check_names(question.scheme, question.uarch, question.baseline)
    source = given or _newest(output)
    trace = api.open(source, machine=machine, quiet=output.quiet)
    words = [*command, Path(source).name or source, *question.words(), *chosen.words()]
    if machine is not None:
        words += ["--machine", machine.name]
    answer = api.what_if(
        trace,
        question.scheme or ["all"],
        baseline=question.baseline,
        uarch=question.uarch,
        ledger=question.ledger,
        selection=selection,
        assume=assume,
        command=shlex.join(["gstrace", *words]),
    )
    if output.verbose:
        _explain(answer)
    return answer


def _newest(output: Output) -> str:
    found = str(api.newest(Path()))
    note(f"gstrace: reading {found}, the newest .gst in this folder", output)
    return found


def _explain(answer: api.Answer) -> None:
    print(clean(f"gstrace: read from {answer.trace.gst.path}"), file=sys.stderr)
    print(clean(f"gstrace: baseline {answer.baseline.name}: {answer.baseline_why}"), file=sys.stderr)
    for machine in answer.machines:
        print(clean(f"gstrace: priced on {machine.uarch.id}: {machine.why}"), file=sys.stderr)
        for name, known in machine.known.items():
            print(
                clean(f"gstrace: {name} = {'unknown' if known.value is None else known.value}: {known.source}"),
                file=sys.stderr,
            )
