"""Repeats: how often a model answers the same prompt in another way, its own noise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from cascade.answer_schema import field_text
from cascade.exchange import Response
from cascade.reading import Unsure, read, same
from cascade.reading.literals import canonical


@dataclass(slots=True, kw_only=True)
class Repeats:
    """Further answers of one rung to a prompt that it had answered: the model's own noise."""

    n: int = 0
    """Further answers, all compared with the one that is kept."""

    different: int = 0
    """Those whose final answer is another value."""

    unsure: int = 0
    """Those of which the reader of answers cannot tell whether they say the same."""

    @property
    def share_different(self) -> float | None:
        """Share of the told ones that differ, in [0, 1]; None if none could be told."""
        told = self.n - self.unsure
        return self.different / told if told else None


def count_repeat(repeats: Repeats, first: Response, again: Response, field: str | None) -> None:
    """Count a further answer to a prompt against the first: the same, different, or not to be told.

    Args:
        repeats: where to count.
        first: the answer that is kept.
        again: the further one.
        field: the JSON pointer of the declared answer field, if any.
    """
    repeats.n += 1
    alike: bool | None
    if first.tool_calls or again.tool_calls:
        alike = _calls(first) == _calls(again)
    elif first.text.strip() == again.text.strip():
        alike = True
    else:
        mine, theirs = (read(field_text(one.text, field)).answer for one in (first, again))
        alike = None if isinstance(mine, Unsure) or isinstance(theirs, Unsure) else same(mine, theirs)
    repeats.unsure += alike is None
    repeats.different += alike is False


def _calls(response: Response) -> list[str]:
    made = []
    for call in response.tool_calls:
        function = call.get("function")
        told = function if isinstance(function, Mapping) else {}
        arguments = told.get("arguments")
        with suppress(ValueError):
            arguments = json.loads(arguments) if isinstance(arguments, str) else arguments
        made.append(canonical([told.get("name"), arguments]))
    return made
