"""Our transport under litellm: for which providers it stands, and what it keeps to, over real sockets."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from cascade.clients.client_factory import HTTP, OPENAI
from cascade.clients.litellm import LiteLLMClient
from cascade.clients.transport import Transport, WireError
from cascade.clients.wire import WIRE, Wire
from cascade.engine.cascade import Cascade
from cascade.exchange import ModelCall, Response
from cascade.failure import CallFailure
from cascade.ladder import Ladder, Rung
from cascade.usage import Price
from tests.faults.matrix import CASES, Case
from tests.faults.reply import Reply
from tests.faults.server import Server

KEY = "sk-test-4f9a8b7c6d5e"
PRICE = Price(input_usd=1e-6, output_usd=2e-6)
ON_THE_WIRE = [case for case in CASES if "class" in case.expected and "place" not in case.expected]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def ask(server: Server):
    """Ask once through litellm, whatever the provider; its family's path is cut off the address."""
    server.reset()

    def once(model: str, *, timeout_s: float = 10.0, **options: Any) -> Response | CallFailure:
        base = server.url.removesuffix("/v1") if model.startswith(("anthropic", "gemini")) else server.url
        messages = ({"role": "user", "content": "Is it fine?"},)

        async def run() -> Response | CallFailure:
            client = LiteLLMClient(**options)
            try:
                return await client.ask(
                    ModelCall(
                        rung="a",
                        model=model,
                        messages=messages,
                        api_base=base,
                        api_key=KEY,
                        price=PRICE,
                        timeout_s=timeout_s,
                    )
                )
            finally:
                await client.aclose()

        return asyncio.run(run())

    return once


@pytest.mark.parametrize("provider", sorted(OPENAI | HTTP))
def test_no_provider_of_the_table_follows_a_redirect(ask, server: Server, provider: str) -> None:
    server.mode = "redirect-307"
    reply = ask(f"{provider}/any")
    assert (reply.kind, reply.status) == ("misbehaved", 307)
    assert len(server.hits) == 1
    assert "location-path" not in reply.message


@pytest.mark.parametrize("provider", ["anthropic", "gemini"])
@pytest.mark.parametrize("case", ON_THE_WIRE, ids=lambda case: case.name)
def test_faults_are_classed_alike_in_every_family(ask, server: Server, provider: str, case: Case) -> None:
    if case.mode == "filtered":
        pytest.skip("an answer; what follows from it is the flow's business")
    server.mode = case.mode
    reply = ask(f"{provider}/any", timeout_s=min(10.0, case.expected.get("timeout_s", 10.0)))
    assert reply.kind == case.expected["class"]
    assert reply.status == case.status
    assert len(server.hits) == 1


@pytest.mark.parametrize(
    ("provider", "raw"), [("openai", "stop"), ("anthropic", "end_turn"), ("gemini", "STOP"), ("deepseek", "stop")]
)
def test_the_reason_for_stopping_is_known_in_the_providers_own_word(ask, provider: str, raw: str) -> None:
    reply = ask(f"{provider}/any")
    assert (reply.text, reply.finish_reason, reply.finish_raw, reply.status) == ("fine", "stop", raw, 200)


@pytest.mark.parametrize("provider", ["anthropic", "gemini"])
def test_an_unknown_reason_is_flagged_in_every_family(ask, server: Server, provider: str) -> None:
    server.mode = "odd-finish"
    assert ask(f"{provider}/any").flags == ("finish_unknown",)


def test_nothing_is_asked_to_be_compressed(ask, server: Server) -> None:
    ask("openai/ok")
    assert server.hits[0].headers["accept-encoding"] == "identity"


def test_a_small_answer_that_is_compressed_all_the_same_is_read(ask) -> None:
    assert ask("openai/small-gzip").text == "fine"


def test_a_status_counts_although_its_body_never_comes(ask, server: Server) -> None:
    server.mode = Reply(status=500, payload=b'{"error"', sent="headers", then="hang")
    reply = ask("openai/any", timeout_s=2.0)
    assert (reply.kind, reply.status, reply.maybe_charged) == ("server", 500, False)


def test_the_body_of_an_error_is_waited_for_a_short_time_only(server: Server) -> None:
    server.reset()
    server.mode = Reply(status=500, payload=b'{"error"', sent="headers", then="hang")

    async def once() -> int:
        transport = Transport(error_body_s=0.05)
        WIRE.set(Wire(ends_at=asyncio.get_running_loop().time() + 60.0))
        answer = await transport.client.post(f"{server.url}/chat/completions", json={"model": "any"})
        await transport.aclose()
        return answer.status_code

    assert asyncio.run(once()) == 500


def test_proxies_of_the_environment_are_taken_only_where_asked_for(ask, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert ask("openai/ok").text == "fine"
    assert ask("openai/ok", trust_env=True).kind == "connect"
    monkeypatch.setenv("CASCADE_TRUST_ENV", "1")
    assert ask("openai/ok").kind == "connect"


def test_a_second_request_within_one_try_is_refused(server: Server) -> None:
    server.reset()

    async def twice() -> None:
        transport = Transport()
        WIRE.set(Wire(ends_at=asyncio.get_running_loop().time() + 5.0))
        await transport.client.post(f"{server.url}/chat/completions", json={"model": "server-error"})
        with pytest.raises(WireError, match="second request"):
            await transport.client.post(f"{server.url}/chat/completions", json={"model": "server-error"})
        await transport.aclose()

    asyncio.run(twice())
    assert len(server.hits) == 1


@pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
def test_two_cascades_at_once_leave_litellm_nothing_to_complain_about(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.reset()
    rung = Rung("openai/ok", api_base=server.url, api_key=KEY, price=PRICE)
    with caplog.at_level(logging.WARNING):
        with Cascade(Ladder(rung)) as one, Cascade(Ladder(rung)) as other:
            for _ in range(3):
                one.run("Is it fine?")
                other.run("Is it fine?")
        gc.collect()
    assert len(server.hits) == 6
    assert not [record for record in caplog.records if record.name in {"asyncio", "LiteLLM"}]
