"""The decision log on either database: complete rows, one writer, no loss that is not counted."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
import threading
from base64 import b32hexencode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.errors import ConfigError, DataError
from cascade.failure import CallFailure, FailureKind
from cascade.log import Log, open_log
from cascade.log.redaction import Redactor, storable
from cascade.log.rows import timed_id
from tests.cascade.log.decisions import POLICY, decided, failed
from tests.cascade.log.reading import rows


def test_a_decision_is_one_row_with_a_row_for_each_attempt_and_verdict(log: Log, where: str | Path) -> None:
    about = {"principal": "acme", "session": "s-1", "group": "g-1", "tags": {"feature": "import"}}
    log.write(*decided("r-1", "0.2", "0.9", saved_usd=-0.001, **about), at_s=1_800_000_000.5)
    log.flush()
    (decision,) = rows(where, "decisions")
    known = {"task": "default", "request_id": "r-1", "decision_id": "d-r-1", "outcome": "accepted", "rung": "large",
             "escalated": 1, "first_answered": 1, "calibrated": 1, "at_ms": 1_800_000_000_500, "input_tokens": 20,
             "principal": "acme", "session": "s-1", "group": "g-1", "saved_usd": -0.001, "attempts": 2}  # fmt: skip
    assert {key: decision[key] for key in known} == known
    assert decision["cost_usd"] == pytest.approx(0.011)
    assert json.loads(decision["tags"]) == {"feature": "import"}
    first, second = rows(where, "attempts")
    assert (first["rung"], first["action"], first["reason"]) == ("small", "escalate", "confidence")
    assert (first["confidence"], first["t"], first["g"]) == (0.2, 0.5, 0.0)
    assert (second["rung"], second["action"], second["t"]) == ("large", "accept", None)
    assert [(row["rung"], row["verifier"], row["score"]) for row in rows(where, "verdicts")] == [
        ("small", "says", 0.2),
        ("large", "says", 0.9),
    ]


def test_a_failure_is_logged_by_its_kind(log: Log, where: str | Path) -> None:
    log.write(*decided("r-1", failed(FailureKind.SERVER), "0.9"))
    log.flush()
    first, second = rows(where, "attempts")
    assert (first["failure"], first["status"], first["action"]) == ("server", 503, "fail_over")
    assert second["failure"] is None
    assert rows(where, "decisions")[0]["first_answered"] == 0


@given(st.text(st.characters()))
def test_any_string_that_python_holds_can_be_stored(text: str) -> None:
    stored = storable(text + "\ud800\0")
    assert stored.encode()
    assert "\0" not in stored
    assert stored.endswith("\\ud800\\u0000")


def test_odd_text_and_figures_are_written_not_refused(log: Log, where: str | Path) -> None:
    result, request = decided("r\0\ud800", "0.9", tags={"a\ud800": "\0"})
    log.write(replace(result, latency_s=float("nan"), saved_usd=float("inf"), error="\ud800\0"), request)
    log.flush()
    (row,) = rows(where, "decisions")
    assert (row["request_id"], row["error"]) == ("r\\u0000\\ud800", "\\ud800\\u0000")
    assert (row["latency_s"], row["saved_usd"], log.lost) == (0.0, None, 0)
    assert json.loads(row["tags"]) == {"a\\ud800": "\\u0000"}


def test_redaction_is_linear_in_what_people_send() -> None:
    redactor = Redactor()
    for hostile in ("1" * 200_000, "a@" * 100_000, "a." * 100_000 + "@", "AB12 " * 40_000, "1-" * 100_000):
        assert redactor.impersonal(hostile) is not None


def test_all_rows_of_many_threads_and_loops_arrive(log: Log, where: str | Path) -> None:
    async def some(name: str) -> None:
        for number in range(50):
            log.write(*decided(f"{name}-{number}", "0.9"))
            await asyncio.sleep(0)

    threads = [threading.Thread(target=lambda name=name: asyncio.run(some(name))) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.flush()
    assert len({row["request_id"] for row in rows(where, "decisions")}) == 200
    assert (log.lost, log.backlog) == (0, 0)


def test_closing_commits_what_waits(where: str | Path) -> None:
    with open_log(where) as log:
        log.write(*decided("r-1", "0.9"))
    assert len(rows(where, "decisions")) == 1


def write_in_child(log: Log) -> None:
    log.write(*decided("child", "0.9"))
    log.flush()
    os._exit(0)


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_writes_its_own_rows_and_no_others(log: Log, where: str | Path) -> None:
    log.write(*decided("before", "0.9"))
    child = multiprocessing.get_context("fork").Process(target=write_in_child, args=(log,))
    child.start()
    child.join()
    log.write(*decided("after", "0.9"))
    log.flush()
    assert sorted(row["request_id"] for row in rows(where, "decisions")) == ["after", "before", "child"]


def test_the_same_decision_twice_is_one_row(log: Log, where: str | Path) -> None:
    for _ in range(2):
        log.write(*decided("r-1", "0.2", "0.9"))
        log.flush()
    assert [len(rows(where, table)) for table in ("decisions", "attempts", "verdicts")] == [1, 2, 2]


def test_a_result_that_cannot_be_made_into_rows_is_counted_and_never_raised(log: Log) -> None:
    result, request = decided("r-1", "0.9")
    log.write(replace(result, tags=None), request)  # type: ignore[arg-type]
    assert log.lost == 1
    assert "could not be made into rows" in log.warnings[0]


def test_a_row_that_the_tables_refuse_takes_no_other_with_it(log: Log, where: str | Path) -> None:
    result, request = decided("odd", "0.9")
    log.write(*decided("r-1", "0.9"))
    log.write(replace(result, outcome=None), request)  # type: ignore[arg-type]
    log.write(*decided("r-2", "0.9"))
    log.flush()
    assert [row["request_id"] for row in rows(where, "decisions")] == ["r-1", "r-2"]
    assert log.lost == 1


@pytest.mark.parametrize(
    ("where", "problem"),
    [("mysql://h/d", "postgresql://"), ("", "no file"), (".", "no file"), ("postgresql://host", "no database")],
)
def test_a_place_that_is_no_file_is_a_configuration_error(where: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        open_log(where)


def test_labels_find_a_decision_by_its_id_or_by_the_last_of_its_request(log: Log, where: str | Path) -> None:
    result, request = decided("r-1", "0.9")
    log.write(result, request)
    log.write(replace(result, decision_id="d-2"), request)
    log.label("d-r-1", 1.0)
    log.label("r-1", 0.5, source="judge:x")
    log.label("r-1", 0.25, rung="large", source="judge:x")
    log.label("d-r-1", False)
    found = {(row["decision_id"], row["rung"], row["source"]): row["correct"] for row in rows(where, "labels")}
    assert found == {("d-r-1", "", "human"): 0.0, ("d-2", "", "judge:x"): 0.5, ("d-2", "large", "judge:x"): 0.25}


@pytest.mark.parametrize("correct", [1.5, -0.1, float("nan"), "yes", None])
def test_a_label_must_be_a_number_from_0_to_1(log: Log, correct: Any) -> None:
    with pytest.raises(DataError, match=r"\[0, 1\]"):
        log.label("r-1", correct)


def test_a_label_for_what_was_never_logged_is_refused_and_none_of_its_batch_is_taken(
    log: Log, where: str | Path
) -> None:
    log.write(*decided("r-1", "0.9"))
    with pytest.raises(DataError, match="no decision or request 'r-2'"):
        log.labels([("r-1", 1.0), ("r-2", 1.0)])
    assert rows(where, "labels") == []


def test_a_policy_is_remembered_once(log: Log, where: str | Path) -> None:
    log.remember_policy(POLICY)
    log.remember_policy(POLICY)
    log.flush()
    (row,) = rows(where, "policies")
    assert row["sha256"] == POLICY.sha256
    assert json.loads(row["tasks"])["default"]["rungs"] == ["small", "large"]


def test_opening_a_log_is_what_loads_sqlalchemy() -> None:
    program = "import sys, cascade.log; sys.exit('sqlalchemy' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


SECRET = "sk-proj-4f9a8b7c6d5e4f3a2b1c"


@pytest.mark.parametrize("place", ["rung", "model", "error", "flags", "tags", "reason", "signal", "verdict", "session"])
def test_a_secret_is_cut_out_of_every_text_of_a_row(log: Log, where: str | Path, place: str) -> None:
    """One pass over a row decides whether any of its texts has to be cleaned, so it must look at all of them."""
    result, request = decided("r-1", "0.2", "0.9")
    text, first = f"say {SECRET} now", result.attempts[0]
    verdict = replace(first.verdicts[0], reason=text if place == "reason" else "fine")
    verdict = replace(verdict, signals={text: 0.5}) if place == "signal" else verdict
    verdict = replace(verdict, flags=(text,)) if place == "verdict" else verdict
    first = replace(first, verdicts=(verdict,))
    changed: dict[str, Any] = {
        "rung": {"rung": text}, "model": {"model": text}, "error": {"error": text}, "flags": {"flags": ("odd", text)},
        "tags": {"tags": {"feature": text}},
    }.get(place, {})  # fmt: skip
    request = replace(request, session=text) if place == "session" else request
    log.write(replace(result, attempts=(first, *result.attempts[1:]), **changed), request)
    log.flush()
    stored = [row for table in ("decisions", "attempts", "verdicts") for row in rows(where, table)]
    assert SECRET not in str(stored)
    assert "[redacted]" in str(stored)
    assert {row["decision_id"] for row in stored} == {"d-r-1"}


PROMPT = "My account number is unusual: please tell me about the green heron of Lake Vrana."


@pytest.mark.parametrize("place", ["failure", "reason", "flag", "verdict flag", "finish", "model"])
def test_without_stored_text_no_text_is_stored_whoever_quotes_it(log: Log, where: str | Path, place: str) -> None:
    quoted = f'Invalid value: "{PROMPT[20:60]}"'
    refused = CallFailure(kind=FailureKind.BAD_REQUEST, message=quoted, status=400)
    result, request = decided("r-1", refused if place == "failure" else "0.9", prompt=PROMPT)
    first = result.attempts[0]
    if first.response is not None:
        names = {"flag": {"flags": (quoted,)}, "finish": {"finish_reason": quoted}, "model": {"model_reported": quoted}}
        response = replace(first.response, **names.get(place, {}))
        marks = {"reason": {"reason": quoted}, "verdict flag": {"flags": (quoted,)}}.get(place, {})
        verdicts = tuple(replace(verdict, **marks) for verdict in first.verdicts)
        result = replace(result, attempts=(replace(first, response=response, verdicts=verdicts),))
    log.write(result, request)
    log.flush()
    stored = str([row for table in ("decisions", "attempts", "verdicts") for row in rows(where, table)])
    assert not [start for start in range(len(PROMPT) - 12) if PROMPT[start : start + 12] in stored]
    assert ("bad_request, HTTP status 400" in stored) if place == "failure" else ("[text left out]" in stored)


def test_reasons_of_our_own_are_kept_without_stored_text(log: Log, where: str | Path) -> None:
    log.write(*decided("r-1", "0.2", "0.9"))
    log.flush()
    assert {row["reason"] for row in rows(where, "verdicts")} == {"as the text says"}


def test_an_id_is_time_and_six_bytes_in_base_32_and_sorts_by_time():
    rest = bytes(range(250, 256))
    for at_ms in (0, 1, 31, 1_700_000_000_000, 2**48 - 1):
        whole = b32hexencode(at_ms.to_bytes(6, "big") + rest).decode().rstrip("=").lower()
        assert timed_id(at_ms, rest) == whole
    made = [timed_id(at_ms, rest) for at_ms in range(0, 10**13, 10**11)]
    assert made == sorted(made)
