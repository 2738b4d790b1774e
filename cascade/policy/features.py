"""Features: turns verdicts into the combiner's features, for serving and fitting alike."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from cascade.exchange import Response
from cascade.verdict import Verdict

LENGTH = "length"
"""log(1 + characters of the answer), tool-call arguments included."""

EARLIER = "earlier."
"""Prefix of the confidence of an earlier rung's answer."""


def read_features(
    verdicts: Iterable[Verdict], response: Response, earlier: Mapping[str, float | None]
) -> dict[str, float | None]:
    """Return the features of one attempt by name; None for a missing signal.

    Names: `<verifier>` for its score, `<verifier>.<signal>` for its signals, `length`, and `earlier.<rung>`
    for the confidence of each rung below that was asked.
    """
    found: dict[str, float | None] = {}
    for verdict in verdicts:
        found[verdict.name] = verdict.score
        for signal, value in verdict.signals.items():
            found[f"{verdict.name}.{signal}"] = value
    arguments = (str((call.get("function") or {}).get("arguments", "")) for call in response.tool_calls)
    found[LENGTH] = math.log1p(len(response.text) + sum(map(len, arguments)))
    for rung, confidence in earlier.items():
        found[EARLIER + rung] = confidence
    return found
