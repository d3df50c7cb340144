"""What a file states around its records, in either mode: attributes, event formats and names, facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gstrace.events.capture import Capture
from gstrace.importers.cursor import Cursor, Damaged
from gstrace.importers.perfdata.attr import Attr, parse_attr
from gstrace.importers.tracing import read_formats

if TYPE_CHECKING:
    from gstrace.importers.formats import Format

F_TRACING, F_HOST, F_RELEASE, F_VERSION, F_ARCH, F_CPUS, F_CPU, F_CPUID = 1, 3, 4, 5, 6, 7, 8, 9
F_COMMAND, F_EVENTS, F_DIRECTORY = 11, 12, 24
LONGEST_FEATURE: Final = 1 << 26


@dataclass
class Container:
    """A file's frame.

    data_end: first byte behind the records. cut: a sentence where they end too early, else ''. directory: the records
    are in files beside it. order: of bytes, as `struct` has it. formats: by event id. names: of events, by
    (type, config), where the file tells them. command: the recorder's.
    """

    attrs: list[Attr]
    data: int
    data_end: int
    cut: str = ""
    pipe: bool = False
    directory: bool = False
    order: str = "<"
    formats: dict[int, Format] = field(default_factory=dict)
    names: dict[tuple[int, int], str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)
    capture: Capture = field(default_factory=Capture)
    problems: list[str] = field(default_factory=list)


def read_feature(container: Container, number: int, data: bytes) -> None:
    """Take what one feature says: formats, names, facts; of a damaged one what it can, with a word in `problems`."""
    try:
        _take(container, number, data)
    except Damaged as damage:
        container.problems.append(f"feature {number}: {damage}")


def _take(container: Container, number: int, data: bytes) -> None:
    cursor = Cursor(data, container.order)
    if number == F_TRACING:
        container.formats, problem = read_formats(data)
        if problem:
            container.problems.append(problem)
    elif number == F_EVENTS:
        _event_names(container, cursor)
    elif number == F_DIRECTORY:
        container.directory = True
    elif number == F_COMMAND:
        container.command = [_string(cursor) for _ in range(min(cursor.u32(), len(data)))]
        container.capture.set("recorder_command", " ".join(container.command), "perf.data CMDLINE")
    elif number == F_CPUS:
        # Which of the two words came first has changed: what is online is never more than what is available.
        container.capture.set("cpus", min(cursor.u32(), cursor.u32()), "perf.data NRCPUS")
    elif number == F_CPUID:
        parts = _string(cursor).split(",")
        for fact, value in zip(("cpu_vendor", "cpu_family", "cpu_model", "cpu_stepping"), parts, strict=False):
            container.capture.set(fact, value, "perf.data CPUID")
    elif number in _TEXTS:
        fact, source = _TEXTS[number]
        text = _string(cursor)
        container.capture.set(fact, f"perf {text}" if fact == "recorder" and text else text, f"perf.data {source}")


_TEXTS: Final = {
    F_HOST: ("hostname", "HOSTNAME"),
    F_RELEASE: ("kernel_release", "OSRELEASE"),
    F_VERSION: ("recorder", "VERSION"),
    F_ARCH: ("architecture", "ARCH"),
    F_CPU: ("cpu_name", "CPUDESC"),
}


READ: Final = frozenset({F_TRACING, F_EVENTS, F_COMMAND, F_DIRECTORY, F_CPUS, F_CPUID, *_TEXTS})
"""The features of which anything is taken."""


def _string(cursor: Cursor) -> str:
    """u32 length, padding included, and the text up to its NUL."""
    return cursor.take(cursor.u32()).partition(b"\0")[0].decode("utf-8", "replace").strip()


def _event_names(container: Container, cursor: Cursor) -> None:
    count, size = cursor.u32(), cursor.u32()
    for _ in range(count):
        attr = parse_attr(cursor.take(size), order=container.order)
        ids = cursor.u32()
        name = _string(cursor)
        cursor.take(8 * ids)
        if attr is not None and name:
            container.names.setdefault((attr.type, attr.config), name)
