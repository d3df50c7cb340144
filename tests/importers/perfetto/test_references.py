"""Recordings with all of the recorder's accidents: as many events of each kind as its own message classes count.

With `pytest -s` it prints the table.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from importers.perfetto import plain
from importers.perfetto.helping import SHARED, content, losses, rows

from gstrace.errors import NothingToPrice
from gstrace.events.tables import VECTORS, Kind, Task

FOLDER = SHARED / "perfetto-real"
REFERENCES = [pytest.param(p, id=p.name.removesuffix(".pftrace.ref.json")) for p in sorted(FOLDER.glob("*.ref.json"))]

OF_TASKS = {
    Task.FORK: "task_newtask", Task.EXEC: "sched_process_exec", Task.EXIT: "sched_process_exit",
    Task.RENAME: "task_rename",
}  # fmt: skip


def name(row: tuple) -> str:
    """The event that a row was made of; those that a better one outranks apart."""
    kind, lesser, a, b = row[0], row[1], row[6], row[7]
    match kind:
        case Kind.SYS_ENTER | Kind.SYS_EXIT:
            side = Kind(kind).name.lower()
            return f"{side}_arch_prctl" if lesser else side
        case Kind.SWITCH | Kind.WAKING:
            return f"sched_{Kind(kind).name.lower()}"
        case Kind.TASK:
            return "sched_process_fork" if lesser else OF_TASKS.get(Task(a & 0xFF), "found")
        case Kind.IRQ:
            return f"{VECTORS[a & 0xFF]}_{'exit' if b == 1 else 'entry'}"
        case Kind.EXCEPTION:
            return f"page_fault_{('user', 'kernel')[a]}"
    return {Kind.SIGNAL: "signal_deliver", Kind.NMI: "nmi_handler", Kind.MARKER: "print"}[kind]


def expected(reference: dict) -> Counter[str]:
    told: Counter[str] = Counter(reference["per_event"]) + Counter(reference["compact"])
    return told + Counter({event.rpartition("/")[2]: n for event, n in reference["generic"].items()})


def earlier(data: bytes) -> int:
    """Events from before the time from which all CPUs' events are there: they are left out, and counted as that."""
    read = plain.Plain(list(plain.packets(data)))
    return sum(ts <= read.begin for bundle in read.bundles for ts, _ in read.merged(bundle, {}))


@pytest.mark.slow
@pytest.mark.parametrize("path", REFERENCES)
def test_counts_are_the_references(path: Path) -> None:
    reference = json.loads(path.read_text())
    data = content(FOLDER / reference["file"])
    title = path.name.removesuffix(".pftrace.ref.json")
    if title == "no-ftrace":
        with pytest.raises(NothingToPrice, match="no event of ftrace"):
            rows(data)
        return
    found, reader = rows(data)
    ours = Counter(name(row) for row in found if row[0] != Kind.LOSS) + Counter(reader.skipped)
    del ours["found"]
    theirs = expected(reference)
    whole = data if not reader.damage else data[: int(reader.damage.split("byte ")[1].split()[0])]
    left_out = sum(count for kind, *_, count in losses(found) if kind == "overwritten")
    print(f"\n{title:26} {sum(ours.values()):7,} events  {left_out:6,} left out  {reader.damage}")
    for event in sorted(theirs):
        print(f"    {event:28} {ours[event]:7,} of {theirs[event]:7,}")
    assert left_out == earlier(whole)
    assert bool(left_out) == (title in ("ring-small", "two-2"))
    if left_out:
        assert not ours - theirs
        # The kernel counts what it leaves out before it knows whether gstrace has a use for it.
        assert sum((theirs - ours).values()) <= left_out
    else:
        assert ours == theirs
    assert bool(reader.damage) == (title == "disk-full")


def test_a_trace_of_android_without_system_calls_says_so() -> None:
    path = SHARED / "public" / "perfetto" / "nowinandroid.perfetto-trace"
    if not path.exists():
        pytest.skip("not here")
    with pytest.raises(NothingToPrice, match="records ftrace:print; needed are system calls and switches") as caught:
        rows(path.read_bytes())
    assert "raw_syscalls/sys_enter" in caught.value.hint
