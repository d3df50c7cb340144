"""What reports need of an answer and its recording (`gstrace.api` has both)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gstrace.replay.selection import Selection
    from gstrace.schemes.compile import Scheme
    from gstrace.trace import Part, Trace
    from gstrace.verdict.answer import Machine, Priced
    from gstrace.verdict.question import Question


class Answer(Protocol):
    """What-if, answered."""

    @property
    def trace(self) -> Trace: ...
    @property
    def selection(self) -> Selection: ...
    @property
    def question(self) -> Question: ...
    @property
    def part(self) -> Part: ...
    @property
    def counts(self) -> Mapping[int, int]: ...
    @property
    def ledger(self) -> str: ...
    @property
    def baseline(self) -> Scheme: ...
    @property
    def baseline_why(self) -> str: ...
    @property
    def machines(self) -> Sequence[Machine]: ...
    @property
    def priced(self) -> Sequence[Priced]: ...
    @property
    def command(self) -> str: ...
