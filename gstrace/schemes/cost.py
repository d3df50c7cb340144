"""What a rule executes: counts of operations, some of which depend on a fact, a parameter or a field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Cost:
    """`ops` always, and each of `choices` so many times."""

    ops: Mapping[str, int]
    choices: tuple[tuple[int, Choice], ...] = ()

    NOTHING: ClassVar[Cost]

    def __add__(self, other: Cost) -> Cost:
        return Cost(Counter(self.ops) + Counter(other.ops), self.choices + other.choices)

    def __mul__(self, times: int) -> Cost:
        return Cost(
            {op: n * times for op, n in self.ops.items()}, tuple((n * times, choice) for n, choice in self.choices)
        )

    def counts(self, context: Mapping[str, str]) -> Counter[str]:
        """Counts of operations, each ≥ 1, where `context` decides the choices."""
        total = Counter(dict(self.ops))
        for times, choice in self.choices:
            for op, n in choice.options[context[choice.by]].counts(context).items():
                total[op] += times * n
        return total

    def asks(self) -> frozenset[str]:
        """What its choices look at."""
        inner = [choice.options[v].asks() for _, choice in self.choices for v in choice.options]
        return frozenset(choice.by for _, choice in self.choices).union(*inner)

    def decided(self, context: Mapping[str, str]) -> Cost:
        """The same with the choices made that `context` can make."""
        cost = Cost(self.ops)
        for times, choice in self.choices:
            if choice.by in context:
                cost += choice.options[context[choice.by]].decided(context) * times
            else:
                options = {value: option.decided(context) for value, option in choice.options.items()}
                cost += Cost({}, ((times, Choice(choice.by, options)),))
        return cost


Cost.NOTHING = Cost({})


@dataclass(frozen=True)
class Choice:
    """One cost for each value of `by`."""

    by: str
    options: Mapping[str, Cost]
