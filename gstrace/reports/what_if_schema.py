"""The JSON Schema of an answer, put together from what the code declares: operations, verdicts, facts, losses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from gstrace.events.capture import NAMES as FACT_NAMES
from gstrace.events.losses import LOSSES
from gstrace.reports.answer import SCHEMA
from gstrace.reports.coverage import WAYS
from gstrace.reports.declare import QUANTILES
from gstrace.schemes.abi import ABIS
from gstrace.schemes.operations import LEDGERS, OPERATIONS
from gstrace.uarchs.facts import FACTS
from gstrace.uarchs.prices import DISTRIBUTION
from gstrace.uarchs.uarch import QUALITIES
from gstrace.verdict.answer import PRICES
from gstrace.verdict.classes import CLASSES
from gstrace.verdict.decide import WORDS

Schema = dict[str, Any]

NO_MORE: Final = {"additionalProperties": False}
TEXT: Final[Schema] = {"type": "string"}
NUMBER: Final[Schema] = {"type": "number"}
WHOLE: Final[Schema] = {"type": "integer", "minimum": 0}
FLAG: Final[Schema] = {"type": "boolean"}


def entry(properties: Schema) -> Schema:
    """An object with exactly these keys."""
    return {"type": "object", "properties": properties, "required": list(properties), **NO_MORE}


def list_of(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def mapping(values: Schema, names: Iterable[str]) -> Schema:
    """An object with some of these keys."""
    return {"type": "object", "propertyNames": {"enum": list(names)}, "additionalProperties": values}


def maybe(schema: Schema, null: str) -> Schema:
    """The same or null; `null` says what null means."""
    return {"anyOf": [schema, {"type": "null"}], "description": f"null: {null}"}


QUALITY: Final = {"enum": list(QUALITIES)}
SELECTION: Final = entry(
    {
        "window": maybe(TEXT, "all of the recording"),
        "pid": list_of(WHOLE),
        "tid": list_of(WHOLE),
        "comm": list_of(TEXT),
        "cpu": list_of(WHOLE),
        "from": maybe({"type": "integer", "description": "ns, trace clock, included"}, "from the begin"),
        "to": maybe({"type": "integer", "description": "ns, trace clock, excluded"}, "to the end"),
        "exclude_tracer": {**FLAG, "description": "whether the recorder's own threads are left out"},
    }
)
LEDGER: Final = {"enum": [*LEDGERS, "both"]}
PROVENANCE: Final = entry(
    {
        "gstrace": {**TEXT, "description": "version that made this"},
        "source": {**TEXT, "description": "the input's file name"},
        "format": {**TEXT, "description": "the input's format"},
        "digest": {**TEXT, "description": "SHA-256 of the input, hexadecimal"},
        "schemes": list_of(TEXT),
        "baseline": TEXT,
        "ledger": LEDGER,
        "abi": {"enum": list(ABIS)},
        "uarch": list_of(entry({"id": TEXT, "quality": maybe(QUALITY, "it has no price at all")})),
        "selection": SELECTION,
        "command": maybe(TEXT, "not asked on a command line"),
    }
)


def what_if() -> Schema:
    """The schema of `what-if --format json`."""
    return entry(
        {
            "schema": {"const": SCHEMA},
            "provenance": PROVENANCE,
            "capture": mapping(entry({"value": {"type": ["string", "number", "boolean"]}, "source": TEXT}), FACT_NAMES),
            "selection": SELECTION,
            "events": {
                "type": "object",
                "additionalProperties": WHOLE,
                "description": "how often each class of event occurred",
            },
            "losses": list_of(_loss()),
            "inferred_switches": {**WHOLE, "description": "switches that events prove but the recording does not hold"},
            "damage": maybe(TEXT, "reading did not have to stop"),
            "not_recorded": list_of(entry({"events": TEXT, "meaning": TEXT})),
            "coverage": list_of(_coverage()),
            "coverage_notes": {**list_of(TEXT), "description": "what is to be known about all of coverage"},
            "origins": list_of(_origins()),
            "baseline": entry({"scheme": TEXT, "why": TEXT}),
            "uarch": list_of(_uarch()),
            "ledger": LEDGER,
            "abi": _abi(),
            "tracer": _tracer(),
            "schemes": list_of(_scheme()),
            "break_even": list_of(_break_even()),
            "sensitivity": list_of(_sensitivity()),
            "assumptions": list_of(
                entry({"name": TEXT, "sentence": TEXT, "value": TEXT, "default": TEXT, "others": list_of(TEXT)})
            ),
            "draws": entry({"n": WHOLE, "seed": WHOLE, "distribution": {"const": DISTRIBUTION}}),
        }
    )


def _loss() -> Schema:
    return entry(
        {
            "kind": {"enum": [loss.name for loss in LOSSES]},
            "severity": {"enum": sorted({loss.severity for loss in LOSSES})},
            "rows": {**WHOLE, "description": "stretches of the recording, of this kind, and CPU where it is said"},
            "count": maybe(WHOLE, "see count_why"),
            "count_why": maybe(TEXT, "the number is known"),
            "meaning": TEXT,
            "remedy": maybe(TEXT, "there is none"),
            "from": maybe({"type": "integer", "description": "ns, trace clock"}, "the begin of a stretch is not known"),
            "to": {"type": "integer", "description": "ns, trace clock"},
            "cpu": maybe(WHOLE, "of no CPU in particular, or of many"),
        }
    )


def _coverage() -> Schema:
    cycles = maybe(NUMBER, "see why")
    adds = {
        "scheme": TEXT,
        "uarch": TEXT,
        "low": cycles,
        "high": cycles,
        "why": maybe(TEXT, "low and high are numbers"),
    }
    return {
        **entry(
            {
                "class": {"enum": [of.name for of in CLASSES]},
                "observed": {**WHOLE, "description": "recorded, in the whole recording"},
                "inferred": {**WHOLE, "description": "not recorded, but proven by other events"},
                "independent": maybe(WHOLE, "nobody else counted; see why"),
                "ratio": maybe(NUMBER, "nobody else counted, or there was none"),
                "source": maybe(TEXT, "nobody else counted"),
                "counted": {**TEXT, "description": "what the independent count counts, and where that is known from"},
                "why": maybe(TEXT, "there is nothing to explain"),
                "adds": list_of(entry(adds)),
            }
        ),
        "description": "adds: cycles that unseen ones could add to the difference, in which they are not",
    }


def _origins() -> Schema:
    return entry(
        {
            "class": {"enum": ["interrupts", "NMIs"], "description": "of the whole recording"},
            "decided_by": {"enum": list(WAYS), "description": "what told the mode that they hit; open: nothing did"},
            "count": WHOLE,
            "share": maybe(NUMBER, "there was none"),
        }
    )


def _uarch() -> Schema:
    value = {
        "type": ["boolean", "string", "null"],
        "description": "null: nobody knows, source says why; both are priced",
    }
    facts = {
        name: {**entry({"value": value, "source": TEXT}), "description": meaning} for name, meaning in FACTS.items()
    }
    return entry(
        {
            "id": TEXT,
            "name": TEXT,
            "why": TEXT,
            "quality": maybe(QUALITY, "it has no price at all"),
            "facts": entry(facts),
        }
    )


def _abi() -> Schema:
    asis, see = "calls are priced as the calls they were", "see why"
    return entry(
        {
            "mode": {"enum": list(ABIS)},
            "calls": maybe(
                {**entry({"low": WHOLE, "high": WHOLE}), "description": "arch_prctl calls that instructions replace"},
                asis,
            ),
            "recorded": maybe(
                {
                    **entry(dict.fromkeys(QUANTILES, NUMBER)),
                    "description": "ns from a call's sys_enter to its sys_exit",
                },
                f"{asis}, or none has both",
            ),
            "hidden": maybe(
                {**WHOLE, "description": "ns: what of a call lies outside of that is no longer"},
                f"{asis}, or not known",
            ),
            "cycles": maybe(
                {
                    **entry(dict.fromkeys(("low", "typical", "high"), NUMBER)),
                    "description": "spared with the calls over the selection, their entries, returns and base accesses "
                    "included; in no difference",
                },
                f"{asis}, or {see}",
            ),
            "why": maybe(TEXT, "nothing is missing"),
        }
    )


def _tracer() -> Schema:
    return entry(
        {
            "excluded": FLAG,
            "names": {**list_of(TEXT), "description": "of the recorder's own threads"},
            "threads": WHOLE,
            "entries": {**WHOLE, "description": "from user mode, theirs, in the selection"},
            "switches": {**WHOLE, "description": "away from them, in the selection"},
            "cpu": maybe(
                {**WHOLE, "description": "ns that they ran, over the whole recording"}, "the .gst is of version 1"
            ),
            "share": maybe({**NUMBER, "description": "of the CPU time that is known to be busy"}, "nobody knows"),
            "unsure": maybe(
                {**WHOLE, "description": "ns of CPU time of which nobody knows who ran, if any did"}, "nobody knows"
            ),
        }
    )


def _quantiles(meaning: str, null: str) -> Schema:
    number = {"type": ["number", "null"], "description": "null: events of unknown number were lost"}
    return maybe({**entry(dict.fromkeys(QUANTILES, number)), "description": meaning}, null)


def _scheme() -> Schema:
    spread = entry({"low": WHOLE, "high": maybe(WHOLE, "events of unknown number were lost, so there is no upper end")})
    bill = {
        "type": "object",
        "properties": {op.name: {**spread, "description": op.meaning} for op in OPERATIONS},
        **NO_MORE,
    }
    unpriced = "the microarchitecture lacks an instruction that the bill needs; why says which"
    cycles = _quantiles("cycles over the selection", unpriced)
    difference = _quantiles("scheme − baseline, cycles over the selection; positive: dearer", unpriced)
    none = f"{unpriced}, or nothing to divide by"
    return entry(
        {
            "id": TEXT,
            "uarch": TEXT,
            "parameters": {"type": "object", "additionalProperties": TEXT},
            "user_gs": {**FLAG, "description": "whether user code may change GS without the kernel"},
            "bill": entry(dict.fromkeys(LEDGERS, bill)),
            "cycles": cycles,
            "difference": difference,
            "by_ledger": entry(dict.fromkeys(LEDGERS, entry({"cycles": cycles, "difference": difference}))),
            "per_event": entry(
                {
                    "entry": _quantiles("difference per entry from user mode, cycles", none),
                    "switch": _quantiles("difference per context switch, cycles", none),
                }
            ),
            "share_cheaper": maybe(entry({"least": NUMBER, "most": NUMBER}), unpriced),
            "quality": maybe(QUALITY, "the difference needs no price"),
            "verdict": maybe({"enum": list(WORDS)}, unpriced),
            "why": TEXT,
        }
    )


_WHO: Final = {"scheme": TEXT, "uarch": TEXT, "driver": {"enum": list(PRICES)}}


def _break_even() -> Schema:
    return entry(
        {
            **_WHO,
            "flips_at": maybe({**NUMBER, "minimum": 0}, "see why"),
            "why": maybe(TEXT, "flips_at is a number of cycles"),
            "believed": entry(dict.fromkeys(("low", "typical", "high"), NUMBER)),
            "within": {**FLAG, "description": "whether flips_at lies in the believed range"},
        }
    )


def _sensitivity() -> Schema:
    return entry(
        {
            **_WHO,
            "times": {**NUMBER, "description": "executions, scheme − baseline, at the likeliest completion"},
            "at_low": {**NUMBER, "description": "difference in cycles at the low end of this price's range"},
            "at_high": {**NUMBER, "description": "difference in cycles at its high end"},
            "swing": {**NUMBER, "description": "how far apart the two are"},
        }
    )
