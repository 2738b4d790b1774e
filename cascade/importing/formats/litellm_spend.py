"""LiteLLM's spend logs: rows of `LiteLLM_SpendLogs`, as CSV, JSON or JSON Lines, or from the proxy's PostgreSQL.

The prompt stands in `proxy_server_request` (the request's body; in older versions in `messages`) and is empty unless
the proxy runs with `store_prompts_in_spend_logs: true`. Read are `COLUMNS` and no others: keys, addresses, users and
headers stay where they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cascade.errors import DataError
from cascade.importing.bodies.answered import answered_of, figure_of, iso_of, seconds_between, usage_of
from cascade.importing.bodies.asked import Asked, Unusable, asked_of
from cascade.importing.imported import Imported
from cascade.importing.reader import Choices, Found
from cascade.importing.records import decoded, records
from cascade.importing.spend_database import rows_of_database
from cascade.importing.tally import Tally

COLUMNS = (
    "request_id", "call_type", "spend", "prompt_tokens", "completion_tokens", "startTime", "endTime", "model",
    "model_group", "custom_llm_provider", "cache_hit", "messages", "response", "session_id", "status",
    "proxy_server_request",
)  # fmt: skip
"""Columns that are read, as far as a version of LiteLLM has them."""

SETTING = "general_settings: store_prompts_in_spend_logs: true"
"""The proxy's setting that stores prompts and answers."""

EMPTY_PROMPT = f"its prompt was not stored (LiteLLM stores prompts with `{SETTING}`)"
_TRUNCATED = "litellm_truncated"
_REDACTED = "redacted-by-litellm"
_NO_CHAT = ("embedding", "image", "speech", "transcription", "moderation", "rerank", "batch", "file", "ocr", "search")


def read(sources: Sequence[Path | str], tally: Tally, choices: Choices) -> Iterator[Found]:
    """Yield the answers of spend logs; see `cascade.importing.reader`.

    Raises:
        DataError: no row holds its prompt: the message names the setting.
    """
    del choices
    seen = found = 0
    for source in sources:
        rows = rows_of_database(source, COLUMNS) if isinstance(source, str) else records(source, tally, COLUMNS)
        name = "LiteLLM_SpendLogs" if isinstance(source, str) else source
        for number, row in rows:
            seen += 1
            answer = _answer(row)
            if isinstance(answer, Imported):
                found += 1
                yield answer, name, number
            else:
                tally.rows += 1
                tally.skip(answer, name, number)
    unstored = tally.skipped.get(EMPTY_PROMPT)
    if not found and unstored is not None:
        message = (
            f"{unstored.n:,} of {seen:,} rows of the spend log hold no prompt, the others no usable answer; nothing "
            f"was imported. LiteLLM stores prompts from the day its proxy runs with `{SETTING}`."
        )
        raise DataError(message)


def _answer(row: Mapping[str, Any]) -> Imported | str:
    """Return a row's answer, or why there is none."""
    status, call_type = str(row.get("status") or ""), str(row.get("call_type") or "")
    if status.lower() in ("failure", "failed", "error"):
        return "the call failed"
    if any(kind in call_type for kind in _NO_CHAT):
        return f"it is no request for a chat answer ({call_type})"
    request, response = decoded(row.get("proxy_server_request")), decoded(row.get("response"))
    asked = _asked(request, decoded(row.get("messages")))
    if isinstance(asked, str):
        return asked
    if _holds(response, _TRUNCATED) or any(_holds(message, _TRUNCATED) for message in asked.messages):
        return "LiteLLM has cut it short (MAX_STRING_LENGTH_PROMPT_IN_DB)"
    if any(_holds(message, _REDACTED) for message in asked.messages) or _holds(response, _REDACTED):
        return "LiteLLM has redacted it (turn_off_message_logging)"
    answered = answered_of(response)
    if answered is None or answered.is_empty:
        return "its answer was not stored" if not response else "it holds no answer"
    model, provider = str(row.get("model") or asked.model), str(row.get("custom_llm_provider") or "")
    cached = str(row.get("cache_hit")).lower() == "true"
    tokens = usage_of({key: figure_of(row.get(key)) for key in ("prompt_tokens", "completion_tokens")})
    spend = figure_of(row.get("spend"))
    return Imported(
        messages=asked.messages,
        params=asked.params,
        model=model,
        other_names=(f"{provider}/{model}", str(row.get("model_group") or ""), asked.model, answered.model),
        content=answered.content,
        tool_calls=answered.tool_calls,
        finish_reason=answered.finish_reason,
        logprobs=answered.logprobs,
        samples=answered.samples,
        usage={**tokens, **answered.usage},
        # What came from a cache cost nothing, and took no time, then only.
        cost_usd=None if cached or not spend else spend,
        latency_s=None if cached else seconds_between(row.get("startTime"), row.get("endTime")),
        at=iso_of(row.get("startTime")),
        source_id=_text(row.get("request_id")),
        session=_text(row.get("session_id")),
    )


def _asked(request: Any, messages: Any) -> Asked | str:
    body = request if isinstance(request, Mapping) else {}
    if isinstance(body.get("body"), Mapping):  # some versions store the body inside the request
        body = body["body"]
    if not any(body.get(key) for key in ("messages", "input", "prompt")):
        if not messages:
            return EMPTY_PROMPT
        body = {**body, "messages": messages} if isinstance(messages, list) else {**body, "prompt": messages}
    try:
        # The proxy's metadata names keys and users.
        return replace(asked_of(body), tags={})
    except Unusable as reason:
        return str(reason)


def _holds(value: Any, mark: str) -> bool:
    """Tell whether a text in a JSON value holds a mark."""
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, str):
            if mark in inner:
                return True
        elif isinstance(inner, Mapping):
            waiting += inner.values()
        elif isinstance(inner, list | tuple):
            waiting += inner
    return False


def _text(value: Any) -> str | None:
    return str(value) if value not in (None, "") else None
