"""A machine to record on: tracefs as a folder, perf as a script, and gstrace's own command line against both."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from gstrace.record import wanted

FAKE = Path(__file__).with_name("fake_perf.py")
SYSTEMS = {
    "raw_syscalls": ["sys_enter", "sys_exit"],
    "syscalls": ["sys_enter_openat", "sys_enter_arch_prctl"],
    "sched": ["sched_switch", "sched_waking", "sched_process_exec", "sched_process_fork"],
    "task": ["task_newtask"],
    "exceptions": ["page_fault_user"],
    "irq_vectors": ["local_timer_entry", "local_timer_exit", "irq_work_entry", "irq_work_exit", "vector_alloc"],
    "irq": ["irq_handler_entry", "irq_handler_exit", "softirq_entry"],
    "nmi": ["nmi_handler"],
    "msr": ["write_msr"],
}
CLI = (
    "import sys, pathlib; from gstrace.record import wanted; wanted.TRACEFS = (pathlib.Path(sys.argv.pop(1)),); "
    "from gstrace.cli import main; main()"
)


@dataclass(frozen=True)
class Machine:
    """folder: an empty one, where gstrace runs. asked: what the fake perf was asked, a line each."""

    folder: Path
    tracefs: Path
    log: Path

    @property
    def asked(self) -> list[list[str]]:
        return [line.split("\t") for line in self.log.read_text().splitlines()] if self.log.exists() else []

    def start(self, *words: str, **options: object) -> subprocess.Popen[str]:
        """`gstrace record …` in a process of its own."""
        line = [sys.executable, "-c", CLI, str(self.tracefs), "record", *words]
        return subprocess.Popen(line, cwd=self.folder, text=True, **{"stderr": subprocess.PIPE, **options})  # type: ignore[call-overload, no-any-return]

    def run(self, *words: str, **options: object) -> tuple[int, str]:
        """→ status, standard error."""
        process = self.start(*words, **options)
        _, said = process.communicate(timeout=60)
        return process.returncode, said


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    tracefs, tools, here = (tmp_path / name for name in ("tracefs", "bin", "here"))
    for system, names in SYSTEMS.items():
        for name in names:
            event = tracefs / "events" / system / name
            event.mkdir(parents=True)
            (event / "enable").write_text("0\n")
            (event / "format").write_text(f"name: {name}\nID: 1\n")
    # A format that cannot be switched on.
    (tracefs / "events/ftrace/print").mkdir(parents=True)
    (tracefs / "events/ftrace/print/format").write_text("name: print\n")
    (tracefs / "events/header_page").write_text("\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n")
    tools.mkdir()
    here.mkdir()
    (tools / "perf").write_text(f'#!/bin/sh\nexec {sys.executable} {FAKE} "$@"\n')
    (tools / "perf").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_LOG", str(tmp_path / "log"))
    monkeypatch.delenv("FAKE", raising=False)
    monkeypatch.setattr(wanted, "TRACEFS", (tracefs,))
    monkeypatch.chdir(here)
    return Machine(here, tracefs, tmp_path / "log")


@pytest.fixture
def way(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """How the fake perf behaves (`fake_perf.py`)."""
    return lambda name: monkeypatch.setenv("FAKE", name)
