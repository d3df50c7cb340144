"""docs/contract.md says what there is: every command, option, setting, report and exit status."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from gstrace import errors
from gstrace.cli import run
from gstrace.cli.app import app
from gstrace.cli.report import KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "contract.md").read_text("utf-8")
COMMANDS = get_command(app).commands  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_and_option_is_documented(name: str) -> None:
    assert f"| `gstrace {name}" in PAGE
    for parameter in COMMANDS[name].params:
        for option in [o for o in parameter.opts if o.startswith("-")]:
            assert re.search(rf"`{option}[ `]", PAGE), option
        if parameter.envvar:
            assert f"`{parameter.envvar}`" in PAGE


def test_no_option_is_documented_that_is_not_there() -> None:
    there = {option for command in COMMANDS.values() for p in command.params for option in p.opts}
    there |= {"--help", "--version", "--install-completion"}
    assert set(re.findall(r"`(--[a-z-]+)", PAGE)) <= there


def test_each_report_is_documented() -> None:
    assert all(f"`{kind}`" in PAGE for kind in KINDS)


def test_each_exit_status_is_documented() -> None:
    kinds = {errors.GstraceError, *errors.GstraceError.__subclasses__()}
    own = (run.FAULT, run.UNWRITTEN, run.INTERRUPTED, run.TERMINATED, run.READER_GONE)
    told = {int(n) for n in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    assert told == {0, 1, *(kind.status for kind in kinds), *own}
