"""Every row of the fault matrix, as `matrix.toml` has it."""

from __future__ import annotations

import ast
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal

import pytest

from cascade.settings import UncalibratedWarning
from tests.checkout import ROOT
from tests.faults.matrix import CASES, KEY, ROWS, Case, Ran, run_all


@pytest.fixture(scope="module", params=["direct", "litellm"])
def client(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def log(client: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    del client
    return tmp_path_factory.mktemp("matrix") / "decisions.db"


@pytest.fixture(scope="module")
def ran(log: Path, client: Literal["direct", "litellm"]) -> Ran:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UncalibratedWarning)
        warnings.filterwarnings("ignore", message=".*cheaper.*")
        return run_all(log, client)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_is_treated_as_the_matrix_says(ran: Ran, case: Case) -> None:
    expected = case.expected
    hits = range(expected["hits"], expected["hits"] + expected.get("resent", 0) + 1)
    first = ran.results[case.name].attempts[0]
    assert ran.hits[f"{case.name}/{case.mode}"] in hits
    assert (first.failure and first.failure.kind.value) == expected.get("class")
    assert first.decision.action == expected["then"]
    assert expected.get("reason") in {None, first.decision.reason}
    assert ran.hits[f"{case.name}/second"] == (expected["then"] in {"escalate", "fail_over"})
    assert ran.alone[case.name] == expected["alone"]
    assert ran.hits[f"{case.name}-alone/{case.mode}"] in hits


@pytest.mark.parametrize("case", [case for case in CASES if "class" in case.expected], ids=lambda case: case.name)
def test_a_failure_says_what_was_on_the_wire_and_whether_it_may_be_billed(ran: Ran, case: Case) -> None:
    failure = ran.results[case.name].attempts[0].failure
    assert failure is not None
    assert failure.status == case.status
    assert case.expected.get("charged", failure.maybe_charged) == failure.maybe_charged
    assert failure.tries == case.expected["hits"] or case.expected["hits"] == 0
    also = case.expected.get("also", {})
    assert {name: getattr(failure, name) for name in also} == also
    assert failure.message


@pytest.mark.parametrize("case", [case for case in CASES if "class" not in case.expected], ids=lambda case: case.name)
def test_an_odd_answer_carries_what_is_odd_about_it(ran: Ran, case: Case) -> None:
    first, expected = ran.results[case.name].attempts[0], case.expected
    assert first.response is not None
    assert first.response.status == 200
    assert first.response.flags == tuple(expected.get("flags", ()))
    if "finish_raw" in expected:
        assert first.response.finish_raw == (expected["finish_raw"] or None)
    assert first.usage.estimated == (expected.get("usage") in {"estimated", "implausible"})
    assert (first.response.cost_usd or 0.0) > 0
    if "abstains" in expected:
        assert next(one for one in first.verdicts if one.name == expected["abstains"]).abstained


def test_no_redirect_is_followed(ran: Ran) -> None:
    assert ran.elsewhere == 0


def test_an_echoed_key_is_told_to_nobody(ran: Ran, log: Path) -> None:
    assert KEY not in "".join(ran.told.values())
    assert KEY.encode() not in b"".join(file.read_bytes() for file in log.parent.iterdir())


def test_what_may_have_been_charged_is_told_where_it_may(ran: Ran) -> None:
    for case in CASES:
        result, charged = ran.results[case.name], case.expected.get("charged")
        if charged is not None:
            assert (result.maybe_charged_usd > 0) == charged, case.name


@pytest.fixture(scope="module")
def database(ran: Ran, log: Path) -> Iterator[sqlite3.Connection]:
    del ran
    with closing(sqlite3.connect(log)) as database:
        database.row_factory = sqlite3.Row
        yield database


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_log_holds_it(ran: Ran, database: sqlite3.Connection, case: Case) -> None:
    (row,) = database.execute("SELECT * FROM attempts WHERE task = ? AND position = 0", (case.name,)).fetchall()
    first = ran.results[case.name].attempts[0]
    assert row["failure"] == case.expected.get("class")
    assert row["status"] == (case.status if first.failure is not None else 200)
    assert row["tries"] == (first.failure or first.response).tries
    assert row["usage_estimated"] == first.usage.estimated
    if first.response is not None:
        assert row["model_reported"] == first.response.model_reported
        assert row["finish_reason"] == first.response.finish_reason


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_try_is_written_down_with_what_came_of_it(ran: Ran, database: sqlite3.Connection, case: Case) -> None:
    first, tried = ran.results[case.name].attempts[0], "SELECT * FROM calls WHERE task = ? AND rung = 'first'"
    rows = database.execute(tried, (case.name,)).fetchall()
    assert len(rows) == (first.failure or first.response).tries
    # On a busy machine a try may be broken off from outside before the client has said how far it got.
    rows = [row for row in rows if row["state"] != "cancelled" or "timeout_s" not in case.expected]
    assert {row["class"] for row in rows} == {case.expected.get("class", "ok")} or case.mode == "filtered"
    assert {row["http_status"] for row in rows} == {case.status if first.failure is not None else 200}
    assert {row["model_requested"] for row in rows} == {f"openai/{case.name}/{case.mode}"}
    if "charged" in case.expected:
        assert {bool(row["maybe_charged"]) for row in rows} == {case.expected["charged"]}
    if "usage" in case.expected:
        assert {row["usage_source"] for row in rows} == {case.expected["usage"]}
    if case.expected.get("finish_raw"):
        assert {row["finish_raw"] for row in rows} == {case.expected["finish_raw"]}


def test_every_row_is_there_once_and_is_shown_by_a_case_or_a_test() -> None:
    assert [row["n"] for row in ROWS] == list(range(1, 55))
    assert not [row["n"] for row in ROWS if not row.get("case") and not row.get("tests")]


def test_the_tests_that_it_names_exist() -> None:
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "tests").rglob("test_*.py"))
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    there = {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, functions)}
    named = {name for row in ROWS for name in row.get("tests", ())}
    assert named
    assert named <= there
