"""What gstrace knows without a recording, as plain values: schemes and microarchitectures, listed or one in full."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gstrace.schemes import library
from gstrace.schemes.explain import explain
from gstrace.schemes.operations import OPERATIONS
from gstrace.uarchs import load
from gstrace.uarchs.uarch import CPU_FACTS, QUALITIES

if TYPE_CHECKING:
    from gstrace.uarchs.uarch import Cpuid, Uarch

Record = dict[str, Any]


def schemes() -> list[Record]:
    """One row per scheme."""
    rows = []
    for name in library.names():
        document = library.load(name).document
        parameters = [f"{p}={'|'.join(known.values)}" for p, known in document.parameters.items()]
        rows.append(
            {
                "id": document.id,
                "title": document.title,
                "user_gs": document.user_gs,
                "needs": list(document.needs),
                "parameters": parameters,
            }
        )
    return rows


def scheme(text: str) -> Record:
    """One scheme in full: NAME, NAME:param=value or a file. `rules` as `explain` gives them."""
    found = library.parse(text)
    document = found.document
    return {
        "id": found.name,
        "title": document.title,
        "description": document.description.strip(),
        "user_gs": document.user_gs,
        "needs": list(document.needs),
        "parameters": {
            name: {**asdict(p), "values": list(p.values), "chosen": found.parameters[name]}
            for name, p in document.parameters.items()
        },
        "rules": bills(text),
    }


def bills(text: str, event: str = "") -> list[Record]:
    """What a scheme executes in each situation, in words, with reason and source; of one event if it is named."""
    return [row._asdict() for row in explain(library.parse(text), event or None)]


def operations() -> dict[str, str]:
    """The operations that bills count, each in words."""
    return {op.name: op.meaning for op in OPERATIONS}


def uarchs() -> list[Record]:
    """One row per microarchitecture; `quality` is that of its worst price."""
    rows = []
    for known in map(load.load, load.names()):
        worst = max((p.quality for p in known.prices.values() if p.cycles), key=QUALITIES.index)
        facts = [name for name, fact in known.facts.items() if fact.value]
        rows.append({"id": known.id, "name": known.name, "quality": worst, "facts": facts})
    return rows


def uarch(text: str) -> Record:
    """One microarchitecture in full: prices and facts, each with its source."""
    known = load.load(text)
    return {
        "id": known.id,
        "name": known.name,
        "vendor": known.vendor,
        "description": known.description,
        "cpuid": [_cpuid(entry) for entry in known.match],
        "facts": {
            name: {"value": fact.value, "meaning": CPU_FACTS.get(name, ""), "source": fact.source}
            for name, fact in known.facts.items()
        },
        "prices": _prices(known),
    }


def _cpuid(entry: Cpuid) -> str:
    models = "–".join(f"{m:02X}" for m in dict.fromkeys(entry.model))
    stepping = "" if entry.stepping is None else f" stepping {'–'.join(map(str, dict.fromkeys(entry.stepping)))}"
    return f"{entry.vendor} {entry.family:X}/{models}{stepping}"


def _prices(known: Uarch) -> Record:
    return {
        name: {
            "cycles": price.cycles and price.cycles._asdict(),
            "kind": price.kind,
            "quality": price.quality,
            "source": price.source,
            "note": price.note,
            "parts": list(price.parts),
        }
        for name, price in known.prices.items()
    }
