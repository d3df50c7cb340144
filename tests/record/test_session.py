"""A recording from its start to its end, with a perf that only pretends."""

from __future__ import annotations

import errno
import os
import pty
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from record.fake_perf import LOST, SAMPLES, data

from gstrace import api
from gstrace.errors import GstraceError, OutputError, RecordError, UsageError
from gstrace.record.session import default_buffer

pytestmark = pytest.mark.slow

Way = Callable[[str], None]
WHOLE = ["perf.data", "perf.data.machine"]


def there(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def wait_for(path: Path) -> None:
    until = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < until, f"{path} never came"
        time.sleep(0.01)


def ended(process: subprocess.Popen[str]) -> int:
    process.communicate(timeout=60)
    return process.returncode


def alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (["true"], 0),
        (["sh", "-c", "exit 3"], 3),
        (["sh", "-c", "kill -KILL $$"], 137),
        (["sh", "-c", "kill -SEGV $$"], 139),
        (["sh", "-c", "exit 255"], 255),
    ],
)
def test_the_status_is_the_commands(machine: SimpleNamespace, command: list[str], status: int) -> None:
    done = api.record("perf.data", command, everything=True)
    assert (done.status, done.events, done.lost) == (status, SAMPLES, LOST)
    assert there(machine.folder) == WHOLE
    assert Path("perf.data").read_bytes() == data()
    assert done.size == len(data())


def test_a_command_that_cannot_run_records_nothing(machine: SimpleNamespace) -> None:
    Path("script").write_text("echo\n")
    for command, status in (("no-such", 127), ("./none", 127), ("./script", 126), ("/etc", 126)):
        with pytest.raises(RecordError) as caught:
            api.record("perf.data", [command], everything=True)
        assert caught.value.status == status
    assert there(machine.folder) == ["script"]
    assert machine.asked == []


def test_events_flow_before_the_command_runs_and_formats_are_there_before(machine: SimpleNamespace) -> None:
    status, said = machine.run("-a", "-o", "perf.data", "--", "sh", "-c", f'echo "CMD" >> {machine.log}')
    assert status == 0
    assert said.startswith(f"gstrace: perf.data: 7 events, 0.0 MB, {LOST} lost (a larger --buffer loses fewer); ")
    assert said.endswith("; next: gstrace what-if perf.data\n")
    record, enable, ran, disable = machine.asked
    assert record[:2] == ["record", "-a"]
    assert enable[0] == "enable"
    assert {"cpuinfo", "events", "threads", "recorder", "stat.before", "clock.before"} <= set(enable[1].split("/"))
    assert "stat.after" not in enable[1].split("/")
    assert ran == ["CMD"]
    assert disable[0] == "disable"
    names = {path.name for path in Path("perf.data.machine").iterdir()}
    assert {"stat.after", "interrupts.after", "vmstat.after", "clock.after"} <= names
    assert Path("perf.data.machine/events/sched/sched_switch/format").is_file()


def test_perf_and_gstrace_are_told_as_recorders(machine: SimpleNamespace) -> None:
    api.record("perf.data", ["true"], everything=True)
    pids = [int(line.split()[0]) for line in Path("perf.data.machine/recorder").read_text().splitlines()]
    assert pids[0] == os.getpid()
    assert len(pids) == 2


def test_the_held_command_is_what_is_recorded_and_its_children(machine: SimpleNamespace) -> None:
    api.record("perf.data", ["sh", "-c", "echo $$ > pid"])
    (record, *_) = machine.asked
    assert record[1:3] == ["-p", Path("pid").read_text().strip()]


def test_hardware_counts_come_from_a_perf_that_has_them(machine: SimpleNamespace, way: Way) -> None:
    way("stat")
    done = api.record("perf.data", ["true"], everything=True)
    assert done.notes == ()
    assert Path("perf.data.machine/counters").read_text() == "cpl_cycles.ring0_trans 1234\n"
    assert len(Path("perf.data.machine/recorder").read_text().splitlines()) == 3


def test_without_hardware_counts_a_note_says_why(machine: SimpleNamespace) -> None:
    assert machine.run("-a", "-q", "-o", "perf.data", "true") == (0, "")
    _, said = machine.run("-a", "-v", "-o", "perf.data", "true")
    assert "no hardware count of ring transitions" in said
    assert "event syntax error: 'cpl_cycles.ring0_trans'" in said
    assert "Usage" not in said
    assert not Path("perf.data.machine/counters").exists()


def test_a_perf_that_knows_no_control_begins_when_it_starts(machine: SimpleNamespace, way: Way) -> None:
    way("old")
    assert api.record("perf.data", ["true"], everything=True).events == SAMPLES
    assert "--control" not in machine.asked[0]
    assert there(machine.folder) == WHOLE


def test_a_perf_too_busy_to_listen_is_ended_all_the_same(machine: SimpleNamespace, way: Way) -> None:
    way("busy")
    assert api.record("perf.data", ["true"], everything=True).events == SAMPLES


@pytest.mark.parametrize("old", [b"", b"an earlier recording"])
def test_a_perf_that_is_refused_says_why_and_leaves_nothing(machine: SimpleNamespace, way: Way, old: bytes) -> None:
    way("refused")
    if old:
        Path("perf.data").write_bytes(old)
    status, said = machine.run("-a", "-o", "perf.data", "touch", "ran")
    assert status == 125
    assert said.startswith("gstrace: perf could not begin: Access to performance monitoring is limited.\n")
    assert there(machine.folder) == (["perf.data"] if old else [])
    assert not old or Path("perf.data").read_bytes() == old


def test_without_perf_it_says_what_to_install(machine: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = machine.folder / "tools"
    tools.mkdir()
    (tools / "true").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tools))
    with pytest.raises(RecordError, match="perf is not installed") as caught:
        api.record("perf.data", ["true"], everything=True, using="perf")
    assert "linux-perf" in caught.value.hint
    assert "--with tracefs" in caught.value.hint


def test_a_killed_perf_leaves_what_it_wrote_and_the_formats_to_read_it_by(machine: SimpleNamespace, way: Way) -> None:
    way("dies")
    Path("perf.data").write_bytes(b"an earlier recording")
    status, said = machine.run("-a", "-o", "perf.data", "sleep", "0.3")
    assert (status, said.splitlines()) == (
        125,
        [
            "gstrace: perf was ended by SIGKILL while it recorded",
            "kept: what it wrote, in perf.data.part",
            "hint: gstrace ingest perf.data.part reads what is there",
        ],
    )
    assert there(machine.folder) == ["perf.data", "perf.data.part", "perf.data.part.machine"]
    assert Path("perf.data").read_bytes() == b"an earlier recording"
    assert Path("perf.data.part.machine/events/sched/sched_switch/format").is_file()


def test_a_recorder_that_ends_by_itself_is_told(machine: SimpleNamespace, way: Way) -> None:
    way("leaves")
    status, said = machine.run("-a", "-o", "perf.data", "sh", "-c", "sleep 1; exit 6")
    assert status == 6
    assert "the recorder was ended by others: what came later is not recorded\n" in said


def test_what_stood_there_is_replaced_with_its_mode_and_its_machine(machine: SimpleNamespace) -> None:
    Path("perf.data").write_bytes(b"old")
    Path("perf.data").chmod(0o640)
    Path("perf.data.machine").mkdir()
    Path("perf.data.machine/counters").write_text("old 1\n")
    Path("perf.data.part").write_bytes(b"left by a killed one")
    api.record("perf.data", ["true"], everything=True)
    assert there(machine.folder) == WHOLE
    assert Path("perf.data").stat().st_mode & 0o777 == 0o640
    assert not Path("perf.data.machine/counters").exists()


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("perf.gst", "is not a .gst yet"),
        ("none/perf.data", "none is no folder"),
        ("folder", "no regular file"),
        ("/dev/null", "no regular file"),
        ("link", "no regular file"),
        ("mine", "mine.machine is in the way: diary is no file of a machine folder"),
    ],
)
def test_a_place_that_a_recording_cannot_have_is_refused(machine: SimpleNamespace, output: str, said: str) -> None:
    Path("folder").mkdir()
    Path("link").symlink_to("elsewhere")
    Path("mine.machine").mkdir()
    Path("mine.machine/diary").touch()
    before = there(machine.folder)
    with pytest.raises(UsageError, match=said):
        api.record(output, ["touch", "ran"], everything=True)
    assert there(machine.folder) == before
    assert machine.asked == []


def test_a_place_that_cannot_be_written_is_found_out_before_anything_runs(
    machine: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "touch", full)
    with pytest.raises(OutputError, match=r"perf\.data: cannot be written: No space left on device"):
        api.record("perf.data", ["touch", "ran"], everything=True)
    assert there(machine.folder) == []


def test_there_must_be_something_to_record(machine: SimpleNamespace) -> None:
    with pytest.raises(UsageError, match="nothing to record"):
        api.record("perf.data")
    for seconds in (-1.0, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="seconds cannot be waited for"):
            api.record("perf.data", everything=True, duration=seconds)
    with pytest.raises(UsageError, match="no recorder named 'prf'"):
        api.record("perf.data", everything=True, using="prf")
    assert machine.run("-a", "--buffer", "lots", "-o", "perf.data")[0] == 2
    assert there(machine.folder) == []


def test_the_commands_own_options_and_streams_are_its_own(machine: SimpleNamespace) -> None:
    process = machine.start(
        *("-a", "-o", "perf.data", "sh", "-c", 'cat; echo "$@"; ls /proc/self/fd', "x", "-a", "--quiet", "-o"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    out, _ = process.communicate("from its input\n", timeout=60)
    said, words, *descriptors = out.splitlines()
    assert (said, words) == ("from its input", "-a --quiet -o")
    assert descriptors == ["0", "1", "2", "3"]  # 3 is ls's own


def test_the_command_finds_the_environment_that_gstrace_was_given(
    machine: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("go", "there")
    monkeypatch.setenv("PS4", "two\nlines")
    api.record("perf.data", ["sh", "-c", "env -0 > env"], everything=True)
    found = dict(word.split("=", 1) for word in Path("env").read_text().split("\0") if word)
    shells_own = {"_", "PWD", "OLDPWD", "SHLVL"}
    assert {k: v for k, v in found.items() if k not in shells_own} == {
        k: v for k, v in os.environ.items() if k not in shells_own
    }


def test_the_time_asked_for_ends_the_recording_and_tells_the_command(machine: SimpleNamespace) -> None:
    command = ["sh", "-c", 'trap "touch told; exit" TERM; while :; do sleep 0.05; done']
    done = api.record("perf.data", command, everything=True, duration=0.3)
    assert done.status == 0
    assert there(machine.folder) == [*WHOLE, "told"]
    assert api.record("perf.data", ["sh", "-c", "exit 5"], everything=True, duration=60).status == 5
    assert api.record("perf.data", everything=True, duration=0.1).status == 0


SHELL = 'trap "echo {0} >> told; exit 7" {0}; touch ready; while :; do sleep 0.05; done'


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_recording_keeps_it_and_reaches_the_command(
    machine: SimpleNamespace, number: signal.Signals, status: int
) -> None:
    process = machine.start("-a", "-o", "perf.data", "sh", "-c", SHELL.format(number.name[3:]))
    wait_for(Path("ready"))
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == status
    assert "next: gstrace what-if perf.data" in said
    assert there(machine.folder) == [*WHOLE, "ready", "told"]
    assert Path("told").read_text() == f"{number.name[3:]}\n"


def test_a_terminals_ctrl_c_reaches_the_command_once(machine: SimpleNamespace) -> None:
    script = (
        "n=0; trap 'n=$((n+1)); echo $n > told' INT; touch ready; while [ ! -e told ]; do sleep 0.05; done; sleep 0.5"
    )
    ours, theirs = pty.openpty()
    process = machine.start(
        *("-a", "-o", "perf.data", "sh", "-c", script), stdin=theirs, stdout=theirs, stderr=theirs,
        preexec_fn=lambda: (os.setsid(), __import__("fcntl").ioctl(0, 0x540E, 0)),
    )  # fmt: skip
    wait_for(Path("ready"))
    os.write(ours, b"\x03")
    assert process.wait(timeout=60) == 130
    os.close(ours)
    os.close(theirs)
    assert Path("told").read_text() == "1\n"
    assert there(machine.folder) == [*WHOLE, "ready", "told"]


def test_without_a_command_ctrl_c_is_the_way_to_end(machine: SimpleNamespace) -> None:
    for number, status in ((signal.SIGINT, 0), (signal.SIGTERM, 143)):
        process = machine.start("-a", "-o", "perf.data")
        wait_for(Path("perf.data.part.machine/clock.before"))
        time.sleep(0.3)
        process.send_signal(number)
        assert ended(process) == status
        assert there(machine.folder) == WHOLE


def test_two_recordings_never_share_a_place(machine: SimpleNamespace) -> None:
    process = machine.start(
        "-a", "-q", "-o", "perf.data", "sh", "-c", "touch ready; until [ -e done ]; do sleep 0.05; done"
    )
    wait_for(Path("ready"))
    with pytest.raises(UsageError, match=r"another recording into .* is under way"):
        api.record("perf.data", ["touch", "ran"], everything=True)
    Path("done").touch()
    assert ended(process) == 0
    assert there(machine.folder) == ["done", *WHOLE, "ready"]


def test_a_second_ctrl_c_gives_up(machine: SimpleNamespace, way: Way) -> None:
    way("slow")
    Path("perf.data").write_bytes(b"an earlier recording")
    process = machine.start("-a", "-o", "perf.data", "sh", "-c", "touch ready; exec sleep 60")
    wait_for(Path("ready"))
    process.send_signal(signal.SIGINT)
    wait_for(Path("perf.data.part.machine/clock.after"))
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    assert ended(process) == 130
    assert there(machine.folder) == ["perf.data", "ready"]
    assert Path("perf.data").read_bytes() == b"an earlier recording"


def test_when_gstrace_is_killed_perf_ends_its_file(machine: SimpleNamespace) -> None:
    process = machine.start("-a", "-o", "perf.data", "sh", "-c", "echo $$ > pid; exec sleep 2")
    wait_for(Path("pid"))
    process.kill()
    process.communicate()
    wait_for(Path("perf.data.part"))
    assert there(machine.folder) == ["perf.data.part", "perf.data.part.machine", "pid"]
    assert Path("perf.data.part.machine/events/sched/sched_switch/format").is_file()


@pytest.mark.parametrize("step", ["prepare", "begin", "stop", "end"])
def test_whatever_fails_leaves_nothing_and_nobody(
    machine: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    from gstrace.record.perf import Perf

    seen: list[int] = []
    real = getattr(Perf, step)

    def fail(self: Perf) -> None:
        if step != "end":
            real(self)
        seen.extend(self.processes)
        raise KeyboardInterrupt

    monkeypatch.setattr(Perf, step, fail)
    with pytest.raises(KeyboardInterrupt):
        api.record("perf.data", ["true"], everything=True)
    assert there(machine.folder) == []
    assert not any(map(alive, seen))


def test_a_step_that_fails_never_lets_the_command_run(machine: SimpleNamespace, way: Way) -> None:
    way("refused")
    with pytest.raises(GstraceError):
        api.record("perf.data", ["touch", "ran"], everything=True)
    assert there(machine.folder) == []


def test_another_thread_can_record_too(machine: SimpleNamespace) -> None:
    with ThreadPoolExecutor() as others:
        assert others.submit(api.record, "perf.data", ["sh", "-c", "exit 4"], everything=True).result(60).status == 4
    assert there(machine.folder) == WHOLE


def test_buffers_of_many_cpus_leave_memory_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"SC_PHYS_PAGES": 1 << 20, "SC_PAGE_SIZE": 4096, "SC_NPROCESSORS_ONLN": 2}
    monkeypatch.setattr(os, "sysconf", sizes.__getitem__)
    assert default_buffer() == 32 << 20
    sizes["SC_NPROCESSORS_ONLN"] = 256
    assert default_buffer() == 1 << 20
