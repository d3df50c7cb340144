"""The rows of each report: what an answer and its breakdown hold, selected and put side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gstrace.pricing.groups import Grouped, grouped
from gstrace.replay.census import ANYWHERE
from gstrace.replay.processes import processes
from gstrace.replay.select import chosen_windows, inside, part
from gstrace.reports.declare import QUANTILES, Row
from gstrace.verdict.answer import Priced, Quantiles, entries_and_switches, event_class
from gstrace.verdict.breakdown import Breakdown, bill_over, tally
from gstrace.verdict.question import flips

if TYPE_CHECKING:
    import numpy.typing as npt

    from gstrace.pricing.bill import Bill
    from gstrace.replay.census import Census
    from gstrace.replay.windows import Window
    from gstrace.reports.asked import Answer

    I64 = npt.NDArray[np.int64]


def summary(answer: Answer) -> Iterator[Row]:
    entries, switches = entries_and_switches(answer.counts)
    for p in answer.priced:
        cheaper = p.share_cheaper or (None, None)
        yield {
            **p.who,
            "user_gs": p.scheme.user_gs,
            "baseline": answer.baseline.name,
            "verdict": p.verdict.word,
            "why": p.verdict.why,
            **_spread("difference", _of(p.difference, answer.ledger)),
            **_spread("difference_gs", _of(p.difference, "gs")),
            **_spread("difference_fs", _of(p.difference, "fs")),
            **_spread("per_entry", p.per_entry),
            **_spread("per_switch", p.per_switch),
            **_spread("cycles", _of(p.cycles, answer.ledger)),
            "cheaper_least": cheaper[0],
            "cheaper_most": cheaper[1],
            "quality": p.quality,
            "entries": entries,
            "switches": switches,
        }


def _of(figures: Mapping[str, Quantiles] | None, ledger: str) -> Quantiles | None:
    return None if figures is None else figures[ledger]


def _spread(name: str, figure: Mapping[str, float | None] | None) -> Row:
    return {f"{name}_{q}": None if figure is None else figure[q] for q in QUANTILES}


def by_process(answer: Answer) -> Iterator[Row]:
    cells, threads = answer.part.cells, answer.trace.threads
    of, known = processes(threads["tid"].to_list(), threads["pid"].to_list(), threads["comm"].to_list())
    # The busiest first.
    times = np.bincount(of[cells.thread], cells.count, len(known))
    seen = [int(i) for i in np.argsort(-times, kind="stable") if times[i]]
    place = np.zeros(len(known), np.int64)
    place[seen] = np.arange(len(seen))
    table = grouped(place[of[cells.thread]], len(seen), cells.situation, cells.count)
    counted = tally(table)
    heads = [
        {
            **known[process]._asdict(),
            "entries": int(counted.entries[i]),
            "switches": int(counted.switches[i]),
            "arch_prctl": int(counted.arch_prctl[i]),
        }
        for i, process in enumerate(seen)
    ]
    yield from _with_figures(answer, table, heads)


def by_event(answer: Answer) -> Iterator[Row]:
    classes = sorted({event_class(code) for code in answer.counts})
    codes = np.array(list(answer.counts), np.int64)
    group = np.array([classes.index(event_class(code)) for code in answer.counts], np.int64)
    table = grouped(group, len(classes), codes, np.array(list(answer.counts.values()), np.int64))
    totals = table.counts.sum(axis=1).tolist()
    heads = [{"event": name, "count": n} for name, n in zip(classes, totals, strict=True)]
    yield from _with_figures(answer, table, heads)


def _with_figures(answer: Answer, table: Grouped, heads: list[Row]) -> Iterator[Row]:
    """Each head once per scheme and microarchitecture, with its cycles and its difference."""
    breakdown = Breakdown(answer.baseline, answer.ledger)
    for p in answer.priced:
        figures = breakdown.figures(p, table)
        for i, head in enumerate(heads):
            cycles = difference = None
            if figures is not None:
                cycles, difference = _quantiles(figures.cycles[:, i]), _quantiles(figures.difference[:, i])
            yield {**head, **p.who, **_spread("difference", difference), **_spread("cycles", cycles)}


def _quantiles(values: Any) -> dict[str, float | None]:
    return {q: None if np.isnan(v) else float(v) for q, v in zip(QUANTILES, values, strict=True)}


def operations(answer: Answer) -> Iterator[Row]:
    for scheme, priced in _by_scheme(answer).items():
        yield from ({"scheme": scheme, **row} for row in _ops(bill_over(priced)))


def _by_scheme(answer: Answer) -> dict[str, list[Priced]]:
    found: dict[str, list[Priced]] = {}
    for p in answer.priced:
        found.setdefault(p.scheme.name, []).append(p)
    return found


def _ops(bill: Bill) -> Iterator[Row]:
    for ledger, ops in bill.to_json().items():
        yield from ({"ledger": ledger, "op": op, **spread} for op, spread in ops.items())


def windows(answer: Answer) -> Iterator[Row]:
    found = answer.trace.windows
    if answer.selection.window:
        found = chosen_windows(answer.selection, found)
    cells = answer.part.cells
    cpus = np.unique(cells.cpu[cells.segment != ANYWHERE]).tolist()
    table = _by_window(cells, found, cpus)
    breakdown = Breakdown(answer.baseline, answer.ledger)
    schemes = _by_scheme(answer).items() if found else ()
    bills = {scheme: breakdown.bills(priced, table) for scheme, priced in schemes}
    heads = [{"window": w.label, "name": w.name, "cpu": cpu} for w in found for cpu in (*cpus, None)]
    for group, head in enumerate(heads):
        for scheme, of in bills.items():
            yield from ({**head, "scheme": scheme, **row} for row in _ops(of[group]))


def _by_window(cells: Census, found: list[Window], cpus: list[int]) -> Grouped:
    """A group for each window and CPU, after its CPUs one for all together. What can be placed nowhere is in each."""
    parts = [np.zeros((3, 0), np.int64)]
    for w, window in enumerate(found):
        chosen = inside(cells, window)
        for c, cpu in enumerate([*cpus, None]):
            mask = chosen if cpu is None else chosen & ((cells.cpu == cpu) | (cells.segment == ANYWHERE))
            group = np.full(int(mask.sum()), w * (len(cpus) + 1) + c)
            parts.append(np.array([group, cells.situation[mask], cells.count[mask]], np.int64))
    group, situation, count = np.concatenate(parts, axis=1)
    return grouped(group, len(found) * (len(cpus) + 1), situation, count)


def over_time(answer: Answer) -> pl.DataFrame:
    cells = answer.part.cells
    cells = part(cells, cells.segment != ANYWHERE)
    stretches, group = np.unique(np.array([cells.start, cells.cpu]), axis=1, return_inverse=True)
    heads = pl.DataFrame({"start": stretches[0], "cpu": stretches[1]})
    breakdown = Breakdown(answer.baseline, answer.ledger)
    frames = []
    for p in answer.priced:
        total = breakdown.typical_difference(p, group.ravel(), heads.height, cells)
        figures = pl.Series("difference", [None] * heads.height if total is None else total, pl.Float64)
        frames.append(heads.with_columns(pl.lit(v).alias(k) for k, v in p.who.items()).with_columns(figures))
    return pl.concat(frames)


def assumptions(answer: Answer) -> Iterator[Row]:
    for flip in flips(answer.question, answer.trace, answer.machines, answer.priced):
        before = _of(flip.before.difference, answer.ledger)
        after = None if flip.after is None else _of(flip.after.difference, answer.ledger)
        yield {
            "name": flip.assumption.name,
            "sentence": flip.assumption.sentence,
            "value": flip.assumption.value,
            "default": flip.assumption.default,
            "other": flip.other,
            **flip.before.who,
            "verdict": flip.before.verdict.word,
            "other_verdict": None if flip.after is None else flip.after.verdict.word,
            **_spread("difference", before),
            **_spread("other", after),
            "moves": _apart(before, after),
        }


def _apart(before: Quantiles | None, after: Quantiles | None) -> float | None:
    """By how much p50 moves."""
    if before is None or after is None or before["p50"] is None or after["p50"] is None:
        return None
    return after["p50"] - before["p50"]
