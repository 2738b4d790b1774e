"""CallHistory: what calls of each kind consumed lately, so that reserves need not be the worst case for ever."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from cascade.exchange import ModelCall, Response
from cascade.prices import TYPICAL, answers_asked, output_limit
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
    overrun: int = 0
    bound: int | None = None


class CallHistory:
    """What answered calls consumed; held by one process, used on one event loop, so it needs no lock."""

    def __init__(self) -> None:
        self._known: dict[Kind, _Known] = {}

    def saw(self, call: ModelCall, task: str, reply: Response, *, price: Price, prompt: int) -> None:
        """Remember what a whole answer consumed, where its provider reported it.

        Args:
            call: what was asked.
            task: the request's task.
            reply: the answer.
            price: what the model costs.
            prompt: the prompt's tokens, as estimated.
        """
        usage = reply.usage
        if usage.estimated or not usage.output_tokens:
            return
        known = self._known.setdefault(_kind(call, task), _Known())
        if len(known.outputs) == REMEMBERED:
            known.total -= known.outputs[0]
        output = math.ceil(usage.output_tokens / answers_asked(call.params))
        if usage.output_tokens > (output_limit(call.params) or usage.output_tokens):
            known.overrun = max(known.overrun, usage.output_tokens)
        known.outputs.append(output)
        known.total += output
        known.prompt_factor = max(known.prompt_factor, PROMPT_MARGIN * usage.input_tokens / max(prompt, 1))
        tokens_usd = price.cost_usd(usage) * price.tier_factor(call.params.get("service_tier"))
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

    def prompt_factor(self, call: ModelCall, task: str) -> float:
        """Return how many times its estimate the prompt of a call is reserved for."""
        known = self._known.get(_kind(call, task))
        return PROMPT_MARGIN if known is None else known.prompt_factor

    def overrun(self, call: ModelCall, task: str) -> int:
        """Return the most tokens that answers of this kind had beyond the `max_tokens` sent; 0 where it was kept to."""
        known = self._known.get(_kind(call, task))
        return 0 if known is None else known.overrun

    def fee_usd(self, call: ModelCall, task: str) -> float:
        """Return the most US dollars beside its tokens that a call of this kind was seen to cost."""
        known = self._known.get(_kind(call, task))
        return 0.0 if known is None else known.fee_usd


def _kind(call: ModelCall, task: str) -> Kind:
    return call.rung_model or call.model, call.rung, task, call.verifier
