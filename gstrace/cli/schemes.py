"""`gstrace schemes`: the schemes there are, or one in full."""

from __future__ import annotations

from textwrap import wrap
from typing import Annotated, Any

import typer

from gstrace import api
from gstrace.cli.options import Output, scheme_names
from gstrace.cli.output import columns, plain, width, write_rows

EXAMPLES = """\
  gstrace schemes
  gstrace schemes fsgsbase
  gstrace schemes --format json
"""


def schemes(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", autocompletion=scheme_names, help="A name or a file, in full.")
    ] = None,
    output: Output = Output(),
) -> None:
    """List the schemes, or show one in full."""
    if name is None:
        listing("schemes", api.schemes(), output)
        return
    scheme = api.scheme(name)
    lines = [*_head(scheme), "", *bills(scheme["rules"])]
    write_rows({"schema": "gstrace.scheme/1", **scheme}, scheme["rules"], lines, output)


def listing(kind: str, rows: list[dict[str, Any]], output: Output) -> None:
    """Rows in any format; `kind` names them in JSON."""
    write_rows({"schema": f"gstrace.{kind}/1", "rows": rows}, rows, _lines(rows), output)


def _lines(rows: list[dict[str, Any]]) -> list[str]:
    names = [name.replace("_", " ") for name in rows[0]]
    return columns([names, *([plain(value) for value in row.values()] for row in rows)], last=width())


def _head(scheme: dict[str, Any]) -> list[str]:
    facts = [
        (
            "user GS",
            "user code may change its GS base without the kernel" if scheme["user_gs"] else "the kernel's alone",
        ),
        ("needs", plain(scheme["needs"]) or "nothing beyond x86-64"),
        *(
            (f"{name}=", f"{' or '.join(p['values'])} (here {p['chosen']}, default {p['default']}): {p['meaning']}")
            for name, p in scheme["parameters"].items()
        ),
    ]
    return [
        f"{scheme['id']}: {scheme['title']}",
        "",
        *wrap(" ".join(scheme["description"].split()), width() or 120),
        "",
        *columns(facts, last=width()),
    ]


def bills(rules: list[dict[str, Any]]) -> list[str]:
    """The bill of each situation as paragraphs, one event under its title."""
    lines: list[str] = []
    for number, rule in enumerate(rules):
        if not number or rules[number - 1]["event"] != rule["event"]:
            lines += [*([""] if lines else []), f"{rule['title']} ({rule['event']})"]
        bill = [("GS", rule["gs"]), ("FS", rule["fs"]), ("why", rule["why"]), ("source", rule["source"])]
        lines += wrap(rule["when"], width() or 10_000, initial_indent="  ", subsequent_indent="  ")
        room = max(width() - 4, 0)
        lines += [f"    {line}" for line in columns([row for row in bill if row[1]], last=room)]
    return lines
