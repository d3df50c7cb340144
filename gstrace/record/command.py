"""The recorded command: started before the recording, held before its first instruction, let go when events flow."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final, Self

from gstrace.errors import RecordError

_HOLD: Final = 'read -r _ < "/proc/$1/fd/$2" && shift 2 && exec "$@"'
"""A shell that becomes the command when it is told, and ends when nobody is left to tell. It leaves no descriptor."""

_NOT_FOUND, _NOT_RUNNABLE, SIGNALLED = 127, 126, 128
_TICK: Final = 0.25
"""Seconds between two looks at processes whose end another thread may have swallowed the signal of."""
_FROM_KERNEL: Final = 0x80
"""si_code: the signal comes from a terminal, which sends it to the whole foreground, the command too."""
_ENDING: Final = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class Ending:
    """Why the recorded stretch is over: a signal (its number), the time asked for, or else an end of a process.

    told: the command has the signal already. early: the recorder has ended by itself.
    """

    signal: int = 0
    timed: bool = False
    told: bool = False
    early: bool = False


class Command:
    """`with Command(words) as command`: held from the first line on; no words: nothing runs, all the same."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = tuple(words)
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: tuple[int, int] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    @property
    def ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def __enter__(self) -> Self:
        if self._words:
            _refuse_unrunnable(self._words[0])
            self._pipe = os.pipe()
            hold = ["/bin/sh", "-c", _HOLD, "gstrace", str(os.getpid()), str(self._pipe[0]), *self._words]
            try:
                # Whatever descriptors gstrace was given are the command's.
                self._process = subprocess.Popen(hold, close_fds=False)
            except OSError as error:
                self._close()
                raise RecordError(f"{self._words[0]} cannot be started: {error.strerror}") from error
        return self

    def __exit__(self, *_: object) -> None:
        """Held, it never runs; let go, it is not left alone: it is told to end and waited for."""
        held = self._pipe is not None
        self._close()
        if self._process is not None and not self.ended:
            if not held:
                self._process.terminate()
            self._process.wait()

    def go(self) -> None:
        """Become the command."""
        if self._pipe is not None:
            os.write(self._pipe[1], b"\n")
            self._close()

    def wait(self, seconds: float | None, others: Sequence[int]) -> Ending:
        """Until the command ends, `seconds` are over, SIGINT or SIGTERM comes, or one of `others` (children) ends."""
        until = None if seconds is None else time.monotonic() + seconds
        with _signals() as seen:
            while not (self.ended or seen or any(map(_has_ended, others))):
                left = _TICK if until is None else min(_TICK, until - time.monotonic())
                if left <= 0:
                    return Ending(timed=True)
                came = signal.sigtimedwait([*_ENDING, signal.SIGCHLD], left)
                if came is not None and came.si_signo in _ENDING:
                    return Ending(came.si_signo, told=came.si_code == _FROM_KERNEL)
        return Ending(seen[0] if seen else 0, early=not (seen or self.ended))

    def status(self, ending: Ending) -> int:
        """The command's status as a shell gives it, waited for; 128 + N where signal N ended the recording.

        What a recording's end is for a command that runs on: the signal that ended it, or SIGTERM when time is over.
        Without a command Ctrl-C is the way to end, and no failure.
        """
        if self._process is None:
            return 0 if ending.signal in (0, signal.SIGINT) else SIGNALLED + ending.signal
        if not self.ended and (ending.timed or (ending.signal and not ending.told)):
            self._process.send_signal(ending.signal or signal.SIGTERM)
        status = self._process.wait()
        if ending.timed:
            return 0
        if ending.signal:
            return SIGNALLED + ending.signal
        return status if status >= 0 else SIGNALLED - status

    def _close(self) -> None:
        for end in self._pipe or ():
            os.close(end)
        self._pipe = None


def _refuse_unrunnable(name: str) -> None:
    """Raise RecordError with the status that `env` and shells give for it."""
    if shutil.which(name) is not None:
        return
    there = shutil.which(name, os.F_OK) or ("/" in name and Path(name).exists())
    error = RecordError(f"{name}: {'it may not be run' if there else 'no such command'}")
    error.status = _NOT_RUNNABLE if there else _NOT_FOUND
    raise error


@contextmanager
def _signals() -> Iterator[list[int]]:
    """SIGINT, SIGTERM and SIGCHLD wait to be asked for; those that another thread takes are put into the list.

    Signals are the main thread's: called from another, a recording ends by its command or by time.
    """
    seen: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield seen
        return

    def note(number: int, _frame: FrameType | None) -> None:
        seen.append(number)

    before = {number: signal.signal(number, note) for number in _ENDING}
    masked = signal.pthread_sigmask(signal.SIG_BLOCK, [*_ENDING, signal.SIGCHLD])
    try:
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, masked)


def _has_ended(pid: int) -> bool:
    """Whether a child has ended; it stays to be waited for."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return False
