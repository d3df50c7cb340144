"""Situations read under an assumption: fields that the recording leaves open get the value that is assumed.

Applied to a census, code by code, so that nothing is replayed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gstrace.replay.situations import Event, decode, encode

if TYPE_CHECKING:
    import numpy.typing as npt

    from gstrace.replay.census import Census

    I64 = npt.NDArray[np.int64]


class Rule(NamedTuple):
    """Where the fields of an event have one of these values, some get others."""

    event: Event
    where: Mapping[str, tuple[str, ...]]
    to: Mapping[str, str]


def rewritten(code: int, rules: Sequence[Rule]) -> int:
    """A situation after all rules, in their order."""
    event, values = decode(code)
    for rule in rules:
        if rule.event is event and all(values[name] in allowed for name, allowed in rule.where.items()):
            values |= rule.to
    return encode(event, **values)


def rewritten_codes(codes: npt.NDArray[np.integer], rules: Sequence[Rule]) -> I64:
    """int64, as long as `codes`: each after all rules."""
    different, place = np.unique(codes, return_inverse=True)
    after = np.array([rewritten(code, rules) for code in different.tolist()], np.int64)
    return after[place]


def rewritten_census(census: Census, rules: Sequence[Rule]) -> Census:
    """A census read so; cells that become alike stay apart."""
    return replace(census, situation=rewritten_codes(census.situation, rules)) if rules else census
