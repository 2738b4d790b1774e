"""L12: 200 requests at once with money for 50 calls: 50 are made, the rest waits and is refused without being asked."""

from __future__ import annotations

import asyncio

import pytest

from cascade.engine.cascade import Cascade
from cascade.errors import BudgetExceeded
from cascade.exchange import Request
from cascade.guards.limits import Limits
from cascade.ladder import Ladder, Rung
from cascade.result import Result
from cascade.usage import Price
from tests.faults.server import Server
from verifiers import Refusal

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
EACH = Price(input_usd=0.0, output_usd=0.0, call_usd=0.01)
BY_TOKEN = Price(input_usd=1e-5, output_usd=1e-4)


def opened(server: Server, price: Price, usd: float, model: str = "openai/ok", **params) -> Cascade:
    # Only what hangs is left soon: on a busy machine the others need their time, and a timeout would open the breaker.
    timeout_s = 0.5 if model == "openai/hang" else 60.0
    fields = {"api_base": server.url, "api_key": "none", "price": price, "params": params, "timeout_s": timeout_s}
    rung = Rung(model, verify=(Refusal(),), **fields)
    return Cascade(Ladder(rung), limits=Limits(usd_per_day=usd))


async def race(app: Cascade, count: int) -> list[Result | BaseException]:
    return await asyncio.gather(*(app.arun(f"question {i}") for i in range(count)), return_exceptions=True)


def test_two_hundred_at_once_with_money_for_fifty(server: Server) -> None:
    with opened(server, EACH, 0.5) as app:
        ended = asyncio.run(race(app, 200))
    refused = [error for error in ended if isinstance(error, BudgetExceeded)]
    assert (len(server.hits), len(refused)) == (50, 150)
    assert all(error.result.attempts[0].failure.tries == 0 for error in refused), "refused before it was asked"
    assert sum(result.cost_usd for result in ended if isinstance(result, Result)) == pytest.approx(0.5)


def test_by_tokens_the_truth_stays_below_the_budget_too(server: Server) -> None:
    with opened(server, BY_TOKEN, 0.02, max_tokens=16) as app:
        asyncio.run(race(app, 200))
        (day,) = app._runner.day_budgets.accounts(None)
        assert 0 < day.spent_usd <= 0.02
        assert day.idle
    true_usd = sum(len(hit.body["messages"][0]["content"].split()) * 1e-5 + 1e-4 for hit in server.hits)
    assert 0 < true_usd <= 0.02


def test_without_max_tokens_all_are_answered_on_a_limit_that_pays_for_them(server: Server) -> None:
    with opened(server, BY_TOKEN, 0.5) as app:  # the worst case of a single call, and of 200 answers a fifth of it
        ended = asyncio.run(race(app, 200))
        (day,) = app._runner.day_budgets.accounts(None)
    assert all(isinstance(result, Result) and result.accepted for result in ended)
    assert day.spent_usd <= 0.5


@pytest.mark.parametrize("model", ["openai/hang", "openai/server-error", "openai/html"])
def test_what_fails_is_paid_for_by_every_try_and_still_never_overspends(server: Server, model: str) -> None:
    with opened(server, EACH, 0.1, model) as app:
        results = app.run_many([Request.of(f"question {i}") for i in range(30)])
        (day,) = app._runner.day_budgets.accounts(None)
    assert day.idle
    assert day.spent_usd <= 0.1
    assert all(result.outcome in ("failed", "budget") for result in results)
    maybe = sum(result.maybe_charged_usd + result.cost_usd for result in results)
    assert maybe == pytest.approx(day.spent_usd)
    if model != "openai/server-error":  # which bills nothing
        assert len(server.hits) <= 10
