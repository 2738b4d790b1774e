"""Quotations: removes quoted prompts and answers from reasons, errors and flags, for a log that stores no text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cascade.exchange import Request, text_of
from cascade.failure import FailureKind
from cascade.result import Result

RUN = 24
"""Length of a run of characters, shared with prompt or answer, that counts as a quotation."""

QUOTING = frozenset({"reason", "flags", "finish_reason", "model_reported"})
"""Columns with texts of verifiers and providers, which may quote; without `store_text` no quotation is stored."""

WORD = re.compile(r"[\w.:/-]{1,64}")
LEFT_OUT = "[text left out]"
OURS = frozenset({FailureKind.BUDGET, FailureKind.DEADLINE, FailureKind.BREAKER, FailureKind.MISSING})
"""Failures whose messages are our own."""

MOST = 2_000
"""Characters of a reason that are checked; the stored part is shorter."""


def error_without_text(result: Result[Any]) -> str | None:
    """Return the error without the provider's message, which may quote the prompt."""
    last = result.attempts[-1] if result.attempts else None
    failure = None if last is None else last.failure or last.verifier_failure
    if last is None or failure is None or failure.kind in OURS:
        return result.error
    status = "" if failure.status is None else f", HTTP status {failure.status}"
    return f"{last.rung}: {failure.kind.value}{status}"


def foreign_texts(result: Result[Any], request: Request) -> list[str]:
    """Return the texts of user, models and providers."""
    texts = [text_of(message.get("content")) for message in request.messages]
    for attempt in result.attempts:
        if attempt.response is not None:
            texts += [attempt.response.text, *map(str, attempt.response.tool_calls)]
        texts += [failure.message for failure in (attempt.failure, attempt.verifier_failure) if failure is not None]
    return [text for text in texts if len(text) >= RUN]


def leave_out_quotations(rows: Mapping[str, list[dict[str, Any]]], texts: Sequence[str]) -> None:
    """Remove reasons and flags that quote `texts`, and providers' codes that are not a single word."""
    for own in rows.values():
        for row in own:
            for column in QUOTING & row.keys():
                value = row[column]
                if isinstance(value, list):
                    row[column] = [LEFT_OUT if _quotes(item, texts) else item for item in value]
                elif isinstance(value, str) and (
                    _quotes(value, texts) or (column == "finish_reason" and WORD.fullmatch(value) is None)
                ):
                    row[column] = LEFT_OUT


def _quotes(text: str, texts: Sequence[str]) -> bool:
    """Return whether a text shares a run of at least `RUN` characters with one of `texts`."""
    if len(text) < RUN:
        return False
    half = RUN // 2
    for start in range(0, min(len(text), MOST) - half + 1, half):
        # Any such run contains one of these windows; if one is found, the run itself is searched.
        near = [known for known in texts if text[start : start + half] in known]
        first = max(0, start - half)
        if any(text[at : at + RUN] in known for known in near for at in range(first, min(start, len(text) - RUN) + 1)):
            return True
    return False
