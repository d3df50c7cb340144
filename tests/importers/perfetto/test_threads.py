"""Who was there before the recording: from the process tree, which may have been read long after."""

from __future__ import annotations

import pytest
from importers.perfetto.build import bundle, event, messages, packet, trace
from importers.perfetto.helping import SAMPLE, rows

from gstrace.events.tables import NULL, Kind, Task

EXIT = packet(bundle(0, [event(50, 7, "sys_exit", id=1, ret=0)]))


def tree(stamp=0, threads=(), **processes):
    made = messages.TracePacket(timestamp=stamp)
    for name, fields in processes.items():
        made.process_tree.processes.add(pid=int(name[1:]), **fields)
    for fields in threads:
        made.process_tree.threads.add(**fields)
    return made


def found(*packets):
    """tid → (process, kernel thread, name)."""
    made, _ = rows(trace(EXIT, *packets))
    return {
        row[7]: (row[6] >> 8, row[8], row[4]) for row in made if row[0] == Kind.TASK and row[6] & 0xFF == Task.FOUND
    }


def test_threads_of_the_tree_were_there_before_and_have_time_0() -> None:
    told = tree(
        90,
        p9={"ppid": 1, "cmdline": ["/usr/bin/a-rather-long-name", "-x"]},
        threads=[{"tid": 10, "tgid": 9, "name": "w"}],
    )
    assert found(told) == {9: (9, 0, "a-rather-long-n"), 10: (9, 0, "w")}
    made, _ = rows(trace(EXIT, told))
    assert {row[5] for row in made if row[0] == Kind.TASK} == {0}
    assert made[0][0] == Kind.TASK


@pytest.mark.parametrize(
    ("process", "kernel"),
    [
        ({"ppid": 2, "cmdline": ["kworker/0:1"], "cmdline_is_comm": True}, 1),
        ({"ppid": 2, "cmdline": ["rcu_preempt"]}, 1),
        ({"ppid": 2}, 1),
        ({"ppid": 2, "cmdline": ["/sbin/modprobe", "x"]}, 0),
        ({"ppid": 2, "cmdline": ["/sbin/helper"]}, 0),
        ({"ppid": 1, "cmdline": ["sh"]}, 0),
        ({"ppid": 2, "cmdline": ["x"], "is_kthread": True}, 1),
    ],
)
def test_kernel_threads_are_children_of_kthreadd_without_a_command_line(process, kernel) -> None:
    assert found(tree(p40=process))[40][1] == kernel


def test_number_2_is_kthreadd_unless_it_has_a_parent() -> None:
    assert found(tree(p2={"ppid": 0, "cmdline": ["kthreadd"]}))[2][1] == 1
    inside = found(tree(p2={"ppid": 1, "cmdline": ["nginx"]}, p5={"ppid": 2, "cmdline": ["nginx"]}))
    assert (inside[2][1], inside[5][1]) == (0, 0)


def test_a_thread_of_an_unknown_process_may_be_either() -> None:
    assert found(tree(threads=[{"tid": 11, "tgid": 10, "name": "w"}])) == {11: (10, NULL, "w")}


def test_a_thread_that_the_recording_saw_beginning_was_not_there_before() -> None:
    began = packet(bundle(0, [event(60, 7, "task_newtask", pid=9, clone_flags=0, comm="a")]))
    forked = packet(bundle(0, [event(60, 7, "sched_process_fork", child_pid=9)]))
    for new in (began, forked):
        assert found(new, tree(90, p9={"ppid": 7, "cmdline": ["b"]})) == {}
        assert found(new, tree(40, p9={"ppid": 7, "cmdline": ["b"]})) == {9: (9, 0, "b")}


def test_of_a_number_told_twice_the_earlier_counts() -> None:
    late, early = tree(90, p9={"ppid": 1, "cmdline": ["late"]}), tree(40, p9={"ppid": 1, "cmdline": ["early"]})
    assert found(late, early) == found(early, late) == {9: (9, 0, "early")}


def test_stamps_of_another_clock_prove_nothing() -> None:
    began = bundle(0, [event(60, 7, "task_newtask", pid=9, clone_flags=0, comm="a")], ftrace_clock=4)
    assert found(packet(began), tree(40, p9={"ppid": 7, "cmdline": ["b"]})) == {}


def test_the_samples_kernel_threads_are_known() -> None:
    made, _ = rows(SAMPLE.read_bytes())
    told = {row[4]: row[8] for row in made if row[0] == Kind.TASK and row[6] & 0xFF == Task.FOUND}
    assert told["rcu_preempt"] == 1
    assert told["traced_probes"] == 0
