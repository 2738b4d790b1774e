"""Hostile answers over real HTTP, through both clients."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest

from cascade import Cascade, Ladder, Price, Result, Rung
from tests.attacks.matrix import cases
from tests.faults.reply import Reply
from tests.faults.server import Server
from verifiers import Hedging, LogProb, Refusal, Schema

SENT = [case for case in cases() if isinstance(case.input, str) and len(case.input) < 100_000]
PRICE = Price(input_usd=0.0, output_usd=0.0)
NUMBER = {"type": "object", "properties": {"answer": {"type": "number"}}, "required": ["answer"]}
pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")


def through(client: Literal["direct", "litellm"]) -> list[Result[Any]]:
    """Let the first rung give every hostile answer, one request each."""
    with Server() as server:
        usual: dict[str, Any] = {"api_base": server.url, "api_key": "k", "price": PRICE, "client": client}
        ladder = Ladder(
            Rung("openai/hostile", name="small", verify=(Refusal(), Hedging(), Schema(), LogProb()), **usual),
            Rung("openai/ok", name="large", verify=(), **usual),
        )
        found = []
        with Cascade(ladder) as app:
            for case in SENT:
                message = {"role": "assistant", "content": case.input}
                choice = {"index": 0, "message": message, "finish_reason": "stop"}
                usage = {"prompt_tokens": 9, "completion_tokens": max(1, len(case.input) // 4)}
                body = {"id": f"c-{len(found)}", "object": "chat.completion", "model": "hostile", "usage": usage}
                server.script(Reply(payload=json.dumps({**body, "choices": [choice]}).encode()))
                prompt = case.expected.get("prompt", "What is 2 + 2?")
                found.append(app.run(prompt, schema=NUMBER if case.check == "schema_decides" else None))
    return found


def test_both_clients_hand_verifiers_the_same_answer() -> None:
    direct, litellm = through("direct"), through("litellm")
    assert len(direct) == len(SENT) > 100
    for case, one, other in zip(SENT, direct, litellm, strict=True):
        assert said(one) == said(other), case
        assert one.attempts[0].response is not None, case


def said(result: Result[Any]) -> tuple[Any, ...]:
    first = result.attempts[0]
    verdicts = [(one.name, one.score, one.veto, one.reason) for one in first.verdicts]
    return result.rung, first.response and first.response.text, verdicts
