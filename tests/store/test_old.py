"""Directories of older versions stay readable, and say what they said."""

from __future__ import annotations

import json
from pathlib import Path

from gstrace import api
from gstrace.replay.options import DEFAULT

OLD = Path(__file__).parent / "old"


def test_version_1_has_the_bills_that_it_had() -> None:
    """`v1.bills.json` was written by the gstrace that wrote `v1.gst`, from sample-traces/fsgs/perf.data."""
    trace = api.open(OLD / "v1.gst")
    assert trace.gst.manifest["schema"] == "gstrace.gst/1"
    answer = api.what_if(trace).to_json()
    assert {entry["id"]: entry["bill"] for entry in answer["schemes"]} == json.loads(
        (OLD / "v1.bills.json").read_text()
    )
    assert "selector" not in str(api.what_if(trace))


def test_version_1_says_nothing_of_selectors_and_is_replayed_under_options() -> None:
    trace = api.open(OLD / "v1.gst")
    assert trace.threads["selectors"].null_count() == len(trace.threads)
    assert sum(trace.counts(options=DEFAULT._replace(user_writes=True)).values()) > 0
