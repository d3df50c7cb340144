from __future__ import annotations

import pytest
from reports import recording

from gstrace import api

COMMAND = "gstrace what-if perf.data"


@pytest.fixture(scope="session")
def trace(tmp_path_factory: pytest.TempPathFactory) -> api.Trace:
    return recording.write(recording.usual(), tmp_path_factory.mktemp("usual"))


@pytest.fixture(scope="session")
def lossy(tmp_path_factory: pytest.TempPathFactory) -> api.Trace:
    """A known number lost, then an unknown one."""
    story = recording.usual().lose(3).call(100).lose(None, cpu=1).call(300, cpu=1)
    return recording.write(story, tmp_path_factory.mktemp("lossy"))


@pytest.fixture(scope="session")
def lossy_answer(lossy: api.Trace) -> api.Answer:
    return api.what_if(lossy, uarch="skylake")


@pytest.fixture(scope="session")
def again(trace: api.Trace) -> api.Answer:
    """What `answer` answers, asked once more."""
    return api.what_if(trace, uarch="skylake", command=COMMAND)


@pytest.fixture(scope="session")
def answer(trace: api.Trace) -> api.Answer:
    return api.what_if(trace, uarch="skylake", command=COMMAND)
