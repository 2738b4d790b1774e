"""The direct client: what goes out, what comes back, and whose connections they are."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cascade.clients.direct import DirectClient
from cascade.clients.routed import RoutedClient
from cascade.errors import ConfigError
from cascade.exchange import ModelCall, Response
from cascade.failure import CallFailure
from tests.checkout import ROOT
from tests.faults.reply import Reply, as_json
from tests.faults.server import Server

Reply_ = Response | CallFailure
Ask = Callable[..., Any]


@pytest.fixture
def ask(call: Callable[..., ModelCall]) -> Ask:
    """Ask once directly over HTTP, and close."""

    def once(behaviour: str = "ok", **fields: Any) -> Reply_:
        async def run() -> Reply_:
            client = DirectClient()
            try:
                return await client.ask(call(behaviour, **fields))
            finally:
                await client.aclose()

        return asyncio.run(run())

    return once


def test_an_answer_comes_back_with_all_that_the_provider_said(ask: Ask, server: Server) -> None:
    reply = ask(params={"logprobs": True, "top_logprobs": 1, "n": 2})
    assert (reply.text, reply.finish_reason, reply.finish_raw, reply.status) == ("fine", "stop", "stop", 200)
    assert reply.samples == ("fine",)
    assert [(one.token, one.logprob, one.top) for one in reply.logprobs] == [("fine", -0.1, (("fine", -0.1),))]
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (server.hits[0].asked, 2)
    assert reply.message == {"role": "assistant", "content": "fine"}


def test_thinking_between_marks_is_no_part_of_the_answer(ask: Ask, server: Server) -> None:
    body = {"choices": [{"message": {"content": "<think>hm</think>42"}, "finish_reason": "stop"}]}
    server.script(as_json(body))
    reply = ask()
    assert (reply.text, reply.message["reasoning_content"]) == ("42", "hm")


@pytest.mark.parametrize(
    ("given", "kind"),
    [({"n": 1}, "too_big"), ({"n": 3}, None)],
)
def test_more_choices_than_were_asked_for_are_not_read(ask: Ask, server: Server, given: dict[str, Any], kind) -> None:
    one = {"message": {"content": "fine"}, "finish_reason": "stop"}
    server.script(as_json({"choices": [one] * 3}))
    assert getattr(ask(params=given), "kind", None) == kind


def test_a_name_that_stands_in_a_tools_arguments_is_no_reason_for_stopping(ask: Ask, server: Server) -> None:
    function = {"name": "f", "arguments": json.dumps({"finish_reason": "content_filter"})}
    message = {"content": None, "tool_calls": [{"id": "c", "type": "function", "function": function}]}
    server.script(as_json({"choices": [{"message": message, "finish_reason": "tool_calls"}]}))
    assert ask().finish_raw == "tool_calls"


def test_an_error_beside_an_answer_counts_and_an_empty_one_does_not(ask: Ask, server: Server) -> None:
    choices = [{"message": {"content": "fine"}, "finish_reason": "stop"}]
    server.script(as_json({"choices": choices, "error": {"message": "no", "code": 429}}))
    assert ask().kind == "rate_limited"
    server.script(as_json({"choices": choices, "error": {"message": "", "code": None}}))
    assert ask().text == "fine"


def test_headers_of_the_connection_are_not_for_callers(ask: Ask, server: Server) -> None:
    extra = {"Host": "elsewhere", "Content-Length": "1", "Transfer-Encoding": "chunked", "X-Team": "red"}
    assert ask(params={"extra_headers": extra}).text == "fine"
    headers = server.hits[0].headers
    assert headers["host"] == server.url.split("/")[2]
    assert "transfer-encoding" not in headers
    assert headers["x-team"] == "red"


@pytest.mark.parametrize(
    "fields",
    [
        {"api_key": "sk-line\r\nX-Injected: yes"},
        {"params": {"extra_headers": {"X-A": "b\r\nX-Injected: yes"}}},
        {"params": {"temperature": float("nan")}},
        {"params": {"stop": object()}},
    ],
)
def test_what_http_or_json_cannot_say_is_refused(ask: Ask, server: Server, fields: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        ask(**fields)
    assert not server.hits


def test_a_lone_surrogate_is_sent_escaped(ask: Ask, server: Server) -> None:
    assert ask(messages=({"role": "user", "content": "odd \ud800 é"},)).text == "fine"
    assert server.hits[0].body["messages"][0]["content"] == "odd \ud800 é"


def test_a_wish_that_is_refused_is_asked_for_once(call: Callable[..., ModelCall], server: Server) -> None:
    async def run() -> list[Reply_]:
        client = DirectClient()
        wishes = {"logprobs": True, "top_logprobs": 5}
        replies = [await client.ask(call(wishes=wishes)) for _ in range(2)]
        await client.aclose()
        return replies

    server.script(Reply(status=400, payload=b'{"error": {"message": "logprobs is not supported"}}'))
    first, second = asyncio.run(run())
    assert (first.tries, second.tries, len(server.hits)) == (2, 1, 3)


def test_many_calls_at_once_share_a_few_connections(call: Callable[..., ModelCall], server: Server) -> None:
    async def run() -> None:
        client = DirectClient()
        for _ in range(3):
            replies = await asyncio.gather(*(client.ask(call()) for _ in range(20)))
            assert {reply.text for reply in replies} == {"fine"}
        await client.aclose()

    before = server.ledger.connections
    asyncio.run(run())
    assert server.ledger.connections - before <= 20
    assert len(server.hits) == 60


def test_a_client_serves_one_event_loop_after_another(call: Callable[..., ModelCall]) -> None:
    client = DirectClient()

    async def run() -> str:
        reply = await client.ask(call())
        await client.aclose()
        return reply.text

    assert [asyncio.run(run()) for _ in range(3)] == ["fine"] * 3


def test_a_call_that_is_broken_off_takes_its_connection_along(call: Callable[..., ModelCall], server: Server) -> None:
    async def run() -> str:
        client = DirectClient()
        asking = asyncio.create_task(client.ask(call("hang")))
        await asyncio.to_thread(server.arrived.wait, 10)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        reply = await client.ask(call())
        await client.aclose()
        return reply.text

    before = server.ledger.connections
    assert asyncio.run(run()) == "fine"
    assert server.ledger.connections - before == 2


def test_a_client_that_is_closed_ends_its_calls(call: Callable[..., ModelCall], server: Server) -> None:
    async def run() -> Reply_:
        client = DirectClient()
        asking = asyncio.create_task(client.ask(call("hang")))
        await asyncio.to_thread(server.arrived.wait, 10)
        await client.aclose()
        return await asking

    reply = asyncio.run(run())
    assert (reply.kind, reply.maybe_charged) == ("dropped", True)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only POSIX forks")
def test_a_child_leaves_its_parents_connections_alone(server: Server) -> None:
    program = f"""
import asyncio, os, sys
sys.path.insert(0, {str(ROOT)!r})
from cascade.clients.direct import DirectClient
from cascade.exchange import ModelCall
from cascade.usage import Price

client = DirectClient()
price = Price(input_usd=0.0, output_usd=0.0)
call = ModelCall(rung="r", model="openai/ok", messages=({{"role": "user", "content": "Q"}},), api_base={server.url!r},
                 api_key="k", price=price)

async def once():
    return (await client.ask(call)).text

loop = asyncio.new_event_loop()
print(loop.run_until_complete(once()), flush=True)
child = os.fork()
if not child:
    print(asyncio.run(once()), flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(loop.run_until_complete(once()), flush=True)
loop.run_until_complete(client.aclose())
"""
    before = server.ledger.connections
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert ended.stdout.split() == ["fine"] * 3, ended.stderr
    assert server.ledger.connections - before == 2


def _routed(monkeypatch: pytest.MonkeyPatch, *, trust_env: bool) -> RoutedClient:
    monkeypatch.setenv("CASCADE_TRUST_ENV", "1" if trust_env else "0")
    return RoutedClient()


@pytest.mark.parametrize(
    ("model", "client", "trust_env", "direct"),
    [
        ("openai/m", "auto", False, True),
        ("openai/m", "litellm", False, False),
        ("openai/m", "auto", True, False),
        ("openai/m", "direct", True, True),
        ("anthropic/m", "auto", False, False),
    ],
)
def test_who_asks_is_what_the_rung_says(
    monkeypatch: pytest.MonkeyPatch, call: Callable[..., ModelCall], model: str, client: str, trust_env, direct
) -> None:
    routed = _routed(monkeypatch, trust_env=trust_env)
    chosen = routed._chosen(call(model=model, client=client))
    assert isinstance(chosen, DirectClient) == direct


def test_tls_is_spoken_to_who_has_a_certificate_that_holds(tmp_path: Path) -> None:
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days",
         "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("there is no openssl to make a certificate with")
    program = f"""
import asyncio, ssl, sys
sys.path.insert(0, {str(ROOT)!r})
from cascade.clients.direct import DirectClient
from cascade.exchange import ModelCall
from cascade.usage import Price

BODY = b'{{"choices": [{{"message": {{"content": "fine"}}, "finish_reason": "stop"}}]}}'

async def serve(reader, writer):
    await reader.readuntil(b"}}]}}")
    spoken = writer.get_extra_info("ssl_object").selected_alpn_protocol()
    writer.write(b"HTTP/1.1 200 OK\\r\\nx-spoken: " + str(spoken).encode())
    writer.write(b"\\r\\ncontent-length: %d\\r\\n\\r\\n" % len(BODY) + BODY)
    await writer.drain()
    await reader.read()
    writer.close()

async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("cert.pem", "key.pem")
    context.set_alpn_protocols(["h2", "http/1.1"])
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    client = DirectClient()
    for host in ("localhost", "127.0.0.1"):
        reply = await client.ask(ModelCall(
            rung="r", model="openai/ok", messages=({{"role": "user", "content": "Q"}},), api_key="k",
            api_base=f"https://{{host}}:{{port}}/v1", price=Price(input_usd=0.0, output_usd=0.0)))
        print(getattr(reply, "text", None) or f"{{reply.kind}}:{{reply.maybe_charged}}")
    await client.aclose()
    server.close()

asyncio.run(main())
"""
    environment = {**os.environ, "SSL_CERT_FILE": str(tmp_path / "cert.pem")}
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip
    assert ended.stdout.split() == ["fine", "connect:False"], ended.stderr
