"""The public formats as versioned JSON, made from the declarations: `python -m gstrace.reports.schemas DIR`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gstrace.events.capture import NAMES as FACT_NAMES
from gstrace.events.losses import LOSSES
from gstrace.events.tables import CELLS, SCHEMA_VERSION, TABLES, THREADS, Table
from gstrace.replay.situations import EVENT_BITS, MEANING, Event, fields
from gstrace.reports.tables import REPORTS
from gstrace.reports.what_if_schema import NO_MORE, PROVENANCE, TEXT, WHOLE, entry, list_of, mapping, what_if

if TYPE_CHECKING:
    from gstrace.reports.declare import Report

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """Every file's name and content."""
    found = {
        "what-if.v1.json": _titled("What-if, answered", what_if()),
        f"gst.v{SCHEMA_VERSION}.json": _titled("A .gst directory", gst()),
    }
    found |= {
        f"report.{r.kind}.v1.json": _titled(f"Report {r.kind}: a row per {r.row}", report(r)) for r in REPORTS.values()
    }
    found |= {f"table.{t.name}.v{SCHEMA_VERSION}.json": table(t) for t in (*TABLES.values(), THREADS, CELLS)}
    return found


def _titled(title: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"$schema": DIALECT, "title": title, **schema}


def report(r: Report) -> dict[str, Any]:
    """The JSON Schema of `report KIND --format json`."""
    row = entry({c.name: c.json_schema() for c in r.columns})
    return entry({"schema": {"const": r.schema}, "provenance": PROVENANCE, "rows": list_of(row)})


def table(t: Table) -> dict[str, Any]:
    """An event table: what its rows are, and each column."""
    columns = [
        {
            "name": c.name,
            "dtype": c.dtype,
            "unit": c.unit or None,
            "null": c.null,
            "meaning": c.meaning,
            **({"values": list(c.names)} if c.names else {}),
        }
        for c in t.columns
    ]
    return {
        "schema": f"gstrace.table.{t.name}/{SCHEMA_VERSION}",
        "file": "census.parquet" if t is CELLS else f"tables/{t.name}.parquet",
        "row": t.row,
        "columns": columns,
        **({"situations": situations()} if t is CELLS else {}),
    }


def gst() -> dict[str, Any]:
    """The JSON Schema of `{manifest, capture}`: the two JSON files of a `.gst`, by their names."""
    loss_names = [loss.name for loss in LOSSES]
    manifest = entry(
        {
            "schema": {"const": f"gstrace.gst/{SCHEMA_VERSION}"},
            "gstrace": TEXT,
            "source": TEXT,
            "size": WHOLE,
            "digest": {"type": "string", "description": "SHA-256 of the input, hexadecimal"},
            "format": TEXT,
            "anomalies": mapping(WHOLE, loss_names),
            "inferred_switches": WHOLE,
            "skipped": {"type": "object", "additionalProperties": WHOLE},
            "recorded": {"type": "array", "items": TEXT, "description": "tracepoints, and records of threads' lives"},
            "damage": {"type": ["string", "null"], "description": "where reading had to stop"},
            "rows": mapping(WHOLE, [t.name for t in TABLES.values()]),
        }
    )
    fact = {"value": {"type": ["string", "number", "boolean"]}, "source": TEXT}
    facts = {name: {**entry(fact), "description": meaning} for name, meaning in FACT_NAMES.items()}
    return entry({"manifest": manifest, "capture": {"type": "object", "properties": facts, **NO_MORE}})


def situations() -> dict[str, Any]:
    """What a number in the column `situation` says: the event in its lowest bits, then the event's own fields."""
    events = {
        event.name.lower(): {
            "number": int(event),
            "meaning": MEANING[event],
            "fields": [{"name": f.name, "bits": f.width, "values": list(f.values)} for f in fields(event)],
        }
        for event in Event
    }
    return {"event_bits": EVENT_BITS, "events": events}


def write(folder: Path) -> None:
    """Every schema into a folder, which is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        (folder / name).write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
