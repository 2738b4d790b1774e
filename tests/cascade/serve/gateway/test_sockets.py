"""Broken, hostile and slow requests: 4xx in the dialect's form, nothing paid; honest requests are answered beside."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cascade.serve.gateway.served import HI, Gate, cascade_of, gate
from tests.faults.server import Server

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
CHAT = "/v1/chat/completions"
LOCAL = b"host: 127.0.0.1\r\n"


@pytest.fixture(scope="module")
def open_gate(_server: Server) -> Iterator[Gate]:
    with gate(cascade_of(_server), header_s=0.2) as made:
        yield made


@pytest.fixture(autouse=True)
def _unpaid_and_alive(open_gate: Gate, server: Server) -> Iterator[None]:
    yield
    assert not server.hits
    assert open_gate.chat().status == 200


def chat(**fields: Any) -> bytes:
    return json.dumps({"model": "cascade/default", "messages": HI, **fields}).encode()


def picture(url: str) -> list[Any]:
    return [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]


def schema(value: Any) -> Any:
    return {"type": "json_schema", "json_schema": {"name": "a", "schema": value}}


SEQUENCE = b'{"model": "cascade/default", "messages": %s}'
NO_REQUESTS = {
    "empty": b"",
    "no JSON": b"model=cascade",
    "cut off": chat()[:-5],
    "no UTF-8": b'{"model": "\xff"}',
    "null": b"null",
    "a list": b"[]",
    "a text": b'"chat"',
    "NaN": chat(temperature=float("nan")),
    "1e999": chat(temperature=1).replace(b'"temperature": 1', b'"temperature": 1e999'),
    "5,000 digits": chat(seed=1).replace(b'"seed": 1', b'"seed": ' + b"9" * 5000),
    "a key twice": b'{"model": "cascade/default", "model": "cascade/default"}',
    "nested 100,000 deep": SEQUENCE % (b"[" * 100_000 + b"]" * 100_000),
    "nested 150 deep": SEQUENCE % (b"[" * 150 + b"]" * 150),
    "no messages": chat(messages=[]),
    "messages as a text": chat(messages="hi"),
    "an unknown role": chat(messages=[{"role": "wizard", "content": "hi"}]),
    "a content that is a number": chat(messages=[{"role": "user", "content": 7}]),
    "a tool result without a call": chat(messages=[*HI, {"role": "tool", "tool_call_id": "x", "content": "1"}]),
    "n=17": chat(n=17),
    "a stream that is a text": chat(stream="yes"),
    "temperature as a text": chat(temperature="hot"),
    "max_tokens as a text": chat(max_tokens="many"),
    "tools that are a text": chat(tools="all"),
    "api_base": chat(api_base="http://evil.example"),
    "api_key": chat(api_key="sk-1"),
    "extra_headers": chat(extra_headers={"x": "y"}),
    "fallbacks": chat(fallbacks=["gpt-4"]),
    "mock_response": chat(mock_response="free"),
    "a negative deadline": chat(cascade={"deadline_s": -1}),
    "an unknown option": chat(cascade={"principal": "boss"}),
    "a schema that refers to a file": chat(response_format=schema({"$ref": "file:///etc/passwd"})),
    "a schema bomb": chat(response_format=schema({"anyOf": [{"type": "object"}] * 5000})),
    "2,001 messages": chat(messages=HI * 2001),
    "a role that is a list": chat(messages=[{"role": [], "content": "hi"}]),
    "a part whose type is a list": chat(messages=[{"role": "user", "content": [{"type": [], "text": "hi"}]}]),
    "a picture of this machine": chat(messages=picture("http://127.0.0.1/x.png")),
    "a picture of the cloud's metadata": chat(messages=picture("http://169.254.169.254/latest")),
    "a picture at an address in one number": chat(messages=picture("http://2130706433/x.png")),
    "a picture at an address in hex": chat(messages=picture("http://0x7f.1/x.png")),
    "a picture in the private network": chat(messages=picture("http://[fd00::1]/x.png")),
    "a picture at a mapped address": chat(messages=picture("http://[::ffff:10.0.0.1]/x.png")),
    "a picture at a name of the network": chat(messages=picture("http://vault/x.png")),
    "a picture in a file": chat(messages=picture("file:///etc/passwd")),
}  # fmt: skip


@pytest.mark.parametrize("body", NO_REQUESTS.values(), ids=list(NO_REQUESTS))
def test_what_is_no_request_is_refused_unpaid(open_gate: Gate, body: bytes) -> None:
    reply = open_gate.post(CHAT, body)
    assert reply.status == 400, reply.body
    assert {"message", "type", "param", "code"} == set(reply.json()["error"])
    assert reply.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/messages"])
@pytest.mark.parametrize("body", [b"{", b"[]", b'{"model": "cascade/default"}', SEQUENCE % (b"[" * 3000)])
def test_other_dialects_refuse_in_their_own_form(open_gate: Gate, path: str, body: bytes) -> None:
    reply = open_gate.post(path, body)
    assert reply.status == 400
    assert (reply.json().get("type") == "error") is (path == "/v1/messages")


def test_a_body_of_9_mib_is_refused_and_the_client_sees_it(open_gate: Gate) -> None:
    reply = open_gate.post(CHAT, chat(messages=[{"role": "user", "content": "x" * (9 << 20)}]))
    assert (reply.status, reply.code) == (413, "request_too_large")
    chunked = b"transfer-encoding: chunked\r\n\r\n" + (b"100000\r\n" + b" " * (1 << 20) + b"\r\n") * 9 + b"0\r\n\r\n"
    assert b" 413 " in open_gate.raw(b"POST " + CHAT.encode() + b" HTTP/1.1\r\n" + LOCAL + chunked)[:20]


HEAD = b"POST /v1/chat/completions HTTP/1.1\r\n" + LOCAL
BROKEN = {
    "two lengths": HEAD + b"content-length: 5\r\ncontent-length: 6\r\n\r\n",
    "a length that is a word": HEAD + b"content-length: x\r\n\r\n",
    "a negative length": HEAD + b"content-length: -1\r\n\r\n",
    "a length and chunks": HEAD + b"content-length: 5\r\ntransfer-encoding: x\r\n\r\n",
    "two hosts": b"GET /v1/models HTTP/1.1\r\nhost: 127.0.0.1\r\nhost: evil\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "a header of 1 MB": b"GET /v1/models HTTP/1.1\r\nauthorization: Bearer " + b"x" * (1 << 20) + b"\r\n\r\n",
    "a line without an end": b"GET /" + b"a" * (1 << 18),
}  # fmt: skip


@pytest.mark.parametrize("content", BROKEN.values(), ids=list(BROKEN))
def test_what_is_no_http_is_refused_as_json(open_gate: Gate, content: bytes) -> None:
    try:
        answer = open_gate.raw(content)
    except ConnectionResetError:  # the server closed while the rest was on its way
        return
    status = int(answer.split(b" ", 2)[1])
    assert 400 <= status < 500
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "bad_http"


def test_a_request_that_never_arrives_is_told_and_closed(open_gate: Gate) -> None:
    assert b" 408 " in open_gate.raw(b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127")[:20]
    assert open_gate.raw(b"") == b""


def test_half_a_body_and_a_closed_half_cost_nothing(open_gate: Gate) -> None:
    head = b"POST /v1/chat/completions HTTP/1.1\r\n" + LOCAL + b"content-length: 500\r\n\r\n{"
    assert open_gate.raw(head, shut=True) == b""


def test_pipelined_refusals_are_answered_in_order(open_gate: Gate) -> None:
    one = b"GET /healthz HTTP/1.1\r\n" + LOCAL + b"\r\n"
    last = b"GET /nothing HTTP/1.1\r\n" + LOCAL + b"connection: close\r\n\r\n"
    answer = open_gate.raw(one + one + last)
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200", b"200", b"404"]


PAGES = [("host", "evil.example"), ("host", "127.0.0.1.evil.example"), ("origin", "https://evil.example")]


@pytest.mark.parametrize("header", [*PAGES, ("origin", "null")])
def test_a_web_page_cannot_ask_a_server_without_keys(open_gate: Gate, header: tuple[str, str]) -> None:
    reply = open_gate.post(CHAT, chat(), **dict([header]))
    assert (reply.status, reply.code) == (403, "foreign_origin")


def test_a_wrong_method_is_told_the_right_one(open_gate: Gate) -> None:
    reply = open_gate.ask("GET", CHAT)
    assert (reply.status, reply.headers["allow"], "POST" in reply.json()["error"]["message"]) == (405, "POST", True)


def test_idle_connections_do_not_keep_out_others(open_gate: Gate) -> None:
    idle = [socket.create_connection(("127.0.0.1", open_gate.port)) for _ in range(100)]
    assert open_gate.ask("GET", "/healthz").status == 200
    for one in idle:
        one.close()
