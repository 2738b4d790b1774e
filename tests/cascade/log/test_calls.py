"""Calls in the log: an intent before each try, its outcome after, and what a restart makes of those without one."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cascade.clients import Client
from cascade.clients.scripted import ScriptedClient, scripted
from cascade.engine.cascade import Cascade
from cascade.errors import LogUnavailable
from cascade.exchange import ModelCall, Request, Response
from cascade.failure import CallFailure, FailureKind
from cascade.guards.limits import Limits
from cascade.ladder import Ladder, Rung
from cascade.log import Log, open_log
from cascade.log.calls import is_gone, writer_name
from cascade.log.spending import spent_usd, unsettled
from cascade.report import report
from cascade.usage import Price, Usage
from tests.cascade.log.reading import rows
from verifiers import Refusal

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
EACH = Price(input_usd=0.0, output_usd=0.0, call_usd=0.01)
ANSWER = scripted("It is 4.", cost_usd=0.01, usage=Usage(input_tokens=7, output_tokens=3), model_reported="m-2026")
KILLED = """
import os, sys
from cascade.clients import Client
from cascade.engine.cascade import Cascade
from cascade.ladder import Ladder, Rung
from cascade.usage import Price
from verifiers import Refusal

class Killed(Client):
    async def ask(self, call):
        app.log.flush()
        os.kill(os.getpid(), 9)

price = Price(input_usd=0.0, output_usd=0.0, call_usd=0.01)
ladder = Ladder(Rung("test/small", name="small", verify=(Refusal(),), price=price))
app = Cascade(ladder, client=Killed(), log=sys.argv[1])
app.run("How many?", principal="acme")
"""


def opened(log: Log | Path | str, client: Client, **options) -> Cascade:
    ladder = Ladder(*(Rung(f"test/{name}", name=name, verify=(Refusal(),), price=EACH) for name in ("small", "large")))
    return Cascade(ladder, client=client, log=log, **options)


class Looking(Client):
    """Answers, and looks into the log while the call is in flight."""

    def __init__(self, where: str | Path) -> None:
        self.where = where
        self.seen: list[list[str]] = []

    async def ask(self, call: ModelCall) -> Response | CallFailure:
        self.seen.append([row["state"] for row in rows(self.where, "calls")])
        return ANSWER


def test_a_call_is_a_row_that_tells_what_was_asked_and_what_came_of_it(log: Log, where: str | Path) -> None:
    with opened(log, ScriptedClient({"small": ANSWER})) as app:
        result = app.run("How many?", principal="acme", task="sums")
    log.flush()
    (call,) = rows(where, "calls")
    known = {"purpose": "run", "decision_id": result.decision_id, "request_id": None, "task": "sums",
             "principal": "acme", "rung": "small", "verifier": None, "attempt": 1, "endpoint": "",
             "model_requested": "test/small", "model_reported": "m-2026", "state": "answered", "class": "ok",
             "usage_source": "reported", "input_tokens": 7, "output_tokens": 3, "cost_est": 0.01,
             "maybe_charged": False, "charged_pico": 10**10, "worst_pico": 10**10}  # fmt: skip
    assert {name: call[name] for name in known} == known
    assert call["ms"] >= 0
    assert call["writer"] is None


def test_an_implausible_usage_is_told_by_its_row_and_counted_in_the_report(log: Log, where: str | Path) -> None:
    odd = replace(ANSWER, usage=replace(ANSWER.usage, estimated=True), flags=("usage_implausible",))
    with opened(log, ScriptedClient({"small": [odd, ANSWER, odd]})) as app:
        for prompt in ("one", "two", "three"):
            app.run(prompt)
    log.flush()
    # Ids of one millisecond are in no order.
    sources = sorted(row["usage_source"] for row in rows(where, "calls"))
    assert sources == ["implausible", "implausible", "reported"]
    made = report(log)
    assert made.implausible == 2
    assert any("The usage of 2 calls was implausible" in sentence for sentence in made.findings)


@pytest.mark.parametrize(("store_text", "kept"), [("none", False), ("redacted", True)])
def test_without_texts_a_finish_reason_that_is_no_word_is_left_out(path: Path, store_text, kept) -> None:
    odd = replace(ANSWER, finish_reason="stop", finish_raw="stopped at: the patient", model_reported="a b\nc")
    with open_log(path, store_text=store_text) as log, opened(log, ScriptedClient(default=odd)) as app:
        app.run("How many?")
        log.flush()
        (row,) = rows(path, "calls")
    assert ("patient" in row["finish_raw"]) is kept
    assert (row["model_reported"] == "[text left out]") is not kept


def test_each_try_is_a_row_of_its_own(log: Log, where: str | Path) -> None:
    down = CallFailure(kind=FailureKind.TIMEOUT, message="nothing came", status=None)
    with opened(log, ScriptedClient({"small": [down, ANSWER]})) as app:
        app.run("How many?")
    log.flush()
    first, second = rows(where, "calls", "attempt")
    assert (first["state"], first["class"], first["maybe_charged"], first["charged_pico"]) == (
        "failed", "timeout", True, 10**10,
    )  # fmt: skip
    assert (second["state"], second["attempt"]) == ("answered", 2)


def test_an_exploration_asks_nothing_before_its_intent_is_committed(log: Log, where: str | Path) -> None:
    client = Looking(where)
    with opened(log, client) as app:
        app.explore([Request.of("How many?")])
    log.flush()
    assert len(client.seen) == 2
    assert all("begun" in states for states in client.seen)
    assert [(row["state"], row["purpose"], row["decision_id"]) for row in rows(where, "calls")] == [
        ("answered", "explore", None)
    ] * 2


def test_a_caller_who_gives_up_leaves_a_call_that_may_have_been_charged(log: Log, where: str | Path) -> None:
    class Silent(Client):
        async def ask(self, call: ModelCall) -> Response | CallFailure:
            begun.set()
            await asyncio.Event().wait()
            raise AssertionError

    async def give_up() -> None:
        task = asyncio.ensure_future(app.arun("How many?"))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    import threading

    begun = threading.Event()
    with opened(log, Silent()) as app:
        asyncio.run(give_up())
    log.flush()
    (call,) = rows(where, "calls")
    assert (call["state"], call["maybe_charged"], call["charged_pico"]) == ("cancelled", True, 10**10)
    (decision,) = rows(where, "decisions")
    assert decision["maybe_charged_usd"] == pytest.approx(0.01)


def test_a_killed_process_leaves_its_intent_and_the_next_one_counts_it_at_its_worst(where: str | Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(where)], check=False)
    assert killed.returncode == -9
    (call,) = rows(where, "calls")
    assert (call["state"], call["charged_pico"]) == ("begun", None)
    assert is_gone(call["writer"])
    with open_log(where) as log, log.reading() as connection:
        found = unsettled(connection)
        assert (found.ambiguous, found.in_flight, found.worst_usd) == (1, 0, 0.01)
        assert spent_usd(log, 0) == {"acme": 0.01}
        made = report(log)
    assert (made.ambiguous, made.to_json()["ambiguous_usd"]) == (1, 0.01)
    assert any("are ambiguous" in sentence for sentence in made.findings)
    with opened(where, ScriptedClient({"small": ANSWER}), limits=Limits(principal_usd_per_day=0.01)) as app:
        assert app.run_many([Request.of("q", principal="acme")])[0].outcome == "budget"
        assert app.run_many([Request.of("q", principal="other")])[0].outcome == "accepted"


def test_what_an_exploration_spent_and_what_was_maybe_charged_is_remembered_by_a_restart(where: str | Path) -> None:
    down = CallFailure(kind=FailureKind.TIMEOUT, message="nothing came")
    with opened(where, ScriptedClient({"small": ANSWER, "large": down})) as app:
        app.explore([Request.of("How many?")])
    with opened(where, ScriptedClient({"small": ANSWER}), limits=Limits(usd_per_day=1.0)) as app:
        (day,) = app._runner.day_budgets.accounts(None)
        tries = len(rows(where, "calls"))
        assert tries >= 3
        assert day.spent_usd == pytest.approx(0.01 * tries)


def test_a_call_still_in_flight_elsewhere_is_no_ambiguous_one(log: Log, where: str | Path) -> None:
    async def look() -> tuple[int, int]:
        await log.calls(Request.of("q"), purpose="explore", wait=True).begin("key", call, 7)
        with log.reading() as connection:
            found = unsettled(connection)
        return found.ambiguous, found.in_flight

    call = ModelCall(rung="small", model="test/small", messages=({"role": "user", "content": "q"},))
    assert asyncio.run(look()) == (0, 1)


def test_a_process_that_ended_is_known_to_be_gone() -> None:
    program = "from cascade.log.calls import writer_name; print(writer_name())"
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    assert is_gone(other)
    assert not is_gone(writer_name())
    assert not is_gone("elsewhere-1-2")


def test_where_the_log_cannot_be_written_an_exploration_asks_nothing(path: Path) -> None:
    client = ScriptedClient({"small": ANSWER, "large": ANSWER})
    with opened(path, client) as app:
        app.log.flush()
        path.unlink()
        path.mkdir()
        with pytest.raises(LogUnavailable, match="cannot be written"):
            app.explore([Request.of(f"question {i}") for i in range(40)], concurrency=4)
    assert client.calls == []


def test_while_serving_a_log_that_cannot_be_written_stops_nothing_and_is_counted(path: Path) -> None:
    with opened(path, ScriptedClient({"small": ANSWER})) as app:
        app.log.flush()
        path.unlink()
        path.mkdir()
        assert app.run("How many?").outcome == "accepted"
        app.close()
        assert (app.log.lost, app.log.lost_calls) == (1, 2)
