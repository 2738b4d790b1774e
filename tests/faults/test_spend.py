"""What is reported as spent, held against the server's true tokens: a real tokenizer counts what a provider would."""

from __future__ import annotations

import asyncio
import random
from functools import cache

import pytest

from cascade.engine.cascade import Cascade
from cascade.exchange import Request
from cascade.guards.limits import Limits
from cascade.ladder import Ladder, Rung
from cascade.result import Result
from cascade.usage import Price
from tests.faults.server import Mode, Server
from verifiers import Refusal

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
PRICE = Price(input_usd=1e-6, output_usd=4e-6)
TEXT = """the a provider bills every token that it has read and written whether or not an answer came back whole, so
what is reported must never be less than what was truly used; numbers like 1,024 or 3.14, names such as Grenoble and
(parenthetical) remarks count too"""
FAULTS = {
    "ok": 0.60,
    "no-usage": 0.06,
    "negative-usage": 0.03,
    "huge-usage": 0.03,
    "word-usage": 0.03,
    "empty-body": 0.03,
    "half-json": 0.03,
    "truncated": 0.03,
    "reset": 0.03,
    "close-after-headers": 0.03,
    "gateway-timeout": 0.02,
    "hidden-billed-error": 0.02,
    "server-error": 0.03,
    "rate-limited-soon": 0.02,
    "other-model": 0.01,
}


@cache
def _encoding():
    # litellm ships the tables; nothing is fetched.
    from litellm.utils import encoding

    return encoding


def tokens(text: str) -> int:
    return len(_encoding().encode(text))


def prose(rng: random.Random) -> str:
    return " ".join(rng.choices(TEXT.split(), k=rng.randint(5, 150)))


def run(mode: Mode, count: int) -> tuple[list[Result], float]:
    """Run requests, and return their results and the true US dollars."""
    rng = random.Random(7)
    requests = [Request.of(prose(rng), id=f"r-{number}") for number in range(count)]
    with Server(mode=mode, seed=11, count=tokens, answer=prose) as server:
        rungs = [
            Rung(
                f"openai/{name}",
                api_base=server.url,
                api_key="sk-spend-4f9a8b7c",
                price=PRICE,
                verify=(Refusal(),),
                timeout_s=20,
            )
            for name in ("small", "large")
        ]
        with Cascade(Ladder(*rungs), limits=Limits(breaker=None)) as app:
            results = asyncio.run(app.arun_many(requests, concurrency=16))
        ledger = server.ledger
    # A kept connection that closes unread is replaced, outside the tries.
    resent = ledger.hits - sum(attempt_tries(result) for result in results)
    assert 0 <= resent <= ledger.by_behaviour["hang-up"] + ledger.by_behaviour["reset"]
    return results, ledger.input_tokens * PRICE.input_usd + ledger.output_tokens * PRICE.output_usd


def attempt_tries(result: Result) -> int:
    return sum(call.tries for one in result.attempts if (call := one.response or one.failure) is not None)


def test_normally_spend_is_the_truth_within_half_a_percent() -> None:
    results, truth_usd = run("ok", 60)
    assert sum(result.cost_usd for result in results) == pytest.approx(truth_usd, rel=0.005)
    assert sum(result.maybe_charged_usd for result in results) == 0.0


def test_where_no_usage_is_reported_the_estimate_is_not_below_the_truth_by_a_twentieth() -> None:
    results, truth_usd = run("no-usage", 60)
    assert 0.95 * truth_usd <= sum(result.cost_usd for result in results) <= 1.4 * truth_usd


@pytest.mark.parametrize("count", [150, pytest.param(3000, marks=pytest.mark.slow)])
def test_under_faults_the_truth_lies_within_the_bounds_and_near_the_estimate(count: int) -> None:
    results, truth_usd = run(FAULTS, count)
    known = sum(result.cost_usd for result in results)
    perhaps = sum(result.maybe_charged_usd for result in results)
    expected = sum(result.maybe_charged_estimate_usd for result in results)
    print(
        f"spend: {count} requests, truth ${truth_usd:.6f}, known ${known:.6f}, expected ${expected:.6f} more, "
        f"at most ${perhaps:.6f}"
    )
    assert known + perhaps >= 0.95 * truth_usd
    assert expected <= perhaps
    assert (truth_usd - known) / 3 <= expected <= 3 * (truth_usd - known)
    assert known <= 1.1 * truth_usd
