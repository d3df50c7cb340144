"""An answer as plain text: no colour, no markup, the same bytes wherever it goes."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from gstrace.reports.answer import losses
from gstrace.reports.coverage import coverage_text
from gstrace.reports.numbers import count, estimate, interval, share
from gstrace.reports.provenance import provenance, selection_text
from gstrace.uarchs.facts import PER_SCHEME, is_x86_64
from gstrace.units import clean
from gstrace.verdict import answer as verdict
from gstrace.verdict.calls import calls
from gstrace.verdict.tracer import tracer

if TYPE_CHECKING:
    from gstrace.reports.asked import Answer
    from gstrace.verdict.answer import Machine, Priced, Quantiles

WIDTH: Final = 80
_FLIPS: Final = 3
"""How many prices are named that would flip a verdict, for each scheme."""
_NAMED: Final = 3
"""How many threads are named that may use a selector."""
_UNSURE: Final = ("estimate", "recalled")
_GLUE: Final = "\N{NO-BREAK SPACE}"
_TOGETHER: Final = re.compile(r"(?<=\d,) (?=[+-]?\d[^\[ ]*\])|(?<=\d) (?=[a-z%])|(?<=\d to) ")


def answer_text(answer: Answer, width: int = WIDTH) -> str:
    """The verdicts first, then what they rest on and what is not known. Ends with the command that repeats it."""
    sections = (
        *(_verdicts(answer, machine) for machine in answer.machines),
        _notes(answer),
        _abi(answer),
        _counted(answer),
        _bills(answer),
        _flips(answer),
        _basis(answer),
        _unknown(answer),
        coverage_text(answer),
        _origin(answer),
    )
    blocks = ("\n".join(_wrapped(lines, width)) for lines in sections)
    return "\n\n".join(block for block in blocks if block)


def _wrapped(lines: Iterator[str], width: int) -> Iterator[str]:
    """Lines no longer than `width`; what is cut goes on two columns further in. The one way out: all is `clean`."""
    for line in lines:
        text = clean(line)
        margin = " " * (len(text) - len(text.lstrip()) + 2)
        # textwrap never breaks at a no-break space, and `clean` has left none.
        glued = _TOGETHER.sub(_GLUE, text)
        cut = textwrap.wrap(glued, width, subsequent_indent=margin, break_long_words=False, break_on_hyphens=False)
        yield from (part.replace(_GLUE, " ") for part in cut)


def _verdicts(answer: Answer, machine: Machine) -> Iterator[str]:
    ledger = {"both": "", "gs": ", GS alone", "fs": ", FS alone"}[answer.ledger]
    yield f"Against {answer.baseline.name}, priced on {machine.uarch.id} ({machine.uarch.name}){ledger}:"
    priced = [p for p in answer.priced if p.machine is machine]
    for p in priced:
        if p.scheme.name == answer.baseline.name and len(priced) > 1 and answer.question.abi == "asis":
            continue
        yield f"  {p.scheme.name}: {p.verdict.word or 'not priced'}"
        if p.difference is None:
            yield f"    {p.verdict.why}"
            continue
        yield f"    {_figure(p.per_switch, 'cycles per switch')}, {_figure(p.per_entry, 'per kernel entry')}"
        yield f"    {_likelihood(p)}"


def _figure(figure: Quantiles | None, unit: str) -> str:
    if figure is None:
        return f"no {unit.removeprefix('cycles ')} figure: there is none to divide by"
    return f"{estimate(figure['p50'], sign=True)} {unit} {interval(figure['p05'], figure['p95'])}"


def _likelihood(p: Priced) -> str:
    if p.share_cheaper is None or p.verdict.word == "equal":
        return p.verdict.why
    draws = f"cheaper in {share(*p.share_cheaper)} of the price draws"
    return draws if p.verdict.word in ("cheaper", "dearer") else f"{draws}: {p.verdict.why}"


def _notes(answer: Answer) -> Iterator[str]:
    yield "Positive is dearer than the baseline; [5 %, 95 %]. Cycles are CPU time, not wall time."
    if any(p.quality in _UNSURE for p in answer.priced):
        yield (
            "Some of these prices are estimates: a share of draws is a statement about their stated ranges, "
            "not a measured probability."
        )


def _abi(answer: Answer) -> Iterator[str]:
    """What `--abi inst` does away with, beside what the ledgers hold."""
    if answer.question.abi == "asis":
        return
    spared = calls(answer.part)
    yield "Calls of arch_prctl that programs replace by instructions (the baseline keeps them):"
    yield f"  {_amount(spared.low, spared.high)} calls, gone with their entries and returns"
    if spared.recorded is not None:
        short, median, long = (f"{ns:,.0f}" for ns in spared.recorded)
        hidden = "unknown" if spared.hidden is None else f"0 to {spared.hidden:,} ns"
        yield f"  each took {median} ns between its two events [{short}, {long}]; hidden around them: {hidden}"
    if (cycles := spared.cycles()) is not None:
        low, typical, high = map(estimate, cycles)
        yield f"  so {typical} cycles [{low}, {high}] besides, the ledgers' part of it included; in no figure above"


def _counted(answer: Answer) -> Iterator[str]:
    entries, switches = verdict.entries_and_switches(answer.counts)
    inferred = verdict.inferred_switches(answer.counts)
    ratio = f": {estimate(entries / switches)} entries per switch" if switches else ""
    yield "Counted:"
    yield f"  {count(entries)} kernel entries from user mode, {count(switches)} context switches{ratio}"
    if inferred:
        yield f"  {count(inferred)} of the switches were not recorded; other events prove them"
    yield from _recorder(answer)
    for loss in losses(answer):
        yield f"  {_loss(loss)}"


def _recorder(answer: Answer) -> Iterator[str]:
    found = tracer(answer.trace, answer.selection)
    if not found.threads:
        return
    who = f"the recorder's own ({', '.join(found.names)})"
    which = f"left out, {who}" if answer.selection.without_tracer else f"of these {who}"
    part = "" if found.share is None else f"; it ran {share(found.share, found.share)} of the known busy CPU time"
    yield f"  {which}: {count(found.entries)} of the entries, {count(found.switches)} of the switches{part}"


def _loss(loss: dict[str, Any]) -> str:
    where = "" if loss["cpu"] is None else f" on CPU {loss['cpu']}"
    number = "unknown number" if loss["count"] is None else count(loss["count"])
    remedy = f" ({loss['remedy']})" if loss["remedy"] else ""
    return f"{loss['severity']}: {loss['kind']}{where}, {number}: {loss['meaning']}{remedy}"


def _bills(answer: Answer) -> Iterator[str]:
    yield "Operations over the selection:"
    bills: dict[str, dict[str, list[str]]] = {}
    for p in answer.priced:
        if answer.question.abi == "inst" and not p.scheme.user_gs:
            continue  # it cannot run so
        text = "\n".join(_bill(p))
        bills.setdefault(p.scheme.name, {}).setdefault(text, []).append(p.machine.uarch.id)
    for scheme, variants in bills.items():
        for text, uarchs in variants.items():
            yield f"  {scheme}" if len(variants) == 1 else f"  {scheme} on {', '.join(uarchs)}"
            yield from text.split("\n")


def _bill(p: Priced) -> Iterator[str]:
    for ledger, ops in p.bill.to_json().items():
        amounts = ", ".join(f"{_amount(**spread)} {op}" for op, spread in ops.items())
        yield f"    {ledger}: {amounts or 'nothing'}"


def _amount(low: int | None, high: int | None) -> str:
    if low == high:
        return count(low)
    return f"{count(low)} or more" if high is None else f"{count(low)} to {count(high)}"


def _flips(answer: Answer) -> Iterator[str]:
    yield "What would flip a verdict, one price at a time:"
    found = False
    for p in answer.priced:
        on = f" on {p.machine.uarch.id}" if len(answer.machines) > 1 else ""
        for d in [d for d in p.drivers if d.within][:_FLIPS]:
            found = True
            believed = f"believed {estimate(d.low)} to {estimate(d.high)}, typically {estimate(d.typical)}"
            yield f"  {p.scheme.name}{on}: {d.price} at {estimate(d.flips_at)} cycles ({believed})"
    if not found:
        yield "  none within its believed range"


def _basis(answer: Answer) -> Iterator[str]:
    yield f"Baseline {answer.baseline.name}: {answer.baseline_why}"
    for machine in answer.machines:
        quality = verdict.uarch_quality(machine.uarch)
        yield f"Prices of {machine.uarch.id}: {machine.why}; worst quality of a price: {quality}"
    told = answer.question.assume
    if told:
        yield f"Assumed: {', '.join(f'{name}={value}' for name, value in told.items())}"


def _unknown(answer: Answer) -> Iterator[str]:
    yield "Not known:"
    if damage := answer.trace.gst.manifest["damage"]:
        yield f"  what came behind the damage: {damage}"
    for wanted in answer.trace.not_recorded:
        yield f"  {wanted.name} were not recorded: {wanted.missing}"
    if is_x86_64(answer.trace.capture) is None:
        yield "  the architecture, which the recording does not say: the schemes are of x86-64"
    opened = verdict.left_open(answer.counts, answer.priced)
    if opened:
        told = ", ".join(f"{count(n)} {name}" for name, n in opened.items())
        yield f"  events that may have been several things, in the intervals as such: {told}"
    if users := _selector_users(answer):
        yield f"  whether FS or GS has a selector: {users}"
    for machine in answer.machines:
        unknown = [name for name, known in machine.known.items() if known.value is None and known.source != PER_SCHEME]
        if unknown:
            yield f"  {machine.uarch.id}: {', '.join(unknown)}; where a bill depends on them, the intervals span both"


def _selector_users(answer: Answer) -> str:
    """The threads that asked for a descriptor or run a 32-bit program, a few by name; empty for none."""
    threads = answer.trace.threads.filter(answer.trace.chosen_threads(answer.selection))
    users = threads.filter(threads["selectors"].fill_null(value=False))
    told = [
        f"{comm or 'a thread'} ({tid}{', 32-bit' if bits32 else ''})"
        for comm, tid, bits32 in users.select("comm", "tid", "bits32").head(_NAMED).iter_rows()
    ]
    more = len(users) - len(told)
    return ", ".join(told) + (f" and {count(more)} more" if more > 0 else "")


def _origin(answer: Answer) -> Iterator[str]:
    facts = provenance(answer)
    yield f"From {facts['source']} ({facts['format']}), by gstrace {facts['gstrace']}"
    yield f"  sha256 {facts['digest']}"
    if answer.selection.to_json() != type(answer.selection)().to_json():
        yield f"Selection: {selection_text(facts['selection'])}"
    if facts["command"]:
        yield f"Again: {facts['command']}"
