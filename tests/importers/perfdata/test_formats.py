"""Event formats: fields by name, wherever the recording kernel put them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from importers.perfdata.build import LAYOUTS, Event, tracing_data

from gstrace.importers.formats import DATA_LOC, PLAIN, REL_LOC, Field, parse_format
from gstrace.importers.tracing import read_formats

HEAD = "name: x\nID: 7\nformat:\n"


@pytest.mark.parametrize(
    ("declared", "offset", "size", "signed", "expected"),
    [
        ("int pid", 4, 4, 1, Field("pid", 4, 4, signed=True)),
        ("int option", 16, 8, 0, Field("option", 16, 8, signed=False)),
        ("char comm[16]", 12, 16, 0, Field("comm", 12, 16, signed=False, count=16)),
        ("char comm[TASK_COMM_LEN]", 8, 16, 1, Field("comm", 8, 16, signed=True, count=16)),
        ("unsigned long args[6]", 16, 48, 0, Field("args", 16, 48, signed=False, count=6)),
        ("__data_loc char[] name", 12, 4, 0, Field("name", 12, 4, signed=False, place=DATA_LOC)),
        ("__rel_loc char[] name", 12, 4, 0, Field("name", 12, 4, signed=False, place=REL_LOC)),
        ("const char * name", 8, 8, None, Field("name", 8, 8, signed=False)),
        ("char buf[]", 16, 0, 0, Field("buf", 16, 0, signed=False, place=PLAIN)),
    ],
)
def test_a_field_line(declared, offset, size, signed, expected):
    last = "" if signed is None else f"\tsigned:{signed};"
    parsed = parse_format("s", f"{HEAD}\tfield:{declared};\toffset:{offset};\tsize:{size};{last}\n")
    assert parsed is not None
    assert list(parsed.fields.values()) == [expected]


@pytest.mark.parametrize("text", ["", "name: x\n", "ID: 7\n", "format:\n"])
def test_a_text_without_name_or_id_is_no_format(text):
    assert parse_format("s", text) is None


def test_the_blocks_formats_by_id():
    events = [Event(name, config=100 + i) for i, name in enumerate(LAYOUTS)]
    formats, problem = read_formats(tracing_data(events))
    assert {i: f.event for i, f in formats.items()} == {e.config: e.name for e in events}
    assert not problem


def test_formats_before_the_damage_are_kept():
    events = [Event(name, config=100 + i) for i, name in enumerate(LAYOUTS)]
    block = tracing_data(events)
    formats, problem = read_formats(block[: len(block) * 2 // 3])
    assert 0 < len(formats) < len(events)
    assert "announced" in problem


@given(st.binary(max_size=200), st.integers(0, 400))
def test_any_bytes_end_in_a_sentence(noise, cut):
    block = tracing_data([Event("raw_syscalls:sys_enter")])
    read_formats(block[:cut] + noise)
