"""Error bodies, read by structure: codes, messages and waits, from wherever providers put them.

Only the provider's own fields are read. What it quotes of a request (`input`, `messages`, `prompt`) is not: a prompt
that speaks of quotas is no spent quota.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_INSIDE = (
    *("error", "errors", "detail", "details", "innererror", "inner_error", "metadata", "base_resp", "fault"),
    *("violations", "raw", "cause", "Error", "provider_specific_fields", "body", "choices"),
)
"""Fields that hold a further error object, a list of them, or one written as JSON."""

_CODES = (
    *("code", "type", "status", "reason", "error_type", "error_code", "status_code", "http_code", "err_code"),
    *("__type", "@type", "quotaId", "finish_reason"),
)
_MESSAGES = ("message", "msg", "Message", "error_message", "error_msg", "errorMessage", "status_msg", "title", "detail")
_NAMING = tuple(name for name in _CODES if name != "finish_reason")
"""Fields that name an error: a choice has a reason for stopping, too."""

_ANSWERS = ("choices", "content", "candidates", "output")
"""Fields that hold the answer, in the dialects of providers."""

_WORD = re.compile(r"[\w.-]{1,80}")
_TELLING = ("flagged_input", "content_filter_result", "contentFilter", "retryDelay")
"""Fields that say what an error is by being there."""

_MOST_DEPTH, _MOST_ITEMS, _MOST_CHARACTERS = 8, 64, 2000
_STATUS = re.compile(r"[45][0-9][0-9]")
_SECONDS = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,9})?)s")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBody:
    """What an error's body says."""

    codes: frozenset[str] = frozenset()
    """Codes, types, reasons: lower case."""

    messages: tuple[str, ...] = ()
    """Sentences for people, the outermost first."""

    retry_after_s: float | None = None
    """Seconds after which Gemini says that a retry may succeed; None: it does not."""

    is_error: bool = False
    """Whether the body holds an error object, or a MiniMax status that is none of success."""

    @property
    def status(self) -> int | None:
        """The HTTP status that stands among the codes; None where none does."""
        return next((int(code) for code in sorted(self.codes) if _STATUS.fullmatch(code)), None)

    @property
    def message(self) -> str:
        """The sentence that says most: the innermost for a gateway that only says that its provider failed."""
        return max(self.messages[:4], key=_worth, default="")


def read_error(body: Any) -> ErrorBody:
    """Read the body of an error: parsed JSON, or text where it is none."""
    if isinstance(body, str):
        found = _json_in(body)
        return ErrorBody(messages=(body[:_MOST_CHARACTERS],)) if found is None else read_error(found)
    codes: set[str] = set()
    messages: list[str] = []
    waits: list[float] = []
    for item in _objects(body, _MOST_DEPTH):
        if isinstance(item, str):
            messages.append(item[:_MOST_CHARACTERS])
            if _WORD.fullmatch(item):
                codes.add(item.casefold())  # a code in the place of a sentence
            continue
        codes.update(_codes(item))
        messages += [text[:_MOST_CHARACTERS] for key in _MESSAGES if isinstance(text := item.get(key), str) and text]
        if (wait := _SECONDS.fullmatch(str(item.get("retryDelay")))) is not None:
            waits.append(float(wait[1]))
    return ErrorBody(
        codes=frozenset(codes),
        messages=tuple(dict.fromkeys(messages)),
        retry_after_s=max(waits, default=None),
        is_error=holds_error(body),
    )


def holds_error(body: Any) -> bool:
    """Tell whether a body holds an error, which counts even beside an answer; an empty one does not.

    In a choice it counts as at the top. A body without an answer is one as a whole, if it has the fields of an error.
    """
    body = body[0] if isinstance(body, list) and body else body  # Gemini's errors may come in a list
    if not isinstance(body, Mapping):
        return False
    error, base = body.get("error"), body.get("base_resp")
    if isinstance(base, Mapping) and base.get("status_code") not in {0, None}:
        return True
    choices = body.get("choices")
    if isinstance(choices, list) and any(isinstance(one, Mapping) and _says(one.get("error")) for one in choices):
        return True
    if error or any(body.get(name) for name in _ANSWERS):
        return _says(error)
    return any(_says(body.get(name)) for name in ("errors", "detail")) or (
        any(isinstance(body.get(name), str) and body[name] for name in _MESSAGES) and _says(body)
    )


def _says(error: Any) -> bool:
    """Tell whether what stands in the place of an error is one: empty fields say that there is none."""
    if isinstance(error, Mapping):
        named = any(isinstance(error.get(name), str | int) and error[name] for name in (*_NAMING, *_MESSAGES))
        return named or error.get("code") is not None
    return bool(error)


def _objects(value: Any, depth: int) -> Iterator[Mapping[str, Any] | str]:
    """Yield the error objects in a body, the outermost first, and texts that stand in the place of one."""
    if isinstance(value, str):
        inner = _json_in(value)
        if inner is not None:
            yield from _objects(inner, depth - 1)
        else:
            yield value
    elif depth <= 0:
        return
    elif isinstance(value, list):
        for item in value[:_MOST_ITEMS]:
            yield from _objects(item, depth - 1)
    elif isinstance(value, Mapping):
        yield value
        for key in _INSIDE:
            if value.get(key):
                yield from _objects(value[key], depth - 1)
        if (inner := _json_in(value.get("message"))) is not None:
            yield from _objects(inner, depth - 1)


def _codes(item: Mapping[str, Any]) -> Iterator[str]:
    for key in _CODES:
        code = item.get(key)
        if isinstance(code, str | int) and not isinstance(code, bool):
            yield str(code)[:200].casefold()
    for key in _TELLING:
        if key in item:
            yield key.casefold()


def _json_in(text: Any) -> Any:
    """Return the object that a text holds from its first brace on; None where it holds none."""
    start = text.find("{") if isinstance(text, str) else -1
    if start < 0 or len(text) > 1 << 16:
        return None
    try:
        return json.JSONDecoder().raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        return None


def _worth(message: str) -> int:
    return 0 if message.casefold() in {"provider returned error", "bad request", "error"} else 1
