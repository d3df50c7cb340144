r"""From a payload's pattern to steps of the kernel.

Of a pattern's language the kernel knows literals, numbers, words, `.*` before a literal, optional parts and `\s*$`. A
pattern that says more becomes a step that stops: whether such a form fits is for Python to say.
"""

from __future__ import annotations

import re
from typing import Final

from gstrace.importers.forms import kernel as k

COLUMNS: Final = ("tid", "a", "b", "c", "d")
"""The columns that a step may fill, by their numbers."""

_GROUPS: Final = {
    "irq": ("a", {k.MASK: 0xFFFFFF, k.SHIFT: 8, k.KEEP: -1}),
    "action": ("a", {k.SHIFT: 32, k.KEEP: -1}),
    "state": ("b", {}),
    "handler_x": ("c", {k.ZERO: 1}),
}
"""Groups that are more than a number for the column of their name (`payloads.columns` says the same of a match)."""

_TOKENS: Final = re.compile(
    rb"(?P<group>\(\?P<(?P<name>\w+)>)|(?P<part>\(\?:)|(?P<maybe>\)\?)|(?P<close>\))"
    rb"|(?P<decimal>(?P<sign>-\?)?\\d\+)|(?P<digit>\\d)|(?P<hex>\[0-9a-f\]\+)|(?P<word>\\S\+)"
    rb"|(?P<skip>\.\*(?P<edge>\\b)?)|(?P<end>\\s\*\$)|(?P<literal>\\(?P<escaped>[^\w])|[^\\()\[\]{}.*+?|^$])"
)
_CODES: Final = {"decimal": k.DECIMAL, "digit": k.DIGIT, "hex": k.HEX, "word": k.WORD, "end": k.END}
_CLASSES: Final = {k.DECIMAL: re.compile(rb"\d"), k.HEX: re.compile(rb"[0-9a-f]"), k.WORD: re.compile(rb"\S")}


class _BeyondTheKernelError(Exception):
    """The pattern says what no step can."""


class Steps:
    """Steps of all forms and their literals, as they grow."""

    def __init__(self) -> None:
        self.rows: list[list[int]] = []
        self.literals = bytearray()
        self._goes_on = False
        """Whether the next literal goes on with the last one: not where a choice may begin or end."""

    def add(self, code: int, target: str = "", **fields: int) -> list[int]:
        row = [0] * k.STEP_FIELDS
        row[k.CODE], row[k.TARGET], row[k.MASK] = code, k.NOWHERE, -1
        if target:
            column, special = _GROUPS.get(target, (target.removesuffix("_x"), {}))
            if column not in COLUMNS:
                raise _BeyondTheKernelError
            row[k.TARGET] = COLUMNS.index(column)
            for place, value in special.items():
                row[place] = value
        for name, value in fields.items():
            row[getattr(k, name)] = value
        self.rows.append(row)
        return row

    def literal(self, text: bytes) -> None:
        """A literal, as a step; bytes that follow each other become one."""
        if self._goes_on:
            self.rows[-1][k.LENGTH] += len(text)
        else:
            self.add(k.LITERAL, FROM=len(self.literals), LENGTH=len(text))
        self._goes_on = True
        self.literals += text

    def form(self, pattern: bytes) -> tuple[int, int]:
        """The places of a pattern's steps (first, last); one that stops there where it is beyond the kernel."""
        first, kept = len(self.rows), len(self.literals)
        try:
            self._parse(pattern)
            self._check(first)
        except _BeyondTheKernelError:
            del self.rows[first:], self.literals[kept:]
            self.add(k.STOP)
        return first, len(self.rows)

    def _parse(self, pattern: bytes) -> None:
        at, group = 0, ""
        self._goes_on = False
        opened = list[list[int] | None]()
        while at < len(pattern):
            token = _TOKENS.match(pattern, at)
            if token is None:
                raise _BeyondTheKernelError
            at = token.end()
            kind = next(name for name in _KINDS if token[name] is not None)
            if kind == "literal":
                self.literal(token["escaped"] or token["literal"])
                continue
            self._goes_on = False
            if kind == "group":
                group = token["name"].decode()
                opened.append(None)
            elif kind == "part":
                opened.append(self.add(k.OPTIONAL))
            elif kind in ("close", "maybe"):
                self._close(opened.pop() if opened else None, maybe=kind == "maybe")
                group = group if None in opened else ""
            elif kind == "skip":
                self._skip(group, edge=token["edge"] is not None)
                if group == "text":
                    return
            elif kind == "hex" and group and not group.endswith("_x"):
                raise _BeyondTheKernelError
            else:
                self.add(_CODES[kind], group, SIGNED=int(token["sign"] is not None))
        if opened:
            raise _BeyondTheKernelError

    def _close(self, part: list[int] | None, *, maybe: bool) -> None:
        """End a group, or a part that may be left out; there is neither a group that may, nor a part that may not."""
        if (part is not None) != maybe:
            raise _BeyondTheKernelError
        if part is not None:
            part[k.FROM] = len(self.rows)

    def _skip(self, group: str, *, edge: bool) -> None:
        if group == "text":
            # A text is Python's; that no literal stands before it, the kernel can tell.
            self.add(k.STOP)
        elif group:
            self.add(k.REST, group)
        else:
            self.add(k.SKIP, EDGE=int(edge))

    def _check(self, first: int) -> None:
        """Raise where the steps would not do what the pattern does: what may be chosen again must be a choice."""
        rows, last = self.rows, len(self.rows)
        chosen = False
        for i in range(first, last):
            row, after = rows[i], rows[i + 1] if i + 1 < last else None
            if row[k.CODE] == k.SKIP:
                chosen = True
                if after is None or after[k.CODE] != k.LITERAL:
                    raise _BeyondTheKernelError
                row[k.FROM], row[k.LENGTH] = after[k.FROM], after[k.LENGTH]
            if (row[k.CODE] == k.REST and after is not None) or (row[k.KEEP] and chosen):
                raise _BeyondTheKernelError
            if row[k.CODE] == k.OPTIONAL:
                inside = rows[i + 1 : row[k.FROM]]
                if any(r[k.TARGET] != k.NOWHERE for r in inside) and row[k.FROM] != last:
                    raise _BeyondTheKernelError
            if row[k.CODE] in _CLASSES:
                self._check_end(i + 1, last, _CLASSES[row[k.CODE]])

    def _check_end(self, i: int, last: int, members: re.Pattern[bytes]) -> None:
        """A run of a class ends by itself: what comes behind it is of another class."""
        if i >= last or self.rows[i][k.CODE] in (k.END, k.STOP):
            return
        row = self.rows[i]
        if row[k.CODE] == k.OPTIONAL:
            self._check_end(i + 1, last, members)
            self._check_end(row[k.FROM], last, members)
        elif row[k.CODE] != k.LITERAL or members.match(self.literals, row[k.FROM]):
            raise _BeyondTheKernelError


_KINDS: Final = ("group", "part", "maybe", "close", "decimal", "digit", "hex", "word", "skip", "end", "literal")
