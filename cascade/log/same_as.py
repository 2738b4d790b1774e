"""same_as(): which answers of one decision are the same, as positions: no text, and no hash that could be guessed."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from cascade.answer_schema import field_text
from cascade.exchange import Response
from cascade.reading import Unsure, read
from cascade.result import Attempt

LONGEST = 65_536
"""Characters of an answer that is read to be compared; a longer one is compared by its text."""


def same_as(attempts: Sequence[Attempt], field: str | None) -> list[int | None]:
    """Return, for each attempt, the position of the first one with the same answer; its own, where it is the first.

    The same are equal texts, tool calls of equal names and arguments, and equal typed values of the answer field. None
    where an attempt has no answer, and where its answer cannot be read and has no equal text before it.

    Args:
        attempts: those of one decision.
        field: the answer field of the request.
    """
    found: list[int | None] = [None if attempt.response is None else at for at, attempt in enumerate(attempts)]
    if len(found) - found.count(None) < 2:
        return found  # nothing to compare: most decisions end on their first answer
    first: dict[Hashable, int] = {}
    for at, attempt in enumerate(attempts):
        if attempt.response is None:
            continue
        text, value = _text(attempt.response), _value(attempt.response, field)
        earlier = first.get(text) if value is None else first.get(text, first.get(value))
        found[at] = earlier if earlier is not None else (None if value is None else at)
        for name in (text, value):
            if name is not None:
                first.setdefault(name, at if earlier is None else earlier)
    return found


def _text(response: Response) -> Hashable:
    calls = [call.get("function", call) for call in response.tool_calls]
    return "text", response.text.strip(), repr([(call.get("name"), call.get("arguments")) for call in calls])


def _value(response: Response, field: str | None) -> Hashable | None:
    """Return the typed value of an answer; tool calls are their own value. None where it cannot be read."""
    if response.tool_calls:
        return _text(response)
    if len(response.text) > LONGEST:
        return None
    answer = read(field_text(response.text, field)).answer
    return None if isinstance(answer, Unsure) else ("value", answer.key)
