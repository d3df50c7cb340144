"""One built report: rows with their provenance, as JSON, CSV, Markdown and Parquet. The same numbers in each."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow.parquet as pq

from gstrace.files import cannot_write, put_whole
from gstrace.reports.provenance import lines
from gstrace.units import clean

if TYPE_CHECKING:
    import polars as pl

    from gstrace.reports.declare import Report

_FORMULA: Final = re.compile(r"^[=+\-@]")
# What Markdown reads inside a cell: emphasis, code, links, HTML, cells, mathematics, bare addresses.
_MARKUP: Final = re.compile(r"[\\`*\[\]<>~|&$@]|(?<!\w)_|_(?!\w)|:(?=//)|(?<=www)\.")


@dataclass(frozen=True)
class Table:
    """A report's rows (columns exactly as declared) and where they come from."""

    report: Report
    rows: pl.DataFrame
    provenance: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """`{schema, provenance, rows}`, as schemas/report.KIND.v1.json states it."""
        return {"schema": self.report.schema, "provenance": self.provenance, "rows": self.rows.to_dicts()}

    def to_csv(self, *, provenance: bool = True) -> str:
        """Comma-separated, a header line first; provenance in lines before it that begin with `#`. Null is empty."""
        out = io.StringIO()
        if provenance:
            out.writelines(f"# {name}: {clean(text)}\n" for name, text in lines(self.provenance))
        out.write(csv_rows(self.rows))
        return out.getvalue()

    def to_markdown(self) -> str:
        """A pipe table, then provenance as a list."""
        head = [c.name for c in self.report.columns]
        rule = ["---:" if c.dtype not in ("string", "bool") else "---" for c in self.report.columns]
        table = [*(f"| {' | '.join(cells)} |" for cells in (head, rule)), *self.lines()]
        told = [f"- {name}: {_marked(text)}" for name, text in lines(self.provenance)]
        return "\n".join([*table, "", *told, ""])

    def lines(self) -> list[str]:
        """The rows of the pipe table."""
        return [f"| {' | '.join(_marked(v) for v in row)} |" for row in self.rows.iter_rows()]

    def __str__(self) -> str:
        from gstrace.reports.grid import table_text

        return table_text(self)

    def write_parquet(self, path: str | Path) -> None:
        """One file, whole or not at all; the same table gives the same bytes. Raises OutputError."""
        put_whole(Path(path), self._write)

    def _write(self, path: Path) -> None:
        metadata = {"gstrace.schema": self.report.schema, "gstrace.row": self.report.row}
        metadata["gstrace.provenance"] = json.dumps(self.provenance, ensure_ascii=False, sort_keys=True)
        schema = self.report.arrow_schema(metadata)
        pq.write_table(self.rows.to_arrow().cast(schema), path, compression="zstd", compression_level=1)


def csv_rows(rows: pl.DataFrame, *, header: bool = True) -> str:
    """A frame as comma-separated lines. A text that a spreadsheet would take for a formula gets a `'` before it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if header:
        writer.writerow(rows.columns)
    writer.writerows([_plain(v) for v in row] for row in rows.iter_rows())
    return out.getvalue()


def _plain(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        text = clean(value)
        return f"'{text}" if _FORMULA.match(text) else text
    return value


def _marked(value: object) -> str:
    if isinstance(value, str):
        return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", clean(value))
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def write_folder(tables: Sequence[Table], folder: Path) -> list[Path]:
    """`folder/KIND.parquet` for each, all of them or none. → the files. Raises OutputError."""
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".gstrace-", dir=folder) as aside:
            fresh = [Path(aside) / f"{table.report.kind}.parquet" for table in tables]
            for table, path in zip(tables, fresh, strict=True):
                table._write(path)  # noqa: SLF001
            return [path.replace(folder / path.name) for path in fresh]
    except OSError as error:
        if made and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
        raise cannot_write(folder, error) from error
