"""`gstrace demo`: the verdict on a recording that comes along."""

from __future__ import annotations

from gstrace import api
from gstrace.cli.asking import answer, check, note
from gstrace.cli.options import Chosen, Output, Question
from gstrace.cli.what_if import show

EXAMPLES = """\
  gstrace demo
  gstrace demo --scheme fsgsbase --uarch skylake
"""


def demo(question: Question = Question(), chosen: Chosen = Chosen(), output: Output = Output()) -> None:
    """Give the verdict on a bundled recording."""
    check(question, chosen)
    sample = api.sample()
    note(f"gstrace: {sample.what}", output)
    show(answer(["demo"], str(sample.trace), sample.machine, question, chosen, output), output)
