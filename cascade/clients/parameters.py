"""Parameters: which provider parameters no client passes on, and which wishes a model is known to refuse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cascade.errors import ConfigError
from cascade.exchange import ModelCall, Response
from cascade.failure import CallFailure, FailureKind

FORBIDDEN: Mapping[str, str] = {
    **dict.fromkeys(("api_base", "base_url", "api_key"), "set it on the rung itself"),
    **dict.fromkeys(("timeout", "request_timeout"), "set `timeout_s` on the rung"),
    **dict.fromkeys(
        (
            "num_retries",
            "max_retries",
            "fallbacks",
            "context_window_fallbacks",
            "retry_policy",
            "retry_strategy",
            "cooldown_time",
        ),
        "retries and failover are the cascade's own",
    ),
    **dict.fromkeys(("model", "model_list", "custom_llm_provider", "messages"), "the rung's `model` says it"),
    **dict.fromkeys(
        (
            "input_cost_per_token",
            "output_cost_per_token",
            "input_cost_per_second",
            "output_cost_per_second",
            "model_info",
        ),
        "give the rung a `price`",
    ),
    **dict.fromkeys(
        ("mock_response", "mock_delay", "mock_tool_calls", "mock_timeout"),
        "use cascade.clients.scripted.ScriptedClient",
    ),
    **dict.fromkeys(("stream", "stream_options"), "a verifier needs the whole answer"),
    **dict.fromkeys(
        (
            "cache",
            "caching",
            "drop_params",
            "client",
            "shared_session",
            "logger_fn",
            "callbacks",
            "hooks",
            "litellm_params",
            "litellm_logging_obj",
            "litellm_metadata",
            "proxy_server_request",
        ),
        "it changes how litellm itself works",
    ),
}
"""Parameters that may not be among a rung's or a request's, and what to do instead."""


def refuse_forbidden(call: ModelCall) -> None:
    """Refuse a call with a parameter that no client passes on.

    Raises:
        ConfigError: it has one; the message says what to do instead.
    """
    for name in sorted({*call.params, *call.wishes}):
        if name in FORBIDDEN:
            message = f"Rung {call.rung}: the parameter {name!r} cannot be passed on: {FORBIDDEN[name]}."
            raise ConfigError(message)


def with_meaning(wishes: dict[str, Any], call: ModelCall) -> dict[str, Any]:
    """Return the wishes without those that mean nothing alone: `top_logprobs` without `logprobs`."""
    if "logprobs" not in {**wishes, **call.params}:
        wishes.pop("top_logprobs", None)
    return wishes


class RefusedWishes:
    """Models that have refused their wishes once: they are not asked for them again."""

    def __init__(self) -> None:
        self._refused: set[tuple[str, str | None]] = set()

    def without(self, call: ModelCall) -> Mapping[str, Any]:
        """Return the call's wishes; none where the model has refused them at this address."""
        return {} if (call.model, call.api_base) in self._refused else call.wishes

    def learn(self, call: ModelCall, reply: Response | CallFailure, wishes: Mapping[str, Any]) -> bool:
        """Tell whether a reply refuses one of the wishes, and remember it."""
        refused = isinstance(reply, CallFailure) and reply.kind is FailureKind.BAD_REQUEST
        if not (refused and any(name in reply.message for name in wishes)):
            return False
        self._refused.add((call.model, call.api_base))
        return True
