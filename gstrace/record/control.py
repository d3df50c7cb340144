"""A perf that is told when to begin and when to end, and that ends by itself when nobody is left to tell it."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from gstrace.errors import RecordError

_GUARD: Final = ("--", "/bin/sh", "-c", "echo && exec cat")
"""perf's workload. It speaks when perf lets it begin, and lasts as long as perf's standard input: perf ends with it."""

_LOOK: Final = 0.05
"""Seconds between two looks whether a silent perf is still there."""
_PATIENCE: Final = 60.0
"""Seconds for perf to open its events, and to enable them: those of hundreds of CPUs take some."""
_PROMPT: Final = 1.0
"""Seconds for perf to disable them."""
_ANSWER: Final = 64

_SAID: Final = 1 << 16
"""Bytes of perf's words that are looked at."""
_LINE: Final = 500
"""Characters of them that anybody is shown."""

_INSTALL: Final = (
    "install it (Debian: linux-perf, Ubuntu: linux-tools-$(uname -r), Fedora and Arch: perf), "
    "or record without it: --with tracefs"
)
_ALLOW: Final = (
    "record as root: sudo gstrace record …; or give perf the right: "
    "sudo setcap cap_perfmon,cap_ipc_lock+ep $(readlink -f $(which perf)); "
    "or everybody: sudo sysctl kernel.perf_event_paranoid=-1"
)
_OF_EVERY_RUN: Final = ("[ perf", "Events ", "Error:")
_PERFMON, _SYS_ADMIN = 38, 21
_RAW_FOR_ALL: Final = -1


class Controlled:
    """One run of `perf`, from its start (`start`), over `begin` and `stop`, to its end (`end`).

    arguments: of perf, without those that control it. A perf before 5.9 knows no control: it starts when it begins, and
    ends when it stops.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self._arguments = tuple(arguments)
        self._run: _Run | None = None
        self._obeys = False

    @property
    def processes(self) -> tuple[int, ...]:
        return (self._run.pid,) if self._run is not None else ()

    @property
    def said(self) -> str:
        """All that perf wrote to standard error so far."""
        return self._run.said() if self._run is not None else ""

    def start(self) -> None:
        """Until only the word to begin is missing. Raises RecordError with what perf says."""
        self._obeys = knows_control(self._arguments[0])
        if self._obeys:
            self._begun()

    def begin(self) -> None:
        """Events flow when this returns."""
        run = self._begun()
        if self._obeys and not run.order(b"enable\n", _PATIENCE):
            raise refused(self.said)

    def stop(self) -> None:
        """No event flows when this returns.

        perf listens only when it has read all events that are there, so one that cannot keep up does not: its end
        comes by a signal.
        """
        if self._run is not None and not (self._obeys and self._run.order(b"disable\n", _PROMPT)):
            self._run.end()

    def end(self) -> int:
        """perf has ended, as its status says: −N by signal N."""
        return self._run.end() if self._run is not None else 0

    def abandon(self) -> None:
        """End perf at once, whatever it does."""
        if self._run is not None:
            self._run.kill()
            self._run.end()

    def _begun(self) -> _Run:
        if self._run is None:
            self._run = _Run(self._arguments, controlled=self._obeys)
            if not self._run.ready():
                self.abandon()
                raise refused(self.said)
        return self._run


class _Run:
    """A started perf, with what it can be told by, and what it says."""

    def __init__(self, arguments: Sequence[str], *, controlled: bool) -> None:
        told, self._tell = os.pipe()
        self._answer, answered = os.pipe()
        self._words = os.memfd_create("gstrace-perf")
        self._open = [self._tell, self._answer, self._words]
        self._said = ""
        control = ("-D", "-1", "--control", f"fd:{told},{answered}") if controlled else ()
        try:
            self._process = subprocess.Popen(
                ["perf", *arguments, *control, *_GUARD],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._words,
                # perf 6.1 gives its file up when nobody can tell it anything any more: so it holds that end too.
                pass_fds=(told, answered, self._tell),
                # A terminal's Ctrl-C is for the recorded command; perf is ended in order.
                process_group=0,
                env={**os.environ, "LC_ALL": "C"},
            )
        finally:
            os.close(told)
            os.close(answered)
        self.pid = self._process.pid

    def ready(self) -> bool:
        """Wait for the guard: perf lets it begin when all else is done. False where perf ended instead."""
        return self._process.stdout is not None and self._hear(self._process.stdout.fileno(), _PATIENCE)

    def order(self, word: bytes, patience: float) -> bool:
        """Tell perf, and wait until it has obeyed. False where it has not: too busy, or gone."""
        with suppress(BrokenPipeError):
            os.write(self._tell, word)
            return self._hear(self._answer, patience)
        return False

    def said(self) -> str:
        if self._open:
            self._said = os.pread(self._words, _SAID, 0).decode(errors="replace")
        return self._said

    def end(self) -> int:
        """Wait for perf, whose guard ends with its standard input. → its status. May be asked again."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        status = self._process.wait()
        self.said()
        while self._open:
            os.close(self._open.pop())
        return status

    def kill(self) -> None:
        self._process.kill()

    def _hear(self, descriptor: int, patience: float) -> bool:
        """Whether perf or its guard says something. Not by the pipe's end alone: the guard may outlive perf."""
        until = time.monotonic() + patience
        gone = False
        while not gone and time.monotonic() < until:
            gone = self._process.poll() is not None  # asked first: what it said before it went is still there
            if select.select([descriptor], [], [], 0 if gone else _LOOK)[0]:
                return bool(os.read(descriptor, _ANSWER))
        return False


def knows_control(command: str) -> bool:
    """Whether the installed `perf COMMAND` can be controlled. Raises RecordError where there is no perf."""
    if shutil.which("perf") is None:
        raise RecordError("perf is not installed", hint=_INSTALL)
    told = subprocess.run(["perf", command, "-h"], capture_output=True, text=True, errors="replace", check=False)
    words = told.stdout + told.stderr
    if "--event" not in words:
        raise RecordError(f"perf does not work: {' '.join(words.split())[:_LINE] or 'it says nothing'}", hint=_INSTALL)
    return "--control" in words


def refused(said: str) -> RecordError:
    """perf could not begin, with the way out where it is known."""
    what = f"perf could not begin: {in_a_line(said) or 'it says nothing'}"
    return RecordError(what, hint="" if _may_trace() else _ALLOW)


def in_a_line(said: str) -> str:
    """perf's words, without those that it says of every run and without its usage."""
    lines = (line.strip() for line in said.partition("Run 'perf list'")[0].splitlines())
    return " ".join(line for line in lines if line and not line.startswith(_OF_EVERY_RUN))[:_LINE]


def _may_trace() -> bool:
    """Whether the kernel lets this process have the tracepoints' data: as perf_allow_tracepoint decides."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    held = int(status.partition("CapEff:")[2].split()[0], 16)
    if held >> _PERFMON & 1 or held >> _SYS_ADMIN & 1:
        return True
    paranoid = Path("/proc/sys/kernel/perf_event_paranoid")
    return paranoid.exists() and int(paranoid.read_text(encoding="ascii")) <= _RAW_FOR_ALL


def ended_how(status: int) -> str:
    """A process's end in words."""
    return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
