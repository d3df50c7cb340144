"""The report `events` as text, in pieces: a recording of any size goes through, none of it stays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from gstrace.errors import nearest
from gstrace.reports.events import SCHEMA, frames
from gstrace.reports.provenance import provenance
from gstrace.reports.table import Table, csv_rows
from gstrace.reports.tables import REPORTS, STREAMED
from gstrace.units import clean

if TYPE_CHECKING:
    from gstrace.reports.asked import Answer

WIDTHS: Final = {
    "ts": 19,
    "cpu": 5,
    "tid": 8,
    "kind": -22,
    "scheme": -16,
    "cycles_low": 10,
    "cycles_typical": 14,
    "cycles_high": 11,
}
"""Of the columns in text, negative ones flush left; the situation, which has any length, comes last."""


def event_text(answer: Answer, form: str) -> Iterator[str]:
    """The whole report in one form (table, json, csv, md). Raises UsageError for a form that is none."""
    if form not in _FORMS:
        raise nearest(form, list(_FORMS), what="format")
    return _FORMS[form](Table(REPORTS[STREAMED], pl.DataFrame(schema=SCHEMA), provenance(answer)), frames(answer))


def _csv(empty: Table, pieces: Iterator[pl.DataFrame]) -> Iterator[str]:
    yield empty.to_csv()
    for piece in pieces:
        yield csv_rows(piece, header=False)


def _json(empty: Table, pieces: Iterator[pl.DataFrame]) -> Iterator[str]:
    """`{schema, provenance, rows}`, a row a line."""
    frame = {name: value for name, value in empty.to_json().items() if name != "rows"}
    yield json.dumps(frame, allow_nan=False)[:-1] + ', "rows": ['
    between = "\n"
    for piece in pieces:
        for row in piece.iter_rows(named=True):
            yield between + json.dumps(row, allow_nan=False)
            between = ",\n"
    yield "\n]}\n"


def _markdown(empty: Table, pieces: Iterator[pl.DataFrame]) -> Iterator[str]:
    head, rule, *rest = empty.to_markdown().split("\n")
    yield f"{head}\n{rule}\n"
    for piece in pieces:
        yield "".join(f"{line}\n" for line in Table(empty.report, piece, {}).lines())
    yield "\n".join(rest)


def _table(_empty: Table, pieces: Iterator[pl.DataFrame]) -> Iterator[str]:
    names = [*WIDTHS, "situation"]
    yield _line(dict(zip(names, (name.removeprefix("cycles_") for name in names), strict=True)))
    for piece in pieces:
        yield "".join(map(_line, piece.iter_rows(named=True)))


def _line(row: dict[str, Any]) -> str:
    cells = [
        _cell(row[name]).rjust(width) if width > 0 else _cell(row[name]).ljust(-width) for name, width in WIDTHS.items()
    ]
    return f"{'  '.join(cells)}  {_cell(row['situation'])}\n"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f}"
    return "?" if value is None else clean(str(value))


_FORMS: Final[dict[str, Callable[[Table, Iterator[pl.DataFrame]], Iterator[str]]]] = {
    "table": _table,
    "json": _json,
    "csv": _csv,
    "md": _markdown,
}
