"""OpenAI's batches: input lines (`custom_id`, `body`) with output lines (`custom_id`, `response`, `error`).

Bodies may be of `/v1/chat/completions`, `/v1/responses`, `/v1/messages` of a gateway, or `/v1/completions`. Costs are
left to the price table: a batch's half price is not what serving costs.
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
    """Yield the answers of batches whose input and output files are given; see `cascade.importing.reader`."""
    del choices
    return join(
        sources, tally, request_key="body", read=_answered, provider="OpenAI",
        hint="the batch's input_file_id names it",
    )  # fmt: skip


def _answered(line: Mapping[str, Any]) -> Answered | str:
    response = line.get("response")
    told = response if isinstance(response, Mapping) else EMPTY
    status, error = told.get("status_code"), line.get("error")
    if isinstance(error, Mapping):
        return f"the provider answered with an error ({error.get('code') or 'unknown'})"
    if isinstance(status, int) and status >= 400:
        return f"the provider answered with an error ({status})"
    answered = answered_of(told.get("body"))
    return "its result holds no answer" if answered is None or answered.is_empty else answered
