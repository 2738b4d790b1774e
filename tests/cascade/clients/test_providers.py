"""The table of providers, against what litellm puts on the wire for them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from cascade.clients.direct import DirectClient
from cascade.clients.litellm import LiteLLMClient
from cascade.clients.providers import PROVIDERS, provider_of, speaks_chat
from cascade.errors import ConfigError
from cascade.exchange import ModelCall
from tests.cascade.clients.wire_requests import MODELS, PRICE, RECORDED, SETS, call, recordable, requests

Arrived = dict[tuple[str, str], dict[str, Any] | None]
CASES = [(model, name) for model in MODELS for name in SETS]
COMPARED = [
    case for case in CASES if speaks_chat(call(*case, "http://127.0.0.1/v1")) and not case[0].startswith("ollama")
]


@pytest.fixture(scope="module")
def ours() -> Arrived:
    return requests(DirectClient(), MODELS, list(SETS))


@pytest.fixture(scope="module")
def theirs() -> Arrived:
    return requests(LiteLLMClient(), [model for model in MODELS if not model.startswith("ollama")], list(SETS))


def test_what_goes_out_is_what_litellm_sends_but_for_what_the_table_says(ours: Arrived, theirs: Arrived) -> None:
    odd = {}
    for model, name in COMPARED:
        one, other = ours[model, name], theirs[model, name]
        if other is None:  # litellm's own tables refuse a parameter; the provider is asked instead
            assert one is not None
            continue
        assert one is not None
        assert one["path"] == other["path"]
        found = provider_of(call(model, name, ""))
        assert found is not None
        fields = {*one["body"], *other["body"]} - {*found[0].on_purpose}
        if differs := {field for field in fields if one["body"].get(field) != other["body"].get(field)}:
            odd[model, name] = differs
    assert not odd


def test_headers_are_litellms_but_for_those_that_name_a_library(ours: Arrived, theirs: Arrived) -> None:
    for case in COMPARED:
        if (other := theirs[case]) is None:
            continue
        expected = {
            name: value
            for name, value in recordable(other)["headers"].items()
            if not name.startswith("x-stainless") and name not in {"http-referer", "x-title"} and value != "litellm"
        }
        assert recordable(ours[case] or {"headers": {}})["headers"] == expected


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_a_request_is_as_it_was_recorded(ours: Arrived, provider: str) -> None:
    recorded = json.loads((RECORDED / f"{provider}.json").read_text(encoding="utf-8"))
    arrived = ours[f"{provider}/any", "temperature"]
    assert arrived is not None
    assert recordable(arrived) == recorded


def test_what_is_left_to_litellm_is_what_it_translates_in_a_way_of_its_own() -> None:
    left = {case for case in CASES if not speaks_chat(call(*case, "http://127.0.0.1/v1"))}
    assert left == {
        ("groq/any", "json_schema"),
        ("deepseek/any", "picture"),
        ("deepseek/any", "reasoning_effort"),
        ("mistral/any", "one_tool"),
        ("mistral/any", "reasoning_effort"),
        ("fireworks_ai/any", "picture"),
        ("fireworks_ai/any", "reasoning_effort"),
        ("sambanova/any", "picture"),
        ("moonshot/any", "tools"),
        ("moonshot/any", "one_tool"),
    }


def asked(model: str, **fields: Any) -> ModelCall:
    return ModelCall(rung="r", model=model, messages=({"role": "user", "content": "Q"},), price=PRICE, **fields)


@pytest.mark.parametrize(
    "model",
    ["anthropic/claude-haiku-4-5", "gemini/x", "azure/x", "embedded/small", "claude-haiku-4-5", "openai/o1-pro",
     "openai/gpt-5-codex", "openai/responses/gpt-5", "no-such/x"],
)  # fmt: skip
def test_what_does_not_speak_chat_completions_goes_to_litellm(model: str) -> None:
    assert not speaks_chat(asked(model))


@pytest.mark.parametrize("model", ["gpt-5-nano", "o4-mini", "openai/gpt-4o-mini", "openrouter/openai/gpt-5"])
def test_names_of_openais_models_need_no_prefix(model: str) -> None:
    assert speaks_chat(asked(model))


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("http://h:1/v1", "http://h:1/v1/chat/completions"),
        ("http://h:1/v1/", "http://h:1/v1/chat/completions"),
        ("http://h:1/v1/chat/completions", "http://h:1/v1/chat/completions"),
        ("http://h:1/v1?api-version=2", "http://h:1/v1/chat/completions?api-version=2"),
        ("http://h:1", "http://h:1/chat/completions"),
    ],
)
def test_an_address_is_completed_as_libraries_do(base: str, url: str) -> None:
    assert PROVIDERS["openai"].url(asked("openai/m", api_base=base)) == url


@pytest.mark.parametrize("base", ["http://h:11434", "http://h:11434/", "http://h:11434/v1"])
def test_ollama_is_asked_on_its_openai_route(base: str) -> None:
    assert PROVIDERS["ollama"].url(asked("ollama/m", api_base=base)) == "http://h:11434/v1/chat/completions"


def test_address_and_key_come_from_the_environment_as_with_litellm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_BASE", "http://h/v1")
    monkeypatch.setenv("GROQ_API_KEY", "sk-from-the-environment")
    provider, call = PROVIDERS["groq"], asked("groq/m")
    assert provider.url(call) == "http://h/v1/chat/completions"
    assert provider.key_of(call) == "sk-from-the-environment"
    assert provider.key_of(asked("groq/m", api_key="own")) == "own"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"model": "anthropic/x", "client": "direct"}, "does not know the provider"),
        ({"model": "hosted_vllm/x"}, "HOSTED_VLLM_API_BASE"),
        ({"model": "openai/x", "api_base": "ftp://h/v1"}, "no http or https URL"),
    ],
)
def test_what_cannot_be_reached_is_refused_at_start_up(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        DirectClient().check(asked(**fields))


def test_a_missing_key_is_an_authentication_error_that_names_its_variable() -> None:
    reply = asyncio.run(DirectClient().ask(asked("groq/m")))
    assert (reply.kind, reply.maybe_charged) == ("auth", False)
    assert "GROQ_API_KEY" in reply.message
