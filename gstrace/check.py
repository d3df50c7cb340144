"""What an installation can prove of itself, without its tests."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gstrace import samples
from gstrace.errors import GstraceError
from gstrace.events.tables import TABLES, Kind
from gstrace.events.tracepoints import find
from gstrace.pricing.bill import bill
from gstrace.replay.situations import Event, encode, known_codes
from gstrace.schemes import library
from gstrace.schemes.compile import check_total
from gstrace.schemes.facts import Facts
from gstrace.schemes.operations import LEDGERS, OPERATIONS
from gstrace.uarchs import load

if TYPE_CHECKING:
    from gstrace.store.gst import Gst
    from gstrace.uarchs.uarch import Price, Uarch

OK: Final = "ok"
FAILED: Final = "FAILED"

COUNTED: Final = (Kind.SYS_ENTER, Kind.SYS_EXIT, Kind.SWITCH, Kind.EXCEPTION, Kind.IRQ, Kind.SIGNAL)
"""Tables with a row for each event of their tracepoints; where two tracepoints tell of one event, the first ranks."""


class Wrong(Exception):
    """What does not hold."""


def check() -> Iterator[dict[str, str]]:
    """One row per proof: check, result (ok, FAILED), detail."""
    for name in library.names():
        yield _row(f"scheme {name}", partial(_total, name))
    for name in load.names():
        yield _row(f"uarch {name}", partial(_priced, load.load(name)))
    yield _row("golden vectors", _golden)
    yield from _sample()


def _row(name: str, prove: Callable[[], str]) -> dict[str, str]:
    try:
        result, detail = OK, prove()
    except Wrong as wrong:
        result, detail = FAILED, str(wrong)
    except GstraceError as error:
        result, detail = FAILED, error.what
    return {"check": name, "result": result, "detail": detail}


def _total(name: str) -> str:
    scheme = library.load(name)
    check_total(scheme)
    return f"exactly one of {len(scheme.document.rules)} rules for each of {len(known_codes())} situations"


def _priced(uarch: Uarch) -> str:
    needed = dict.fromkeys(op.price for op in OPERATIONS)
    for name in needed:
        if name not in uarch.prices:
            raise Wrong(f"states no price of {name}")
        _holds(name, uarch.prices[name])
    absent = [name for name in needed if uarch.prices[name].cycles is None]
    return f"{len(needed) - len(absent)} prices with source" + (
        f"; the CPU has no {', '.join(absent)}" if absent else ""
    )


def _holds(name: str, price: Price) -> None:
    if price.cycles is None:
        if not price.note:
            raise Wrong(f"does not say why there is no price of {name}")
    elif not 0 <= price.cycles.low <= price.cycles.typical <= price.cycles.high:
        raise Wrong(f"{name}: low, typical and high do not rise")
    elif not price.source and not price.parts:
        raise Wrong(f"{name} has no source")


def _golden() -> str:
    """What schemes were worked out by hand to execute, against what they are billed for."""
    vectors = json.loads(Path(__file__).with_name("golden.json").read_text("utf-8"))
    wrong = [vector["id"] for vector in vectors if not _agrees(vector)]
    if wrong:
        raise Wrong(f"{len(wrong)} of {len(vectors)} do not come out: {', '.join(wrong[:5])}")
    return f"{len(vectors)} bills, as worked out by hand"


def _agrees(vector: dict[str, Any]) -> bool:
    scheme = library.parse(vector["scheme"])
    given: dict[str, Any] = vector["facts"]
    facts = Facts(**given | {"kernel": tuple(given["kernel"])})
    counts = {_situation(text): n for text, n in vector["situations"].items()}
    billed = bill(scheme, scheme.completions(facts), counts).to_json()
    for ledger in LEDGERS:
        low, high = vector[ledger], vector.get(f"{ledger}_high", vector[ledger])
        if billed[ledger] != {op: {"low": low.get(op, 0), "high": n} for op, n in high.items()}:
            return False
    return True


def _situation(text: str) -> int:
    """A situation's code from its name."""
    event, *values = text.split()
    return encode(Event[event.upper()], **dict(value.split("=") for value in values))


def _sample() -> Iterator[dict[str, str]]:
    from gstrace import ingest
    from gstrace.importers.source import Source

    sample = samples.find()
    with tempfile.TemporaryDirectory(prefix="gstrace-check-") as folder, Source(sample.trace) as source:
        gst: list[Gst] = []

        def read() -> str:
            gst.append(ingest.ingest(source, Path(folder) / "sample.gst", machine=sample.machine, quiet=True))
            return f"{sum(gst[0].manifest['rows'].values())} events read"

        yield _row(f"sample {samples.NAME}", read)
        if gst:
            yield from (
                _row(f"sample {samples.NAME}: {TABLES[kind].name}", partial(_counted, sample, gst[0], kind))
                for kind in COUNTED
            )
            yield _row(f"sample {samples.NAME}: CPU", lambda: _recognised(sample, gst[0]))


def _counted(sample: samples.Sample, gst: Gst, kind: Kind) -> str:
    """A table's rows against what the recorder said."""
    found: Any = gst.manifest["rows"][TABLES[kind].name]
    told = sum(n for name, n in sample.counts.items() if (t := find(name)) and t.kind is kind and not t.rank)
    if found != told:
        raise Wrong(f"{found} rows, the recorder counted {told}")
    return f"{found} rows, as the recorder counted"


def _recognised(sample: samples.Sample, gst: Gst) -> str:
    uarch, why = load.match(gst.capture)
    if uarch.id != sample.uarch:
        raise Wrong(f"taken for {uarch.id}, but it is {sample.uarch}: {why}")
    return why
