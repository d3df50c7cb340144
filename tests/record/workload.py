"""A workload of fixed numbers: in each window so many system calls, and so many switches on one CPU.

`python workload.py ROUNDS WINDOWS`: in a window two processes hand a byte to and fro through two pipes, ROUNDS times.
Each round is four calls, and at least two switches, since a read waits for the other's write.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time

CALLS = 4
SWITCHES = 2
REST = 0.05
"""Seconds before each mark: however small the recorder's buffer, it has room again for the mark."""
_GETPRIORITY = 140
_MARK = 0x6773


def mark(libc: ctypes.CDLL, window: int, end: int) -> None:
    libc.syscall(_GETPRIORITY, _MARK, window, end)


def main(rounds: int, windows: int) -> None:
    libc = ctypes.CDLL(None)
    # Both on one CPU, so that a hand-over is a switch.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    (here, there), (home, away) = os.pipe(), os.pipe()
    if os.fork() == 0:
        os.close(there)  # or it would wait for a parent that is gone
        for _ in range(rounds * windows):
            os.write(away, os.read(here, 1))
        os._exit(0)
    for window in range(1, windows + 1):
        time.sleep(REST)
        mark(libc, window, 0)
        for _ in range(rounds):
            os.write(there, b"x")
            os.read(home, 1)
        time.sleep(REST)
        mark(libc, window, 1)
    os.wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
