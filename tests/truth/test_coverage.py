"""A recording never holds more than its kernel counted, and formats agree on what one holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from truth import truth

from gstrace.verdict.coverage import certificate
from gstrace.verdict.observed import origins

# Snapshots were taken outside of the recorder, whose start and end are most of what the kernel counted.
ENCLOSED = [r for r in truth.recordings() if (r.parent / "machine" / "stat.before").exists()]
ALWAYS = {"context switches", "timer interrupts", "device interrupts", "page faults", "forks"}


@pytest.mark.parametrize("recording", ENCLOSED, ids=truth.label)
def test_nothing_was_recorded_that_the_kernel_did_not_count(recording: Path) -> None:
    found = certificate(truth.trace(recording))
    known = {seen.of.name: seen for seen in found.seen if seen.independent is not None}
    assert known.keys() >= ALWAYS
    for seen in known.values():
        assert seen.observed + seen.inferred <= (seen.independent or 0)
        assert seen.why == ""


@pytest.mark.parametrize("recording", ENCLOSED, ids=truth.label)
def test_recorder_and_shell_forked_but_a_few(recording: Path) -> None:
    """The tightest count: the snapshots' own `cat`s and the recorder's few processes are all that is between."""
    forks = next(s for s in certificate(truth.trace(recording)).seen if s.of.name == "forks")
    most = 24 if "perfetto-real" in str(recording) or recording.suffix == ".pftrace" else 8
    assert forks.unseen is not None
    assert 5 <= forks.unseen <= most


@pytest.mark.parametrize("recording", ENCLOSED, ids=truth.label)
def test_every_interrupt_is_decided_or_open(recording: Path) -> None:
    trace = truth.trace(recording)
    seen = certificate(trace).seen
    interrupts, nmis = origins(trace)
    assert interrupts.total == sum(s.observed for s in seen if s.of.name.endswith("interrupts"))
    assert nmis.total == next(s.observed for s in seen if s.of.name == "NMIs")


def test_call_chains_decide_all() -> None:
    found = [r for r in ENCLOSED if r.parent.name == "fsgs-intel-callchain"]
    if not found:
        pytest.skip("the recording with call chains is not here")
    (interrupts, _), (recording,) = origins(truth.trace(found[0])), found
    assert (interrupts.by_record, interrupts.by_state, interrupts.open) == (86, 0, 0), recording


def test_a_recording_in_two_formats_saw_the_same() -> None:
    """The same recording as perf.data and as text, as trace.dat and as text. Entries are left out: how many interrupts
    were some depends on what a format tells of their origin.
    """
    by_folder: dict[Path, list[Path]] = {}
    for recording in ENCLOSED:
        by_folder.setdefault(recording.parent, []).append(recording)
    several = [found for found in by_folder.values() if len(found) > 1]
    assert several
    for found in several:
        one, *others = (
            [(s.of.name, s.observed) for s in certificate(truth.trace(r)).seen if not s.of.overlaps] for r in found
        )
        for other in others:
            assert other == one
