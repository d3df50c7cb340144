"""A progress line on standard error, on a terminal only."""

from __future__ import annotations

import sys
import time
from typing import Final, Self

EVERY: Final = 0.1
WIDTH: Final = 24


class Progress:
    """`task  [######      ]  42 %  3.1 M events`, redrawn in place. Quiet where standard error is no terminal."""

    def __init__(self, task: str, *, quiet: bool = False) -> None:
        self._task = task
        self._on = not quiet and sys.stderr.isatty()
        self._next = time.monotonic() + EVERY
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def say(self, text: str) -> None:
        """A sentence instead of the bar, until the next update."""
        if self._on:
            sys.stderr.write(f"\r\x1b[K{self._task}: {text}")
            sys.stderr.flush()
            self._drawn = True

    def update(self, done: int, total: int, note: str = "") -> None:
        """done of total, in any unit."""
        now = time.monotonic()
        if self._on and now >= self._next:
            share = min(1.0, done / total) if total else 1.0
            bar = ("#" * round(share * WIDTH)).ljust(WIDTH)
            self.say(f"[{bar}] {share:4.0%}  {note}")
            self._next = now + EVERY
