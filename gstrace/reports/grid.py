"""A report's table as plain text: aligned columns, or a block a row where these would be too wide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from gstrace.reports.declare import QUANTILES
from gstrace.reports.numbers import count, estimate
from gstrace.reports.provenance import lines
from gstrace.units import clean

if TYPE_CHECKING:
    from gstrace.reports.declare import Column
    from gstrace.reports.table import Table

_BLOCKS: Final = 12
"""More rows than this stay in columns, however wide."""
_LEFT: Final = ("string", "bool")


def table_text(table: Table, width: int = 80) -> str:
    """A table for people: figures rounded, p05, p50 and p95 as `p50 [p05, p95]`, `?` for unknown; provenance below."""
    names, right, rows = _columns(table)
    widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
    if sum(widths) + 2 * (len(widths) - 1) > width and len(rows) <= _BLOCKS:
        body = list(_blocks(names, rows))
    else:
        body = [_aligned(cells, widths, right) for cells in (names, *rows)]
    told = [f"{name}: {clean(text)}" for name, text in lines(table.provenance)]
    return "\n".join([*body, *([] if rows else ["(no rows)"]), "", *told])


def _aligned(cells: list[str], widths: list[int], right: list[bool]) -> str:
    padded = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(cells, widths, right, strict=True))
    return "  ".join(padded).rstrip()


def _blocks(names: list[str], rows: list[list[str]]) -> Iterator[str]:
    margin = max(map(len, names))
    for row in rows:
        yield from (f"{name.ljust(margin)}  {cell}".rstrip() for name, cell in zip(names, row, strict=True))
        yield ""


def _columns(table: Table) -> tuple[list[str], list[bool], list[list[str]]]:
    """Names, whether to align right, and the cells of each row."""
    names: list[str] = []
    right: list[bool] = []
    cells: list[list[str]] = []
    for column in table.report.columns:
        stem, _, quantile = column.name.rpartition("_")
        values = table.rows[column.name].to_list()
        if quantile not in QUANTILES:
            names.append(column.name)
            right.append(column.dtype not in _LEFT)
            cells.append([_cell(column, value) for value in values])
        elif quantile == "p50":
            low, high = (table.rows[f"{stem}_{q}"].to_list() for q in ("p05", "p95"))
            names.append(stem)
            right.append(True)
            cells.append([_spread(*three) for three in zip(values, low, high, strict=True)])
    return names, right, [list(row) for row in zip(*cells, strict=True)]


def _spread(middle: float | None, low: float | None, high: float | None) -> str:
    if middle is None:
        return "?"
    return estimate(middle) if low == middle == high else f"{estimate(middle)} [{estimate(low)}, {estimate(high)}]"


def _cell(column: Column, value: Any) -> str:
    if value is None:
        return "?" if column.null and column.dtype not in _LEFT and column.name != "cpu" else "-"
    if column.dtype == "float64":
        return estimate(value)
    if column.unit == "executions":
        return count(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return clean(value) if isinstance(value, str) else str(value)
