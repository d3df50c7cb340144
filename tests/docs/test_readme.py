"""README's commands run as written, on a sample instead of the reader's recording; its verdict is the program's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "sample-traces" / "nginx"
README = (ROOT / "README.md").read_text("utf-8")
BLOCK = re.compile(
    r"(?:<!-- (?P<mark>[^>]*) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
BLOCKS = [found.groupdict() for found in BLOCK.finditer(README)]


def marked(mark: str, language: str) -> list[str]:
    return [b["text"] for b in BLOCKS if b["mark"] == mark and b["language"] == language]


def desk(folder: Path) -> None:
    """A folder with a recording of the reader's own, as far as gstrace can tell, and a `gstrace` to call."""
    shutil.copy(SAMPLE / "perf.data", folder / "perf.data")
    shutil.copytree(SAMPLE / "machine", folder / "perf.data.machine")
    (folder / "bin").mkdir()
    (folder / "bin" / "gstrace").write_text(f'#!/bin/sh\nexec {sys.executable} -m gstrace "$@"\n')
    (folder / "bin" / "gstrace").chmod(0o755)


def run(script: str, folder: Path) -> str:
    """A shell script's standard output; any command that fails ends it."""
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-eu", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_each_block_says_whether_it_is_run() -> None:
    for block in BLOCKS:
        assert block["mark"] in ("run", "no run") or block["mark"].startswith("output: "), block["text"]


@pytest.mark.parametrize("text", [b["text"] for b in BLOCKS if b["language"] == "sh"])
def test_shell_blocks_are_shell(text: str) -> None:
    subprocess.run(["sh", "-n", "-c", text], check=True)


@pytest.mark.slow
def test_what_readme_says_to_do_does_what_it_says(tmp_path: Path) -> None:
    desk(tmp_path)
    run("\n".join(marked("run", "sh")), tmp_path)
    assert (tmp_path / "perf.gst" / "census.parquet").is_file()
    assert list((tmp_path / "tables").glob("*.parquet"))
    assert (tmp_path / "answer.json").read_text().startswith("{")
    for text in marked("run", "python"):
        subprocess.run([sys.executable, "-c", text], cwd=tmp_path, check=True, capture_output=True)
    for block in BLOCKS:
        if block["mark"].startswith("output: "):
            assert run(block["mark"].removeprefix("output: "), tmp_path).startswith(block["text"])
