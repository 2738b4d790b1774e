"""`on_stream: top_live` through the server: pieces before the answer is whole, and what is told of the rest."""

from __future__ import annotations

import http.client
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from cascade.engine.cascade import Cascade
from cascade.guards.limits import Limits
from cascade.ladder import Ladder, Rung
from cascade.settings import ServeSettings, Settings
from cascade.verdict import Verdict
from cascade.verdict import Verifier as Base
from tests.cascade.serve.gateway.served import PRICE, Gate, gate
from tests.faults.streams import CUT, FINE, HANG, StreamServer
from verifiers import Refusal

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
LIVE = Settings(on_stream="top_live", on_uncalibrated="top")
BODIES: dict[str, Callable[[str], dict[str, Any]]] = {
    "/v1/chat/completions": lambda text: {"messages": [{"role": "user", "content": text}]},
    "/v1/responses": lambda text: {"input": text},
    "/v1/messages": lambda text: {"messages": [{"role": "user", "content": text}], "max_tokens": 50},
}


class Vetoing(Base):
    """A verifier that vetoes everything."""

    name = "vetoing"
    checks_schema = False

    def check(self, exchange: Any) -> Verdict:
        del exchange
        return Verdict.against("never good enough", name=self.name)


@contextmanager
def served(
    provider: StreamServer, log: Path, settings: Settings = LIVE, verify: Any = (), **options: Any
) -> Iterator[Gate]:
    where: dict[str, Any] = {
        "api_base": provider.url,
        "api_key": "sk-test-1234567890",
        "price": PRICE,
        "timeout_s": 5.0,
    }
    ladder = Ladder(
        Rung("openai/small", name="small", verify=(Refusal(),), **where),
        Rung("openai/top", name="top", verify=verify, **where),
    )
    with gate(Cascade(ladder, settings=settings, log=log, **options), ServeSettings()) as made:
        yield made


@contextmanager
def stream(to: Gate, path: str, text: str, **more: Any) -> Iterator[http.client.HTTPResponse]:
    """Ask for a stream; the response is read by the caller."""
    connection = http.client.HTTPConnection("127.0.0.1", to.port, timeout=10)
    body = {"model": "cascade/default", "stream": True, **BODIES[path](text), **more}
    connection.request("POST", path, json.dumps(body), {"content-type": "application/json"})
    response = connection.getresponse()
    try:
        yield response
    finally:
        response.close()
        connection.close()


def until(response: http.client.HTTPResponse, text: bytes) -> bytes:
    """Read until a text has come."""
    seen = b""
    while text not in seen:
        line = response.readline()
        assert line, seen
        seen += line
    return seen


def decisions(log: Path, wanted: str) -> list[Any]:
    with closing(sqlite3.connect(log)) as connection:
        return connection.execute(f"SELECT {wanted} FROM decisions ORDER BY sequence").fetchall()  # noqa: S608


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("settings", [LIVE, Settings(on_stream="top_live", mode="observe")])
def test_where_a_request_starts_at_the_top_its_answer_goes_out_as_it_comes(
    tmp_path: Path, path: str, settings: Settings
) -> None:
    log = tmp_path / "log.db"
    with StreamServer() as provider, served(provider, log, settings) as to:
        with stream(to, path, "fine") as response:
            until(response, b"It is")  # the provider holds the rest
            identity = response.headers["x-cascade-decision-id"]
            provider.go_on()
            rest = response.read()
        assert rest.index(b" fine.") < rest.index(b'"outcome":"accepted"')
    ((found, outcome, first_s, latency_s, tokens),) = decisions(
        log, "decision_id, outcome, first_piece_s, latency_s, output_tokens"
    )
    assert (found, outcome, tokens) == (identity, "accepted", 2)
    assert 0 < first_s <= latency_s


@pytest.mark.parametrize("path", BODIES)
def test_a_stream_that_breaks_off_ends_with_the_dialects_error_and_is_booked(tmp_path: Path, path: str) -> None:
    log = tmp_path / "log.db"
    with StreamServer(cut=[*FINE[:2], CUT]) as provider, served(provider, log) as to:
        with stream(to, path, "cut") as response:
            told = response.read()
        assert (response.status, len(provider.bodies)) == (200, 1)
    assert b"It is" in told
    last = json.loads([line for line in told.splitlines() if line.startswith(b"data: ")][-1].removeprefix(b"data: "))
    assert "the connection broke" in json.dumps(last).lower()
    assert "error" in last
    assert b"[DONE]" not in told
    ((outcome, cost_usd, maybe_usd, tokens),) = decisions(log, "outcome, cost_usd, maybe_charged_usd, output_tokens")
    assert (outcome, cost_usd > 0, maybe_usd > 0, tokens) == ("failed", True, True, 2)


def test_what_fails_before_the_first_piece_has_its_own_status(tmp_path: Path) -> None:
    wrong = (401, b'{"error": {"message": "wrong key"}}')
    with (
        StreamServer(no=wrong) as provider,
        served(provider, tmp_path / "log.db") as to,
        stream(to, "/v1/chat/completions", "no") as response,
    ):
        assert response.status in {401, 502}


def test_a_client_that_hangs_up_breaks_the_call_off_and_what_came_is_booked(tmp_path: Path) -> None:
    log = tmp_path / "log.db"
    with StreamServer() as provider, served(provider, log) as to:
        with stream(to, "/v1/chat/completions", "fine") as response:
            until(response, b"It is")
        assert provider.broken.wait(10)
    ((outcome, cost_usd, maybe_usd, tokens),) = decisions(log, "outcome, cost_usd, maybe_charged_usd, output_tokens")
    assert (outcome, cost_usd > 0, maybe_usd > 0, tokens) == ("cancelled", True, True, 2)


def test_verifiers_of_the_top_flag_what_has_gone_out_and_withhold_nothing(tmp_path: Path) -> None:
    log = tmp_path / "log.db"
    strict = Settings(on_stream="top_live", on_uncalibrated="top", on_exhausted="abstain")
    with StreamServer() as provider, served(provider, log, strict, verify=(Vetoing(),)) as to:
        provider.go_on()
        with stream(to, "/v1/chat/completions", "fine") as response:
            told = response.read()
    assert b" fine." in told
    assert b'"top_vetoed"' in told
    assert decisions(log, "outcome, rung") == [("exhausted", "top")]


@pytest.mark.parametrize(
    ("settings", "more"),
    [
        (Settings(), {}),
        (Settings(on_uncalibrated="top"), {}),
        (Settings(on_stream="top_live"), {}),
        (LIVE, {"logprobs": True}),
        (LIVE, {"response_format": {"type": "json_object"}}),
        (LIVE, {"stream": False}),
    ],
)
def test_all_else_is_verified_before_it_is_sent(tmp_path: Path, settings: Settings, more: dict[str, Any]) -> None:
    with StreamServer() as provider, served(provider, tmp_path / "log.db", settings) as to:
        with stream(to, "/v1/chat/completions", "fine", **more) as response:
            assert b"Whole." in response.read()
        assert not any("stream" in body for body in provider.bodies)
    assert decisions(tmp_path / "log.db", "first_piece_s") == [(None,)]


def test_budgets_are_reserved_as_ever(tmp_path: Path) -> None:
    limits = Limits(usd_per_day=1e-9)
    with StreamServer() as provider, served(provider, tmp_path / "log.db", limits=limits) as to:
        with stream(to, "/v1/chat/completions", "fine") as response:
            assert response.status == 429
        assert provider.bodies == []


def test_a_deadline_in_the_middle_is_told_in_the_stream(tmp_path: Path) -> None:
    log = tmp_path / "log.db"
    with (
        StreamServer(slow=[*FINE[:2], HANG]) as provider,
        served(provider, log) as to,
        stream(to, "/v1/chat/completions", "slow", cascade={"deadline_s": 0.5}) as response,
    ):
        told = response.read()
    assert b"It is" in told
    assert b'"error"' in told
    assert decisions(log, "outcome, output_tokens") == [("deadline", 2)]
