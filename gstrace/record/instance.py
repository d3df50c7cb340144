"""A tracing instance of one's own in tracefs: buffers, events and options that are nobody else's.

Whatever is set there goes away with the instance; the top level stays as it was found.
Source: the kernel's Documentation/trace/ftrace.rst, "Instances".
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from gstrace.errors import RecordError

_PREFIX: Final = "gstrace-"
_TRIES: Final = 50
_PAUSE: Final = 0.02

MARKERS: Final = "options/copy_trace_marker"
"""Whether the instance gets what is written to the top level's trace_marker; of kernels from 6.16 on."""


class Instance:
    """`instances/gstrace-PID`; made by `create`, gone after `remove`, which may be called at any moment."""

    def __init__(self, tracefs: Path) -> None:
        self.path = tracefs / "instances" / f"{_PREFIX}{os.getpid()}"

    def create(self) -> None:
        """Make it, with nothing recorded yet; what a killed gstrace left behind is removed. Raises RecordError."""
        try:
            self._sweep()
            self.path.mkdir()
        except OSError as error:
            raise RecordError(
                f"{self.path} cannot be made: {error.strerror}",
                hint="tracefs takes orders from root: sudo gstrace record …; or, for your own user: "
                f"sudo mount -o remount,uid=$(id -u) {self.path.parent.parent}",
            ) from error
        self.set("tracing_on", "0")

    def remove(self) -> None:
        """Patiently: the kernel refuses while one of its files is open. Raises RecordError where someone holds it."""
        try:
            for _ in range(_TRIES):
                with suppress(OSError):
                    return _remove(self.path)
                time.sleep(_PAUSE)
            _remove(self.path)
        except OSError as error:
            raise RecordError(
                f"{self.path} cannot be removed: {error.strerror}", hint=f"later: rmdir {self.path}"
            ) from error

    def has(self, name: str) -> bool:
        return (self.path / name).exists()

    def read(self, name: str) -> bytes:
        return (self.path / name).read_bytes()

    def set(self, name: str, value: str, hint: str = "") -> None:
        """Write a file of the instance; the kernel answers at once. Raises RecordError."""
        try:
            # Unbuffered: Python would try what the kernel has refused a second time, on closing.
            with (self.path / name).open("wb", buffering=0) as file:
                file.write(value.encode())
        except OSError as error:
            raise RecordError(f"{self.path / name}: {value!r} is refused: {error.strerror}", hint=hint) from error

    def _sweep(self) -> None:
        """Remove instances of processes that are no more, as far as the kernel lets go of them."""
        for stale in self.path.parent.glob(f"{_PREFIX}*"):
            if not Path("/proc", stale.name.removeprefix(_PREFIX)).exists():
                with suppress(OSError):
                    _remove(stale)

    def cpus(self) -> list[int]:
        """CPUs that have a buffer, in order."""
        names = (re.fullmatch(r"cpu(\d+)", folder.name) for folder in (self.path / "per_cpu").iterdir())
        return sorted(int(name[1]) for name in names if name)


def _remove(path: Path) -> None:
    """Nothing where there is none. Raises OSError."""
    markers = path / MARKERS
    if markers.exists():
        # Some kernels from 6.16 on copy a marker into an instance that is just being freed.
        markers.write_text("0")
    with suppress(FileNotFoundError):
        path.rmdir()
