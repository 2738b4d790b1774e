"""Finish reason: decides whether a response can be complete, by its finish reason and content."""

from __future__ import annotations

from cascade.exchange import Response

CUT_OFF = frozenset({"length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded"})
"""Finish reasons of a truncated answer, as providers write them, lower case."""

FILTERED = frozenset({"content_filter", "content_filtered", "safety", "recitation", "blocklist", "spii"})
FILTERED |= {"prohibited_content", "guardrail_intervened"}
"""Finish reasons of a content filter."""


def cut_off(response: Response) -> bool:
    """Return whether the answer was cut off before its end."""
    return (response.finish_reason or "").casefold() in CUT_OFF


def filtered(response: Response) -> bool:
    """Return whether a content filter stopped the answer."""
    return (response.finish_reason or "").casefold() in FILTERED


def incomplete_reason(response: Response) -> str | None:
    """Return why a response is incomplete, whatever its text; None if it may be complete."""
    finish = (response.finish_reason or "").casefold()
    if cut_off(response):
        return f"cut off (finish_reason {finish})"
    if filtered(response):
        return f"stopped by a content filter (finish_reason {finish})"
    if not response.text.strip() and not response.tool_calls and not response.refusal:
        return "empty"
    return None
