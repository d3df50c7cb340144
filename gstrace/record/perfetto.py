"""Recording with Perfetto's own recorder, where its `perfetto` or `tracebox` is installed.

Source: https://perfetto.dev/docs/reference/trace-config-proto, .../concepts/buffers (long traces).
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from gstrace.errors import RecordError

if TYPE_CHECKING:
    from gstrace.record.wanted import Wanted

PROGRAMS: Final = ("perfetto", "tracebox")
_NOT_BEGUN: Final = 60.0
"""Seconds for the recorder to begin: itself it gives up after 30."""
_NOT_ENDED: Final = 300.0
"""Seconds for what is recorded to be written."""
_GIVEN_UP: Final = 5.0

_CENTRAL: Final = 64 << 10
"""KiB that hold what comes between two writes to the file, at least."""

_CONFIG: Final = """\
buffers {{ size_kb: {central} fill_policy: RING_BUFFER }}
buffers {{ size_kb: 16384 fill_policy: RING_BUFFER }}
write_into_file: true
file_write_period_ms: 200
flush_period_ms: 1000
data_sources {{ config {{ name: "linux.process_stats" target_buffer: 1
  process_stats_config {{ scan_all_processes_on_start: true record_thread_names: true }} }} }}
data_sources {{ config {{ name: "linux.system_info" target_buffer: 1 }} }}
data_sources {{ config {{ name: "linux.ftrace" target_buffer: 0 ftrace_config {{
  compact_sched {{ enabled: true }}
  buffer_size_kb: {kernel}
  drain_period_ms: 100
{events}{chosen}}} }} }}
"""
_EVENT: Final = '  ftrace_events: "{}"\n'
_CHOSEN: Final = '  tids_to_trace: {}\n  tracefs_options {{ name: "event-fork" state: STATE_ENABLED }}\n'


class Perfetto:
    """Recorder (`session.Recorder`); `output` becomes a Perfetto trace, written while it is recorded.

    Its clock is `boot`, that of Perfetto's other data sources; it is `mono` plus the time that the machine slept.
    """

    def __init__(self, output: Path, told: Wanted) -> None:
        self.events = told.events
        self._output = output.absolute()
        self._config = trace_config(told)
        self._program = ""
        self._daemon = _Daemon()

    @property
    def processes(self) -> tuple[int, ...]:
        """From `begin` on; what it leaves to `traced_probes` is nobody's process in particular."""
        return (self._daemon.pid,) if self._daemon.pid else ()

    def prepare(self) -> None:
        """Find the program. It begins to record with its start, so it is not started yet."""
        found = [name for name in PROGRAMS if shutil.which(name)]
        if not found:
            raise RecordError(
                "neither perfetto nor tracebox is there",
                hint="install one (Debian and Ubuntu: perfetto; else https://perfetto.dev), or record without: "
                "--with tracefs",
            )
        self._program = found[0]

    def begin(self) -> None:
        """All data sources record when this returns."""
        line = [self._program, "--txt", "-c", "-", "-o", str(self._output), "--background-wait"]
        # Files and no pipes: a daemon may hold those open.
        with _text() as config, _text() as out, _text() as words:
            config.write(self._config)
            config.seek(0)
            try:
                status = _run(line, config.fileno(), out.fileno(), words.fileno())
            finally:
                self._daemon.take(_content(out))
            if status or not self._daemon.pid:
                raise self._refused(_content(words))

    def stop(self) -> None:
        """Ends the recorder, which first empties all buffers into the file."""
        self._daemon.signal(signal.SIGTERM)
        if not self._daemon.ended(_NOT_ENDED):
            raise RecordError(f"{self._program} does not end", kept=f"what it wrote, in {self._output}")

    def end(self) -> None:
        self._daemon.forget()
        if not self._output.exists() or not self._output.stat().st_size:
            raise RecordError(f"{self._program} ended and wrote nothing", hint="is the disk full?")

    def abandon(self) -> None:
        self._daemon.signal(signal.SIGTERM)
        if not self._daemon.ended(_GIVEN_UP):
            self._daemon.signal(signal.SIGKILL)
            self._daemon.ended(_GIVEN_UP)
        self._daemon.forget()

    def tally(self) -> tuple[int | None, int | None]:
        """Nobody knows before the trace is read."""
        return None, None

    def _refused(self, words: str) -> RecordError:
        said = " / ".join(line.strip() for line in words.splitlines() if line.strip()) or "nothing"
        return RecordError(
            f"{self._program} does not begin; it says: {said[-500:]}",
            hint="its daemons must run, with access to tracefs: sudo systemctl start traced traced-probes, or "
            "sudo tracebox ctl start; or record without: --with tracefs",
        )


def trace_config(told: Wanted) -> str:
    """A TraceConfig as text, with fields that every Perfetto since v32 knows; only `tids_to_trace` is younger."""
    names = (event.replace(":", "/") for event in (*told.events, "ftrace:print"))
    kernel = max(told.buffer >> 10, 4)
    return _CONFIG.format(
        central=max(2 * kernel * (os.cpu_count() or 1), _CENTRAL),
        kernel=kernel,
        events="".join(map(_EVENT.format, names)),
        chosen="" if told.everything or told.target is None else _CHOSEN.format(told.target),
    )


class _Daemon:
    """A process that is nobody's child, held by a descriptor: its number is not mistaken for a later one's."""

    def __init__(self) -> None:
        self.pid = 0
        self._held = -1

    def take(self, number: str) -> None:
        """Nothing where it is none, or has ended already."""
        if number.strip().isdecimal():
            with suppress(OSError):
                self._held = os.pidfd_open(int(number))
                self.pid = int(number)

    def signal(self, number: int) -> None:
        if self._held >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._held, number)

    def ended(self, seconds: float) -> bool:
        """Wait so long at most. → whether it is gone, or never was."""
        if self._held < 0:
            return True
        poll = select.poll()
        poll.register(self._held, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def forget(self) -> None:
        if self._held >= 0:
            os.close(self._held)
        self._held = -1


def _run(line: list[str], config: int, out: int, words: int) -> int:
    """Until the program has gone into the background; only then it has told its daemon's number. → its status."""
    process = subprocess.Popen(line, stdin=config, stdout=out, stderr=words, start_new_session=True)
    try:
        return process.wait(_NOT_BEGUN)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
    except BaseException:
        process.wait(_NOT_BEGUN)
        raise


def _text() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")


def _content(file: IO[str]) -> str:
    file.seek(0)
    return file.read()
