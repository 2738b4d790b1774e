"""Usage and Price: what one call consumed, and what that costs in US dollars."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

from cascade.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens that one call consumed, as the provider reported them or as we estimated them."""

    input_tokens: int = 0
    """All tokens of the prompt, cached, cache-writing and image tokens included."""

    output_tokens: int = 0
    """All tokens of the answer, reasoning tokens included."""

    cached_tokens: int = 0
    """The part of `input_tokens` that was read from the provider's prompt cache."""

    cache_write_tokens: int = 0
    """The part of `input_tokens` that was written to the provider's prompt cache, for however long."""

    cache_write_hour_tokens: int = 0
    """The part of `cache_write_tokens` that is kept for an hour, which costs more."""

    image_tokens: int = 0
    """The part of `input_tokens` that came from images."""

    reasoning_tokens: int = 0
    """The part of `output_tokens` that was spent on reasoning that is not shown."""

    estimated: bool = False
    """True where the provider gave no usable figures and we counted ourselves."""

    def __add__(self, other: Usage) -> Usage:
        """Sum two usages; the sum is estimated if either is."""
        numbers = {kind: getattr(self, kind) + getattr(other, kind) for kind in _TOKENS}
        return Usage(**numbers, estimated=self.estimated or other.estimated)


_TOKENS = tuple(field.name for field in fields(Usage) if field.name != "estimated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars per token of one model; kinds without a price of their own cost what their whole costs."""

    input_usd: float
    """Dollars per input token."""

    output_usd: float
    """Dollars per output token."""

    cached_usd: float | None = None
    """Dollars per input token read from the prompt cache; None: `input_usd`."""

    cache_write_usd: float | None = None
    """Dollars per input token written to the prompt cache; None: `input_usd`."""

    cache_write_hour_usd: float | None = None
    """Dollars per input token written to the prompt cache for an hour; None: twice `input_usd`, as Anthropic asks."""

    image_usd: float | None = None
    """Dollars per input token of an image; None: `input_usd`."""

    reasoning_usd: float | None = None
    """Dollars per reasoning token; None: `output_usd`."""

    call_usd: float = 0.0
    """Dollars per call, whatever its length."""

    flex_factor: float = 1.0
    """What the service tier `flex` costs, in parts of the standard price: 0.5 at OpenAI and Google, 1 at Groq."""

    priority_factor: float = 2.5
    """What the service tier `priority` costs, in parts of the standard price; 1.67 to 2.5 are asked."""

    batch_discount: float = 0.5
    """What a provider batch saves, in parts of the standard price, in [0, 1]: 0.5 at OpenAI, Anthropic, Google and
    Mistral; 0 for a server of your own that gives none."""

    def __post_init__(self) -> None:
        """Refuse prices that are negative or not numbers: they would make spending look like earning."""
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not (isinstance(value, int | float) and math.isfinite(value) and value >= 0):
                message = f"price.{field.name} is {value!r}; a finite number of US dollars, 0 or more, was expected."
                raise ConfigError(message)
        if self.batch_discount > 1.0:
            message = f"price.batch_discount is {self.batch_discount!r}; a part of the price, 0 to 1, was expected."
            raise ConfigError(message)

    def batched(self) -> Price:
        """Return the price in a provider batch: everything less `batch_discount`."""
        part = 1.0 - self.batch_discount
        kinds = ("input", "output", "cached", "cache_write", "cache_write_hour", "image", "reasoning", "call")
        known = {f"{kind}_usd": getattr(self, f"{kind}_usd") for kind in kinds}
        return replace(self, **{name: part * usd for name, usd in known.items() if usd is not None})

    def cost_usd(self, usage: Usage) -> float:
        """Return the dollars that `usage` costs at this price; parts are never counted beyond their whole."""
        plain, total = usage.input_tokens, self.call_usd
        hour = min(max(usage.cache_write_hour_tokens, 0), max(usage.cache_write_tokens, 0))
        for tokens, own in (
            (usage.cached_tokens, self.cached_usd),
            (hour, 2 * self.input_usd if self.cache_write_hour_usd is None else self.cache_write_hour_usd),
            (usage.cache_write_tokens - hour, self.cache_write_usd),
            (usage.image_tokens, self.image_usd),
        ):
            part = min(max(tokens, 0), plain)
            plain -= part
            total += part * (self.input_usd if own is None else own)
        reasoning = min(max(usage.reasoning_tokens, 0), usage.output_tokens)
        total += plain * self.input_usd + (usage.output_tokens - reasoning) * self.output_usd
        return total + reasoning * (self.output_usd if self.reasoning_usd is None else self.reasoning_usd)

    def tier_factor(self, asked: Any, served: Any = None) -> float:
        """Return what a service tier costs, in parts of the standard price.

        Args:
            asked: the tier that the call asks for, or anything at all.
            served: the tier that the answer says; where it says none that is known, the dearer of the one that was
                asked for and the standard one was billed, as far as anybody can tell.
        """
        factors = {"flex": self.flex_factor, "priority": self.priority_factor}
        if isinstance(served, str):
            return factors.get(served.lower(), 1.0)
        return max(1.0, factors.get(asked.lower(), 1.0)) if isinstance(asked, str) else 1.0


def require_price(given: Any, whose: str) -> None:
    """Validate that a price is a Price or None; a mapping is for cascade.yaml.

    Raises:
        ConfigError: it is something else.
    """
    if given is not None and not isinstance(given, Price):
        message = f"{whose}: price is {given!r}; a Price(input_usd=…, output_usd=…) was expected."
        raise ConfigError(message)
