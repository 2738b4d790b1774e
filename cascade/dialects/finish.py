"""Finish reason: why a model stopped, in OpenAI's words and in the provider's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cascade.exchange import EMPTY

MEANS_STOP = frozenset({"stop", "STOP", "stop_sequence", "end_turn", "COMPLETE", "eos", "eos_token"})
"""Words for: the answer is whole."""

KNOWN = MEANS_STOP | {
    *("length", "tool_calls", "function_call", "content_filter"),
    *("max_tokens", "tool_use", "refusal", "pause_turn"),  # Anthropic
    *("MAX_TOKENS", "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"),  # Gemini
    *("model_length", "ERROR_TOXIC", "insufficient_system_resource", "sensitive", "tool_call", "TOOL_CALL"),
    *("content_filtered", "guardrail_intervened", "model_context_window_exceeded", "IMAGE_SAFETY"),
}
"""Every word that we have been told of; an answer that ended in another way is not understood."""

_MOST_CHARACTERS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """Why a model stopped."""

    reason: str | None
    """In OpenAI's words, or the provider's own where it has no such word."""

    raw: str | None
    """The provider's own word; None: it gave none."""

    flags: tuple[str, ...] = ()
    """`finish_unknown`: an unknown word. `finish_null`: none, where one was due."""


_AS_OPENAI_SAYS = {
    **dict.fromkeys(MEANS_STOP, "stop"),
    **dict.fromkeys(("max_tokens", "MAX_TOKENS", "model_length"), "length"),
    **dict.fromkeys(("tool_use", "tool_call", "TOOL_CALL", "function_call"), "tool_calls"),
}

_FILTERS = dict.fromkeys(
    ("sensitive", "content_filtered", "guardrail_intervened", "ERROR_TOXIC", "IMAGE_SAFETY"), "content_filter"
)
"""Words of content filters that litellm takes for a usual end."""


def read_finish(choice: Mapping[str, Any], native: tuple[str | None, bool] | None = None) -> Finish:
    """Return why a choice ended.

    Args:
        choice: one choice of a completion. Where litellm made it, its reason is no evidence: litellm says `stop` for
            every reason that it does not know, and where none was given.
        native: the reason as it stood in the provider's own body, and whether one was due there (`native_finish`);
            None: not looked at, so litellm's word is taken.
    """
    given = choice.get("finish_reason")
    mapped = _AS_OPENAI_SAYS.get(given, given) if isinstance(given, str) else None
    own = choice.get("provider_specific_fields")
    spelt = (own if isinstance(own, Mapping) else EMPTY).get("native_finish_reason")
    raw, due = native if native is not None else (spelt if isinstance(spelt, str) else mapped, False)
    return _finish(raw, mapped, due=due)


def read_own_finish(choice: Mapping[str, Any], *, calls_tools: bool) -> Finish:
    """Return why a choice ended that the provider itself wrote: its reason is evidence, and a missing one a fault.

    Args:
        choice: the choice.
        calls_tools: whether its message holds calls that the client is to answer.
    """
    given = choice.get("finish_reason")
    raw = given if isinstance(given, str) or given is None else str(given)
    mapped = _AS_OPENAI_SAYS.get(raw or "", raw)
    if mapped == "stop" and calls_tools:
        mapped = "tool_calls"  # some servers say stop there; litellm mends it too
    return _finish(None if raw is None else raw[:_MOST_CHARACTERS], mapped, due=True)


def _finish(raw: str | None, mapped: str | None, *, due: bool) -> Finish:
    if raw is None:
        return Finish(reason=None if due else mapped, raw=None, flags=("finish_null",) if due else ())
    if raw not in KNOWN:
        return Finish(reason=raw, raw=raw, flags=("finish_unknown",))
    return Finish(reason=_FILTERS.get(raw) or mapped or raw, raw=raw)
