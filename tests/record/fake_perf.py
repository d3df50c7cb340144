"""A perf that records nothing: what it is asked goes to $FAKE_LOG, how it behaves stands in $FAKE.

ok: obeys. old: knows no control. refused: says so and ends. dies: is killed when it is told to begin. busy: hears no
order but the first. slow: takes long to finish its file. leaves: ends by itself soon after it began. stat: counts.
"""

from __future__ import annotations

import os
import select
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

SAMPLES = 7
LOST = 5


def data() -> bytes:
    """A perf.data without attributes: seven samples, two records of losses, one that is neither."""
    lost = struct.pack("<IHHQQ", 2, 0, 24, 1, LOST - 2)
    lost += struct.pack("<IHHQQ", 13, 0, 24, LOST, 0)
    lost += struct.pack("<IHHQQ", 13, 1 << 15, 24, 1000, 0)
    body = struct.pack("<IHHQ", 9, 1, 16, 0) * SAMPLES + lost + struct.pack("<IHHQ", 3, 0, 16, 0)
    head = struct.pack("<8sQQQQQQQQQ", b"PERFILE2", 104, 0, 104, 0, 104, len(body), 0, 0, 0)
    return head.ljust(104, b"\0") + body


def main() -> int:
    way, (command, *words) = os.environ.get("FAKE", "ok"), sys.argv[1:]
    log = Path(os.environ["FAKE_LOG"])
    if "-h" in words:
        print("--event <event>", "" if way == "old" else "--control <fd>", file=sys.stderr)
        return 129
    if command == "stat" and way != "stat":
        print("event syntax error: 'cpl_cycles.ring0_trans'\nRun 'perf list' for more\n Usage: …", file=sys.stderr)
        return 129
    with log.open("a") as file:
        file.write("\t".join([command, *words]) + "\n")
    if way == "refused":
        print("Error:\nAccess to performance monitoring is limited.", file=sys.stderr)
        return 255
    output = Path(words[words.index("-o") + 1]) if command == "record" else None
    guard = subprocess.Popen(words[words.index("--") + 1 :])
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: guard.terminate())
    control = "--control" in words and [int(n) for n in words[words.index("--control") + 1][3:].split(",")]
    obey(guard, control, way, log, output)
    if way == "slow":
        time.sleep(2)
    if output is not None:
        output.write_bytes(data())
    if command == "stat":
        print("1234,,cpl_cycles.ring0_trans,99,100.00,,", file=sys.stderr)
    return 0


def obey(guard: subprocess.Popen[bytes], control: list[int] | bool, way: str, log: Path, output: Path | None) -> None:
    began = time.monotonic() if not control else None
    while guard.poll() is None:
        if way == "leaves" and began and time.monotonic() > began + 0.3:
            guard.terminate()
        if isinstance(control, list) and select.select([control[0]], [], [], 0.02)[0]:
            word = os.read(control[0], 64).decode().strip()
            if not word or (word == "disable" and way == "busy"):
                control = False
                continue
            began = began or time.monotonic()
            if output is not None:
                log.write_text(log.read_text() + f"{word}\t{'/'.join(made(output))}\n")
            if way == "dies" and word == "enable":
                assert output is not None
                output.write_bytes(data()[:120])
                os.write(control[1], b"ack\n")
                os.kill(os.getpid(), signal.SIGKILL)
            os.write(control[1], b"ack\n")
        else:
            time.sleep(0.02)


def made(output: Path) -> list[str]:
    """What of the machine folder is there."""
    return sorted(file.name for file in output.with_name(f"{output.name}.machine").iterdir())


if __name__ == "__main__":
    sys.exit(main())
