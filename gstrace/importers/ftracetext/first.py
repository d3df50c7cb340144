"""The first pass over a text: what must be known before the first line is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from gstrace.importers.ftracetext import kernel, shape
from gstrace.importers.ftracetext.lines import blocks
from gstrace.importers.ftracetext.processes import KTHREADD, Processes
from gstrace.importers.ftracetext.programs import Names

if TYPE_CHECKING:
    import numpy.typing as npt


class FirstPass:
    """names: of all events, for which tracepoints there are decides which of them count."""

    def __init__(self, file: BinaryIO) -> None:
        self.names = Names()
        self._processes, self._kthreadd = Processes(), False
        for lines, _ in blocks(file):
            block = lines if lines.endswith(b"\n") else lines + b"\n"
            self._processes.feed(block)
            self._kthreadd = self._kthreadd or shape.KTHREADD.search(block) is not None
            self._learn(block)

    def threads(self) -> Iterator[tuple[int, int, int, bytes]]:
        """Threads told of beside the events, as `Processes.found`. Thread 2 starts all kernel threads."""
        if self._kthreadd:
            yield KTHREADD, KTHREADD, 1, b"kthreadd"
        yield from self._processes.found()

    def _learn(self, block: bytes) -> None:
        text, at = np.frombuffer(block, np.uint8), 0
        while (at := self._first_unknown(text, at)) < len(block):
            if found := shape.NAME.match(block, at):
                name, sign = found["name"], found["sign"] or b""
                self.names.add(name, sign, shape.event_of(name, sign))
            at = block.index(b"\n", at) + 1

    def _first_unknown(self, text: npt.NDArray[np.uint8], at: int) -> int:
        """The first line from a byte on that has a name not yet known, or may have."""
        names = self.names
        return int(kernel.find_names(text, at, names.names, names.slots, names.pool)[1])
