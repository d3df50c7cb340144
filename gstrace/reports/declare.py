"""How a report is declared: its columns with dtype, unit, meaning and nulls, and what one row is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pyarrow as pa

if TYPE_CHECKING:
    from gstrace.reports.asked import Answer

Row = dict[str, Any]

_POLARS: Final[dict[str, Any]] = {
    "string": pl.String,
    "bool": pl.Boolean,
    "int32": pl.Int32,
    "int64": pl.Int64,
    "float64": pl.Float64,
}
_JSON: Final = {"string": "string", "bool": "boolean", "int32": "integer", "int64": "integer", "float64": "number"}
QUANTILES: Final = ("p05", "p50", "p95")


@dataclass(frozen=True)
class Column:
    """One column. dtype: Arrow's name. unit: of the numbers, where they have one. null: whether unknown is possible."""

    name: str
    dtype: str
    unit: str
    meaning: str
    null: bool = False

    @property
    def polars(self) -> Any:
        return _POLARS[self.dtype]

    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema of a value."""
        kind = _JSON[self.dtype]
        unit = f" ({self.unit})" if self.unit else ""
        return {"type": [kind, "null"] if self.null else kind, "description": self.meaning + unit}


SCHEME: Final = Column("scheme", "string", "", "scheme, as asked for: NAME or NAME:param=value")


@dataclass(frozen=True)
class Report:
    """One tidy table. row: what a row is. rows: an answer → its rows, by column name, or a frame of these columns."""

    kind: str
    row: str
    columns: tuple[Column, ...]
    rows: Callable[[Answer], pl.DataFrame | Iterable[Row]]

    @property
    def schema(self) -> str:
        return f"gstrace.report.{self.kind}/1"

    def frame(self, rows: pl.DataFrame | Iterable[Row]) -> pl.DataFrame:
        """Rows by column name, or a frame of these columns → a frame of the declared order and dtypes."""
        if isinstance(rows, pl.DataFrame):
            return rows.select(pl.col(c.name).cast(c.polars) for c in self.columns)
        return pl.DataFrame(list(rows), schema={c.name: c.polars for c in self.columns}, orient="row")

    def arrow_schema(self, metadata: dict[str, str]) -> pa.Schema:
        """The Parquet file's schema: meaning and unit with each column, `metadata` with the table."""
        described = [
            pa.field(
                c.name,
                pa.type_for_alias(c.dtype),
                nullable=c.null,
                metadata={"meaning": c.meaning, "unit": c.unit},
            )
            for c in self.columns
        ]
        return pa.schema(described, metadata=metadata)


def quantile_columns(name: str, unit: str, meaning: str) -> tuple[Column, ...]:
    """p05, p50 and p95 of one figure."""
    where = (
        "at the completion that makes it least",
        "at the likeliest completion",
        "at the one that makes it greatest",
    )
    return tuple(
        Column(f"{name}_{q}", "float64", unit, f"{meaning}: {q} over the draws of prices, {how}", null=True)
        for q, how in zip(QUANTILES, where, strict=True)
    )
