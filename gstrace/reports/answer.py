"""The whole answer as one JSON object (schemas/what-if.v1.json, docs/contract.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gstrace.events.losses import LOSSES, Loss
from gstrace.events.tables import Kind
from gstrace.reports.coverage import coverage_json
from gstrace.reports.provenance import provenance
from gstrace.uarchs.prices import DISTRIBUTION, DRAWS, SEED
from gstrace.verdict import answer as verdict
from gstrace.verdict.assumptions import assumptions, fact_text

if TYPE_CHECKING:
    from gstrace.reports.asked import Answer
    from gstrace.verdict.answer import Machine, Priced

SCHEMA: Final = "gstrace.what-if/1"
MANY_CPUS: Final = 16
NEVER_FLIPS: Final = "no cost of 0 or more makes both cost the same"
NOT_COUNTED: Final = "the recording does not say how many"


def answer_json(answer: Answer) -> dict[str, Any]:
    """An answer as plain values: no NaN, unknown is null with a sentence beside it."""
    return {
        "schema": SCHEMA,
        "provenance": provenance(answer),
        "capture": answer.trace.capture.to_json(),
        "selection": answer.selection.to_json(),
        "events": verdict.events(answer.counts),
        "losses": losses(answer),
        "inferred_switches": verdict.inferred_switches(answer.counts),
        "damage": answer.trace.gst.manifest["damage"],
        "not_recorded": [{"events": w.name, "meaning": w.missing} for w in answer.trace.not_recorded],
        **coverage_json(answer),
        "baseline": {"scheme": answer.baseline.name, "why": answer.baseline_why},
        "uarch": [_uarch(machine) for machine in answer.machines],
        "ledger": answer.ledger,
        "schemes": [verdict.to_json(p, answer.ledger) for p in answer.priced],
        "break_even": [row for p in answer.priced for row in _break_even(p)],
        "sensitivity": [row for p in answer.priced for row in _sensitivity(p)],
        "assumptions": [dict(vars(a)) for a in assumptions(answer.trace.capture, answer.machines)],
        "draws": {"n": DRAWS, "seed": SEED, "distribution": DISTRIBUTION},
    }


def losses(answer: Answer) -> list[dict[str, Any]]:
    """What went wrong in the whole recording, whatever the selection: an entry per kind and CPU; per kind for many."""
    rows = answer.trace.gst.table(Kind.LOSS).to_pylist()
    found: list[dict[str, Any]] = []
    for loss in LOSSES:
        by_cpu: dict[int, list[dict[str, Any]]] = {}
        for row in rows:
            if row["kind"] == loss.name:
                by_cpu.setdefault(row["cpu"], []).append(row)
        if len(by_cpu) > MANY_CPUS:
            by_cpu = {-1: [row for of_one in by_cpu.values() for row in of_one]}
        found += [_loss(loss, cpu, by_cpu[cpu]) for cpu in sorted(by_cpu)]
    return found


def _loss(loss: Loss, cpu: int, rows: list[dict[str, Any]]) -> dict[str, Any]:
    counts = [row["count"] for row in rows]
    begins = [row["ts_from"] for row in rows]
    return {
        "kind": loss.name,
        "severity": loss.severity,
        "rows": len(rows),
        "count": None if None in counts else sum(counts),
        "count_why": NOT_COUNTED if None in counts else None,
        "meaning": loss.meaning,
        "remedy": loss.remedy or None,
        "from": None if None in begins else min(begins),
        "to": max(row["ts_to"] for row in rows),
        "cpu": cpu if cpu >= 0 else None,
    }


def _uarch(machine: Machine) -> dict[str, Any]:
    return {
        "id": machine.uarch.id,
        "name": machine.uarch.name,
        "why": machine.why,
        "quality": verdict.uarch_quality(machine.uarch),
        "facts": {
            name: {"value": _value(known.value), "source": known.source} for name, known in machine.known.items()
        },
    }


def _value(value: object) -> object:
    return fact_text(value) if isinstance(value, tuple) else value


def _break_even(p: Priced) -> list[dict[str, Any]]:
    return [
        {
            **p.who,
            "driver": d.price,
            "flips_at": d.flips_at,
            "why": NEVER_FLIPS if d.flips_at is None else None,
            "believed": {"low": d.low, "typical": d.typical, "high": d.high},
            "within": d.within,
        }
        for d in p.drivers
    ]


def _sensitivity(p: Priced) -> list[dict[str, Any]]:
    return [
        {
            **p.who,
            "driver": d.price,
            "times": d.times,
            "at_low": d.at_low,
            "at_high": d.at_high,
            "swing": d.swing,
        }
        for d in p.drivers
    ]
