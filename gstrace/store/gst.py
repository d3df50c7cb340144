"""Writing and opening a `.gst` directory. It is written aside and renamed: absent or whole."""

from __future__ import annotations

import json
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gstrace.errors import UnreadableInput
from gstrace.events.capture import Capture
from gstrace.events.rows import Rows, empty
from gstrace.events.snapshots import NOTHING, Snapshots
from gstrace.events.tables import CELLS, NULL, SCHEMA_VERSION, TABLES, THREADS, Kind, Table
from gstrace.files import cannot_write
from gstrace.store.columns import arrow_schema, from_arrow, numpy_type, pack, to_arrow, unpack

if TYPE_CHECKING:
    import polars as pl

ROW_GROUP: Final = 1 << 18
"""Rows a row group; a table's bytes depend on its rows alone, not on the pieces in which they came."""

AGAIN: Final = "ingest the recording again"

CENSUS: Final = arrow_schema(CELLS)
THREAD: Final = arrow_schema(THREADS)


class _TableWriter:
    """One Parquet file; rows wait in arrays of one row group's length."""

    def __init__(self, path: Path, table: Table) -> None:
        self.table = table
        self.rows = 0
        self._schema = arrow_schema(table)
        ordered = [c.name for c in table.columns if c.name in ("seq", "ts", "ts_to")]
        self._file = pq.ParquetWriter(
            path,
            self._schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=[c.name for c in table.columns if c.name not in ordered],
            column_encoding=dict.fromkeys(ordered, "DELTA_BINARY_PACKED"),
            write_statistics=ordered,
        )
        self._waiting: list[np.ndarray[Any, Any]] = []
        self._nulls: list[np.ndarray[Any, Any] | None] = []
        self._used = 0

    def add(self, rows: Rows, texts: list[str]) -> None:
        """Append the rows, all of this table's kind."""
        if not self._waiting:
            self._waiting = [np.empty(ROW_GROUP, numpy_type(c)) for c in self.table.columns]
            self._nulls = [np.empty(ROW_GROUP, np.bool_) if c.null else None for c in self.table.columns]
        taken = 0
        while taken < rows.size:
            n = min(ROW_GROUP - self._used, rows.size - taken)
            for column, values, nulls in zip(self.table.columns, self._waiting, self._nulls, strict=True):
                source = getattr(rows, column.source)[taken : taken + n]
                values[self._used : self._used + n], null = unpack(column, source)
                if nulls is not None:
                    nulls[self._used : self._used + n] = null
            taken += n
            self._used += n
            if self._used == ROW_GROUP:
                self._flush(texts)

    def _flush(self, texts: list[str]) -> None:
        n = self._used
        arrays = [
            to_arrow(column, values[:n], None if nulls is None else nulls[:n], texts)
            for column, values, nulls in zip(self.table.columns, self._waiting, self._nulls, strict=True)
        ]
        self._file.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self._schema), row_group_size=ROW_GROUP)
        self.rows += n
        self._used = 0

    def close(self, texts: list[str]) -> None:
        if self._used:
            self._flush(texts)
        self._file.close()


class Writer:
    """A `.gst` being written, in a folder of its own beside the destination. Use as a context: an error removes it.

    The folder is made by the first call inside the context, so that there is no moment, not even for a signal, in which
    it is there and nobody would remove it.
    """

    def __init__(self, destination: Path) -> None:
        self.destination = destination
        self._aside = destination.parent / f".{destination.name}-{secrets.token_hex(6)}"
        self._tables: dict[Kind, _TableWriter] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._aside, ignore_errors=True)

    def _begin(self) -> None:
        if self._tables:
            return
        self.destination.parent.mkdir(parents=True, exist_ok=True)
        (self._aside / "tables").mkdir(parents=True)
        places = {kind: self._aside / "tables" / f"{table.name}.parquet" for kind, table in TABLES.items()}
        self._tables = {kind: _TableWriter(places[kind], table) for kind, table in TABLES.items()}

    def add(self, rows: Rows, texts: list[str]) -> None:
        """Append a piece of the stream. Raises OutputError where the disk does not take it."""
        try:
            self._begin()
            for kind in np.flatnonzero(np.bincount(rows.kind, minlength=len(Kind) + 1)).tolist():
                self._tables[Kind(kind)].add(rows.part(np.flatnonzero(rows.kind == kind)), texts)
        except OSError as error:
            raise cannot_write(self.destination, error) from error

    def finish(
        self,
        *,
        census: pa.Table,
        threads: pa.Table,
        texts: list[str],
        capture: Capture,
        provenance: dict[str, Any],
        snapshots: Snapshots = NOTHING,
    ) -> None:
        """Close the tables and put the directory in its place, over an older one if there is one."""
        try:
            self._begin()
            for table in self._tables.values():
                table.close(texts)
            write_table(self._aside / "tables" / "thread.parquet", threads)
            write_table(self._aside / "census.parquet", census)
            rows = {table.table.name: table.rows for table in self._tables.values()}
            manifest = {"schema": f"gstrace.gst/{SCHEMA_VERSION}", **provenance, "rows": rows}
            _write_json(self._aside / "manifest.json", manifest)
            _write_json(self._aside / "capture.json", capture.to_json())
            _write_json(self._aside / "snapshots.json", snapshots.to_json())
            self._put()
        except OSError as error:
            raise cannot_write(self.destination, error) from error

    def _put(self) -> None:
        if self.destination.exists():
            with tempfile.TemporaryDirectory(dir=self.destination.parent, prefix=".old-") as old:
                self.destination.rename(Path(old) / "gst")
                self._aside.rename(self.destination)
        else:
            self._aside.rename(self.destination)


def _write_json(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def write_table(path: Path, table: pa.Table) -> None:
    """One small Parquet file, always the same bytes for the same table."""
    pq.write_table(table, path, compression="zstd", compression_level=1)


class Tables:
    """The event tables of a `.gst`, each an attribute: `tables.switch` → polars.LazyFrame."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __dir__(self) -> list[str]:
        return sorted([*(t.name for t in TABLES.values()), "thread"])

    def __getattr__(self, name: str) -> pl.LazyFrame:
        import polars as pl

        if name not in dir(self):
            raise AttributeError(name)
        return pl.scan_parquet(self._folder / f"{name}.parquet")


def _snapshots(path: Path) -> Snapshots:
    """Those that were kept; a `.gst` made before there were any has none."""
    return Snapshots.from_json(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else NOTHING


class Gst:
    """An open `.gst`. Raises UnreadableInput for a folder that is none or is of a newer version."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not (path / "manifest.json").is_file():
            raise UnreadableInput(f"{path} is a folder, but no whole .gst", hint=AGAIN)
        try:
            self.manifest: dict[str, Any] = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
            self.capture = Capture.from_json(json.loads((path / "capture.json").read_text(encoding="utf-8")))
            self.snapshots = _snapshots(path / "snapshots.json")
            version = int(str(self.manifest["schema"]).removeprefix("gstrace.gst/"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UnreadableInput(f"{path} is no whole .gst directory: {error}", hint=AGAIN) from error
        if version > SCHEMA_VERSION:
            raise UnreadableInput(
                f"{path} is of version {version}, this gstrace reads up to {SCHEMA_VERSION}",
                hint="update gstrace, or ingest the recording again with this one",
            )
        self.tables = Tables(path / "tables")

    def census(self) -> pa.Table:
        """Columns as `CENSUS`."""
        return self._read("census.parquet", CENSUS)

    def threads(self) -> pa.Table:
        """Columns as `THREAD`; the row number is the census' `thread`."""
        return self._read("tables/thread.parquet", THREAD)

    def table(self, kind: Kind) -> pa.Table:
        """One whole event table, as declared."""
        return self._read(f"tables/{TABLES[kind].name}.parquet", arrow_schema(TABLES[kind]))

    def span(self) -> tuple[int, int] | None:
        """Times of the first event and of the last, ns; None: there is none. What a recorder writes of threads before
        its events begin is none.
        """
        names = [table.name for kind, table in TABLES.items() if kind not in (Kind.TASK, Kind.LOSS)]
        times = [end for name in names for end in _ends(self.path / "tables" / f"{name}.parquet")]
        return (min(times), max(times)) if times else None

    def _read(self, name: str, schema: pa.Schema) -> pa.Table:
        path = self.path / name
        try:
            there = pq.read_schema(path).names
            table = pq.read_table(path, columns=[column for column in schema.names if column in there])
            for place, field in enumerate(schema):
                if field.name not in there and field.nullable:  # a version before it had the column
                    table = table.add_column(place, field, pa.nulls(table.num_rows, field.type))
            return table.select(schema.names)
        except (OSError, KeyError, pa.ArrowException) as error:
            raise UnreadableInput(f"{path}: {error}", hint=AGAIN) from error

    def stream(self, size: int = 1 << 18) -> Iterator[tuple[Rows, list[str]]]:
        """The recorded stream again, in order, in pieces of `size` rows: (rows, what their `text` indexes)."""
        texts: dict[str, int] = {}
        filled = [kind for kind, table in TABLES.items() if self.manifest["rows"][table.name]]
        readers = [_TableReader(self.path / "tables", kind, texts) for kind in filled]
        total = sum(self.manifest["rows"].values())
        for low in range(0, total, size):
            rows = empty(min(size, total - low))
            rows.seq[:] = np.arange(low, low + rows.size)
            rows.tid[:], rows.text[:] = -1, -1
            for reader in readers:
                reader.fill(rows, low)
            yield rows, list(texts)


def _ends(path: Path) -> list[int]:
    """The least and the greatest `ts` of each row group, from its statistics."""
    metadata = pq.read_metadata(path)
    place = metadata.schema.names.index("ts")
    found = (metadata.row_group(i).column(place).statistics for i in range(metadata.num_row_groups))
    return [end for ts in found if ts is not None for end in (ts.min, ts.max)]


class _TableReader:
    """One table, row group by row group, put back into its places of the stream."""

    def __init__(self, folder: Path, kind: Kind, texts: dict[str, int]) -> None:
        self.kind, self.table, self._texts = kind, TABLES[kind], texts
        self._batches = pq.ParquetFile(folder / f"{self.table.name}.parquet").iter_batches(batch_size=ROW_GROUP)
        self._columns: dict[str, np.ndarray[Any, Any]] = {"seq": np.zeros(0, np.int64)}

    def fill(self, rows: Rows, low: int) -> None:
        """Write this table's rows with low ≤ seq < low + rows.size into `rows`."""
        high = low + rows.size
        while True:
            seq = self._columns["seq"]
            n = int(np.searchsorted(seq, high))
            at = seq[:n] - low
            rows.kind[at] = self.kind
            for source, values in self._columns.items():
                if source != "seq":
                    getattr(rows, source)[at] = values[:n]
            self._columns = {source: values[n:] for source, values in self._columns.items()}
            if len(self._columns["seq"]):
                return
            batch = next(self._batches, None)
            if batch is None:
                return
            self._columns = self._unpacked(batch)

    def _unpacked(self, batch: pa.RecordBatch) -> dict[str, np.ndarray[Any, Any]]:
        sources: dict[str, np.ndarray[Any, Any]] = {}
        for column in self.table.columns:
            values, null = from_arrow(column, batch.column(column.name), self._texts)
            packed = pack(column, values, null)
            sources[column.source] = packed if column.source not in sources else sources[column.source] | packed
        used = {c.source for c in self.table.columns}
        unused = {name: np.full(len(batch), NULL) for name in ("a", "b", "c") if name not in used}
        return {**sources, **unused}
