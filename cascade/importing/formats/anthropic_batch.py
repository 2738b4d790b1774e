"""Anthropic's Message Batches: requests (`custom_id`, `params`) with results (`custom_id`, `result`).

The results file holds no prompts, and Anthropic keeps no request file: it is the list that was sent as `requests`,
saved as JSON Lines. Costs are left to the price table: a batch's half price is not what serving costs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cascade.exchange import EMPTY
from cascade.importing.batch_join import join
from cascade.importing.bodies.answered import Answered, answered_of
from cascade.importing.reader import Choices, Found
from cascade.importing.tally import Tally


def read(sources: Sequence[Path | str], tally: Tally, choices: Choices) -> Iterator[Found]:
    """Yield the answers of batches whose request and result files are given; see `cascade.importing.reader`."""
    del choices
    return join(
        sources, tally, request_key="params", read=_answered, provider="Anthropic",
        hint="the list that was sent as `requests`, one object a line",
    )  # fmt: skip


def _answered(line: Mapping[str, Any]) -> Answered | str:
    given = line.get("result")
    result = given if isinstance(given, Mapping) else EMPTY
    if result.get("type") != "succeeded":
        return f"its result is {result.get('type') or 'missing'}"
    answered = answered_of(result.get("message"))
    return "its result holds no answer" if answered is None or answered.is_empty else answered
