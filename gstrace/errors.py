"""What gstrace tells a user when it cannot go on: what, where, what was kept, what to do.

The exit status of every command is decided here and nowhere else (docs/contract.md, "Exit status").
"""

from __future__ import annotations


class GstraceError(Exception):
    """An expected failure. `what` names the cause and the place; `kept` what is still good; `hint` what to do."""

    status = 4

    def __init__(self, what: str, *, kept: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.kept = kept
        self.hint = hint

    def __str__(self) -> str:
        lines = [self.what]
        if self.kept:
            lines.append(f"kept: {self.kept}")
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)


class UsageError(GstraceError):
    """A wrong argument: no such file, no `.gst` here, an unknown name."""

    status = 2


class NothingToPrice(GstraceError):
    """The input is sound but holds nothing that a scheme could be billed for."""

    status = 3


class UnreadableInput(GstraceError):
    """Not a known format, damaged before the first event, or without its event formats."""

    status = 4


class OutputError(GstraceError):
    """The result could not be written; nothing half-written stays."""

    status = 5


class RecordError(GstraceError):
    """Nothing could be recorded, or not to its end. As with `env` and `timeout`, no status of the command run."""

    status = 125


def nearest(name: str, known: list[str], *, what: str) -> UsageError:
    """An error for an unknown name that offers the names most like it."""
    from difflib import get_close_matches

    like = get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(like)}?" if like else f"known: {', '.join(known) or 'none'}"
    return UsageError(f"no {what} named {name!r}", hint=hint)
