"""Options that mean the same in every command, each declared here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from gstrace import api
from gstrace.errors import UsageError
from gstrace.units import cpus, nanoseconds

Format = Literal["table", "json", "csv", "md"]
Ledger = Literal["gs", "fs", "both"]
Abi = Literal["asis", "inst"]


def starting(names: Callable[[], Iterable[str]], *more: str) -> Callable[[str], list[str]]:
    """For completion in the shell: those of the names, and of `more`, that begin so."""

    def complete(incomplete: str) -> list[str]:
        return [name for name in (*names(), *more) if name.startswith(incomplete)]

    return complete


scheme_names = starting(api.scheme_names, "all")
uarch_names = starting(api.uarch_names, "all")


Input = Annotated[
    str | None,
    typer.Argument(metavar="INPUT", help="A .gst, a recording, or - . Default: the newest .gst in this folder."),
]
File = Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write here, whole or not at all.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", envvar="GSTRACE_QUIET", help="No progress and no notes.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", envvar="GSTRACE_VERBOSE", help="Say more on standard error.")]
MachineFolder = Annotated[
    Path | None,
    typer.Option(
        "--machine",
        metavar="DIR",
        exists=True,
        file_okay=False,
        help="Facts of the recorded machine: cpuinfo, cmdline, … Default: INPUT.machine/ if it is there.",
    ),
]


@dataclass(frozen=True)
class Output:
    """How and where the result is written."""

    format: Annotated[Format, typer.Option("--format", "-f", envvar="GSTRACE_FORMAT", help="How to write it.")] = (
        "table"
    )
    file: File = None
    quiet: Quiet = False
    verbose: Verbose = False


@dataclass(frozen=True)
class Question:
    """What is priced, against what, where."""

    scheme: Annotated[
        list[str],
        typer.Option(
            metavar="S",
            envvar="GSTRACE_SCHEME",
            autocompletion=scheme_names,
            help="A scheme to price: NAME, a glob, NAME:param=value or a file; may be repeated. Default: all.",
        ),
    ] = field(default_factory=list)
    baseline: Annotated[
        str,
        typer.Option(
            metavar="B",
            envvar="GSTRACE_BASELINE",
            autocompletion=scheme_names,
            help="What the others are compared with. Default: what the recorded kernel ran, else swapgs.",
        ),
    ] = ""
    uarch: Annotated[
        list[str],
        typer.Option(
            metavar="U",
            envvar="GSTRACE_UARCH",
            autocompletion=uarch_names,
            help="A CPU to price on: NAME, a glob or a file; may be repeated. Default: the recorded one.",
        ),
    ] = field(default_factory=list)
    ledger: Annotated[Ledger, typer.Option(envvar="GSTRACE_LEDGER", help="Whose base the cycles are for.")] = "both"
    abi: Annotated[
        Abi, typer.Option(help="A recorded arch_prctl as the call it was, or as the instruction that could replace it.")
    ] = "asis"
    assume: Annotated[
        list[str],
        typer.Option(
            metavar="NAME=VALUE",
            help="Take this for granted instead: see `gstrace report assumptions`; may be repeated.",
        ),
    ] = field(default_factory=list)

    def assumed(self) -> dict[str, str]:
        """By name. Raises UsageError for what is no NAME=VALUE, or contradicts itself."""
        facts: dict[str, str] = {}
        for text in self.assume:
            name, equals, value = text.partition("=")
            if not equals:
                raise UsageError(f"--assume {text}: NAME=VALUE was expected", hint="as in --assume pti=true")
            if facts.setdefault(name, value) != value:
                raise UsageError(f"--assume: {name} is both {facts[name]} and {value}")
        return facts

    def words(self) -> list[str]:
        """The options that repeat it."""
        return [
            *each("--scheme", map(_name, self.scheme)),
            *each("--baseline", [_name(self.baseline)] if self.baseline else []),
            *each("--uarch", map(_name, self.uarch)),
            *each("--ledger", [] if self.ledger == "both" else [self.ledger]),
            *each("--abi", [] if self.abi == "asis" else [self.abi]),
            *each("--assume", self.assume),
        ]


@dataclass(frozen=True)
class Chosen:
    """The part of the recording that is asked about."""

    window: Annotated[
        str, typer.Option(metavar="NAME", help="Between the marks of this name that the workload set.")
    ] = ""
    pid: Annotated[list[int], typer.Option(min=0, metavar="N", help="Of this process; may be repeated.")] = field(
        default_factory=list
    )
    tid: Annotated[list[int], typer.Option(min=0, metavar="N", help="Of this thread; may be repeated.")] = field(
        default_factory=list
    )
    comm: Annotated[list[str], typer.Option(metavar="GLOB", help="Of threads so named; may be repeated.")] = field(
        default_factory=list
    )
    cpu: Annotated[str, typer.Option(metavar="LIST", help="On these CPUs: 0-3,8.")] = ""
    since: Annotated[
        str,
        typer.Option("--from", metavar="TIME", help="From this time of the trace clock on: ns, or 1.25s, 3ms, 7us."),
    ] = ""
    until: Annotated[str, typer.Option("--to", metavar="TIME", help="Before this time of the trace clock.")] = ""
    without_tracer: Annotated[bool, typer.Option("--exclude-tracer", help="Without the recorder's own threads.")] = (
        False
    )

    def selection(self) -> api.Selection:
        """As the API takes it. Raises UsageError for a value that is none."""
        since = nanoseconds(self.since) if self.since else None
        until = nanoseconds(self.until) if self.until else None
        if since is not None and until is not None and since >= until:
            raise UsageError(f"nothing is between --from {self.since} and --to {self.until}")
        return api.Selection(
            window=self.window,
            pids=frozenset(self.pid),
            tids=frozenset(self.tid),
            comms=tuple(self.comm),
            cpus=cpus(self.cpu) if self.cpu else frozenset(),
            since=since,
            until=until,
            without_tracer=self.without_tracer,
        )

    def words(self) -> list[str]:
        """The options that repeat it."""
        return [
            *each("--window", [self.window] if self.window else []),
            *each("--pid", self.pid),
            *each("--tid", self.tid),
            *each("--comm", self.comm),
            *each("--cpu", [self.cpu] if self.cpu else []),
            *each("--from", [self.since] if self.since else []),
            *each("--to", [self.until] if self.until else []),
            *(["--exclude-tracer"] if self.without_tracer else []),
        ]


def each(option: str, values: Iterable[Any]) -> list[str]:
    """An option once for each value."""
    return [word for value in values for word in (option, str(value))]


def _name(text: str) -> str:
    """A name, or a file's without its folders: an answer tells nobody where its files lay."""
    return Path(text).name if "/" in text else text
