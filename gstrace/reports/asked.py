"""What reports need of an answer and its recording (`gstrace.api` has both)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from gstrace.events.capture import Capture
    from gstrace.events.tracepoints import Wanted
    from gstrace.replay.census import Census
    from gstrace.replay.selection import Selection
    from gstrace.replay.windows import Window
    from gstrace.schemes.compile import Scheme
    from gstrace.store.gst import Gst
    from gstrace.verdict.answer import Machine, Priced


class Trace(Protocol):
    """An open recording."""

    @property
    def gst(self) -> Gst: ...
    @property
    def capture(self) -> Capture: ...
    @property
    def threads(self) -> pl.DataFrame: ...
    @property
    def not_recorded(self) -> list[Wanted]: ...
    @property
    def windows(self) -> list[Window]: ...
    def cells(self, selection: Selection) -> Census: ...
    def chosen_threads(self, selection: Selection) -> npt.NDArray[np.bool_]: ...
    def emitted(self) -> Iterator[Any]: ...


class Answer(Protocol):
    """What-if, answered."""

    @property
    def trace(self) -> Trace: ...
    @property
    def selection(self) -> Selection: ...
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
