"""Unsent: a call of which no byte went out costs nothing, is no try, and is held against nobody."""

from __future__ import annotations

import asyncio
import math
import threading
from pathlib import Path

import pytest

from cascade.clients import Client
from cascade.clients.classify_failure import classify_timeout
from cascade.clients.scripted import ScriptedClient, scripted
from cascade.clients.wire import WIRE, Wire
from cascade.engine.cascade import Cascade
from cascade.errors import CascadeError, ConfigError
from cascade.exchange import ModelCall, Response
from cascade.failure import CallFailure, Phase
from cascade.guards.breaker import Breaker
from cascade.guards.limits import Limits
from cascade.ladder import Ladder, Rung
from cascade.settings import Settings
from cascade.usage import Price
from tests.cascade.log.reading import rows
from verifiers import Refusal

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
EACH = Price(input_usd=0.0, output_usd=0.0, call_usd=0.01)
ANSWER = scripted("yes", cost_usd=0.01)


class Stuck(Client):
    """Gets so far with a try, and no further."""

    def __init__(self, phase: Phase | None) -> None:
        self.phase, self.begun = phase, threading.Event()

    async def ask(self, call: ModelCall) -> Response | CallFailure:
        WIRE.set(Wire(ends_at=math.inf, phase=self.phase))
        self.begun.set()
        await asyncio.Event().wait()
        raise AssertionError


class Failing(Client):
    """Fails before anything is sent, then answers."""

    def __init__(self) -> None:
        self.asked = 0

    async def ask(self, call: ModelCall) -> Response | CallFailure:
        self.asked += 1
        if self.asked > 1:
            return ANSWER
        WIRE.set(Wire(ends_at=math.inf, phase="unsent"))
        return classify_timeout(0.1)


def opened(client: Client, path: Path, **limits: object) -> Cascade:
    ladder = Ladder(Rung("test/small", name="small", verify=(Refusal(),), price=EACH))
    best = Settings(on_deadline="best", on_budget="best")
    return Cascade(ladder, client=client, log=path, limits=Limits(usd_per_day=0.05, **limits), settings=best)


async def given_up(app: Cascade, client: Stuck) -> None:
    """Cancel a request once its try is under way."""
    task = asyncio.create_task(app.arun("?"))
    await asyncio.to_thread(client.begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(("phase", "charged"), [("unsent", 0), ("connect", 0), ("sent", 10**10), (None, 10**10)])
def test_a_try_that_is_broken_off_is_charged_only_if_something_may_have_been_sent(
    tmp_path: Path, phase: Phase | None, charged: int
) -> None:
    client = Stuck(phase)
    with opened(client, tmp_path / "log.db") as app:
        asyncio.run(given_up(app, client))
        (day,) = app._runner.day_budgets.accounts(None)
        assert day.idle
        assert day.spent_usd == charged / 10**12
    (call,) = rows(tmp_path / "log.db", "calls")
    assert (call["state"], call["charged_pico"], bool(call["maybe_charged"])) == (
        "cancelled" if charged else "unsent", charged, bool(charged),
    )  # fmt: skip
    (decision,) = rows(tmp_path / "log.db", "decisions")
    assert (decision["maybe_charged_usd"] > 0) == (decision["maybe_charged_estimate_usd"] > 0) == bool(charged)
    with opened(ScriptedClient(default=ANSWER), tmp_path / "log.db") as app:
        (day,) = app._runner.day_budgets.accounts(None)
        assert day.spent_usd == charged / 10**12, "and so says the next process"


def test_five_deadlines_that_pass_before_anything_is_sent_leave_the_day_as_it_was(tmp_path: Path) -> None:
    for _ in range(5):
        client = Stuck("unsent")
        with opened(client, tmp_path / "log.db") as app:
            result = app.run("?", deadline_s=0.05)
            assert (result.outcome, result.maybe_charged_usd) == ("deadline", 0.0)
    with opened(ScriptedClient(default=ANSWER), tmp_path / "log.db") as app:
        assert app.run("?").accepted
        (day,) = app._runner.day_budgets.accounts(None)
        assert day.spent_usd == pytest.approx(0.01)


def test_what_was_not_sent_is_no_try_and_not_in_the_breaker(tmp_path: Path) -> None:
    client = Failing()
    with opened(client, tmp_path / "log.db", breaker=Breaker(window=1, least=1)) as app:
        result = app.run("?")
        assert [endpoint.state for endpoint in app.health()] == ["closed"]
    assert (result.outcome, result.attempts[0].response.tries, result.cost_usd) == ("accepted", 1, 0.01)
    first, second = rows(tmp_path / "log.db", "calls", "attempt")
    assert (first["state"], first["charged_pico"], second["state"]) == ("unsent", 0, "answered")


def test_a_call_that_cannot_be_made_as_it_is_configured_is_unsent(tmp_path: Path) -> None:
    class Refusing(Client):
        async def ask(self, call: ModelCall) -> Response | CallFailure:
            raise ConfigError("no")

    with opened(Refusing(), tmp_path / "log.db") as app, pytest.raises(CascadeError):
        app.run("?")
    (call,) = rows(tmp_path / "log.db", "calls")
    assert (call["state"], call["charged_pico"]) == ("unsent", 0)
