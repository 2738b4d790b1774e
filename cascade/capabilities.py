"""Capabilities: what a request needs of a model, and which rungs cannot or may not give it, so that they are skipped.

A rung's own `can` decides; where it says nothing, the price map that litellm bundles does, read as a file
(`Rung.able`). That map ages, and its silence proves little: only pictures and sound are taken for missing where it does
not name them, and only for models of which it names something.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cascade.exchange import Request
from cascade.ladder import Rung
from cascade.prices import bundled_window, output_limit
from cascade.usage_bounds import least_prompt_tokens

ALLOW = "allow:"
"""What a rung lacks that may not see a request, before the tag by which it may not; also the flag of the result."""

_PARTS: Mapping[str, str] = {"image_url": "images", "image": "images", "input_image": "images", "input_audio": "audio"}
_PARAMETERS: Mapping[str, str] = {
    **dict.fromkeys(("tools", "functions"), "tools"),
    **dict.fromkeys(("reasoning_effort", "thinking", "reasoning"), "reasoning"),
    **dict.fromkeys(("logprobs", "top_logprobs"), "logprobs"),
}


def unfit(rung: Rung, request: Request) -> str | None:
    """Return what a rung lacks for a request (`images`, `window`, `allow:region`, …); None where it may be asked."""
    if (tag := not_allowed(rung, request)) is not None:
        return tag
    for need in dict.fromkeys(needs(request)):
        if rung.able(need) is False:
            return need
    return "window" if _too_long(rung, request) else None


def not_allowed(rung: Rung, request: Request) -> str | None:
    """Return the tag by which a rung may not see a request, as `allow:region`; None where it may."""
    for tag, values in rung.allow.items():
        if request.tags.get(tag) not in values:
            return f"{ALLOW}{tag}"
    return None


def needs(request: Request) -> Iterator[str]:
    """Yield what a request needs of a model, by its messages and its own parameters.

    A schema is none of it: a model that takes none is sent the schema in words (`cascade/schema_sending.py`).
    """
    for message in request.messages:
        content = message.get("content")
        for part in content if isinstance(content, list | tuple) else ():
            if isinstance(part, Mapping) and (need := _PARTS.get(str(part.get("type")))) is not None:
                yield need
    for name, value in request.params.items():
        if value and (need := _PARAMETERS.get(name)) is not None:
            yield need


def window_of(rung: Rung) -> int | None:
    """Return the tokens of a rung's context window; None where they are not known."""
    return rung.context_window or bundled_window(rung.model)


def _too_long(rung: Rung, request: Request) -> bool:
    """Tell whether a request is surely too long: by the fewest tokens that its texts can have, and its `max_tokens`.

    Only a window that was configured is looked at: the table's is for prompts alone, and to look it up takes its time.
    """
    if rung.context_window is None:
        return False
    answer = output_limit(request.params) or 0
    return least_prompt_tokens(request.messages) + answer > rung.context_window
