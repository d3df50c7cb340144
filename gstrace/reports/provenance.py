"""What every answer, table and file says about where it comes from. No date and no folder: same input, same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gstrace import __version__
from gstrace.verdict.answer import uarch_quality

if TYPE_CHECKING:
    from gstrace.reports.asked import Answer


def provenance(answer: Answer) -> dict[str, Any]:
    """The input, what was asked of it, and the command that repeats it."""
    manifest = answer.trace.gst.manifest
    return {
        "gstrace": __version__,
        "source": manifest.get("source"),
        "format": manifest.get("format"),
        "digest": manifest.get("digest"),
        "schemes": list(dict.fromkeys(p.scheme.name for p in answer.priced)),
        "baseline": answer.baseline.name,
        "ledger": answer.ledger,
        "abi": answer.question.abi,
        "uarch": [{"id": m.uarch.id, "quality": uarch_quality(m.uarch)} for m in answer.machines],
        "selection": answer.selection.to_json(),
        "command": answer.command or None,
    }


def lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """The same as pairs of texts, what is empty left out."""
    told = {
        "gstrace": facts["gstrace"],
        "input": f"{facts['source']} ({facts['format']})",
        "sha256": facts["digest"],
        "schemes": ", ".join(facts["schemes"]),
        "baseline": facts["baseline"],
        "ledger": facts["ledger"],
        "abi": facts["abi"],
        "uarch": ", ".join(f"{u['id']} (prices: {u['quality']})" for u in facts["uarch"]),
        "selection": selection_text(facts["selection"]),
        "command": facts["command"] or "",
    }
    return [(name, str(text)) for name, text in told.items() if text]


def selection_text(selection: dict[str, Any]) -> str:
    """A selection in words; `everything` where nothing is left out."""
    parts = []
    for name, value in selection.items():
        if value is None or value is False or value == []:
            continue
        told = "" if value is True else ", ".join(map(str, value)) if isinstance(value, list) else value
        parts.append(f"{name.replace('_', ' ')} {told}".strip())
    return "; ".join(parts) or "everything"
