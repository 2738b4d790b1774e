"""Providers: the table of those that speak Chat Completions, and what each one wants otherwise than OpenAI.

Addresses, environment variables, renamed and dropped parameters were read off litellm 1.110.2, and every row is
compared with it on the wire (`tests/cascade/clients/test_providers.py`). Two fields say where a row differs from it:

- `leaves`: what litellm translates in a way of its own; a call that asks for it goes to litellm under `client: auto`.
- `on_purpose`: what goes out otherwise, and why.

Beside that, a parameter that litellm's own tables do not know of a model (`reasoning_effort` at Groq) is sent: litellm
refuses it by a table that ages, the provider by what it knows.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from cascade.exchange import EMPTY, ModelCall

_REASONING = re.compile(r"(?:gpt-5(?!.*chat)|o[1-9])(?:$|[-.])")
"""OpenAI's models that think: `max_completion_tokens`, and no log-probabilities."""

_OTHER_ROUTE = re.compile(
    r"^responses/|-pro(?:-|$)|codex|deep-research|computer-use|audio|realtime|transcribe|tts|-search|image|instruct|davinci|babbage"
)
"""OpenAI's models that answer on another route than Chat Completions, or in another form."""

_BARE = re.compile(r"(?:gpt-[345]|chatgpt-|o[134](?:-|$))")
"""Names without a prefix that are OpenAI's."""

_OLD_LIMIT: Mapping[str, str] = {"max_completion_tokens": "max_tokens"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """How one provider is reached, and how its Chat Completions differ from OpenAI's."""

    address: str | None
    """Where it is asked when nothing else is said; None: an address must be given."""

    bases: tuple[str, ...] = ()
    """Environment variables that hold another address, first come first served."""

    keys: tuple[str, ...] = ()
    """Environment variables that hold the key."""

    key: str | None = None
    """The key that is sent where none is known; None: the call needs one."""

    path: str = "/chat/completions"
    """What follows the address."""

    version: str = ""
    """What an address must end with; it is added where it is missing."""

    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Further headers, and the environment variables that hold them."""

    model_prefix: str = ""
    """What stands before a model's bare name in the body."""

    renames: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    """Parameters that have another name here."""

    drops: frozenset[str] = frozenset({"metadata"})
    """Parameters that are not sent: litellm takes `metadata` for its own, and some refuse what they do not know."""

    adds: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    """What every body has besides."""

    plain_tools: frozenset[str] = frozenset()
    """Keys that tools' schemas may not have."""

    takes_logprobs: bool = True
    """Whether log-probabilities are asked for where a verifier would like them."""

    leaves: Callable[[Mapping[str, Any]], bool] | None = None
    """Whether parameters are left to litellm; None: none are."""

    text_only: bool = False
    """Whether messages of parts are left to litellm, which makes text of them."""

    on_purpose: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    """Fields of the body that differ from litellm's, and why."""

    def url(self, call: ModelCall) -> str | None:
        """Return a call's address; None if none is configured or known."""
        base = call.api_base or _variable(self.bases) or self.address
        if not base:
            return None
        parts = urlsplit(base)
        path = parts.path.rstrip("/")
        if not path.endswith(self.path):
            path += self.version if self.version and not path.endswith(self.version) else ""
            path += self.path
        return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))

    def key_of(self, call: ModelCall) -> str | None:
        """Return the key for a call; None if none is configured."""
        return call.api_key or _variable(self.keys) or self.key

    def own_headers(self) -> dict[str, str]:
        """Return the further headers that the environment holds."""
        found = {name: _variable(variables) for name, variables in self.headers.items()}
        return {name: value for name, value in found.items() if value}

    def params(self, params: Mapping[str, Any], model: str) -> dict[str, Any]:
        """Return parameters as this provider takes them."""
        renames = _THINKING if self is PROVIDERS["openai"] and _REASONING.match(model) else self.renames
        sent = {renames.get(name, name): value for name, value in params.items() if name not in self.drops}
        if self.plain_tools and sent.get("tools"):
            sent["tools"] = _without(sent["tools"], self.plain_tools)
        return {**self.adds, **sent}

    def wished(self, model: str) -> bool:
        """Tell whether a model is asked for log-probabilities that a verifier would like to have."""
        return self.takes_logprobs and not (self is PROVIDERS["openai"] and _REASONING.match(model))


_THINKING: Mapping[str, str] = {"max_tokens": "max_completion_tokens"}
_NO_USER = frozenset({"metadata", "user"})
_OWN_USER = {"user": "it is sent: litellm drops it for every model that is not in its list of OpenAI's"}


def _schema_as_tool(params: Mapping[str, Any]) -> bool:
    form = params.get("response_format")
    return not isinstance(form, Mapping | None) or (form or EMPTY).get("type") == "json_schema"


def _any_of(*names: str) -> Callable[[Mapping[str, Any]], bool]:
    def leaves(params: Mapping[str, Any]) -> bool:
        extra = params.get("extra_body")
        return any(name in params or (isinstance(extra, Mapping) and name in extra) for name in names)

    return leaves


def _of_openai(params: Mapping[str, Any]) -> bool:
    return "tools" in params and "reasoning_effort" in params  # the newest models answer that by another route


def _of_mistral(params: Mapping[str, Any]) -> bool:
    return not isinstance(params.get("tool_choice"), str | None) or "reasoning_effort" in params


# fmt: off
PROVIDERS: Mapping[str, Provider] = {
    "openai": Provider(
        address="https://api.openai.com/v1", bases=("OPENAI_BASE_URL", "OPENAI_API_BASE"), keys=("OPENAI_API_KEY",),
        headers={
            "openai-organization": ("OPENAI_ORGANIZATION", "OPENAI_ORG_ID"), "openai-project": ("OPENAI_PROJECT_ID",),
        },
        leaves=_of_openai,
        on_purpose={**_OWN_USER, "messages": "o-models get system messages as such: they take them as a developer's"},
    ),
    "custom_openai": Provider(address=None, keys=("OPENAI_API_KEY",), renames=_OLD_LIMIT, on_purpose=_OWN_USER),
    "hosted_vllm": Provider(
        address=None, bases=("HOSTED_VLLM_API_BASE",), keys=("HOSTED_VLLM_API_KEY",), key="fake-api-key",
        plain_tools=frozenset({"strict", "additionalProperties"}), on_purpose=_OWN_USER,
    ),
    "ollama": Provider(
        address="http://localhost:11434", bases=("OLLAMA_API_BASE",), keys=("OLLAMA_API_KEY",), key="ollama",
        version="/v1", renames=_OLD_LIMIT, drops=_NO_USER,
        on_purpose={"*": "Ollama's OpenAI route is asked; litellm asks /api/generate, which knows no tools and no "
                         "log-probabilities"},
    ),
    "lm_studio": Provider(
        address=None, bases=("LM_STUDIO_API_BASE",), keys=("LM_STUDIO_API_KEY",), key="fake-api-key", drops=_NO_USER,
    ),
    "llamafile": Provider(
        address="http://127.0.0.1:8080/v1", bases=("LLAMAFILE_API_BASE",), keys=("LLAMAFILE_API_KEY",),
        key="fake-api-key", drops=_NO_USER,
    ),
    "litellm_proxy": Provider(address=None, bases=("LITELLM_PROXY_API_BASE",), keys=("LITELLM_PROXY_API_KEY",)),
    "groq": Provider(
        address="https://api.groq.com/openai/v1", bases=("GROQ_API_BASE",), keys=("GROQ_API_KEY",),
        renames=_OLD_LIMIT, drops=_NO_USER, leaves=_schema_as_tool,
    ),
    "together_ai": Provider(
        address="https://api.together.ai/v1", bases=("TOGETHER_AI_API_BASE",),
        keys=("TOGETHER_API_KEY", "TOGETHER_AI_API_KEY", "TOGETHERAI_API_KEY", "TOGETHER_AI_TOKEN"), drops=_NO_USER,
    ),
    "deepseek": Provider(
        address="https://api.deepseek.com/beta", bases=("DEEPSEEK_API_BASE",), keys=("DEEPSEEK_API_KEY",),
        drops=_NO_USER, text_only=True, leaves=_any_of("reasoning_effort", "thinking"),
    ),
    "mistral": Provider(
        address="https://api.mistral.ai/v1", bases=("MISTRAL_AZURE_API_BASE",),
        keys=("MISTRAL_AZURE_API_KEY", "MISTRAL_API_KEY"), version="/v1",
        renames={**_OLD_LIMIT, "seed": "random_seed"}, drops=_NO_USER, takes_logprobs=False, leaves=_of_mistral,
    ),
    "openrouter": Provider(
        address="https://openrouter.ai/api/v1", bases=("OPENROUTER_API_BASE",),
        keys=("OPENROUTER_API_KEY", "OR_API_KEY"),
        headers={"http-referer": ("OR_SITE_URL",), "x-title": ("OR_APP_NAME",)}, drops=_NO_USER,
        adds={"usage": {"include": True}},
    ),
    "xai": Provider(
        address="https://api.x.ai/v1", bases=("XAI_API_BASE",), keys=("XAI_API_KEY",),
        drops=frozenset({"metadata"}), plain_tools=frozenset({"strict"}), leaves=_any_of("web_search_options"),
        on_purpose=dict.fromkeys(("max_completion_tokens", "max_tokens"), "xAI calls max_tokens deprecated; newer "
        "litellm sends it for the other"),
    ),
    "fireworks_ai": Provider(
        address="https://api.fireworks.ai/inference/v1", bases=("FIREWORKS_API_BASE",),
        keys=("FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY", "FIREWORKSAI_API_KEY", "FIREWORKS_AI_TOKEN"),
        model_prefix="accounts/fireworks/models/", renames=_OLD_LIMIT, text_only=True,
        plain_tools=frozenset({"strict"}),
        leaves=_any_of("guided_choice", "guided_json", "guided_regex", "guided_grammar", "reasoning_effort"),
    ),
    "perplexity": Provider(
        address="https://api.perplexity.ai", bases=("PERPLEXITY_API_BASE",),
        keys=("PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"), drops=_NO_USER, takes_logprobs=False,
    ),
    "cerebras": Provider(
        address="https://api.cerebras.ai/v1", bases=("CEREBRAS_API_BASE",), keys=("CEREBRAS_API_KEY",),
        renames=_OLD_LIMIT, takes_logprobs=False,
    ),
    "nvidia_nim": Provider(
        address="https://integrate.api.nvidia.com/v1", bases=("NVIDIA_NIM_API_BASE",), keys=("NVIDIA_NIM_API_KEY",),
        renames=_OLD_LIMIT, drops=_NO_USER, takes_logprobs=False,
    ),
    "sambanova": Provider(
        address="https://api.sambanova.ai/v1", bases=("SAMBANOVA_API_BASE",), keys=("SAMBANOVA_API_KEY",),
        renames=_OLD_LIMIT, drops=_NO_USER, takes_logprobs=False, text_only=True,
    ),
    "deepinfra": Provider(
        address="https://api.deepinfra.com/v1/openai", bases=("DEEPINFRA_API_BASE",), keys=("DEEPINFRA_API_KEY",),
        renames=_OLD_LIMIT, drops=_NO_USER, takes_logprobs=False,
        on_purpose={"tool_choice": "`auto` is sent: it means what leaving it out means"},
    ),
    "moonshot": Provider(
        address="https://api.moonshot.ai/v1", bases=("MOONSHOT_API_BASE",), keys=("MOONSHOT_API_KEY",),
        renames=_OLD_LIMIT, drops=_NO_USER, leaves=_any_of("tool_choice", "functions"),
    ),
    "nebius": Provider(
        address="https://api.studio.nebius.ai/v1", bases=("NEBIUS_API_BASE",), keys=("NEBIUS_API_KEY",),
        renames=_OLD_LIMIT, drops=_NO_USER,
    ),
    "novita": Provider(
        address="https://api.novita.ai/v3/openai", bases=("NOVITA_API_BASE",), keys=("NOVITA_API_KEY",), drops=_NO_USER,
    ),
}
# fmt: on
"""By the part of a model's name before its first slash."""


def provider_of(call: ModelCall) -> tuple[Provider, str] | None:
    """Return a call's provider and the model as it is called there; None: the table does not know it."""
    prefix, slash, name = call.model.partition("/")
    if not slash:
        return (PROVIDERS["openai"], call.model) if _BARE.match(call.model) else None
    provider = PROVIDERS.get(prefix)
    if provider is None:
        return None
    bare = provider.model_prefix and "/" not in name and "#" not in name
    return provider, f"{provider.model_prefix}{name}" if bare else name


def speaks_chat(call: ModelCall) -> bool:
    """Tell whether a call goes to its provider directly under `client: auto`."""
    found = provider_of(call)
    if found is None:
        return False
    provider, name = found
    if provider is PROVIDERS["openai"] and _OTHER_ROUTE.search(name) and not call.api_base:
        return False
    if provider.leaves is not None and provider.leaves(call.params):
        return False
    if provider.text_only and any(not isinstance(message.get("content"), str | None) for message in call.messages):
        return False
    return _plain_format(call.params)


def _plain_format(params: Mapping[str, Any]) -> bool:
    """Tell whether parameters are JSON already: litellm makes JSON of classes, by rules of its own."""
    return not isinstance(params.get("response_format"), type) and not any(name in _LITELLM_OWN for name in params)


_LITELLM_OWN = frozenset(
    {
        *("allowed_openai_params", "additional_drop_params", "api_version", "azure_ad_token", "base_model", "headers"),
        *("guardrails", "mcp", "merge_reasoning_content_in_choices", "modify_params", "organization", "prompt_id"),
        *("rpm", "ssl_verify", "tags", "tpm", "use_litellm_proxy", "user_continue_message", "web_search_options"),
    }
)
"""Parameters that mean something to litellm and nothing to a provider."""


def _variable(names: tuple[str, ...]) -> str | None:
    return next((value for name in names if (value := os.environ.get(name))), None)


def _without(value: Any, keys: frozenset[str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _without(item, keys) for key, item in value.items() if key not in keys}
    return [_without(item, keys) for item in value] if isinstance(value, list | tuple) else value


__all__ = ["PROVIDERS", "Provider", "provider_of", "speaks_chat"]
