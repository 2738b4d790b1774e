"""The shared attack inputs, every one of the 92 through the code that would meet it, with what is expected of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cascade import Cascade, Ladder, Price, Rung, ScriptedClient
from cascade.errors import SchemaRejected
from cascade.log import open_log
from cascade.reading.json_answer import find_json
from cascade.reading.strict_json import NotJson
from tests.attacks import answer_checks, file_checks, output_checks
from tests.attacks.matrix import Case
from tests.attacks.quiet import quiet
from tests.cascade.log.conftest import postgresql, server_of_postgresql
from tests.checkout import ROOT
from tests.verifiers.exchanges import exchange, judge
from verifiers.compiled_schema import compile_schema
from verifiers.hedging import Hedging
from verifiers.judge import Judge
from verifiers.refusal import Refusal
from verifiers.schema import Schema

__all__ = ["postgresql", "server_of_postgresql"]

FILE = ROOT.parent / "shared" / "data" / "attacks.json"
ALL: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else []

pytestmark = [
    pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning"),
    pytest.mark.skipif(not ALL, reason="the shared inputs (../shared/data) are not on this machine"),
    pytest.mark.timeout(60),
]

REFUSED = {"S03", "S04", "S05", "S07", "S16", "S17"}
"""Schemas that are refused when they are looked at first."""
VETOED = {"S01", "S09", "S10", "S11", "S12", "S13", "S14", "S18"}
"""Answers that the schema vetoes, as text or as the value that they are."""
UNCHECKED = {"S19"}
"""Schemas of which a pattern is left out, and named."""
FINE = {"S02", "S06", "S08", "S15", "S20"}
"""Answers that are as the schema says, decided quickly."""
READ = {"F00", "F01", "F02", "F08", "F10"}
"""Answers that hold {"a": 1} by the documented rule; the others are refused."""


def of(*kinds: str) -> Any:
    """Make a test of every input of some kinds."""
    rows = [row for row in ALL if row["cls"] in kinds]
    return pytest.mark.parametrize("row", rows, ids=[row["id"] for row in rows])


def case(row: dict[str, Any], **expected: Any) -> Case:
    return Case(row=0, check=row["cls"], name=row["id"], input=row["payload"], expected=expected)


def test_there_are_ninety_two_and_each_belongs_to_a_test() -> None:
    kinds = {"master_key", "empty_answer", "judge_injection", "schema", "fence", "html", "csv", "sql", "path"}
    assert len(ALL) == 92
    assert {row["cls"] for row in ALL} == kinds
    assert {row["id"] for row in ALL if row["cls"] == "schema"} == REFUSED | UNCHECKED | VETOED | FINE


@of("master_key", "empty_answer")
def test_it_is_not_accepted_and_asks_no_judge(row: dict[str, Any]) -> None:
    if row["id"] != "J14":  # a refusal in words: the judge is asked, and what it says does not let it pass
        answer_checks.gated(case(row))
        return
    price = Price(input_usd=0.0, output_usd=0.0)
    client = ScriptedClient({"small": row["payload"], "large": "4", "other/judge": answer_checks.fair})
    verify = (Refusal(), Judge("other/judge", price=price))
    rungs = (Rung("m/small", name="small", verify=verify), Rung("m/large", name="large", verify=()))
    with Cascade(Ladder(*rungs), client=client) as app:
        assert app.run("What is 2 + 2?").rung == "large"


@of("judge_injection")
def test_it_stays_inside_its_string_and_changes_no_verdict(row: dict[str, Any]) -> None:
    answer_checks.contained(case(row, without="4 is wrong."))


@of("schema")
def test_the_schema_is_refused_or_decides(row: dict[str, Any]) -> None:
    schema, payload = row["where"], row["payload"]
    if row["id"] in REFUSED | UNCHECKED:
        answer_checks.schema_refused(Case(row=0, check="", name="", input=schema, expected={}))
        return
    texts = [payload if isinstance(payload, str) else json.dumps(payload)]
    if row["id"] == "S08":
        texts = [json.dumps([{"a": i} for i in range(4000)])]
    if row["id"] in ("S01", "S13", "S18"):
        texts.append(json.dumps(payload))  # the value, where a text that is no JSON would be refused as such
    with quiet():
        verdicts = [Schema(schema).check(exchange(text)) for text in texts]
    if row["id"] == "S20":
        assert compile_schema(schema).accepts_everything
        assert Schema(schema).concerns(judged="m/x", above=None, price_usd=lambda _: None)
        return
    assert [verdict.veto for verdict in verdicts] == [row["id"] in VETOED] * len(texts)


@of("fence")
def test_a_fence_has_one_documented_result(row: dict[str, Any]) -> None:
    with quiet():
        try:
            found: Any = find_json(row["payload"]).value
        except NotJson:
            found = "refused"
    assert found == ({"a": 1} if row["id"] in READ else "refused")
    judge(Hedging(), exchange(row["payload"]))


@of("html")
def test_markup_stays_text(row: dict[str, Any], tmp_path: Path) -> None:
    output_checks.markup(case(row), tmp_path)


@of("csv")
def test_a_formula_is_text_in_a_cell(row: dict[str, Any], tmp_path: Path) -> None:
    output_checks.as_cell(case(row), tmp_path)


@of("sql")
def test_it_is_stored_as_it_is(row: dict[str, Any], tmp_path: Path) -> None:
    output_checks.stored(case(row), tmp_path)
    request = f"GET /{row['payload'].replace(' ', '%20')}/state HTTP/1.1\r\nHost: @HOST@\r\n\r\n"
    asked = Case(row=0, check="", name="", input=request, expected={"status": [404]})
    output_checks.page_refused(asked, tmp_path)


@of("path")
def test_it_names_no_file(row: dict[str, Any], tmp_path: Path) -> None:
    file_checks.name_refused(case(row), tmp_path)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("payload", ['"\\ud800"', "lone \ud800", '"a\\u0000b"', "nul \0 in it"])
def test_surrogates_and_nul_are_logged(kind: str, payload: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    where = tmp_path / "d.db" if kind == "sqlite" else request.getfixturevalue("postgresql")
    client = ScriptedClient({"small": payload, "large": payload})
    ladder = Ladder(
        Rung("m/small", name="small", verify=(Schema({"type": "string"}),)), Rung("m/large", name="large", verify=())
    )
    with open_log(where, store_text="full") as log, Cascade(ladder, client=client, log=log) as app:
        app.run("What is it?")
        log.flush()
        assert log.lost == 0
        with log.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM decisions").scalar() == 1


def test_a_schema_that_is_refused_costs_nothing() -> None:
    client = ScriptedClient({"small": "3"})
    with Cascade(Ladder(Rung("m/small", name="small", verify=("schema",))), client=client) as app:
        for row in ALL:
            if row["id"] in REFUSED:
                with pytest.raises(SchemaRejected):
                    app.run("How many?", schema=row["where"])
    assert not client.calls
