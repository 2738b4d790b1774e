"""What the litellm client makes of everything that can go wrong on the wire; each is one hit, and none is raised."""

from __future__ import annotations

import socket

import pytest

from cascade.exchange import Response
from tests.cascade.clients.conftest import KEY
from tests.deadlines import passed_at

KINDS = {
    "rate-limited": "rate_limited",
    "rate-limited-nonsense": "rate_limited",
    "insufficient-quota": "quota",
    "server-error": "server",
    "unavailable": "server",
    "overloaded": "server",
    "conflict": "conflict",
    "request-timeout": "timeout",
    "unauthorized": "auth",
    "forbidden": "auth",
    "payment-required": "quota",
    "not-found": "not_found",
    "bad-request": "bad_request",
    "unprocessable": "bad_request",
    "too-large": "bad_request",
    "context-length": "context",
    "content-filter": "content_filter",
    "hang-up": "dropped",
    "truncated": "bad_body",
    "half-json": "bad_body",
    "html": "bad_body",
    "empty-body": "bad_body",
    "null": "bad_body",
    "empty-choices": "bad_body",
    "no-message": "bad_body",
    "hidden-rate-limit": "rate_limited",
    "hidden-error": "bad_body",
}


@pytest.mark.parametrize(("behaviour", "kind"), KINDS.items())
def test_a_fault_is_one_hit_and_data(ask, server, behaviour, kind):
    reply = ask(behaviour)
    assert (reply.kind, reply.tries, len(server.hits)) == (kind, 1, 1)
    assert reply.message
    assert KEY not in repr(reply)
    assert "Traceback" not in reply.message


ELSEWHERE = [
    "server-error",
    "rate-limited",
    "overloaded",
    "html",
    "half-json",
    "truncated",
    "hang-up",
    "context-length",
]


@pytest.mark.parametrize("behaviour", ELSEWHERE)
@pytest.mark.parametrize("provider", ["anthropic", "gemini", "mistral"])
def test_faults_are_told_apart_with_other_providers_too(ask, server, provider, behaviour):
    server.script(behaviour)
    reply = ask(model=f"{provider}/any", api_base=server.url.removesuffix("/v1"))
    assert (reply.kind, len(server.hits)) == (KINDS[behaviour], 1)


@pytest.mark.parametrize(
    ("behaviour", "status"), [("overloaded", 529), ("payment-required", 402), ("server-error", 500), ("html", 200)]
)
def test_the_status_is_the_one_that_came_over_the_wire(ask, behaviour, status):
    assert ask(behaviour).status == status


@pytest.mark.parametrize("behaviour", ["hang", "slow"])
def test_silence_is_a_timeout(ask, server, behaviour):
    asked = []

    def once(timeout_s):
        asked.append(timeout_s)
        return ask(behaviour, timeout_s=timeout_s)

    reply = passed_at(once, lambda: server.hits)
    assert reply.kind == "timeout"
    assert len(server.hits) <= len(asked), "what was asked too shortly may be seen late, and nothing is asked twice"
    assert reply.latency_s >= asked[-1]


def test_the_provider_s_patience_is_told(ask):
    assert ask("rate-limited").retry_after_s == 2.0
    assert ask("rate-limited-nonsense").retry_after_s is None


def test_an_echoed_key_is_cut_out(ask):
    reply = ask("unauthorized")
    assert reply.message == "Incorrect API key provided: [redacted]."


def test_a_key_from_the_environment_is_cut_out_too(ask, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "unusual/form+of=key")
    assert ask("unauthorized", api_key=None).message == "Incorrect API key provided: [redacted]."


def test_a_missing_key_is_an_error_of_authentication(ask, server):
    assert ask(api_key=None).kind == "auth"
    assert not server.hits


def test_nobody_listening_costs_nothing(ask):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    reply = ask(api_base=f"http://127.0.0.1:{port}/v1")
    assert (reply.kind, reply.treatment.maybe_charged) == ("connect", False)


def test_a_model_of_no_provider_is_a_bad_request(ask, server):
    assert ask(model="nobody-has-this").kind == "bad_request"
    assert not server.hits


def test_an_embedded_model_that_does_not_exist_is_not_found(ask):
    assert ask(model="embedded/enormous", api_base=None).kind == "not_found"


def test_after_a_fault_the_same_client_answers(ask, server):
    server.script("server-error", "truncated", "ok")
    assert [ask("ok").__class__ is Response for _ in range(3)] == [False, False, True]
