"""What a wrong word costs: exit status and both streams. … in a message stands for what others word."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Type

WRONG = {
    "what-if": """
        gstrace: no .gst in this folder
        hint: `gstrace ingest perf.data` makes one; `gstrace demo` needs none""",
    "what-iff": """
        gstrace: no such command 'what-iff'
        hint: did you mean what-if? see `gstrace --help`""",
    "--helpp": """
        gstrace: no such option: --helpp
        hint: did you mean --help? see `gstrace --help`""",
    "what-if --schem x": """
        gstrace: no such option: --schem
        hint: did you mean --scheme? see `gstrace what-if --help`""",
    "what-if --scheme": """
        gstrace: option '--scheme' requires an argument
        hint: see `gstrace --help`""",
    "what-if a b": """
        gstrace: got unexpected extra argument…(b)
        hint: see `gstrace what-if --help`""",
    "what-if --scheme fsgsbas": """
        gstrace: no scheme named 'fsgsbas'
        hint: did you mean fsgsbase, linux-fsgsbase?""",
    "what-if --scheme fsgsbase:lookup=rdpi": """
        gstrace: no value of fsgsbase:lookup named 'rdpi'
        hint: did you mean rdpid?""",
    "what-if --baseline swapg": """
        gstrace: no scheme named 'swapg'
        hint: did you mean swapgs?""",
    "what-if --uarch skylak": """
        gstrace: no microarchitecture named 'skylak'
        hint: did you mean skylake, skylake_server?""",
    "what-if --assume pti": """
        gstrace: --assume pti: NAME=VALUE was expected
        hint: as in --assume pti=true""",
    "what-if --assume pti=true --assume pti=false": """
        gstrace: --assume: pti is both true and false""",
    "what-if --cpu 3-1": """
        gstrace: '3-1': the range 3-1 runs backwards""",
    "what-if --from 1.5": """
        gstrace: '1.5' is finer than a nanosecond
        hint: a number without a unit is in nanoseconds""",
    "what-if --from 2s --to 1s": """
        gstrace: nothing is between --from 2s and --to 1s""",
    "what-if --machine nosuch": """
        gstrace: invalid value for '--machine': … 'nosuch' does not exist
        hint: see `gstrace what-if --help`""",
    "what-if perf.dat": """
        gstrace: no such file: perf.dat
        hint: did you mean perf.data?""",
    "report by-proces": """
        gstrace: no report named 'by-proces'
        hint: did you mean by-process?""",
    "report parquet": """
        gstrace: report parquet needs a folder to write to
        hint: -o DIR""",
    "explain mixed swich": """
        gstrace: no event named 'swich'
        hint: did you mean switch?""",
    "uarchs zen9": """
        gstrace: no microarchitecture named 'zen9'
        hint: did you mean zen5, zen4, zen3?""",
    "ingest -": """
        gstrace: a recording from standard input has no name
        hint: say where to put it: -o NAME.gst""",
    "ingest .": """
        gstrace: . is a folder, not a recording""",
    "ingest perf.data --jobs 0": """
        gstrace: invalid value for '--jobs' / '-j' (env var: 'GSTRACE_JOBS'): …1
        hint: see `gstrace ingest --help`""",
    "ingest perf.data - -o out": """
        gstrace: - is one recording and cannot stand among others""",
    "ingest perf.data notes.txt -o out.gst": """
        gstrace: out.gst cannot take 2 traces
        hint: with several traces -o is a folder for them""",
    "ingest perf.data a/perf.data -o out": """
        gstrace: perf.data and a/perf.data would both become out/perf.gst
        hint: give them one at a time, with -o""",
    "ingest perf.data --input-format perf": """
        gstrace: no input format named 'perf'
        hint: did you mean perfetto, perfdata, perfscript?""",
}
UNREADABLE = {
    "ingest perf.data": """
        gstrace: perf.data is empty
        hint: did the recorder end without writing?""",
    "what-if notes.txt": """
        gstrace: notes.txt …gstrace knows (…)
        hint: see `gstrace ingest --help`""",
    "what-if folder": """
        gstrace: folder is a folder, but no whole .gst
        hint: ingest the recording again""",
    "ingest notes.txt perf.data -o out": """
        gstrace: notes.txt …gstrace knows (…)
        hint: see `gstrace ingest --help`""",
}


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [(line, status, said) for status, lines in ((2, WRONG), (4, UNREADABLE)) for line, said in lines.items()],
    ids=[*WRONG, *UNREADABLE],
)
def test_a_mistake_is_named_with_a_way_out(gstrace: Type, here: Path, line: str, status: int, said: str) -> None:
    (here / "perf.data").touch()
    (here / "notes.txt").write_text("not a trace\n")
    (here / "folder").mkdir()
    before = sorted(here.rglob("*"))
    expected = "".join(f"{text.strip()}\n" for text in said.strip().splitlines())
    ended = gstrace(*line.split())
    assert (ended.status, ended.out) == (status, "")
    assert re.fullmatch(re.escape(expected).replace("…", ".*"), ended.err), ended.err
    assert sorted(here.rglob("*")) == before, "nothing new is left"


def test_no_command_shows_the_help_as_wrong_use(gstrace: Type) -> None:
    ended = gstrace()
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("Usage: gstrace [OPTIONS] COMMAND")


@pytest.mark.parametrize("command", ["ingest", "what-if", "report", "schemes", "uarchs", "explain", "check", "demo"])
def test_every_command_has_examples(gstrace: Type, command: str) -> None:
    ended = gstrace(command, "--help")
    assert (ended.status, ended.err) == (0, "")
    assert f"  Examples:\n    gstrace {command}" in ended.out


def test_the_version(gstrace: Type) -> None:
    from gstrace import __version__

    assert gstrace("--version") == (0, f"gstrace {__version__}\n", "")


def test_a_fault_of_its_own_is_no_answer(gstrace: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("\x1b[31mlost")

    monkeypatch.setattr("gstrace.api.schemes", broken)
    ended = gstrace("schemes")
    assert (ended.status, ended.out) == (70, "")
    assert ended.err == (
        "gstrace: a fault of gstrace itself: RuntimeError: \\x1b[31mlost\n"
        "hint: please report it with what --verbose prints\n"
    )
    assert "Traceback" in gstrace("schemes", "--verbose").err


def test_ctrl_c_ends_with_130(gstrace: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gstrace.api.schemes", interrupted)
    assert gstrace("schemes") == (130, "", "")


def test_a_check_that_fails_ends_with_1(gstrace: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"check": "a", "result": "ok", "detail": "b"}, {"check": "c", "result": "FAILED", "detail": "d"}]
    monkeypatch.setattr("gstrace.api.check", lambda: iter(rows))
    ended = gstrace("check")
    assert (ended.status, ended.err) == (1, "")
    assert ended.out == "check  result  detail\na      ok      b\nc      FAILED  d\n"


def test_no_name_steers_a_terminal(gstrace: Type, here: Path) -> None:
    (here / "\x1b[2Jperf.data").write_text("no trace")
    for line in (("what-if", "\x1b[2Jperf.data"), ("what-if", "perf.data"), ("what-if", "--\x1b[2J"), ("\x1b[2J",)):
        ended = gstrace(*line)
        assert ended.status in (2, 4)
        assert "\\x1b[2J" in ended.err
        assert "\x1b" not in ended.err + ended.out
