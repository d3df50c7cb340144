"""A command line to type into, and a recording that was ingested once."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from gstrace import api, jit, shelf
from gstrace.cli.run import run


class Ended(NamedTuple):
    status: int
    out: str
    err: str


Type = Callable[..., Ended]


@pytest.fixture(scope="session")
def gst(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled recording as perf.gst."""
    sample = api.sample()
    return api.ingest(sample.trace, tmp_path_factory.mktemp("nginx") / "perf.gst", machine=sample.machine).gst.path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in, with no settings but the usual width."""
    for name in [n for n in os.environ if n.startswith("GSTRACE_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "80")
    return folder


@pytest.fixture
def gstrace(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Type]:
    """Run a command line in this process. Kernels keep their cache, recordings get one of their own."""
    assert jit.njit
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shelf._folder.cache_clear()
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    handler = signal.getsignal(signal.SIGTERM)

    def type_in(*words: str | Path) -> Ended:
        monkeypatch.setattr(sys, "argv", ["gstrace", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            run()
        assert isinstance(end.value.code, int)
        return Ended(end.value.code, *capsys.readouterr())

    yield type_in
    signal.signal(signal.SIGTERM, handler)
    shelf._folder.cache_clear()
