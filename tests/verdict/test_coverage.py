"""The certificate compares what was recorded with what others counted, and bounds what the rest could add."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports import recording
from truth import truth

from gstrace import api
from gstrace.errors import UnreadableInput
from gstrace.events.losses import LOSS_CODE
from gstrace.events.tables import NULL, VECTORS, Kind, Origin, Phase
from gstrace.pricing.bill import Matrix
from gstrace.pricing.difference import apart, in_ledgers
from gstrace.replay.selection import Selection
from gstrace.replay.situations import completions
from gstrace.reports.text import answer_text
from gstrace.schemes.compile import completions as machines_of
from gstrace.store.gst import Gst
from gstrace.verdict.answer import price_ranges
from gstrace.verdict.classes import CLASSES, INTERRUPTS
from gstrace.verdict.coverage import IMPOSSIBLE, NO_SNAPSHOTS, Certificate, Seen, blind_when_idle, certificate
from gstrace.verdict.decide import Verdict
from gstrace.verdict.observed import origins
from gstrace.verdict.unseen import Added, Pricer, outlasts, total

HEAD = "           CPU0       CPU1\n"
BY_NAME = {of.name: of for of in CLASSES}


def snapshots(folder: Path, **after: int) -> Path:
    """A machine folder that counted so much, by the kernel's name of the row; everything else stood still."""
    named = {"ctxt": 0, "processes": 0, "pgfault": 0, "LOC": 0, "RES": 0, "CAL": 0, "NMI": 0, "7": 0, **after}
    folder.mkdir(exist_ok=True)
    for side, numbers in (("before", dict.fromkeys(named, 0)), ("after", named)):
        plain = "".join(f"{name} {numbers[name]}\n" for name in ("ctxt", "processes"))
        lines = "".join(f"{n}: {numbers[n]} 0\n" for n in named if n.isupper() or n.isdecimal())
        (folder / f"stat.{side}").write_text(plain)
        (folder / f"vmstat.{side}").write_text(f"pgfault {numbers['pgfault']}\n")
        (folder / f"interrupts.{side}").write_text(HEAD + lines)
    return folder


def made(folder: Path, story: recording.Story, facts: dict[str, object] | None = None, **after: int) -> api.Trace:
    """A story with snapshots, system-wide by its recorder's command line."""
    command = {"clock": "monotonic", "recorder_command": "perf record -a -e x"}
    trace = recording.write(story, folder, {**recording.FACTS, **command, **(facts or {})})
    return replace(trace, machine=snapshots(folder / "machine", **after)) if after else trace


def by_name(found: Certificate) -> dict[str, Seen]:
    return {seen.of.name: seen for seen in found.seen}


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> api.Answer:
    """Of two events of each kind three happened."""
    story = recording.usual()
    trace = made(tmp_path_factory.mktemp("usual"), story, ctxt=99, LOC=20, RES=4, pgfault=5, NMI=3)
    return api.what_if(trace, uarch="skylake")


# ---- what was seen ----


def test_what_was_recorded_is_compared_with_what_the_kernel_counted(tmp_path: Path) -> None:
    story = recording.Story().found(100, 100, "a").call(100).fault(100).tick(100).switch(100, 0).switch(0, 100)
    seen = by_name(certificate(made(tmp_path, story, ctxt=4, LOC=2, pgfault=1, NMI=7)))
    numbers = {name: (s.observed, s.independent, s.ratio, s.unseen) for name, s in seen.items() if s.of.counters}
    assert numbers["context switches"] == (2, 4, 0.5, 2)
    assert numbers["timer interrupts"] == (1, 2, 0.5, 1)
    assert numbers["page faults"] == (1, 1, 1.0, 0)
    assert numbers["NMIs"] == (0, 7, 0.0, 7)
    assert numbers["reschedule interrupts"] == (0, 0, None, 0)
    assert numbers["platform interrupts"] == (0, None, None, None)
    assert seen["system calls"].observed == 1
    assert seen["context switches"].source == "machine/stat"


def test_switches_that_other_events_prove_are_not_unseen(tmp_path: Path) -> None:
    story = recording.Story().found(100, 100, "a").found(200, 200, "b").switch(100, 0).call(200).switch(200, 100)
    seen = by_name(certificate(made(tmp_path, story, ctxt=5)))["context switches"]
    assert (seen.observed, seen.inferred, seen.independent, seen.unseen) == (2, 1, 5, 2)
    assert seen.why == "of 3 that were not recorded other events prove 1: those are in the bill"


def test_more_recorded_than_counted_is_named(tmp_path: Path) -> None:
    story = recording.Story().found(100, 100, "a").switch(100, 0).switch(0, 100).fault(100)
    seen = by_name(certificate(made(tmp_path, story, ctxt=1)))
    switches, faults = seen["context switches"], seen["page faults"]
    assert switches.why == "more were recorded than counted: the snapshots do not enclose the recording"
    assert faults.why.startswith(f"{switches.why}, or the kernel does not count faults that reach no mapping")
    assert switches.unseen == 0


def test_more_recorded_than_counted_between_snapshots_that_enclose_it_cannot_be(tmp_path: Path) -> None:
    story = recording.Story().found(100, 100, "a").switch(100, 0).switch(0, 100).fault(100)
    trace = made(tmp_path, story, ctxt=1)
    (tmp_path / "machine" / "clock.before").write_text("monotonic 1\n")
    (tmp_path / "machine" / "clock.after").write_text("monotonic 9000000\n")
    seen = by_name(certificate(trace))
    assert seen["context switches"].why == f"more were recorded than counted: {IMPOSSIBLE}"
    assert seen["page faults"].why.startswith("more were recorded than counted: the kernel does not count faults")


def test_handlers_of_a_shared_line_are_one_interrupt(tmp_path: Path) -> None:
    story = recording.Story().found(100, 100, "a")
    for _ in range(3):
        for action in (11, 22):
            story.add(Kind.IRQ, 100, 7 << 8 | action << 32, int(Phase.ENTRY), 0)
            story.add(Kind.IRQ, 100, 7 << 8 | action << 32, int(Phase.EXIT), 0)
    seen = by_name(certificate(made(tmp_path, story, **{"7": 4})))["device interrupts"]
    assert (seen.observed, seen.independent) == (3, 4)


def test_every_vector_belongs_to_one_class() -> None:
    recorded = [name for of in CLASSES for name in of.recorded if name.startswith(INTERRUPTS)]
    assert sorted(recorded) == sorted(INTERRUPTS + vector for vector in VECTORS)


def test_every_class_says_where_its_count_comes_from() -> None:
    for of in CLASSES:
        assert of.counted
        assert bool(of.counters) == bool(of.parts)
        assert not of.counters or "/" in of.counted or "Intel" in of.counted


# ---- where nothing can be compared ----


def test_without_snapshots_everything_is_unknown(tmp_path: Path) -> None:
    trace = made(tmp_path, recording.usual())
    found = certificate(trace)
    assert not found.known
    assert found.notes == ()
    assert {s.why for s in found.seen if s.of.counters} == {NO_SNAPSHOTS}
    assert f"Coverage, of the whole recording:\n  not known: {NO_SNAPSHOTS}" in answer_text(api.what_if(trace), 200)


def test_a_gst_made_before_snapshots_were_kept_has_none(tmp_path: Path) -> None:
    trace = made(tmp_path, recording.usual())
    (trace.gst.path / "snapshots.json").unlink()
    old = api.open(trace.gst.path)
    assert not certificate(old).known
    assert api.what_if(old).to_json()["schemes"] == api.what_if(trace).to_json()["schemes"]


def test_damaged_snapshots_in_a_gst_are_told(tmp_path: Path) -> None:
    trace = made(tmp_path, recording.usual())
    (trace.gst.path / "snapshots.json").write_text('{"counts": {"LOC": 5}}')
    with pytest.raises(UnreadableInput, match=r"no whole \.gst"):
        Gst(trace.gst.path)


@pytest.mark.parametrize(
    ("command", "idle", "known"),
    [
        ("/usr/bin/perf record -a -e x", False, True),
        ("perf record --all-cpus", False, True),
        ("perf record -e x -- ls", False, False),
        ("perf record -e x", True, True),
        ("perf record -a -C 0", True, True),
        ("perf record -agR -e x", False, True),
        ("", False, True),
    ],
)
def test_perf_without_all_cpus_saw_some_threads_only(tmp_path: Path, command: str, *, idle: bool, known: bool) -> None:
    story = recording.Story().found(100, 100, "a").call(100).tick(0 if idle else 100)
    found = certificate(made(tmp_path, story, {"recorder_command": command}, LOC=4))
    assert found.known is known
    told = "the shares hold if the whole machine was recorded, which the recording does not show"
    assert (told in found.notes) == (command in ("", "perf record -a -C 0", "perf record -agR -e x"))
    if not known:
        assert {s.why for s in found.seen if s.of.counters} == {"only some threads were recorded: perf ran without -a"}


@pytest.mark.parametrize(("scope", "known"), [("all", True), ("some", False)])
def test_the_scope_that_was_written_down_outranks_what_the_recording_shows(
    tmp_path: Path, scope: str, *, known: bool
) -> None:
    story = recording.Story().found(100, 100, "a").call(100).tick(0 if scope == "some" else 100)
    trace = made(tmp_path, story, {"recorder_command": ""}, LOC=4)
    (tmp_path / "machine" / "scope").write_text(scope)
    found = certificate(trace)
    assert found.known is known
    assert not any(note.startswith("the shares hold if") for note in found.notes)
    assert known or {s.why for s in found.seen if s.of.counters} == {"only some threads were recorded"}


def test_that_the_recorder_left_itself_out_is_told(tmp_path: Path) -> None:
    said = "events of the recorder itself were left out (--exclude-perf); the independent counts have them"
    trace = made(tmp_path, recording.usual(), {"recorder_command": "perf record -a -e x --exclude-perf"}, LOC=9)
    assert said in certificate(trace).notes
    trace = made(tmp_path, recording.usual(), {"recorder_command": "perf record -a -e x"}, LOC=9)
    assert said not in certificate(trace).notes


def test_a_cpu_on_which_the_kernel_hides_what_happens_while_it_idles_is_named(tmp_path: Path) -> None:
    story = recording.Story().found(100, 100, "a").call(100).call(200, cpu=1)
    for _ in range(2):  # CPU 1 goes idle and is never seen to come back; CPU 0 is
        story.switch(100, 0).switch(0, 100).switch(200, 0, cpu=1).call(200, cpu=1)
    assert blind_when_idle(made(tmp_path, story)) == [1]
    assert any("on CPU 1 while it idles" in note for note in certificate(made(tmp_path / "x", story, ctxt=9)).notes)
    ticks = story.switch(200, 0, cpu=1).tick(0, cpu=1)
    assert blind_when_idle(made(tmp_path / "y", ticks)) == []


def test_a_recording_of_chosen_threads_is_compared_with_nothing(tmp_path: Path) -> None:
    story = recording.usual().add(Kind.LOSS, -1, LOSS_CODE["chosen"], NULL)
    found = certificate(made(tmp_path, story, LOC=9))
    assert {s.why for s in found.seen if s.of.counters} == {"only some threads or CPUs were recorded"}


def test_the_stretch_around_the_recording_is_told(tmp_path: Path) -> None:
    trace = made(tmp_path, recording.Story().found(100, 100, "a").call(100).call(100), LOC=9)
    folder = tmp_path / "machine"
    for first, last, said in (
        (0, 3_004_000, "the snapshots enclose the recording and 1.001 ms before it, 2.000 ms behind it"),
        (1_002_000, 3_000_000, "a snapshot was taken while the recording ran"),
    ):
        (folder / "clock.before").write_text(f"monotonic {first}\n")
        (folder / "clock.after").write_text(f"monotonic {last}\n")
        assert certificate(replace(trace)).notes[-1].startswith(said)
    foreign = made(tmp_path, recording.usual(), {"clock": "boottime"}, LOC=9)
    assert certificate(foreign).notes[-1].startswith("when the snapshots were taken is not known")


# ---- what the rest could add ----


def pricer(answer: api.Answer, scheme: str, ledger: str = "both") -> Pricer:
    return Pricer(next(p for p in answer.priced if p.scheme.name == scheme), answer.baseline, ledger)


def unseen(of: str, n: int) -> Seen:
    return Seen(BY_NAME[of], 0, 0, n, "", "")


PRICED = [of.name for of in CLASSES if of.parts]
SCHEMES = ("swapgs", "fsgsbase", "mixed", "saved-at-entry", "linux-legacy")


@pytest.mark.parametrize("of", PRICED)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_nothing_unseen_adds_exactly_nothing(answer: api.Answer, scheme: str, of: str) -> None:
    assert pricer(answer, scheme).adds(unseen(of, 0))[:2] == (0.0, 0.0)


@pytest.mark.parametrize("of", PRICED)
def test_a_scheme_against_itself_gains_nothing_whatever_was_missed(answer: api.Answer, of: str) -> None:
    assert pricer(answer, answer.baseline.name).adds(unseen(of, 10**6))[:2] == (0.0, 0.0)


@pytest.mark.parametrize("of", PRICED)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_more_unseen_means_a_wider_interval(answer: api.Answer, scheme: str, of: str) -> None:
    of_one, of_many = (pricer(answer, scheme).adds(unseen(of, n)) for n in (1, 1000))
    assert of_one.low is not None
    assert of_one.low <= of_one.high
    assert of_many[:2] == pytest.approx((1000 * of_one.low, 1000 * of_one.high))


def test_classes_add_up_but_for_those_that_others_count_again(answer: api.Answer) -> None:
    seen = [unseen(name, n) for n, name in enumerate(PRICED, 1)]
    asked = pricer(answer, "fsgsbase")
    single = [asked.adds(s) for s in seen if not s.of.overlaps]
    assert len(single) == len(PRICED) - 1
    assert total(asked, seen)[:2] == pytest.approx((sum(a.low for a in single), sum(a.high for a in single)))


def test_interrupts_cost_two_schemes_alike_where_their_entries_are_alike(answer: api.Answer) -> None:
    """mixed and Linux' own scheme do the same on entry, so timer ticks that nobody saw set them not apart."""
    assert pricer(answer, "mixed").adds(unseen("timer interrupts", 1000))[:2] == (0.0, 0.0)
    switches = pricer(answer, "mixed").adds(unseen("context switches", 1000))
    assert switches.low < switches.high


def test_where_a_cpu_lacks_an_instruction_nothing_is_added_and_it_says_why(answer: api.Answer) -> None:
    added = pricer(answer, "fred").adds(unseen("timer interrupts", 3))
    assert added.low is added.high is None
    assert "fred" in added.why


@given(data=st.data())
def test_whatever_the_unseen_were_the_difference_lies_inside(answer: api.Answer, data: st.DataObject) -> None:
    """Unseen events made up, on a machine and at prices within their ranges, never leave the interval."""
    scheme = data.draw(st.sampled_from(SCHEMES))
    of = BY_NAME[data.draw(st.sampled_from(PRICED))]
    ledger = data.draw(st.sampled_from(("gs", "fs", "both")))
    n = data.draw(st.integers(1, 5))
    priced = next(p for p in answer.priced if p.scheme.name == scheme)
    facts = data.draw(st.sampled_from(machines_of([priced.scheme, answer.baseline], priced.machine.facts)))
    pair = Matrix(priced.scheme, facts), Matrix(answer.baseline, facts)
    low, _, high = np.nan_to_num(price_ranges(priced.machine.uarch))
    place = data.draw(st.floats(0, 1))
    prices, cycles = low + place * (high - low), 0.0
    for _ in range(n):
        for part in of.parts:
            code = data.draw(st.sampled_from(part))
            for known in data.draw(st.sampled_from(completions(code))):
                cycles += float(in_ledgers(apart(*pair, known), ledger)[0] @ prices)
    added = pricer(answer, scheme, ledger).adds(unseen(of.name, n))
    assert added.low - 1e-6 <= cycles <= added.high + 1e-6


def test_a_verdict_outlasts_what_could_not_undo_it(answer: api.Answer) -> None:
    def asked(word: str | None, low: float, high: float, added: Added) -> bool | None:
        figure = {"p05": low, "p50": (low + high) / 2, "p95": high}
        priced = replace(answer.priced[0], difference={"both": figure}, verdict=Verdict(word, ""))
        return outlasts(priced, "both", added)

    assert asked("cheaper", -90.0, -10.0, Added(-50.0, 9.0)) is True
    assert asked("cheaper", -90.0, -10.0, Added(-50.0, 10.0)) is False
    assert asked("dearer", 10.0, 90.0, Added(-9.0, 50.0)) is True
    assert asked("dearer", 10.0, 90.0, Added(-11.0, 50.0)) is False
    assert asked("no decision", -10.0, 90.0, Added(0.0, 0.0)) is None
    assert asked("cheaper", -90.0, -10.0, Added(None, None, "nobody knows")) is None


def test_what_the_unseen_does_to_a_verdict_is_said_of_the_whole_recording_only(answer: api.Answer) -> None:
    said = re.compile(r"^    \S+: \[.*\], (?:enough to leave dearer open|dearer all the same)$", re.MULTILINE)
    assert len(said.findall(answer_text(answer, 500))) > 1
    part = answer_text(api.what_if(answer.trace, uarch="skylake", selection=Selection(pids=frozenset({100}))), 500)
    assert not said.findall(part)
    assert re.search(r"^    fsgsbase: \[.*\]$", part, re.MULTILINE)


# ---- where it shows ----


def test_json_table_and_text_say_the_same(answer: api.Answer) -> None:
    said = json.loads(json.dumps(answer.to_json(), allow_nan=False))
    rows = api.report("coverage", answer).rows.to_dicts()
    told = {(r["class"], r["scheme"], r["uarch"]): (r["adds_low"], r["adds_high"]) for r in rows}
    text = answer_text(answer, 500)
    for entry in said["coverage"]:
        for added in entry["adds"]:
            assert told[entry["class"], added["scheme"], added["uarch"]] == (added["low"], added["high"])
        heads = {
            tuple(r[k] for k in ("observed", "inferred", "independent")) for r in rows if r["class"] == entry["class"]
        }
        assert heads == {(entry["observed"], entry["inferred"], entry["independent"])}
        if entry["independent"]:
            assert f"{entry['observed']:,} recorded of {entry['independent']:,} in {entry['source']}" in text
    assert [dict(r) for r in api.report("origins", answer).rows.to_dicts()] == said["origins"]
    for note in said["coverage_notes"]:
        assert f"  {note}\n" in text


def test_the_selection_does_not_change_what_was_seen(answer: api.Answer) -> None:
    part = api.what_if(answer.trace, uarch="skylake", selection=Selection(window="1"))
    assert part.to_json()["coverage"] == answer.to_json()["coverage"]
    assert part.counts != answer.counts


def test_origins_are_decided_by_record_by_state_or_not_at_all(tmp_path: Path) -> None:
    story = recording.Story().found(100, 100, "a").found(50, 50, "kworker", kernel=True).call(100).tick(100)
    timer = VECTORS.index("local_timer")
    story.add(Kind.IRQ, 100, timer, int(Phase.ENTRY), int(Origin.USER)).add(Kind.IRQ, 100, timer, int(Phase.EXIT), 0)
    story.switch(100, 50).tick(50).add(Kind.NMI, 50, 1, c=int(Origin.UNKNOWN)).switch(50, 100).call(100)
    interrupts, nmis = origins(made(tmp_path, story))
    assert (interrupts.by_record, interrupts.by_state, interrupts.open) == (1, 1, 1)
    assert (nmis.by_record, nmis.by_state, nmis.open) == (0, 1, 0)


def test_snapshots_travel_in_the_gst_and_another_folder_outranks_them(tmp_path: Path) -> None:
    source = shutil.copytree(truth.SAMPLES / "fsgs", tmp_path / "fsgs")
    made_here = [
        api.ingest(source / "perf.data", tmp_path / f"{n}.gst", machine=source / "machine", quiet=True) for n in (1, 2)
    ]
    files = [(trace.gst.path / "snapshots.json").read_bytes() for trace in made_here]
    assert files[0] == files[1]
    shutil.rmtree(source)
    seen = by_name(certificate(api.open(tmp_path / "1.gst")))["context switches"]
    assert (seen.observed, seen.independent, seen.source) == (209, 969, "machine/stat")
    other = api.open(tmp_path / "1.gst", machine=snapshots(tmp_path / "other", ctxt=1000))
    assert by_name(certificate(other))["context switches"].independent == 1000
    (tmp_path / "bare").mkdir()
    bare = api.open(tmp_path / "1.gst", machine=tmp_path / "bare")
    assert by_name(certificate(bare))["context switches"].independent == 969
