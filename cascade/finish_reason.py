"""Finish reason: decides whether a response can be complete, by its finish reason and content."""

from __future__ import annotations

from cascade.exchange import Response

CUT_OFF = frozenset({"length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded"})
CUT_OFF |= {"pause_turn", "insufficient_system_resource"}  # Anthropic: to be continued; DeepSeek: broken off
"""Reasons for stopping that mean that the answer is not whole, in the words of the providers, lower case."""

FILTERED = frozenset({"content_filter", "content_filtered", "safety", "recitation", "blocklist", "spii"})
FILTERED |= {"prohibited_content", "guardrail_intervened", "sensitive", "error_toxic", "image_safety"}
"""Finish reasons of a content filter."""

FINISH_UNKNOWN = "finish_unknown"
"""Flag of a response whose finish reason is no known word: it is never accepted below the top."""


def cut_off(response: Response) -> bool:
    """Tell whether the answer was cut off before its end, by its reason or by the provider's own word for it."""
    return any((word or "").casefold() in CUT_OFF for word in (response.finish_reason, response.finish_raw))


def filtered(response: Response) -> bool:
    """Return whether a content filter stopped the answer."""
    return (response.finish_reason or "").casefold() in FILTERED


def incomplete_reason(response: Response) -> str | None:
    """Return why a response is incomplete, whatever its text; None if it may be complete."""
    finish = (response.finish_reason or "").casefold()
    if cut_off(response):
        return f"cut off (finish_reason {response.finish_raw or finish})"
    if filtered(response):
        return f"stopped by a content filter (finish_reason {finish})"
    if not response.text.strip() and not response.tool_calls and not response.refusal:
        return "empty"
    return None
