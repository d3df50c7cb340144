"""The answer as one JSON object, against its schema and the contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gstrace import api
from gstrace.reports.schemas import schemas, write
from gstrace.reports.tables import REPORTS
from gstrace.schemes import library

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
FIXTURES = ["trace", "lossy"]


def _valid(said: dict[str, Any], name: str) -> dict[str, Any]:
    found = json.loads(json.dumps(said, allow_nan=False))
    jsonschema.Draft202012Validator(json.loads((SCHEMAS / name).read_text("utf-8"))).validate(found)
    return found


@pytest.mark.parametrize("which", FIXTURES)
@pytest.mark.parametrize(
    "asked",
    [{}, {"uarch": ["skylake", "zen4"]}, {"ledger": "fs", "schemes": ["fred"], "assume": {"kernel": "6.9"}}],
    ids=["alone", "two CPUs", "fs"],
)
def test_answers_are_as_their_schema_says(which: str, asked: dict[str, Any], request: pytest.FixtureRequest) -> None:
    answer = api.what_if(request.getfixturevalue(which), **asked)
    said = _valid(answer.to_json(), "what-if.v1.json")
    assert len(said["schemes"]) == len(answer.priced)
    for kind in REPORTS:
        if kind != "events" or len(answer.machines) == 1:
            _valid(api.report(kind, answer).to_json(), f"report.{kind}.v1.json")


def test_the_schema_refuses_what_it_does_not_know(answer: api.Answer) -> None:
    said = answer.to_json()
    with pytest.raises(jsonschema.ValidationError):
        _valid({**said, "more": 1}, "what-if.v1.json")
    said["schemes"][0]["verdict"] = "perhaps"
    with pytest.raises(jsonschema.ValidationError):
        _valid(said, "what-if.v1.json")


def test_a_gst_is_as_its_schema_says(trace: api.Trace) -> None:
    _valid({"manifest": trace.gst.manifest, "capture": trace.gst.capture.to_json()}, "gst.v2.json")


def test_schemas_are_what_the_code_declares(tmp_path: Path) -> None:
    write(tmp_path)
    fresh = {p.name: p.read_text("utf-8") for p in tmp_path.iterdir()}
    assert fresh == {p.name: p.read_text("utf-8") for p in SCHEMAS.glob("*.json")}
    for name, schema in schemas().items():
        if not name.startswith("table."):
            jsonschema.Draft202012Validator.check_schema(schema)


def test_every_scheme_comes_once_and_the_baseline_with_them(trace: api.Trace) -> None:
    said = api.what_if(trace, ["mixed", "mixed"], uarch=["skylake", "zen2"]).to_json()
    found = [(s["uarch"], s["id"]) for s in said["schemes"]]
    assert found == [(u, s) for u in ("skylake", "zen2") for s in ("mixed", "linux-fsgsbase")]
    assert said["baseline"]["scheme"] == "linux-fsgsbase"


def test_the_order_of_schemes_changes_no_figure(trace: api.Trace) -> None:
    names = list(library.names())
    one, other = (api.what_if(trace, order, uarch="skylake").to_json() for order in (names, names[::-1]))
    assert {s["id"]: s for s in one["schemes"]} == {s["id"]: s for s in other["schemes"]}


def test_a_null_has_a_sentence_beside_it(lossy: api.Trace) -> None:
    said = api.what_if(lossy, ["fred"], uarch="zen4").to_json()
    fred = next(s for s in said["schemes"] if s["id"] == "fred")
    assert fred["difference"] is None
    assert "lkgs" in fred["why"]
    for row in said["coverage"]:
        assert (row["independent"] is None) == (row["why"] is not None)
        assert all((added["low"] is None) == (added["why"] is not None) for added in row["adds"])
    counted, uncounted = said["losses"]
    assert (counted["kind"], counted["count"], counted["count_why"]) == ("lost", 3, None)
    assert (uncounted["cpu"], uncounted["count"]) == (1, None)
    assert uncounted["count_why"]
    for row in said["break_even"]:
        assert (row["flips_at"] is None) == (row["why"] is not None)


def test_draws_and_assumptions_are_told(answer: api.Answer) -> None:
    said = answer.to_json()
    assert said["draws"] == {"n": 10_000, "seed": 20190325, "distribution": "triangular"}
    names = [a["name"] for a in said["assumptions"]]
    assert {"selectors-null", "user-writes-gs", "tls-distinct"} <= set(names)
    assert len(names) == len(set(names))


def test_what_if_and_summary_say_the_same(answer: api.Answer) -> None:
    rows = {r["scheme"]: r for r in answer.table().iter_rows(named=True)}
    for scheme in answer.to_json()["schemes"]:
        row = rows[scheme["id"]]
        assert (row["verdict"], row["why"]) == (scheme["verdict"], scheme["why"])
        if scheme["difference"] is None:
            continue
        for name in ("p05", "p50", "p95"):
            assert row[f"difference_{name}"] == scheme["difference"][name]
            assert row[f"difference_gs_{name}"] == scheme["by_ledger"]["gs"]["difference"][name]
            assert row[f"per_switch_{name}"] == scheme["per_event"]["switch"][name]
