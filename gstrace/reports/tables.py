"""Every report as one tidy table, declared once: its columns here, its rows in `rows.py` and `events.py`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from gstrace.errors import nearest
from gstrace.reports import coverage, events, rows
from gstrace.reports.declare import SCHEME, Column, Report, quantile_columns
from gstrace.reports.provenance import provenance
from gstrace.reports.table import Table, write_folder

if TYPE_CHECKING:
    from gstrace.reports.asked import Answer

UARCH: Final = Column("uarch", "string", "", "microarchitecture it is priced on")
LEDGER: Final = Column("ledger", "string", "", "which base the operations serve: gs or fs")
OP: Final = Column("op", "string", "", "operation")
LOW: Final = Column("low", "int64", "executions", "at least so often")
HIGH: Final = Column(
    "high", "int64", "executions", "at most so often; null: events of unknown number were lost", null=True
)
ENTRIES: Final = Column("entries", "int64", "", "entries from user mode, at the likeliest completion")
DIFFERENCE: Final = quantile_columns("difference", "cycles", "scheme − baseline, in the ledger asked for")
CYCLES: Final = quantile_columns("cycles", "cycles", "what the scheme costs, in the ledger asked for")


_ALL: Final = (
    Report(
        "summary",
        "scheme on a microarchitecture",
        (
            SCHEME,
            UARCH,
            Column("user_gs", "bool", "", "whether user code may change GS without the kernel"),
            Column("baseline", "string", "", "scheme it is compared with"),
            Column(
                "verdict",
                "string",
                "",
                "cheaper, dearer, equal or no decision; null: it cannot be priced here",
                null=True,
            ),
            Column("why", "string", "", "the verdict's reason"),
            *DIFFERENCE,
            *quantile_columns("difference_gs", "cycles", "scheme − baseline, GS alone"),
            *quantile_columns("difference_fs", "cycles", "scheme − baseline, FS alone"),
            *quantile_columns("per_entry", "cycles", "difference per entry from user mode"),
            *quantile_columns("per_switch", "cycles", "difference per context switch"),
            *CYCLES,
            Column(
                "cheaper_least", "float64", "", "share of the price draws in which it is cheaper, at least", null=True
            ),
            Column(
                "cheaper_most", "float64", "", "share of the price draws in which it is cheaper, at most", null=True
            ),
            Column(
                "quality", "string", "", "worst quality of a price the difference needs; null: it needs none", null=True
            ),
            ENTRIES,
            Column("switches", "int64", "", "context switches, inferred ones included"),
        ),
        rows.summary,
    ),
    Report(
        "by-process",
        "process, scheme and microarchitecture",
        (
            Column("pid", "int32", "", "process; null: a thread whose number is unknown, and lost events", null=True),
            Column("comm", "string", "", "last name of its leading thread", null=True),
            ENTRIES,
            Column("switches", "int64", "", "context switches away from it, inferred ones included"),
            Column("arch_prctl", "int64", "", "calls that set or get a base"),
            SCHEME,
            UARCH,
            *DIFFERENCE,
            *CYCLES,
        ),
        rows.by_process,
    ),
    Report(
        "by-event",
        "class of event, scheme and microarchitecture",
        (
            Column("event", "string", "", "class of event"),
            Column("count", "int64", "", "how often it occurred; a switch counts in GS and in FS"),
            SCHEME,
            UARCH,
            *DIFFERENCE,
            *CYCLES,
        ),
        rows.by_event,
    ),
    Report(
        "operations",
        "operation that a scheme would execute; over all microarchitectures asked for",
        (SCHEME, LEDGER, OP, LOW, HIGH),
        rows.operations,
    ),
    Report(
        "windows",
        "operation that a scheme would execute in a window that the workload marked",
        (
            Column("window", "string", "", "number or name of the window; `1#2` where it occurs again"),
            Column("name", "string", "", "name that trace_marker gave it", null=True),
            Column("cpu", "int32", "", "CPU; null: all together", null=True),
            SCHEME,
            LEDGER,
            OP,
            LOW,
            HIGH,
        ),
        rows.windows,
    ),
    Report(
        "over-time",
        "stretch of time, CPU, scheme and microarchitecture",
        (
            Column("start", "int64", "ns", "begin of the stretch, on the trace clock"),
            Column("cpu", "int32", "", "CPU"),
            SCHEME,
            UARCH,
            Column(
                "difference",
                "float64",
                "cycles",
                "scheme − baseline, in the ledger asked for, at typical prices and the likeliest completion",
                null=True,
            ),
        ),
        rows.over_time,
    ),
    Report(
        "assumptions",
        "thing taken for granted at another value, scheme and microarchitecture",
        (
            Column("name", "string", "", "name, as --assume takes it"),
            Column("value", "string", "", "what this answer assumes"),
            Column("default", "string", "", "what it would assume without being told"),
            Column("other", "string", "", "what it is flipped to; null: it has no other value", null=True),
            SCHEME,
            UARCH,
            Column("verdict", "string", "", "verdict of this answer; null: not priced", null=True),
            Column("other_verdict", "string", "", "verdict with the other value", null=True),
            Column("moves", "float64", "cycles", "by how much the difference's p50 moves", null=True),
            *DIFFERENCE,
            *quantile_columns("other", "cycles", "scheme − baseline with the other value"),
            Column("sentence", "string", "", "what is assumed"),
        ),
        rows.assumptions,
    ),
    Report(
        "coverage",
        "class of events, scheme and microarchitecture; of the whole recording, whatever the selection",
        (
            Column("class", "string", "", "class of events"),
            Column("observed", "int64", "", "recorded"),
            Column("inferred", "int64", "", "not recorded, but proven by other events"),
            Column("independent", "int64", "", "counted by somebody else meanwhile; null: nobody did", null=True),
            Column(
                "ratio", "float64", "", "observed / independent; null: nobody counted, or there was none", null=True
            ),
            SCHEME,
            UARCH,
            Column(
                "adds_low",
                "float64",
                "cycles",
                "unseen ones could add at least so much to the difference, in which they are not; null: see why. "
                "Entries from user mode are in other classes again: a sum leaves them out",
                null=True,
            ),
            Column("adds_high", "float64", "cycles", "at most so much", null=True),
            Column("source", "string", "", "files of the independent count", null=True),
            Column("counted", "string", "", "what the independent count counts, and where that is known from"),
            Column("why", "string", "", "why something is not known or odd, as a sentence", null=True),
        ),
        coverage.coverage_rows,
    ),
    Report(
        "origins",
        "way to tell which mode an interrupt or NMI hit; of the whole recording, whatever the selection",
        (
            Column("class", "string", "", "interrupts or NMIs"),
            Column(
                "decided_by",
                "string",
                "",
                "what told it: its record (call chain, or what it found held), thread state; open: nothing did",
            ),
            Column("count", "int64", "", "how many"),
            Column("share", "float64", "", "of all of the class; null: there was none", null=True),
        ),
        coverage.origin_rows,
    ),
    Report(
        "events",
        "event of the recording and scheme",
        events.COLUMNS,
        events.collected,
    ),
)
REPORTS: Final = {report.kind: report for report in _ALL}
"""Every report by its kind."""

STREAMED: Final = "events"
"""The report that can be larger than memory: `events.frames` gives it in pieces, and no folder of reports has it."""


def build(kind: str, answer: Answer) -> Table:
    """One report of an answer. Raises UsageError for a kind that is none."""
    if kind not in REPORTS:
        raise nearest(kind, list(REPORTS), what="report")
    report = REPORTS[kind]
    return Table(report, report.frame(report.rows(answer)), provenance(answer))


def write_all(answer: Answer, folder: Path) -> list[Path]:
    """`folder/KIND.parquet` for each report but `events`, all or none. → the files. Raises OutputError."""
    return write_folder([build(kind, answer) for kind in REPORTS if kind != STREAMED], folder)
