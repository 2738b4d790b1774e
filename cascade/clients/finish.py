"""Why a model stopped: litellm makes `stop` of every reason that it does not know, and of none at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cascade.clients.wire import Wire
from cascade.exchange import EMPTY

MEANS_STOP = frozenset({"stop", "STOP", "stop_sequence", "end_turn", "COMPLETE", "eos", "eos_token"})
"""Words for: the answer is whole."""

KNOWN = MEANS_STOP | {
    *("length", "tool_calls", "function_call", "content_filter"),
    *("max_tokens", "tool_use", "refusal", "pause_turn"),  # Anthropic
    *("MAX_TOKENS", "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"),  # Gemini
    *("model_length", "ERROR_TOXIC", "insufficient_system_resource"),
}
"""Every word that we have been told of; an answer that ended in another way is not understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """Why a model stopped."""

    reason: str | None
    """In OpenAI's words, or the provider's own where it has no such word."""

    raw: str | None
    """The provider's own word; None: it gave none."""

    flags: tuple[str, ...] = ()
    """`finish_unknown`: a word that nobody knows. `finish_null`: none, where one was due."""


def read_finish(choice: Mapping[str, Any], wire: Wire | None) -> Finish:
    """Return why a choice ended, from the body as it came where we have it, else from what litellm made of it."""
    given = choice.get("finish_reason")
    mapped = given if isinstance(given, str) else None
    own = choice.get("provider_specific_fields")
    native = (own if isinstance(own, Mapping) else EMPTY).get("native_finish_reason")
    raw, due = (native if isinstance(native, str) else mapped, False) if wire is None else wire.finish_raw()
    if raw is None:
        return Finish(reason=None if due else mapped, raw=None, flags=("finish_null",) if due else ())
    if raw not in KNOWN:
        return Finish(reason=raw, raw=raw, flags=("finish_unknown",))
    return Finish(reason=mapped or raw, raw=raw)
