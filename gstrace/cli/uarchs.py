"""`gstrace uarchs`: the CPUs that there are prices for, or one in full."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gstrace import api
from gstrace.cli.options import Output, uarch_names
from gstrace.cli.output import columns, width, write_rows
from gstrace.cli.schemes import listing

EXAMPLES = """\
  gstrace uarchs
  gstrace uarchs zen4
  gstrace uarchs skylake --format csv
"""


def uarchs(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", autocompletion=uarch_names, help="A name or a file, in full.")
    ] = None,
    output: Output = Output(),
) -> None:
    """List the microarchitectures, or show one in full."""
    if name is None:
        listing("uarchs", api.uarchs(), output)
        return
    known = api.uarch(name)
    write_rows({"schema": "gstrace.uarch/1", **known}, _rows(known), _text(known), output)


def _rows(known: dict[str, Any]) -> list[dict[str, Any]]:
    """One row per price."""
    nothing = dict.fromkeys(("low", "typical", "high"))
    return [
        {"operation": name, **(price["cycles"] or nothing), **{k: v for k, v in price.items() if k != "cycles"}}
        for name, price in known["prices"].items()
    ]


def _text(known: dict[str, Any]) -> list[str]:
    facts = [
        (name, "yes" if fact["value"] else "no", fact["meaning"] + f" ({fact['source']})")
        for name, fact in known["facts"].items()
    ]
    return [
        f"{known['id']}: {known['name']}",
        known["description"],
        *([f"CPUID {', '.join(known['cpuid'])}"] if known["cpuid"] else []),
        *(["", "The CPU itself", *columns(facts, last=width())] if facts else []),
        "",
        "Core clock cycles per execution: overlapped with other work, best single value, isolated",
        *columns(
            [("operation", "low", "typical", "high", "quality", "source"), *map(_price, _rows(known))], last=width()
        ),
    ]


def _price(row: dict[str, Any]) -> tuple[str, ...]:
    cycles = tuple("–" if row[k] is None else f"{row[k]:g}" for k in ("low", "typical", "high"))
    source = f"sum of {', '.join(row['parts'])}" if row["parts"] else row["source"]
    note = f"; {row['note']}" if row["note"] else ""
    return (row["operation"], *cycles, row["quality"], source + note)
