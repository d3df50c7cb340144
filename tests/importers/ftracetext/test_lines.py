"""Every form of line that the recorders write, and the row it becomes."""

from __future__ import annotations

from io import BytesIO

import pytest
from importers.ftracetext.helping import read

from gstrace.errors import NothingToPrice, UnreadableInput
from gstrace.events.losses import LOSS_CODE
from gstrace.events.tables import NULL, Kind, Origin, Phase, Task
from gstrace.events.tracepoints import name_hash
from gstrace.importers import perfdata
from gstrace.importers.ftracetext import claims
from gstrace.importers.ftracetext.reader import FtraceText
from gstrace.importers.stream import Stream
from gstrace.replay.engine import Replay

HEAD = b"              wl-134     (    134) [000] d.h1.     4.211013: "
PREV = b"sched_switch: prev_comm=wl prev_pid=134 prev_prio=120 "
SWITCH = PREV + b"prev_state=%s ==> next_comm=%s next_pid=2 next_prio=120"
EXIT = b"sys_exit: NR 39 = 0"


def rows_of(*lines):
    """Rows but those of threads met and of the time's precision."""
    met = (int(Kind.TASK), int(Task.FOUND))
    found, reader = read(b"\n".join(lines))
    return [
        r for r in found if (r["kind"], r["a"] & 0xFF) not in {met, (int(Kind.LOSS), LOSS_CODE["coarse_time"])}
    ], reader


PAYLOADS = [
    (
        b"sys_enter: NR 158 (1002, 7fff00, ffffffffffffffff, 0, 0, 0)",
        Kind.SYS_ENTER,
        {"a": 158, "b": 0x1002, "c": 0x7FFF00, "d": -1},
    ),
    (b"sys_enter:            NR 39 ()", Kind.SYS_ENTER, {"a": 39, "b": NULL}),
    (b"sys_enter: NR -1 (1, 2, 3, 4, 5, 6)", Kind.SYS_ENTER, {"a": -1, "b": 1, "c": 2, "d": 3}),
    (b"sys_enter:            id=172 args=ARRAY[1d, 00]", Kind.SYS_ENTER, {"a": 172, "b": NULL}),
    (b"sys_exit: NR 39 = -11", Kind.SYS_EXIT, {"a": 39, "b": -11}),
    (b"sys_exit:             id=172 ret=0", Kind.SYS_EXIT, {"a": 172, "b": 0}),
    (b"sys_exit: id=172 ret=-0x1a", Kind.SYS_EXIT, {"a": 172, "b": -26}),
    (b"sys_ioctl(fd: ff, cmd: 5410, arg: 7ffe0babe8fc)", Kind.SYS_ENTER, {"a": 16, "b": NULL}),
    (b"sys_getppid()", Kind.SYS_ENTER, {"a": -1}),
    (b"sys_ioctl -> 0xfffffffffffffff5", Kind.SYS_EXIT, {"a": 16, "b": -11}),
    (b"sys_arch_prctl(option: 1002, arg2: 7f00)", Kind.SYS_ENTER, {"a": 158, "b": 0x1002, "c": 0x7F00}),
    (
        b"sys_enter_arch_prctl: option: 0x00001001, arg2: 0x07000000",
        Kind.SYS_ENTER,
        {"a": 158, "b": 0x1001, "c": 0x7000000},
    ),
    (b"sys_exit_arch_prctl:  0x0", Kind.SYS_EXIT, {"a": 158, "b": 0}),
    (SWITCH % (b"R+", b"kthreadd"), Kind.SWITCH, {"tid": 134, "a": 2, "b": 0}),
    (SWITCH % (b"D|K", b"a prev_pid=7 ==> x next_pid=9 "), Kind.SWITCH, {"tid": 134, "a": 2, "b": 1}),
    (PREV + b"prev_state=1024 next_comm=m next_pid=18 next_prio=0", Kind.SWITCH, {"a": 18, "b": 1024}),
    (b"sched_switch:         trace-cmd:4734 [120] S ==> sshd:12 [120]", Kind.SWITCH, {"tid": 4734, "a": 12, "b": 1}),
    (
        b"task_newtask: pid=136 comm=a comm=b clone_flags=1200000 oom_score_adj=0",
        Kind.TASK,
        {"a": Task.FORK, "b": 136, "c": 0x1200000, "text": "a comm=b"},
    ),
    (b"sched_process_fork: comm=bash pid=134 child_comm=bash child_pid=4084", Kind.TASK, {"a": Task.FORK, "b": 4084}),
    (
        b"sched_process_exec: filename=/bin/l pid=1 s pid=4084 old_pid=4083",
        Kind.TASK,
        {"a": Task.EXEC, "b": 4084, "c": 4083},
    ),
    (b"sched_process_exit: comm=ls pid=4084 prio=120 group_dead=true", Kind.TASK, {"a": Task.EXIT, "b": 4084}),
    (
        b"task_rename: pid=136 oldcomm=a b newcomm=c d oom_score_adj=0",
        Kind.TASK,
        {"a": Task.RENAME, "b": 136, "text": "c d"},
    ),
    (b"task_rename: oldcomm=a newcomm=c oom_score_adj=0", Kind.TASK, {"a": Task.RENAME, "b": 134, "text": "c"}),
    (b"page_fault_user: address=0x440eb0 ip=0x440eb0 error_code=0x14", Kind.EXCEPTION, {"a": 0, "c": 1}),
    (b"page_fault_kernel:    address=0x1 ip=strncpy_from_user error_code=0x0", Kind.EXCEPTION, {"a": 1, "c": 2}),
    (b"local_timer_entry: vector=236", Kind.IRQ, {"a": 1, "b": Phase.ENTRY_ONLY, "c": Origin.UNKNOWN}),
    (b"local_timer_exit: vector=236", Kind.IRQ, {"a": 1, "b": Phase.EXIT}),
    (b"hyperv_stimer0_entry: vector=237", Kind.IRQ, {"a": 12}),
    (
        b"irq_handler_entry: irq=30 name=ahci[0000:01:00.0]",
        Kind.IRQ,
        {"a": 30 << 8 | name_hash(b"ahci[0000:01:00.0]") << 32},
    ),
    (b"irq_handler_exit: irq=30 ret=handled", Kind.IRQ, {"a": 30 << 8, "b": Phase.EXIT}),
    (
        b"nmi_handler: perf_event_nmi_handler() delta_ns: 7 handled: 1",
        Kind.NMI,
        {"a": name_hash(b"perf_event_nmi_handler"), "c": Origin.UNKNOWN},
    ),
    (b"signal_deliver: sig=11 errno=0 code=1 sa_handler=0 sa_flags=0", Kind.SIGNAL, {"a": 11, "b": 1, "c": 1}),
    (
        b"signal_deliver: sig=17 errno=0 code=-6 sa_handler=525892 sa_flags=4000000",
        Kind.SIGNAL,
        {"a": 17, "b": -6, "c": 0},
    ),
    (b"sched_waking: comm=a pid=3 b pid=221 prio=120 target_cpu=002", Kind.WAKING, {"a": 221, "b": 2}),
    (b"sched_wakeup: comm=mmcqd/0 pid=95 prio=120 success=1 target_cpu=001 state=W", Kind.WAKING, {"a": 95, "b": 1}),
    (b"sched_wakeup:         sshd:2962 [120] success=1 CPU:003", Kind.WAKING, {"a": 2962, "b": 3}),
    (
        b"write_msr: c0000101, value ffff888000000000",
        Kind.MSR,
        {"a": 1, "b": 0xC0000101, "c": 0xFFFF888000000000 - (1 << 64)},
    ),
    (b"tracing_mark_write: gstrace:begin one", Kind.MARKER, {"text": "gstrace:begin one"}),
    (b"print:                tracing_mark_write: gstrace:end one", Kind.MARKER, {"text": "gstrace:end one"}),
    (b"0: gstrace:begin one", Kind.MARKER, {"text": "gstrace:begin one"}),
]


@pytest.mark.parametrize(
    ("payload", "kind", "columns"), PAYLOADS, ids=lambda v: v[:24].decode() if isinstance(v, bytes) else ""
)
def test_a_payload_becomes_its_row(payload, kind, columns):
    ((row,), reader) = rows_of(HEAD + payload)
    expected = {"kind": kind, "cpu": 0, "ts": 4_211_013_000, "tid": 134, "lesser": 0, **columns}
    assert {name: row[name] for name in expected} == expected
    assert not reader.damage


# A name that holds a field looks whole where the line is cut behind it.
UNAMBIGUOUS = [payload for payload, *_ in PAYLOADS if b"next_pid=9" not in payload]


@pytest.mark.parametrize("payload", UNAMBIGUOUS, ids=lambda v: v[:24].decode())
def test_of_a_last_line_that_is_cut_nothing_is_invented(payload):
    """Each value that is told is that of the whole line, or unknown."""
    before, line = HEAD + EXIT + b"\n", HEAD + payload
    whole = read(before + line)[0]
    for end in range(len(line)):
        for row in read(before + line[:end], ended=False)[0]:
            values = row.items() - {("ts", 0)}
            likest = max(whole, key=lambda known, values=values: len(values & known.items()))
            wrong = {name: value for name, value in values if value not in (likest[name], NULL)}
            assert not wrong or row["kind"] == Kind.LOSS, (line[:end], row)


def test_a_last_line_without_its_end_is_read_where_it_is_whole():
    switch = SWITCH % (b"S", b"kthreadd")
    assert [r["kind"] for r in read(HEAD + switch, ended=False)[0]][-2:] == [Kind.SWITCH, Kind.LOSS]
    found, reader = read(HEAD + switch + b"\n" + HEAD + EXIT, ended=False)
    assert Kind.SYS_EXIT not in [r["kind"] for r in found]
    assert reader.skipped == {"sys_exit": 1}


HEADS = [
    (b"wl-134 [000] 4.211013: ", 134, 0, 4_211_013_000, None),
    (b"\twl-134 [000] 4.211013: ", 134, 0, 4_211_013_000, None),
    (b"  Web Content-12    [012] 4.211013: ", 12, 12, 4_211_013_000, None),
    (b"   <...>-12  (-----) [012] .... 4.211013: ", 12, 12, 4_211_013_000, None),
    (b"   <...>-12  (-------) [012] .... 4.211013: ", 12, 12, 4_211_013_000, None),
    (b"  kworker/0:1-events-12   (     12) [003] d..2. 4.211013: ", 12, 3, 4_211_013_000, (12, "kworker/0:1-events")),
    (b"  a [000] (x-9-7  (  5) [001] dNh1.. 4.211013: ", 7, 1, 4_211_013_000, (5, "a [000] (x-9")),
    (b"  \xff\xfe-7  (  5) [001] d..1 4.211013: ", 7, 1, 4_211_013_000, (5, "\ufffd\ufffd")),
    (
        b"com.android.systemui-611   (  611) [001] d..5 514769.086090: ",
        611,
        1,
        514_769_086_090_000,
        (611, "com.android.systemui"),
    ),
    (b"  wl-134 [000]   4.211013567: ", 134, 0, 4_211_013_567, None),
    (b"  wl-134 [000] .....  421101: ", 134, 0, 421_101, None),
    (b"  wl-134 [000] .....  9223372036854: ", 134, 0, 9_223_372_036_854, None),
    (b"trace.dat:       wl-134   [003]     4.211013: ", 134, 3, 4_211_013_000, None),
    (b"      wl-134     3d..2.    4.211013: ", 134, 3, 4_211_013_000, None),
    (b"      wl-134    12.....    4.211013567: ", 134, 12, 4_211_013_567, None),
    (b"  <idle>-0       3dN.2 10000us+: ", 0, 3, 10_000_000, None),
    (b"  <idle>-0       3dN.2   34us : ", 0, 3, 34_000, None),
]


@pytest.mark.parametrize(("head", "tid", "cpu", "ts", "met"), HEADS)
def test_a_head_is_read_whatever_the_comm_holds(head, tid, cpu, ts, met):
    found, _ = read(head + EXIT + b"\r\n")
    row = next(r for r in found if r["kind"] == Kind.SYS_EXIT)
    assert (row["tid"], row["cpu"], row["ts"], row["b"]) == (tid, cpu, ts, 0)
    told = [(r["a"] >> 8, r["text"]) for r in found if r["kind"] == Kind.TASK]
    assert told == ([met] if met else [])
    assert any(r["a"] == LOSS_CODE["coarse_time"] for r in found if r["kind"] == Kind.LOSS) == (ts % 1000 == 0)


def test_what_a_program_writes_to_trace_marker_is_no_line_of_its_own():
    forged = b"tracing_mark_write: x-1 [001] .... 9.000000: sys_enter: NR 39 (1, 2, 3, 4, 5, 6)"
    found, reader = rows_of(HEAD + EXIT, HEAD + forged)
    assert [r["kind"] for r in found] == [Kind.SYS_EXIT]
    assert reader.skipped == {"tracing_mark_write": 1}
    assert "raw_syscalls:sys_enter" not in reader.recorded


def test_named_calls_inform_where_all_calls_are_traced():
    found, _ = rows_of(
        HEAD + b"sys_arch_prctl(option: 1002, arg2: 7f00)", HEAD + b"sys_enter: NR 158 (1002, 7f00, 0, 0, 0, 0)"
    )
    assert [r["lesser"] for r in found] == [1, 0]


def test_softirqs_are_no_interrupts():
    found, reader = rows_of(HEAD + b"softirq_entry: vec=1 [action=TIMER]", HEAD + EXIT)
    assert [r["kind"] for r in found] == [Kind.SYS_EXIT]
    assert reader.skipped == {"softirq_entry": 1}


@pytest.mark.parametrize(
    ("line", "count"),
    [
        (b"CPU:0 [LOST 4096 EVENTS]", 4096),
        (b"CPU:0 [LOST EVENTS]", NULL),
        (b"CPU:0 [96 EVENTS DROPPED]", 96),
        (b"CPU:0 [EVENTS DROPPED]", NULL),
        (b"  a.dat: CPU:0 [96 EVENTS DROPPED]", 96),
        (b"CPU:0 [LOST 4096 EVENTS]\r", 4096),
        (b"##### CPU 0 buffer started ####", NULL),
    ],
)
def test_losses_end_at_their_cpus_next_line(line, count):
    other = HEAD.replace(b"[000]", b"[001]")
    found, _ = rows_of(
        HEAD + EXIT,
        line,
        other + EXIT,
        HEAD.replace(b"4.2", b"5.2") + EXIT,
    )
    assert [r["kind"] for r in found] == [Kind.SYS_EXIT, Kind.SYS_EXIT, Kind.LOSS, Kind.SYS_EXIT]
    loss = found[2]
    assert (loss["cpu"], loss["ts"], loss["b"], loss["c"]) == (0, 5_211_013_000, count, 4_211_013_000)
    last, _ = rows_of(HEAD + EXIT, line)
    assert (last[-1]["kind"], last[-1]["b"]) == (Kind.LOSS, count)


def test_the_header_tells_cpus_and_what_was_overwritten():
    _, reader = rows_of(b"# tracer: nop", b"# entries-in-buffer/entries-written: 10/110   #P:4", HEAD + EXIT)
    assert reader.capture.get("cpus") == 4
    assert reader.skipped == {"overwritten before the first line": 100}


def test_lines_of_several_files_are_read_without_their_names():
    lines = [
        b"a.dat: cpus=2",
        b"b.dat: cpus=2",
        b"a.dat: " + HEAD + EXIT,
        b"b.dat: " + HEAD.replace(b"134", b"7") + EXIT,
    ]
    found, reader = read(b"\n".join(lines))
    assert [r["text"] for r in found if r["kind"] == Kind.TASK] == ["wl", "wl"]
    assert reader.capture.get("cpus") == 2
    assert not reader.skipped
    assert claims(lines[0] + b"\n")


PAGE = b"""<!DOCTYPE html>
<html>
<script class="trace-data" type="application/text">
USER           PID  PPID     VSZ    RSS WCHAN            ADDR S NAME            COMM
root             1     0   12345   1234 0                   0 S init            init
root             2     0       0      0 0                   0 S [kthreadd]      kthreadd
root             9     2       0      0 0                   0 S [rcu_sched]     rcu_sched
u0_a12         134     1   99999   9999 0                   0 S com.android.x   droid.x
USER           PID   TID CMD
u0_a12         134   134 droid.x
u0_a12         134   140 Binder:134 1
root            70    70 [kworker/0:1]
  </script>
<script class="trace-data" type="application/text">
# tracer: nop
%s
</script></html>
"""


def test_a_systraces_ps_tells_processes_and_kernel_threads():
    found, reader = read(PAGE % (HEAD + EXIT))
    told = {r["b"]: (r["a"] >> 8, r["c"], r["text"], r["ts"]) for r in found if r["kind"] == Kind.TASK and r["ts"] == 0}
    assert told == {
        1: (1, 0, "init", 0),
        2: (2, 1, "kthreadd", 0),
        9: (9, 1, "rcu_sched", 0),
        134: (134, 0, "droid.x", 0),
        140: (134, 0, "Binder:134 1", 0),
        70: (70, 1, "[kworker/0:1]", 0),
    }
    assert reader.recorded == {"raw_syscalls:sys_exit"}


def test_children_of_kthreadd_are_kernel_threads():
    """Also of one that a switch brought in, which no line of its own has shown before."""
    idle = HEAD.replace(b"wl-134     (    134)", b"<idle>-0      (-------)")
    two = HEAD.replace(b"wl-134     (    134)", b"kthreadd-2    (      2)")
    switch = PREV.replace(b"134", b"0") + b"prev_state=R ==> next_comm=kthreadd next_pid=2 next_prio=120"
    out = PREV.replace(b"134", b"77") + b"prev_state=S ==> next_comm=wl next_pid=134 next_prio=120"
    fork = b"task_newtask: pid=77 comm=kthreadd clone_flags=800711 oom_score_adj=0"
    text = b"\n".join([HEAD + EXIT, idle + switch, two + fork, HEAD.replace(b"-134 ", b"-77 ") + out])
    stream, replay = Stream(FtraceText(BytesIO(text), "x")), Replay()
    for rows in stream.rows():
        replay.feed(rows)
    replay.finish()
    threads = replay.threads()
    kernel = dict(zip(threads.tid.tolist(), threads.kernel.tolist(), strict=True))
    assert (kernel[2], kernel[77]) == (1, 1)


def test_a_known_event_that_says_something_else_is_counted_as_lost():
    found, _ = rows_of(HEAD + EXIT, HEAD + b"sys_enter: NR 3")
    assert [r["kind"] for r in found] == [Kind.SYS_EXIT, Kind.SYS_ENTER]
    found, _ = rows_of(HEAD + EXIT, HEAD + b"sys_exit: NR")
    assert (found[-1]["kind"], found[-1]["a"], found[-1]["b"]) == (Kind.LOSS, LOSS_CODE["undecodable"], 1)


def test_inputs_without_events_are_refused_with_what_they_hold():
    with pytest.raises(UnreadableInput):
        read(b"<html><body>no trace</body></html>")
    with pytest.raises(NothingToPrice, match="cpu_idle"):
        read(HEAD + b"cpu_idle: state=1 cpu_id=0")


@pytest.mark.parametrize(
    ("head", "ours"),
    [
        (b"# tracer: nop\n", True),
        (b"<!DOCTYPE html>\n<html>", True),
        (b"cpus=4\n", True),
        (HEAD + b"sys_exit: NR 39 = 0\n", True),
        (b"PERFILE2\x68\x00", False),
        (b"wl 134 [000] 4.211013: raw_syscalls:sys_exit: NR 39 = 0\n", False),
        (b"{}", False),
        (b"", False),
    ],
)
def test_a_text_is_known_by_its_content(head, ours):
    assert claims(head) == ours
    assert not (ours and perfdata.claims(head))


def test_a_thread_is_told_once_and_never_as_one_that_runs():
    """A row for a thread found says that it is off the CPU: one that a switch brought in gets it when that ends."""
    two = HEAD.replace(b"wl-134     (    134)", b"kthreadd-2 (      2)")
    back = (
        b"sched_switch: prev_comm=k prev_pid=2 prev_prio=120 prev_state=S ==> next_comm=wl next_pid=134 next_prio=120"
    )
    found, _ = read(b"\n".join([HEAD + EXIT, HEAD + SWITCH % (b"S", b"k"), two + EXIT, two + back, HEAD + EXIT]))
    told = [(r["kind"], r["a"] >> 8, r["b"], r["c"]) if r["kind"] == Kind.TASK else r["kind"] for r in found[:-1]]
    first, second = (Kind.TASK, 134, 134, NULL), (Kind.TASK, 2, 2, 1)
    assert told.pop(0) == second  # known before the first line
    assert told == [first, Kind.SYS_EXIT, Kind.SWITCH, Kind.SYS_EXIT, second, Kind.SWITCH, Kind.SYS_EXIT]


def test_a_number_used_again_is_a_new_thread():
    fork = b"task_newtask: pid=134 comm=a clone_flags=0 oom_score_adj=0"
    found, _ = read(b"\n".join([HEAD + EXIT, HEAD.replace(b"-134", b"-7") + fork, HEAD + EXIT]))
    assert [r["b"] for r in found if r["kind"] == Kind.TASK and r["a"] & 0xFF == Task.FOUND] == [134, 7, 134]


def test_a_number_without_0x_has_no_letters():
    found, _ = read((HEAD + b"sys_exit: id=172 ret=01a\n") + (HEAD + b"sys_exit: id=172 ret=0\n"))
    assert [row["a"] for row in found if row["kind"] == Kind.SYS_EXIT] == [172]
    assert (Kind.LOSS, LOSS_CODE["undecodable"], 1) in [(row["kind"], row["a"], row["b"]) for row in found]
