"""Out of the kernel's ring buffers into files while events come in, a thread for each CPU."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import threading
from pathlib import Path
from typing import Final

_PIPE: Final = 1 << 20
"""Bytes on the way at a time; what the kernel grants every user."""
_PAUSE: Final = 0.005
"""Seconds after a pass in vain: kernels before 5.0 wake a reader for each event, not when a buffer is half full."""


class Drain:
    """Pages of one CPU: from `per_cpu/cpuN/trace_pipe_raw` into a file, through a pipe and never through memory.

    While events come in only full pages are moved: a reader that also takes the page being written gets events one by
    one, each in a page of its own. That page is read at the end.
    """

    def __init__(self, source: Path, target: Path, page: int) -> None:
        """Nothing is opened yet. page: bytes of one."""
        self.target = target
        self._from = source
        self._page = page
        self._error: OSError | None = None
        self._wanted = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"drain {source.parent.name}", daemon=True)
        self._open: list[int] = []

    def open(self) -> None:
        """Open both sides, `target` made anew. Raises OSError."""
        self._source = self._keep(os.open(self._from, os.O_RDONLY | os.O_NONBLOCK))
        self._target = self._keep(os.open(self.target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        self._out, self._in = map(self._keep, os.pipe())
        self._wake = self._keep(os.eventfd(0))
        self._room = _roomy(self._in)

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        """Take what is there, once no event comes any more; raises the OSError that kept it from being written."""
        self._wanted = True
        self.close()
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """End the thread, if it runs. May come at any moment, and twice."""
        if self._thread.is_alive():
            self._stop.set()
            os.eventfd_write(self._wake, 1)
            self._thread.join()
        while self._open:
            os.close(self._open.pop())

    def _keep(self, descriptor: int) -> int:
        self._open.append(descriptor)
        return descriptor

    def _run(self) -> None:
        # Signals are the main thread's, which may be waiting for one.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        poll = select.poll()
        poll.register(self._source, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        try:
            while not self._stop.is_set():
                poll.poll()
                if not self._move():
                    self._stop.wait(_PAUSE)
            # While events come this would not end: each read makes some.
            if self._wanted:
                self._move()
                self._read()
        except OSError as error:
            self._error = error

    def _move(self) -> int:
        """All full pages that are there now. → their bytes."""
        moved = 0
        try:
            while size := os.splice(self._source, self._in, self._room, flags=os.SPLICE_F_NONBLOCK):
                moved += size
                while size:
                    size -= os.splice(self._out, self._target, size)
        except BlockingIOError:
            pass
        return moved

    def _read(self) -> None:
        """The page that was being written when the last event came."""
        try:
            while data := os.read(self._source, self._page):
                os.write(self._target, data)
        except BlockingIOError:
            return


def _roomy(pipe: int) -> int:
    """Make a pipe larger where that is allowed. → its bytes."""
    try:
        return fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)
    except OSError:
        return fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)
