"""The whole answer as one JSON object (schemas/what-if.v1.json, docs/contract.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gstrace.events.losses import LOSSES, Loss
from gstrace.events.tables import Kind
from gstrace.reports.coverage import coverage_json
from gstrace.reports.declare import QUANTILES
from gstrace.reports.provenance import provenance
from gstrace.uarchs.prices import DISTRIBUTION, DRAWS, SEED
from gstrace.verdict import answer as verdict
from gstrace.verdict.assumptions import Assumption, fact_text
from gstrace.verdict.calls import calls
from gstrace.verdict.tracer import tracer

if TYPE_CHECKING:
    from gstrace.reports.asked import Answer
    from gstrace.verdict.answer import Machine, Priced

SCHEMA: Final = "gstrace.what-if/1"
MANY_CPUS: Final = 16
NEVER_FLIPS: Final = "no cost of 0 or more makes both cost the same"
NO_CALLS: Final = "the recording has no call of arch_prctl with its begin and its end"
NO_CYCLES: Final = "the recording does not say at how many MHz the CPU ran"
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
        "abi": _abi(answer),
        "tracer": _tracer(answer),
        "schemes": [verdict.to_json(p, answer.ledger) for p in answer.priced],
        "break_even": [row for p in answer.priced for row in _break_even(p)],
        "sensitivity": [row for p in answer.priced for row in _sensitivity(p)],
        "assumptions": [_assumption(a) for a in answer.question.assumptions(answer.trace.capture, answer.machines)],
        "draws": {"n": DRAWS, "seed": SEED, "distribution": DISTRIBUTION},
    }


def _assumption(assumption: Assumption) -> dict[str, Any]:
    return {**vars(assumption), "others": list(assumption.others)}


def _abi(answer: Answer) -> dict[str, Any]:
    """How recorded arch_prctl calls are priced; where by instruction, what else goes with them."""
    mode = answer.question.abi
    if mode == "asis":
        return {"mode": mode, "calls": None, "recorded": None, "hidden": None, "cycles": None, "why": None}
    spared = calls(answer.part)
    figures = spared.cycles()
    return {
        "mode": mode,
        "calls": {"low": spared.low, "high": spared.high},
        "recorded": spared.recorded and dict(zip(QUANTILES, spared.recorded, strict=True)),
        "hidden": spared.hidden,
        "cycles": figures and dict(zip(("low", "typical", "high"), figures, strict=True)),
        "why": None if figures else NO_CYCLES if spared.recorded else NO_CALLS,
    }


def _tracer(answer: Answer) -> dict[str, Any]:
    """What the recorder itself did while it recorded."""
    found = tracer(answer.trace, answer.selection)
    return {
        "excluded": answer.selection.without_tracer,
        "names": list(found.names),
        "threads": found.threads,
        "entries": found.entries,
        "switches": found.switches,
        "cpu": found.cpu,
        "share": found.share,
        "unsure": found.unsure,
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
