"""The recording that comes with gstrace, and what is known of it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from gstrace.errors import UsageError

NAME: Final = "nginx"


@dataclass(frozen=True)
class Sample:
    """A recording with the facts of its machine, and how often its recorder saw each event."""

    folder: Path

    @property
    def trace(self) -> Path:
        return self.folder / "perf.data"

    @property
    def machine(self) -> Path:
        return self.folder / "machine"

    @cached_property
    def about(self) -> dict[str, Any]:
        return tomllib.loads((self.folder / "capture.toml").read_text(encoding="utf-8"))

    @property
    def what(self) -> str:
        return str(self.about["what"])

    @property
    def uarch(self) -> str:
        return str(self.about["uarch"])

    @property
    def counts(self) -> dict[str, int]:
        """By `system:event`."""
        return dict(self.about["counts"])


def find() -> Sample:
    """The bundled sample: inside the package once it is installed, at the top of the tree in a checkout."""
    package = Path(__file__).parent
    for folder in (package / "_samples" / NAME, package.parent / "sample-traces" / NAME):
        if (folder / "capture.toml").is_file():
            return Sample(folder)
    raise UsageError("this installation has no sample recording", hint="install gstrace from its wheel")
