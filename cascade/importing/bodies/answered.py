"""What was answered: response bodies of Chat Completions, Responses, Messages, Gemini and older completions."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cascade.dialects.finish import read_finish
from cascade.dialects.logprobs import choice_logprobs, read_logprobs
from cascade.dialects.message import read_message
from cascade.dialects.native import as_chat
from cascade.exchange import EMPTY

_MOST_ABOVE_ZERO = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One answer, from a provider's body."""

    content: str
    """Its text, thinking left out; a refusal's own text where there is no other."""

    tool_calls: tuple[Mapping[str, Any], ...] = ()
    """Its tool calls, in OpenAI's form."""

    finish_reason: str | None = None
    """Why the model stopped, in OpenAI's words where there is one."""

    logprobs: tuple[float, ...] | None = None
    """Log-probabilities of its tokens; None without usable ones."""

    samples: tuple[str, ...] = ()
    """Further answers of the same call."""

    usage: Mapping[str, int] = EMPTY
    """Token counts under the names of a samples line."""

    model: str = ""
    """The model that the provider says it ran; '' where it does not say."""

    at: str | None = None
    """When it was made, UTC, ISO 8601."""

    @property
    def is_empty(self) -> bool:
        """Whether there is no answer at all: no text, no call, no reason for stopping."""
        return not self.content and not self.tool_calls and self.finish_reason is None


def answered_of(body: Any) -> Answered | None:
    """Return the answer in a response body, in whichever of the known dialects; None where there is none."""
    if not isinstance(body, Mapping):
        return None
    if isinstance(body.get("output"), list):
        body = _of_responses(body)
    chat = as_chat(_of_completions(body))
    if chat is None:
        return None
    choices = chat["choices"]
    said = [read_message(choice["message"]) for choice in choices]
    return Answered(
        content=said[0].text or said[0].refusal or "",
        tool_calls=said[0].tool_calls,
        finish_reason=read_finish(choices[0]).reason,
        logprobs=_logprobs(choices[0], chat),
        samples=tuple(one.text for one in said[1:]),
        usage=usage_of(chat.get("usage")),
        model=chat["model"] if isinstance(chat.get("model"), str) else "",
        at=iso_of(body.get("created", body.get("created_at"))),
    )


def usage_of(told: Any) -> dict[str, int]:
    """Return token counts under the names of a samples line; what is no count is left out.

    Input tokens include cached ones and those that were written to the cache.
    """
    used = told if isinstance(told, Mapping) else EMPTY
    inside = _first_mapping(used, "prompt_tokens_details", "input_tokens_details")
    outside = _first_mapping(used, "completion_tokens_details", "output_tokens_details")
    counts = {
        "input_tokens": _count(used, "prompt_tokens", "input_tokens"),
        "output_tokens": _count(used, "completion_tokens", "output_tokens"),
        "cached_tokens": _count(inside, "cached_tokens") or _count(used, "cache_read_input_tokens"),
        "cache_write_tokens": _count(inside, "cache_write_tokens") or _count(used, "cache_creation_input_tokens"),
        "reasoning_tokens": _count(outside, "reasoning_tokens"),
    }
    return {name: count for name, count in counts.items() if count}


def iso_of(moment: Any) -> str | None:
    """Return a moment as UTC in ISO 8601 (`2026-01-31T12:00:00Z`); None where it is none.

    Read are seconds, milliseconds or nanoseconds since 1970, dates of databases, and texts; without a zone they are
    taken for UTC.
    """
    if isinstance(moment, str) and moment:
        try:
            moment = dt.datetime.fromisoformat(moment.strip())
        except ValueError:
            moment = float(moment) if moment.isdigit() and len(moment) < 20 else None
    if isinstance(moment, int | float) and not isinstance(moment, bool) and math.isfinite(moment) and moment > 0:
        while moment > 1e11:  # milliseconds, microseconds, nanoseconds
            moment /= 1000
        moment = dt.datetime.fromtimestamp(moment, tz=dt.UTC)
    if not isinstance(moment, dt.datetime):
        return None
    known = moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment
    try:
        return known.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except OverflowError:
        return None


def seconds_between(start: Any, end: Any) -> float | None:
    """Return the seconds between two moments as `iso_of` takes them; None where one is none, or they run backwards."""
    moments = [_moment(start), _moment(end)]
    if None in moments:
        return None
    seconds = (moments[1] - moments[0]).total_seconds()  # type: ignore[operator]
    return round(seconds, 6) if seconds >= 0 else None


def figure_of(value: Any) -> float | None:
    """Return a finite number, as such or as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        try:
            value = None if value is None or isinstance(value, bool) else str(value)
        except ValueError:
            return None
    try:
        number = float(value) if value not in (None, "") else math.nan
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _moment(value: Any) -> dt.datetime | None:
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            if not value.isdigit() or len(value) > 20:
                return None
            value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 1e17 < value < 1e19:
        value = dt.datetime.fromtimestamp(value / 1e9, tz=dt.UTC)
    if not isinstance(value, dt.datetime):
        return None
    return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value


def _logprobs(choice: Mapping[str, Any], body: Mapping[str, Any]) -> tuple[float, ...] | None:
    given = choice_logprobs(choice, body)
    tokens = read_logprobs(given, 0) if given else None
    figures = tuple(token.logprob for token in tokens or ())
    if not figures or any(math.isnan(figure) or figure > _MOST_ABOVE_ZERO for figure in figures):
        return None
    return figures


def _of_completions(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a body of the older completions, whose choices hold a text, as a chat completion; others unchanged."""
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping) or "text" not in choices[0]:
        return body
    made = [
        {**choice, "message": {"role": "assistant", "content": choice.get("text")}}
        for choice in choices
        if isinstance(choice, Mapping) and "message" not in choice
    ]
    return {**body, "choices": made} if len(made) == len(choices) else body


def _of_responses(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a body of the Responses form as a chat completion."""
    items = [item for item in body["output"] if isinstance(item, Mapping)]
    message: dict[str, Any] = {"role": "assistant", "content": [*_parts(items)]}
    calls = [
        {
            "id": item.get("call_id") or item.get("id"),
            "type": "function",
            "function": {"name": item.get("name"), "arguments": item.get("arguments")},
        }
        for item in items
        if item.get("type") == "function_call"
    ]
    if calls:
        message["tool_calls"] = calls
    why = body.get("incomplete_details")
    reason = why.get("reason") if isinstance(why, Mapping) else None
    finish = {"max_output_tokens": "length", "content_filter": "content_filter"}.get(str(reason))
    choice = {"message": message, "finish_reason": finish or ("tool_calls" if calls else "stop")}
    if body.get("status") in ("failed", "cancelled", "queued", "in_progress"):
        return EMPTY
    return {**body, "choices": [choice]}


def _parts(items: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for item in items:
        if item.get("type", "message") == "message" and isinstance(item.get("content"), list):
            yield from (part for part in item["content"] if isinstance(part, Mapping))


def _first_mapping(used: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    return next((used[name] for name in names if isinstance(used.get(name), Mapping)), EMPTY)


def _count(used: Mapping[str, Any], *names: str) -> int:
    for name in names:
        value = used.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e12:
            return int(value)
    return 0
