"""Every format's sample, cut and flipped: an answer or a refusal, in time and bounded memory, and no event invented.

`make fuzz` does all that is said here to every sample; `make test` a part of it.
"""

from __future__ import annotations

import random
import resource

import pytest
from hypothesis import settings
from importers.damage import DRAWN, claimed, events, samples

from gstrace.importers.registry import FORMATS

THOROUGH = settings().max_examples > 1000
EACH_CUT, CUTS, FLIPS = (4096, 200, 10_000) if THOROUGH else (160, 10, 40)
MOST_MIB = 512

FORMAT = pytest.mark.parametrize("name", [f.name for f in FORMATS])


@pytest.fixture
def whole(name: str) -> bytes:
    if name not in samples():
        pytest.fail(f"no recording of {name} in sample-traces/")
    return samples()[name]


@FORMAT
def test_a_sample_is_recognised_and_read(name: str, whole: bytes) -> None:
    known = claimed(whole)
    assert known is not None
    assert known.name == name
    assert len({key[0] for key in events(whole)} & DRAWN) > 1


@FORMAT
@pytest.mark.slow
def test_a_cut_sample_holds_no_event_that_the_whole_does_not(name: str, whole: bytes) -> None:
    recorded, dice = events(whole), random.Random(name)
    near = range(4096) if THOROUGH else sorted(dice.sample(range(4096), EACH_CUT))
    for size in [*near, *(dice.randrange(len(whole)) for _ in range(CUTS))]:
        assert not events(whole[:size]) - recorded, f"cut at {size}"


@FORMAT
@pytest.mark.slow
def test_flipped_bytes_crash_nothing(name: str, whole: bytes) -> None:
    known, dice = claimed(whole), random.Random(name)
    events(whole, known)
    before = peak()
    for number in range(FLIPS):
        broken = bytearray(whole)
        # Every second one near the start, where one byte decides most.
        for _ in range(dice.randrange(1, 4)):
            broken[dice.randrange(min(len(whole), 8192) if number % 2 else len(whole))] = dice.randrange(256)
        events(bytes(broken), known)
    # What compiling took, or tests before this one, is not an input's memory.
    assert peak() <= max(before, MOST_MIB << 10)


def peak() -> int:
    """KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
