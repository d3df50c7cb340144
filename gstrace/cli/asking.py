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
    """The answer from INPUT, with the command that repeats it."""
    check(question, chosen)
    source = given or _newest(output)
    words = [*command, Path(source).name or source, *(["--machine", machine.name] if machine else [])]
    return answer(words, source, machine, question, chosen, output)


def check(question: Question, chosen: Chosen) -> None:
    """Raise UsageError for a wrong option, before anything long begins."""
    chosen.selection()
    api.check_names(question.scheme, question.uarch, question.baseline, question.abi, question.assumed())


def answer(
    words: list[str], source: str, machine: Path | None, question: Question, chosen: Chosen, output: Output
) -> api.Answer:
    """The answer; `words` and the options given are the command that repeats it."""
    trace = api.open(source, machine=machine, quiet=output.quiet)
    found = api.what_if(
        trace,
        question.scheme or ["all"],
        baseline=question.baseline,
        uarch=question.uarch,
        ledger=question.ledger,
        abi=question.abi,
        selection=chosen.selection(),
        assume=question.assumed(),
        command=shlex.join(["gstrace", *words, *question.words(), *chosen.words()]),
    )
    if output.verbose:
        _explain(found)
    return found


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
