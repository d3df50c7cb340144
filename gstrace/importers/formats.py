"""Event format texts: how the recording kernel laid out each tracepoint's raw data.

Fields come from here by name, never from a number that gstrace knows: offsets differ between kernels, and event ids
between boots.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_FIELD: Final = re.compile(r"^\s*field:(?P<decl>[^;]+);\s*offset:(?P<offset>\d+);\s*size:(?P<size>\d+);", re.MULTILINE)
_SIGNED: Final = re.compile(r"\s*signed:(?P<signed>[01]);")
_ARRAY: Final = re.compile(r"(?P<name>\w+)\s*\[(?P<count>[^\]]*)\]$")
_NAME: Final = re.compile(r"^name:\s*(\S+)", re.MULTILINE)
_ID: Final = re.compile(r"^ID:\s*(\d+)", re.MULTILINE)

PLAIN, DATA_LOC, REL_LOC = range(3)
"""Where a field's data is: in its place; or elsewhere, as the word in its place says (offset | length << 16),
counted from the start of the raw data or from the end of that word."""

_PLACES: Final = {"__data_loc": DATA_LOC, "__rel_loc": REL_LOC}


@dataclass(frozen=True)
class Field:
    """offset, size: bytes in the raw data; size 0: an array up to the end. count: its elements, 0 for no array."""

    name: str
    offset: int
    size: int
    signed: bool
    count: int = 0
    place: int = PLAIN

    @property
    def is_text(self) -> bool:
        """Whether it may hold characters: an array of bytes, or data elsewhere."""
        return self.place != PLAIN or self.size == 0 or (self.count > 0 and self.size == self.count)


@dataclass(frozen=True)
class Format:
    """One event's format: its name in its system, its id in this boot, its fields by name."""

    system: str
    name: str
    id: int
    fields: dict[str, Field]

    @property
    def event(self) -> str:
        return f"{self.system}:{self.name}"


def parse_format(system: str, text: str) -> Format | None:
    """Read one format text; None where it has no name or no id. Lines that are no fields are passed over."""
    name, number = _NAME.search(text), _ID.search(text)
    if name is None or number is None:
        return None
    return Format(system, name[1], int(number[1]), parse_fields(text))


def parse_fields(text: str) -> dict[str, Field]:
    """The fields that a format text declares, by name; of two with one name the first."""
    fields: dict[str, Field] = {}
    for match in _FIELD.finditer(text):
        field = _field(match, _SIGNED.match(text, match.end()))
        fields.setdefault(field.name, field)
    return fields


def _field(match: re.Match[str], signed: re.Match[str] | None) -> Field:
    words = match["decl"].split()
    place = _PLACES.get(words[0], PLAIN)
    name, count = words[-1], 0
    size = int(match["size"])
    array = _ARRAY.search(match["decl"])
    if array is not None and place == PLAIN:
        name = array["name"]
        # `char comm[TASK_COMM_LEN]` in some kernels: the elements are then bytes.
        count = int(array["count"]) if array["count"].isdigit() else size
    return Field(name, int(match["offset"]), size, signed is not None and signed["signed"] == "1", count, place)
