"""`doctor --ping` finds wrong keys, names and ports, and costs one token a rung."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from cascade.clients.scripted import ScriptedClient, scripted
from cascade.config import load_config
from cascade.doctor.ping import ping
from cascade.failure import CallFailure, FailureKind
from tests.faults.server import Server

LADDER = """
ladder:
  - {model: openai/a, name: small, params: {max_tokens: 500}, price: {input_usd: 1.0e-6, output_usd: 1.0e-6}}
  - model: openai/b
    name: large
    price: {input_usd: 1.0e-6, output_usd: 1.0e-6}
    endpoints: [{name: eu, api_base: "http://127.0.0.1:1/v1"}, {name: us, model: openai/b-us}]
"""


@pytest.fixture
def config(tmp_path):
    (tmp_path / "cascade.yaml").write_text(LADDER)
    return load_config(tmp_path / "cascade.yaml")


def test_every_endpoint_is_asked_for_one_token(config) -> None:
    client = ScriptedClient(default=scripted("OK", cost_usd=0.001))
    found = ping(config, client)
    assert [(one.check, one.state) for one in found] == [
        ("ping of small", "ok"), ("ping of large at eu", "ok"), ("ping of large at us", "ok"), ("pings", "ok"),
    ]  # fmt: skip
    assert {call.params["max_tokens"] for call in client.calls} == {1}
    assert {call.model for call in client.calls} == {"openai/a", "openai/b", "openai/b-us"}
    assert "$0.003" in found[-1].text


@pytest.mark.parametrize(
    ("kind", "state", "said"),
    [
        (FailureKind.AUTH, "error", "key"),
        (FailureKind.NOT_FOUND, "error", "`model`"),
        (FailureKind.CONNECT, "error", "port"),
        (FailureKind.RATE_LIMITED, "warning", "rate limit"),
        (FailureKind.BAD_REQUEST, "warning", "`params`"),
        (FailureKind.UNKNOWN, "error", "does not answer"),
    ],
)
def test_a_failure_says_what_is_wrong_and_what_to_do(config, kind, state, said) -> None:
    client = ScriptedClient({"small": CallFailure(kind=kind, message="no", status=400)}, default="OK")
    first = ping(config, client)[0]
    assert (first.state, said in first.text) == (state, True)


def test_a_wrong_port_and_a_server_that_answers_are_told_apart(cli, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    price = "price: {input_usd: 1.0e-6, output_usd: 1.0e-6}"
    with Server() as server:
        rungs = [
            f"{{model: openai/a, name: there, api_base: '{server.url}', api_key: none-1234567, {price}}}",
            f"{{model: openai/b, name: gone, api_base: 'http://127.0.0.1:{port}/v1', api_key: none-1234567, {price}}}",
        ]
        Path("cascade.yaml").write_text("ladder:\n" + "".join(f"  - {rung}\n" for rung in rungs))
        ended = cli("doctor", "--ping", "--json")
    told = {one["check"]: one for one in json.loads(ended.stdout)["checks"]}
    assert told["ping of there"]["state"] == "ok", told["ping of there"]
    assert told["ping of gone"]["state"] == "error"
    assert "port" in told["ping of gone"]["text"]
    assert ended.exit_code == 2


def test_without_ping_nothing_is_asked(cli, configured) -> None:
    assert "ping of" not in cli("doctor").stdout
