"""Types of a line of samples: what a field may hold, and how the forms that other writers give it are read."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, NotRequired

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import AllowInfNan, BeforeValidator, ConfigDict, TypeAdapter
from typing_extensions import TypedDict

LOWEST_LOGPROB = -9999.0
"""Stand-in for a log-probability of −∞, which JSON cannot hold: several providers give the same figure."""

_OPEN = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)


def as_name(value: Any) -> Any:
    """Return a whole number as text, since ids are often numbers; anything else unchanged."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return str(int(value)) if value == value // 1 and math.isfinite(value) else value


def _whole(value: Any) -> Any:
    """Return a whole number as an int: a column of integers with gaps comes as floats."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _share(value: Any) -> Any:
    return float(value) if isinstance(value, bool) else value


def _logprob(value: Any) -> Any:
    return LOWEST_LOGPROB if value == -math.inf else value


Name = Annotated[str, BeforeValidator(as_name, json_schema_input_type=str | int)]
Count = Annotated[int, Ge(0), BeforeValidator(_whole, json_schema_input_type=int | float)]
Share = Annotated[float, Ge(0), Le(1)]
Label = Annotated[Share, BeforeValidator(_share, json_schema_input_type=bool | float)]
Cost = Annotated[float, Ge(0)]
LogProb = Annotated[float, Le(1e-6), AllowInfNan(False), BeforeValidator(_logprob, json_schema_input_type=float)]


class UsageLine(TypedDict):
    """JSON form of usage."""

    __pydantic_config__ = _OPEN  # type: ignore[misc]
    input_tokens: NotRequired[Count | None]
    output_tokens: NotRequired[Count | None]
    cached_tokens: NotRequired[Count | None]
    cache_write_tokens: NotRequired[Count | None]
    cache_write_hour_tokens: NotRequired[Count | None]
    image_tokens: NotRequired[Count | None]
    reasoning_tokens: NotRequired[Count | None]
    estimated: NotRequired[bool | None]


class VerdictLine(TypedDict):
    """JSON form of a verdict."""

    __pydantic_config__ = _OPEN  # type: ignore[misc]
    score: NotRequired[Share | None]
    cost_usd: NotRequired[Cost | None]
    latency_s: NotRequired[Cost | None]
    veto: NotRequired[bool | None]
    reason: NotRequired[str | None]
    signals: NotRequired[dict[str, float | None] | None]


class RecordingLine(TypedDict):
    """JSON form of a recording; null is the same as absent, and a null sample is an empty answer.

    A null log-probability is −∞, which JSON cannot hold; as the first of a list it is none, and left out.
    """

    __pydantic_config__ = _OPEN  # type: ignore[misc]
    model: Annotated[str, MinLen(1)]
    content: NotRequired[str | None]
    tool_calls: NotRequired[list[dict[str, Any]] | None]
    finish_reason: NotRequired[str | None]
    logprobs: NotRequired[list[LogProb | None] | None]
    tokens: NotRequired[list[str | None] | None]
    samples: NotRequired[list[str | None] | None]
    sample_answers: NotRequired[list[str | None] | None]
    usage: NotRequired[UsageLine | None]
    cost_usd: NotRequired[Cost | None]
    latency_s: NotRequired[Cost | None]
    rung: NotRequired[Annotated[Name, MinLen(1)] | None]
    verdicts: NotRequired[dict[str, VerdictLine | None] | None]
    correct: NotRequired[Label | None]
    label_source: NotRequired[str | None]
    served_features: NotRequired[dict[str, float | None] | None]
    finish_unknown: NotRequired[bool | None]
    asked_again: NotRequired[Literal["valid", "invalid", "failed"] | None]


class SampleLine(TypedDict):
    """JSON form of a sample; null is the same as absent, and unknown fields are kept."""

    __pydantic_config__ = _OPEN  # type: ignore[misc]
    id: NotRequired[Annotated[Name, MinLen(1)] | None]
    task: NotRequired[Name | None]
    messages: NotRequired[list[dict[str, Any]] | None]
    prompt: NotRequired[str | None]
    gold: NotRequired[Any]
    schema: NotRequired[dict[str, Any] | None]
    tools: NotRequired[list[dict[str, Any]] | None]
    params: NotRequired[dict[str, Any] | None]
    metadata: NotRequired[dict[str, Any] | None]
    recordings: NotRequired[list[RecordingLine] | None]
    group: NotRequired[Name | None]
    session: NotRequired[Name | None]
    propensity: NotRequired[Annotated[float, Gt(0), Le(1)] | None]
    tags: NotRequired[dict[str, Name | None] | None]
    hash_id: NotRequired[Annotated[Name, MinLen(1)] | None]
    textless: NotRequired[bool | None]


LINE: TypeAdapter[Any] = TypeAdapter(SampleLine)
"""Validator of one line; `cascade schema samples` prints its JSON Schema."""
