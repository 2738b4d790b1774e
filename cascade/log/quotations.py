"""Quotations: what a log that stores no text leaves out of reasons, errors and flags, since they may repeat one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cascade.exchange import Request, text_of
from cascade.failure import FailureKind
from cascade.result import Result

RUN = 24
"""Characters in a row that a reason shares with prompt or answer where it quotes them."""

QUOTING = frozenset({"reason", "flags", "finish_reason", "model_reported"})
"""Columns that verifiers and providers write, and that may quote; without `store_text` no quotation is stored."""

WORD = re.compile(r"[\w.:/-]{1,64}")
LEFT_OUT = "[text left out]"
OURS = frozenset({FailureKind.BUDGET, FailureKind.DEADLINE, FailureKind.BREAKER, FailureKind.MISSING})
"""Failures whose messages are our own words."""

MOST = 2_000
"""Characters of a reason that are looked at; what is stored of it is shorter."""


def error_without_text(result: Result[Any]) -> str | None:
    """Return what went wrong without what a provider said about it: its message may quote the prompt."""
    last = result.attempts[-1] if result.attempts else None
    failure = None if last is None else last.failure or last.verifier_failure
    if last is None or failure is None or failure.kind in OURS:
        return result.error
    status = "" if failure.status is None else f", HTTP status {failure.status}"
    return f"{last.rung}: {failure.kind.value}{status}"


def foreign_texts(result: Result[Any], request: Request) -> list[str]:
    """Return what was said by user and models, and what providers said of it."""
    texts = [text_of(message.get("content")) for message in request.messages]
    for attempt in result.attempts:
        if attempt.response is not None:
            texts += [attempt.response.text, *map(str, attempt.response.tool_calls)]
        texts += [failure.message for failure in (attempt.failure, attempt.verifier_failure) if failure is not None]
    return [text for text in texts if len(text) >= RUN]


def leave_out_quotations(rows: Mapping[str, list[dict[str, Any]]], texts: Sequence[str]) -> None:
    """Leave out reasons and flags that repeat a run of what was said, and words of providers that are no word."""
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
    """Return whether a text shares a run of `RUN` characters or more with what was said."""
    half = RUN // 2
    for start in range(0, min(len(text), MOST) - half + 1, half):
        # Any such run holds one of these windows whole; where one is found, the run itself is looked for.
        near = [said for said in texts if text[start : start + half] in said]
        first = max(0, start - half)
        if any(text[at : at + RUN] in said for said in near for at in range(first, min(start, len(text) - RUN) + 1)):
            return True
    return False
