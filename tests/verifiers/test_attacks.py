"""The shared attack inputs that concern verifiers, each with what is expected of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cascade.errors import SchemaRejected
from cascade.exchange import ModelCall
from tests.verifiers.exchanges import exchange, judge
from verifiers.compiled_schema import compile_schema
from verifiers.hedging import Hedging
from verifiers.json_answer import NotJson, find_json
from verifiers.judge import Judge
from verifiers.refusal import Refusal
from verifiers.schema import Schema

REJECTED = {"S03", "S04", "S05", "S07", "S16", "S17", "S19"}


@pytest.fixture
def attacks(shared_data: Path) -> dict[str, dict[str, Any]]:
    rows = json.loads((shared_data / "attacks.json").read_text(encoding="utf-8"))
    return {row["id"]: row for row in rows}


def _unasked(call: ModelCall) -> Any:
    pytest.fail(f"{call.model} was asked")


def test_master_keys_and_empty_answers_are_not_accepted(attacks: dict[str, dict[str, Any]]) -> None:
    for row in attacks.values():
        if row["cls"] in ("master_key", "empty_answer"):
            verdict = judge(Refusal(), exchange(row["payload"]))
            assert verdict.veto or verdict.score == 0.0 or row["id"] in ("J00", "J01"), row["id"]
            if row["id"] != "J14":  # a refusal in words is Refusal's
                assert judge(Judge("other/strong"), exchange(row["payload"]), _unasked).veto, row["id"]


def test_injections_stay_inside_their_string(attacks: dict[str, dict[str, Any]]) -> None:
    for row in attacks.values():
        if row["cls"] == "judge_injection":
            asked: list[ModelCall] = []
            judge(Judge("other/strong"), exchange(row["payload"]), lambda call, to=asked: to.append(call) or "")
            data = json.loads(asked[0].messages[-1]["content"])
            assert data["candidate"] == row["payload"], row["id"]
            assert "<" not in asked[0].messages[-1]["content"], row["id"]


@pytest.mark.timeout(60)
def test_hostile_schemas_are_refused_or_decided(attacks: dict[str, dict[str, Any]]) -> None:
    decided = {"S01": True, "S02": False, "S06": False, "S13": True, "S18": True, "S20": False}
    for row in attacks.values():
        if row["cls"] != "schema":
            continue
        if row["id"] in REJECTED:
            with pytest.raises(SchemaRejected):
                compile_schema(row["where"])
        elif row["id"] in decided:
            wrong = compile_schema(row["where"]).complaint(row["payload"], str(row["payload"]))
            assert (wrong is not None) is decided[row["id"]], row["id"]
        elif row["id"] in ("S09", "S10", "S11", "S12", "S14"):
            assert judge(Schema(row["where"]), exchange(row["payload"])).veto, row["id"]
    assert compile_schema(attacks["S20"]["where"]).accepts_everything
    items = [{"a": i} for i in range(4000)]
    assert judge(Schema(attacks["S08"]["where"]), exchange(json.dumps(items))).score == 1.0
    assert judge(Schema(attacks["S15"]["where"]), exchange(attacks["S15"]["payload"])).parsed == "a\0b"


def test_fences_have_one_documented_result(attacks: dict[str, dict[str, Any]]) -> None:
    expected: dict[str, Any] = {key: {"a": 1} for key in ("F00", "F01", "F02", "F08", "F10")}
    for row in attacks.values():
        if row["cls"] == "fence":
            try:
                assert find_json(row["payload"]).value == expected.get(row["id"], "refused"), row["id"]
            except NotJson:
                assert row["id"] not in expected, row["id"]
            judge(Hedging(), exchange(row["payload"]))
