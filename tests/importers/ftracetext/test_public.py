"""Texts that others published: as many lines of each event as a line pattern counts."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from unittest import mock

import pytest
from importers.ftracetext.helping import SHARED, read

from gstrace.errors import NothingToPrice
from gstrace.importers.ftracetext import claims
from gstrace.importers.ftracetext.reader import FtraceText
from gstrace.importers.source import Source

FOLDER = SHARED / "traces" / "public" / "ftrace-text"
REFERENCES = sorted(FOLDER.glob("*.ref.json"))


def _as_ours(per_event):
    """The reference's names as ours: `sys_ioctl(fd` is a call entered; without a name are all calls left."""
    ours = Counter()
    for name, count in per_event.items():
        call = name.startswith("sys_") and "(" in name
        ours["calls" if call or name.startswith("(") else name] += count
    return ours


def _case(path):
    slow = [pytest.mark.slow] if path.name == "catapult.android_systrace.html.ref.json" else []
    return pytest.param(path, id=path.name.removesuffix(".ref.json"), marks=slow)


@pytest.mark.skipif(not REFERENCES, reason="the public texts are not here")
@pytest.mark.parametrize("path", [_case(p) for p in REFERENCES])
def test_counts_are_the_references(path):
    reference = json.loads(path.read_text())
    with Source(FOLDER / reference["file"]) as source:
        data = source.file.read()
    assert claims(data[:4096])
    with mock.patch.object(FtraceText, "_finish", autospec=True) as finish, suppress(NothingToPrice):
        read(data)
    (reader,) = finish.call_args.args
    seen = Counter()
    for name, count in reader.seen.items():
        named = "ftrace_syscalls" in path.name and name.startswith(("sys_enter_", "sys_exit_"))
        seen["calls" if named else name] += count
    assert seen == _as_ours(reference["per_event"])
    assert not reader.damage
    assert not reader._unread
