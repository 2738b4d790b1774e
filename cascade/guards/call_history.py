"""CallHistory: what calls of each kind consumed lately, so that reserves need not be the worst case for ever."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from cascade.exchange import ModelCall, Response
from cascade.prices import TYPICAL, estimate_prompt_tokens
from cascade.usage import Price

KNOWN_FROM = 20
"""Answers from which on a reserve is learnt."""

REMEMBERED = 512
"""Answers of a kind that are looked back at."""

QUANTILE, MARGIN = 0.99, 2.0
"""A reserve holds so many times that quantile of what answers of its kind had in tokens."""

PROMPT_MARGIN = 1.25
"""How many times its estimate a prompt is reserved for; more where providers were seen to count more."""

_RENEWED_EVERY = 16

Kind = tuple[str, str, str, str | None]


@dataclass(slots=True)
class _Known:
    """Calls of one kind: a model on one rung, for one task, for an answer or a verifier."""

    outputs: deque[int] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    total: int = 0
    prompt_factor: float = PROMPT_MARGIN
    fee_usd: float = 0.0
    bound: int | None = None


class CallHistory:
    """What answered calls consumed; held by one process, used on one event loop, so it needs no lock."""

    def __init__(self) -> None:
        self._known: dict[Kind, _Known] = {}

    def saw(self, call: ModelCall, task: str, reply: Response, price: Price) -> None:
        """Remember what an answer consumed, where its provider reported it and nobody cut it off."""
        usage = reply.usage
        if usage.estimated or not usage.output_tokens:
            return
        known = self._known.setdefault(_kind(call, task), _Known())
        if len(known.outputs) == REMEMBERED:
            known.total -= known.outputs[0]
        answers = call.params.get("n")
        output = math.ceil(usage.output_tokens / (answers if isinstance(answers, int) and answers > 0 else 1))
        known.outputs.append(output)
        known.total += output
        estimate = estimate_prompt_tokens(call.messages, call.params)
        known.prompt_factor = max(known.prompt_factor, PROMPT_MARGIN * usage.input_tokens / max(estimate, 1))
        tokens_usd = price.cost_usd(usage) * max(1.0, price.priority_factor if call.params.get("service_tier") else 1.0)
        if reply.cost_reported is not None and reply.cost_usd is not None and reply.cost_usd == reply.cost_reported:
            known.fee_usd = max(known.fee_usd, reply.cost_usd - tokens_usd)
        n = len(known.outputs)
        if n >= KNOWN_FROM and (known.bound is None or n % _RENEWED_EVERY == 0 or output > known.bound // MARGIN):
            # The smallest value that a share of at least QUANTILE of such answers stays below, as far as n can tell.
            place = min(n, math.ceil(QUANTILE * (n + 1))) - 1
            known.bound = math.ceil(MARGIN * sorted(known.outputs)[place])

    def output_bound(self, call: ModelCall, task: str) -> int | None:
        """Return the tokens that an answer of this kind hardly ever passes; None where too few were seen."""
        known = self._known.get(_kind(call, task))
        return None if known is None else known.bound

    def output_mean(self, call: ModelCall, task: str) -> float:
        """Return the mean tokens of an answer of this kind; of a typical one where none was seen."""
        known = self._known.get(_kind(call, task))
        return known.total / len(known.outputs) if known is not None and known.outputs else float(TYPICAL.output_tokens)

    def prompt_tokens(self, call: ModelCall, task: str) -> int:
        """Return the tokens that the prompt of a call is reserved for."""
        known = self._known.get(_kind(call, task))
        factor = PROMPT_MARGIN if known is None else known.prompt_factor
        return math.ceil(factor * estimate_prompt_tokens(call.messages, call.params))

    def fee_usd(self, call: ModelCall, task: str) -> float:
        """Return the most US dollars beside its tokens that a call of this kind was seen to cost."""
        known = self._known.get(_kind(call, task))
        return 0.0 if known is None else known.fee_usd


def _kind(call: ModelCall, task: str) -> Kind:
    return call.rung_model or call.model, call.rung, task, call.verifier
