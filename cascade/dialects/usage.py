"""Usage and cost that a provider reports, held against what we hold of the call: evidence before words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

from cascade.exchange import EMPTY, ModelCall
from cascade.prices import estimate_prompt_tokens, estimate_tokens
from cascade.usage import Price, Usage
from cascade.usage_bounds import (
    CALL_FEE_USD,
    output_bounds,
    output_plausible,
    prompt_bounds,
    prompt_plausible,
)

ESTIMATED, CLAMPED, IMPLAUSIBLE = "usage_estimated", "usage_clamped", "usage_implausible"
"""Flags of a response: figures were missing, and are ours; a part was larger than its whole; figures, or a cost, cannot
be true by what came, and are ours."""

_MOST_ANYTHING = 10_000_000  # tokens, more than any model takes
_HUGE = 1e300
_MOST_DIGITS = 12
_PLAIN = frozenset({"prompt_tokens", "completion_tokens", "total_tokens", "completion_tokens_details"})
_NO_PARTS = {"cached_tokens": 0, "cache_write_tokens": 0, "cache_write_hour_tokens": 0, "image_tokens": 0}
_TICKS_A_DOLLAR = 10**10  # xAI's unit of cost


class Used(NamedTuple):
    """What a call consumed and cost."""

    usage: Usage
    """Tokens: as reported, where that can be true."""

    cost_usd: float
    """US dollars that are booked: by our prices, or as the provider reports them where that is more and can be true."""

    cost_reported: float | None
    """US dollars that the provider reports; None: it does not."""

    flags: tuple[str, ...]
    """What was odd."""


def read_usage(body: Mapping[str, Any], *, call: ModelCall, price: Price, written: Sequence[str], entries: int) -> Used:
    """Return what a completion in OpenAI's form says that the call consumed; our own figures where it cannot be true.

    Args:
        body: the completion; anything at all may stand in it.
        call: what was asked.
        price: what the requested model costs.
        written: every text that came back, thinking and tool calls included.
        entries: log-probability entries of the first answer; 0: none came.
    """
    told = _told(body)
    usage, flags = _usage(told, call, written, entries)
    factor = price.tier_factor(call.params.get("service_tier"), body.get("service_tier"))
    cost_usd, reported = price.cost_usd(usage) * factor, _cost_reported(told)
    if reported is not None and reported > cost_usd:
        if reported <= _most_usd(call, price, factor, written, entries):
            cost_usd = reported
        else:
            flags = tuple(dict.fromkeys((*flags, IMPLAUSIBLE)))
    return Used(usage=usage, cost_usd=cost_usd, cost_reported=reported, flags=flags)


def _usage(
    told: Mapping[str, Any], call: ModelCall, written: Sequence[str], entries: int
) -> tuple[Usage, tuple[str, ...]]:
    inside, outside = _mapping(told.get("prompt_tokens_details")), _mapping(told.get("completion_tokens_details"))
    parts = _parts(told, inside) if inside or not told.keys() <= _PLAIN else _NO_PARTS
    prompt, answer = _count(told.get("prompt_tokens")), _count(told.get("completion_tokens"))
    reasoning = _first(outside.get("reasoning_tokens"), told.get("reasoning_tokens"))
    total = _count(told.get("total_tokens"))
    absurd = any(_is_absurd(told)) or any(_is_absurd(inside)) or any(_is_absurd(outside))
    if prompt and answer is not None and total is not None and total > prompt + answer:
        missing = total - prompt - answer
        if missing in {parts["cached_tokens"], parts["cached_tokens"] + parts["cache_write_tokens"]}:
            prompt += missing  # the cache's tokens are counted beside the prompt's
        elif output_plausible(call, answer + missing, written, entries=entries):
            # Thinking that only the total tells is billed as any other.
            answer, reasoning = answer + missing, max(reasoning, missing)
        else:
            absurd = True
    if prompt and not prompt_plausible(call, prompt):
        prompt, absurd = None, True
    if answer and not output_plausible(call, answer, written, entries=entries):
        answer, absurd = None, True
    # Zeros are what litellm makes of a missing usage: no prompt has none, and no answer with text has none.
    unanswered = answer is None or (answer == 0 and any(written))
    estimated = not prompt or unanswered
    if not prompt:
        prompt = prompt_bounds(call).clamp(estimate_prompt_tokens(call.messages, call.params))
    if answer is None or unanswered:
        guess = entries if entries and len(written) == 1 else sum(map(estimate_tokens, written))
        answer = output_bounds(call, written, entries=entries).clamp(guess)
    clamped = reasoning > answer or any(part > prompt for part in parts.values())
    writes = min(parts["cache_write_tokens"], prompt)
    usage = Usage(
        input_tokens=prompt,
        output_tokens=answer,
        cached_tokens=min(parts["cached_tokens"], prompt),
        cache_write_tokens=writes,
        cache_write_hour_tokens=min(parts["cache_write_hour_tokens"], writes),
        image_tokens=min(parts["image_tokens"], prompt),
        reasoning_tokens=min(reasoning, answer),
        estimated=estimated,
    )
    marks = ((ESTIMATED, estimated and not absurd), (IMPLAUSIBLE, absurd), (CLAMPED, clamped))
    return usage, tuple(flag for flag, holds in marks if holds)


def _told(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the usage object of a completion, wherever it stands."""
    choices = body.get("choices")
    first = choices[0] if isinstance(choices, list | tuple) and choices else None
    places = (body.get("usage"), _mapping(first).get("usage"), _mapping(body.get("x_groq")).get("usage"))
    return next((place for place in places if isinstance(place, Mapping) and place), EMPTY)


def _parts(told: Mapping[str, Any], inside: Mapping[str, Any]) -> dict[str, int]:
    """Return the parts of the prompt's tokens that have prices of their own, in whichever of the known places."""
    written = _mapping(told.get("cache_creation")) or _mapping(inside.get("cache_creation_token_details"))
    hour, minutes = _first(written.get("ephemeral_1h_input_tokens")), _first(written.get("ephemeral_5m_input_tokens"))
    read = (inside.get("cached_tokens"), told.get("cached_tokens"), told.get("prompt_cache_hit_tokens"))
    made = (
        inside.get("cache_creation_tokens"),
        inside.get("cache_write_tokens"),
        told.get("cache_creation_input_tokens"),
    )
    return {
        "cached_tokens": _first(*read, told.get("cache_read_input_tokens")),
        "cache_write_tokens": max(_first(*made), hour + minutes),
        "cache_write_hour_tokens": hour,
        "image_tokens": _first(inside.get("image_tokens")),
    }


def _cost_reported(told: Mapping[str, Any]) -> float | None:
    """Return the US dollars that a provider says it charged, in whichever of the known forms.

    OpenRouter's `cost`, Perplexity's `cost.total_cost`, DeepInfra's `estimated_cost`, xAI's `cost_in_usd_ticks`.
    """
    cost = told.get("cost")
    ticks = told.get("cost_in_usd_ticks")
    scaled = ticks / _TICKS_A_DOLLAR if _is_figure(ticks) else None
    given = (cost.get("total_cost") if isinstance(cost, Mapping) else cost, told.get("estimated_cost"), scaled)
    return next((float(value) for value in given if _is_figure(value) and value >= 0), None)


def _most_usd(call: ModelCall, price: Price, factor: float, written: Sequence[str], entries: int) -> float:
    """Return the most that the call can have cost by what we hold: every token at its bound, and a fee for the call."""
    most = Usage(
        input_tokens=prompt_bounds(call).high, output_tokens=output_bounds(call, written, entries=entries).high
    )
    dearest = max(price.input_usd, price.cache_write_usd or 0.0, price.image_usd or 0.0)
    reasoning = max(price.output_usd, price.reasoning_usd or 0.0)
    tokens_usd = most.input_tokens * dearest + most.output_tokens * reasoning
    return price.call_usd + CALL_FEE_USD + tokens_usd * max(factor, 1.0)


def _first(*values: Any) -> int:
    """Return the first usable number of tokens above 0; 0 where there is none."""
    return next((count for value in values if (count := _count(value))), 0)


def _count(value: Any) -> int | None:
    """Return a usable number of tokens; None where it is none. Some servers write it as a text of digits."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:_MOST_DIGITS])
    return math.ceil(value) if _is_figure(value) and 0 <= value <= _MOST_ANYTHING else None


def _is_absurd(counts: Mapping[str, Any]) -> Iterator[bool]:
    """Tell of each number of tokens whether no model has so many."""
    for name, value in counts.items():
        if isinstance(value, (int, float)) and not 0 <= value <= _MOST_ANYTHING:
            yield str(name).endswith("_tokens")


def _is_figure(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and -_HUGE < value < _HUGE


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else EMPTY
