"""A whole cascade over real HTTP: litellm, a misbehaving server on loopback, real verifiers, a real log."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cascade.config.loading import load_config
from cascade.engine.cascade import Cascade
from cascade.errors import AuthError, DeadlineExceeded
from cascade.ladder import Ladder, Rung
from cascade.settings import UncalibratedWarning
from cascade.usage import Price
from tests.faults.completion import completion
from tests.faults.hit import Hit
from tests.faults.reply import Reply, as_json
from tests.faults.server import Server
from verifiers import Judge, LogProb, Refusal, Schema

PRICE = Price(input_usd=1e-6, output_usd=2e-6)
SCHEMA = {"type": "object", "required": ["qty"], "properties": {"qty": {"type": "integer"}}}

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")


def rung(server: Server, behaviour: str, **fields: Any) -> Rung:
    """Return a rung whose model is named after what the server does."""
    usual = {"api_base": server.url, "api_key": "sk-test-1234567890", "price": PRICE, "timeout_s": 5.0}
    return Rung(f"openai/{behaviour}", **{"verify": (Refusal(), Schema(), LogProb()), **usual, **fields})


def _said(text: str, hit: Hit) -> Reply:
    return as_json(completion(hit, text))


def says(server: Server, *texts: str) -> None:
    """Queue answers."""
    for text in texts:
        server.script(partial(_said, text))


def test_a_broken_json_answer_goes_up_and_the_next_is_parsed(server: Server) -> None:
    ladder = Ladder(rung(server, "small"), rung(server, "large"))
    says(server, '{"qty": "many"}', 'Here you are:\n```json\n{"qty": 5}\n```')
    with Cascade(ladder) as app:
        result = app.run("How many?", schema=SCHEMA)
    assert (result.parsed, result.rung, result.outcome) == ({"qty": 5}, "openai/large", "accepted")
    assert result.attempts[0].decision.reason == "veto:schema"
    assert "qty" in result.attempts[0].verdicts[-1].reason
    assert [hit.body["model"] for hit in server.hits] == ["small", "large"]


def test_a_failing_provider_is_asked_three_times_then_the_next_rung(server: Server) -> None:
    ladder = Ladder(rung(server, "server-error"), rung(server, "ok"))
    with Cascade(ladder) as app:
        result = app.run("Well?")
    assert (result.outcome, result.rung) == ("accepted", "openai/ok")
    assert [hit.body["model"] for hit in server.hits] == ["server-error", "server-error", "server-error", "ok"]
    assert result.attempts[0].decision.action == "fail_over"
    assert not result.escalated


def test_a_wrong_key_stops_at_the_first_rung_and_is_not_told_to_anybody(server: Server) -> None:
    with Cascade(Ladder(rung(server, "unauthorized"), rung(server, "ok"))) as app, pytest.raises(AuthError) as error:
        app.run("Well?")
    assert len(server.hits) == 1
    assert "sk-test-1234567890" not in str(error.value)
    assert "sk-test-1234567890" not in repr(error.value.result)


def test_a_hanging_provider_is_left_at_the_deadline(server: Server) -> None:
    with Cascade(Ladder(rung(server, "hang"), rung(server, "ok"))) as app, pytest.raises(DeadlineExceeded) as error:
        app.run("Well?", deadline_s=0.3)
    assert error.value.result.outcome == "deadline"


def test_parameters_reach_the_wire_and_log_probabilities_come_back(server: Server) -> None:
    with Cascade(Ladder(rung(server, "ok"))) as app:
        result = app.run("Well?", temperature=0.25, seed=3, response_format={"type": "json_object"})
    body = server.hits[0].body
    assert (body["temperature"], body["seed"]) == (0.25, 3)
    assert body["response_format"] == {"type": "json_object"}
    assert body["logprobs"] is True
    logprob = next(verdict for verdict in result.attempts[0].verdicts if verdict.name == "logprob")
    assert logprob.score is not None
    assert result.cost_usd > 0


def test_tool_calls_come_back_and_are_held_against_the_tools(server: Server) -> None:
    city = {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}
    small = {"type": "object", "required": ["zip"], "properties": {"zip": {"type": "integer"}}}
    ladder = Ladder(rung(server, "ok"), rung(server, "fine"))
    with Cascade(ladder) as app:
        good = app.run("Where?", tools=[{"type": "function", "function": {"name": "f", "parameters": city}}])
        bad = app.run("Where?", tools=[{"type": "function", "function": {"name": "f", "parameters": small}}])
    assert (good.rung, good.answer, good.tool_calls[0]["function"]["name"]) == ("openai/ok", "", "f")
    assert server.hits[0].body["tools"][0]["function"]["parameters"] == city
    assert bad.attempts[0].decision.reason == "veto:schema"


def test_a_judges_calls_are_paid_for_and_counted(server: Server) -> None:
    judge = Judge("mistral/judge", price=PRICE, api_base=server.url, api_key="sk-judge-1234567890")
    ladder = Ladder(rung(server, "small", verify=(judge,)), rung(server, "large", verify=()))
    says(server, "It is four.", "not the JSON that was asked for", "It is 4.")
    with Cascade(ladder) as app:
        result = app.run("What is 2 + 2?")
    first = result.attempts[0]
    assert (first.verdicts[0].score, first.decision.reason) == (None, "unverifiable")
    assert first.verdicts[0].calls == 1
    assert result.verifiers_usd > 0
    assert result.cost_usd == pytest.approx(result.answers_usd + result.verifiers_usd)


def test_yaml_to_log_end_to_end(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", "sk-test-1234567890")
    price = "{input_usd: 0.000001, output_usd: 0.000002}"
    common = f"api_base: '{server.url}', api_key: '${{TEST_KEY}}', price: {price}"
    (tmp_path / "cascade.yaml").write_text(
        f"ladder:\n"
        f"  - {{model: openai/small, name: small, {common}}}\n"
        f"  - {{model: openai/large, name: large, {common}}}\n"
        "verify: [refusal, hedging]\nlog: decisions.db\n"
    )
    says(server, "I cannot help with that.", "It is 4.")
    with load_config(tmp_path / "cascade.yaml").open() as app, pytest.warns(UncalibratedWarning):
        result = app.run("What is 2 + 2?", principal="acme", session="s-1", group="g-1", tags={"feature": "x"})
    assert result.answer == "It is 4."
    with closing(sqlite3.connect(tmp_path / "decisions.db")) as log:
        log.row_factory = sqlite3.Row
        (row,) = log.execute("SELECT * FROM decisions").fetchall()
        attempts = log.execute("SELECT rung, action, reason FROM attempts ORDER BY position").fetchall()
    assert (row["principal"], row["session"], row["group"]) == (
        "acme",
        "s-1",
        "g-1",
    )
    assert json.loads(row["tags"]) == {"feature": "x"}
    assert [tuple(attempt) for attempt in attempts] == [
        ("small", "escalate", "below:refusal"),
        ("large", "accept", "top"),
    ]
    log.close()
    assert b"sk-test" not in (tmp_path / "decisions.db").read_bytes()
