"""Requests from outside: what they may ask for, and that a refusal comes before anything is paid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cascade import Cascade, DataError, Ladder, Request, Rung, SchemaRejected, ScriptedClient
from cascade.bulk.exploration import explore_file
from cascade.bulk.request_file import read_requests
from cascade.samples.jsonl import read_samples
from cascade.samples.request_limits import require_allowed

WAYS_AROUND = [
    "api_base", "base_url", "api_key", "api_version", "headers", "extra_headers", "default_headers", "extra_body",
    "extra_query", "fallbacks", "context_window_fallbacks", "mock_response", "mock_tool_calls", "model", "model_list",
    "custom_llm_provider", "litellm_params", "num_retries", "timeout", "stream", "callbacks", "organization", "proxy",
    "aws_bedrock_runtime_endpoint", "vertex_credentials", "azure_ad_token", "ssl_verify", "store", "metadata",
    "web_search_options", "API_BASE", "api_base ", "", "drop_params", "input_cost_per_token", "prompt_id",
]  # fmt: skip


@pytest.mark.parametrize("name", WAYS_AROUND)
def test_a_way_around_the_ladder_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="cannot be set by a request"):
        require_allowed(Request.of("x", params={name: "http://127.0.0.1:1"}))


@pytest.mark.parametrize(
    "params",
    [
        {"n": 17}, {"n": 0}, {"n": True}, {"n": "2"}, {"n": 1e3}, {"max_tokens": 10**12}, {"max_tokens": -1},
        {"max_completion_tokens": 2**63}, {"top_logprobs": 1000}, {"temperature": "hot"}, {"top_p": True},
        {"temperature": 10**400}, {"top_p": float("nan")},
        {"tools": [{"type": "function"}] * 129}, {"stop": ["."] * 17},
    ],
)  # fmt: skip
def test_too_much_is_refused(params: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=next(iter(params))):
        require_allowed(Request.of("x", id="a", params=params))


def picture(address: str) -> Request:
    return Request.of([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": address}}]}])


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/a.png", "file:///etc/passwd", "https://127.0.0.1/x", "https://169.254.169.254/latest",
        "https://localhost/x", "https://[::1]/x", "https://10.0.0.1/x", "https://2130706433/x", "https://0x7f.0.0.1/x",
        "https://0177.0.0.1/x", "https://127.1/x", "https://db.internal/x", "https://u:p@example.com/x",
        "//example.com/x", "https://example.com\\@127.0.0.1/x", "https://exa\tmple.com/x", "https://ⓛocalhost.com/x",
        "https://example.com:8443/x", "gopher://example.com", "/etc/passwd", "https://[::ffff:127.0.0.1]/", "HTTPS://",
        " https://example.com", "https://printer.local./x", "https://[", "ftp://example.com/x",
    ],
)  # fmt: skip
def test_an_address_inside_the_house_is_refused(address: str) -> None:
    with pytest.raises(DataError, match="address"):
        require_allowed(picture(address))


@pytest.mark.parametrize("address", ["https://example.com/a.png", "data:image/png;base64,AAAA", "https://8.8.8.8/x"])
def test_public_pictures_pass(address: str) -> None:
    require_allowed(picture(address))


def test_ordinary_parameters_pass() -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"url": {"type": "string"}}}}]
    params = {"temperature": 0, "n": 2, "max_tokens": 100, "tools": tools, "response_format": {"type": "json_object"}}
    require_allowed(Request.of("x", params=params))


def test_chats_of_any_length_or_number_of_parts_are_refused() -> None:
    for messages in (
        [{"role": "user", "content": "x"}] * 2001,
        [{"role": "user", "content": [{"type": "text", "text": "x"}] * 257}],
    ):
        with pytest.raises(DataError, match="at most"):
            require_allowed(Request.of(messages))


def _write(path: Path, **line: Any) -> Path:
    path.write_text(json.dumps({"id": "a", "prompt": "x"} | line) + "\n")
    return path


def test_a_file_of_requests_is_refused_as_a_whole(tmp_path: Path) -> None:
    path = _write(tmp_path / "requests.jsonl", params={"api_base": "http://127.0.0.1:1"})
    with pytest.raises(DataError, match=r"requests\.jsonl: Request 'a': the parameter 'api_base'"):
        read_requests(path)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ({"params": {"extra_body": {}}}, DataError),
        ({"schema": {"$ref": "http://127.0.0.1:1/x"}}, SchemaRejected),
    ],
)
def test_exploring_refuses_before_the_first_call(tmp_path: Path, line: dict[str, Any], error: type[Exception]) -> None:
    client = ScriptedClient(default="{}")
    samples = list(read_samples(_write(tmp_path / "requests.jsonl", **line)))
    with Cascade(Ladder(Rung("m/small", verify=["schema"])), client=client) as app, pytest.raises(error, match="'a'"):
        explore_file(app, samples, tmp_path / "out.jsonl")
    assert not client.calls
