"""Record with nothing but the kernel: tracefs's ring buffers, and a trace.dat of them."""

from __future__ import annotations

import os
import re
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gstrace import files
from gstrace.errors import RecordError
from gstrace.record import tracedat, wanted
from gstrace.record.drain import Drain
from gstrace.record.instance import MARKERS, Instance

if TYPE_CHECKING:
    from gstrace.record.wanted import Wanted

_DATA: Final = re.compile(rb"char data;\s*offset:(\d+);\s*size:(\d+);")
_COUNT: Final = re.compile(rb"^(read events|overrun|commit overrun|dropped events):\s*(\d+)", re.MULTILINE)
_CLOCK: Final = "mono"
_ALL: Final = "record all tasks: -a"


class Tracefs:
    """Recorder (`session.Recorder`); `output` becomes a trace.dat.

    Until it is whole the pages lie beside it in `OUTPUT.cpuN`, as trace-cmd names them: `trace-cmd restore` makes a
    trace.dat of what a killed recorder leaves.
    """

    processes: tuple[int, ...] = ()

    def __init__(self, output: Path, told: Wanted) -> None:
        self.events = told.events
        self._output = output
        self._told = told
        self._tracefs = wanted.tracefs()
        self._instance = Instance(self._tracefs)
        self._drains: list[Drain] = []
        self._stats: list[bytes] = []

    def prepare(self) -> None:
        """An instance with its options, all events on, and files for its pages; no event comes yet."""
        self._instance.create()
        self._set_up()
        for event in self.events:
            self._switch_on(event.replace(":", "/"), chain=event in self._told.chains)
        page = _page(self._instance.read("events/header_page"))
        for cpu in self._instance.cpus():
            target = self._output.with_name(f"{self._output.name}.cpu{cpu}")
            drain = Drain(self._instance.path / f"per_cpu/cpu{cpu}/trace_pipe_raw", target, page)
            self._drains.append(drain)
            try:
                drain.open()
            except OSError as error:
                raise RecordError(f"{error.filename}: {error.strerror}") from error

    def _set_up(self) -> None:
        told, instance = self._told, self._instance
        instance.set("trace_clock", _CLOCK)
        kilobytes = max(told.buffer >> 10, 1)
        instance.set("buffer_size_kb", str(kilobytes), hint=f"less memory: --buffer {max(kilobytes >> 2, 1)}K")
        if instance.has(MARKERS):
            instance.set(MARKERS, "1")
        if not told.everything and told.target is not None:
            instance.set("options/event-fork", "1", hint=_ALL)
            instance.set("set_event_pid", str(told.target), hint=_ALL)

    def _switch_on(self, event: str, *, chain: bool) -> None:
        # What a trigger may be is told where there is none yet; a kernel without stack traces does not name this one.
        if chain and b"stacktrace" in self._instance.read(f"events/{event}/trigger"):
            self._instance.set(f"events/{event}/trigger", "stacktrace")
        self._instance.set(f"events/{event}/enable", "1")

    def begin(self) -> None:
        """Let events come."""
        for drain in self._drains:
            drain.start()
        self._instance.set("tracing_on", "1")

    def stop(self) -> None:
        """Let no event come."""
        self._instance.set("tracing_on", "0")

    def end(self) -> None:
        """Take the rest, write the file, remove everything else. Raises OutputError."""
        try:
            for drain in self._drains:
                drain.finish()
        except OSError as error:
            raise files.cannot_write(self._output, error) from error
        cpus = self._instance.cpus()
        self._stats = [self._instance.read(f"per_cpu/cpu{cpu}/stats") for cpu in cpus]
        files.put_whole(self._output, self._write)
        self.abandon()

    def abandon(self) -> None:
        """Nothing is left in tracefs, and nothing beside the output."""
        with ExitStack() as undo:
            undo.callback(self._instance.remove)
            for drain in self._drains:
                undo.callback(drain.target.unlink, missing_ok=True)
                undo.callback(drain.close)

    def tally(self) -> tuple[int | None, int | None]:
        """Events read, a call chain being one of its own, and events lost."""
        counts = dict.fromkeys((b"read events", b"overrun", b"commit overrun", b"dropped events"), 0)
        for name, count in (found for text in self._stats for found in _COUNT.findall(text)):
            counts[name] += int(count)
        read = counts.pop(b"read events")
        return read, sum(counts.values())

    def _write(self, path: Path) -> None:
        """As private as perf makes it: it tells of everybody's threads."""
        cpus = dict(zip(self._instance.cpus(), self._drains, strict=True))
        path.touch(0o600)
        with path.open("wb") as file, ExitStack() as opened, Path(os.devnull).open("rb") as nothing:
            pages = {cpu: opened.enter_context(drain.target.open("rb")) for cpu, drain in cpus.items()}
            tracedat.write(file, self._head(), [pages.get(cpu, nothing) for cpu in range(max(pages) + 1)])

    def _head(self) -> tracedat.Head:
        instance = self._instance
        formats: dict[str, list[bytes]] = {}
        for event in self.events:
            system, _, name = event.partition(":")
            formats.setdefault(system, []).append(instance.read(f"events/{system}/{name}/format"))
        header_page = instance.read("events/header_page")
        clock = instance.read("trace_clock").rstrip()
        return tracedat.Head(
            page=_page(header_page),
            header_page=header_page,
            header_event=instance.read("events/header_event"),
            own=[text.read_bytes() for text in sorted(instance.path.glob("events/ftrace/*/format"))],
            formats=formats,
            names=(self._tracefs / "saved_cmdlines").read_bytes(),
            clock=clock,
            options=[
                (tracedat.TRACECLOCK, clock + b"\0"),
                (tracedat.UNAME, " ".join(_uname()).encode() + b"\0"),
                (tracedat.VERSION, f"gstrace {version('gstrace')}".encode() + b"\0"),
                *((tracedat.CPUSTAT, text + b"\0") for text in self._stats),
            ],
        )


def _uname() -> tuple[str, str, str, str]:
    """System, host, release, machine."""
    said = os.uname()
    return said.sysname, said.nodename, said.release, said.machine


def _page(header: bytes) -> int:
    """Bytes of a page of the ring buffer; header: the text that describes it."""
    data = _DATA.search(header)
    if data is None:
        raise RecordError("the kernel does not say how large a page of its ring buffer is")
    return int(data[1]) + int(data[2])
