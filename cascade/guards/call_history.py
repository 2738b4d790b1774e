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
"""How many times its estimate a prompt is reserved for, and what a provider was seen to add to it."""

_RENEWED_EVERY = 16

Kind = tuple[str, str, str, str | None]


@dataclass(slots=True)
class Seen:
    """What calls of one kind consumed: a model on one rung, for one task, for an answer or a verifier."""

    outputs: deque[int] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    """Tokens of the latest answers."""

    total: int = 0
    """Their sum."""

    count: int = 0
    """Answers seen, forgotten ones included."""

    output_bound: int | None = None
    """Tokens that an answer hardly ever passes; None where too few were seen."""

    beside: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    """Of the latest answers: tokens of the prompt beyond their estimate, and US dollars beside all tokens."""

    added_tokens: int = 0
    """The most tokens that a prompt lately had beyond its estimate."""

    fee_usd: float = 0.0
    """The most US dollars beside its tokens that a call lately cost."""

    overrun: int = 0
    """The most tokens that answers had beyond the `max_tokens` that was sent; 0 where it was kept to."""

    @property
    def output_mean(self) -> float:
        """Mean tokens of an answer; of a typical one where none was seen."""
        return self.total / len(self.outputs) if self.outputs else float(TYPICAL.output_tokens)


_NOTHING = Seen()


class CallHistory:
    """What answered calls consumed; held by one process, used on one event loop, so it needs no lock."""

    def __init__(self) -> None:
        self._seen: dict[Kind, Seen] = {}

    def of(self, call: ModelCall, task: str) -> Seen:
        """Return what calls of this kind consumed; not to be changed."""
        return self._seen.get(_kind(call, task), _NOTHING)

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
        kind = _kind(call, task)
        known = self._seen.get(kind) or self._seen.setdefault(kind, Seen())
        if len(known.outputs) == REMEMBERED:
            known.total -= known.outputs[0]
        output = math.ceil(usage.output_tokens / answers_asked(call.params))
        if usage.output_tokens > (output_limit(call.params) or usage.output_tokens):
            known.overrun = max(known.overrun, usage.output_tokens)
        known.outputs.append(output)
        known.total += output
        fee_usd = 0.0
        if reply.cost_reported is not None and reply.cost_usd is not None and reply.cost_usd == reply.cost_reported:
            tokens_usd = price.cost_usd(usage) * price.tier_factor(call.params.get("service_tier"))
            fee_usd = reply.cost_usd - tokens_usd
        known.beside.append((usage.input_tokens - prompt, fee_usd))
        known.count += 1
        latest = known.beside if known.count % _RENEWED_EVERY == 0 else [known.beside[-1]]
        before = (0, 0.0) if known.count % _RENEWED_EVERY == 0 else (known.added_tokens, known.fee_usd)
        known.added_tokens = max(before[0], *(tokens for tokens, _ in latest))
        known.fee_usd = max(before[1], *(usd for _, usd in latest))
        n, bound = len(known.outputs), known.output_bound
        if n >= KNOWN_FROM and (bound is None or known.count % _RENEWED_EVERY == 0 or output > bound // MARGIN):
            # The smallest value that a share of at least QUANTILE of such answers stays below, as far as n can tell.
            place = min(n, math.ceil(QUANTILE * (n + 1))) - 1
            known.output_bound = math.ceil(MARGIN * sorted(known.outputs)[place])


def _kind(call: ModelCall, task: str) -> Kind:
    return call.rung_model or call.model, call.rung, task, call.verifier
