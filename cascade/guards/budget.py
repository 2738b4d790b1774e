"""The budget of one request: the worst case is reserved before a call, and what it really cost is settled after."""

from __future__ import annotations

from dataclasses import replace

from cascade.exchange import ModelCall, Response
from cascade.failure import CallFailure, FailureKind
from cascade.prices import ASSUMED_OUTPUT_TOKENS, PriceBook, estimate_prompt_tokens, worst_case_usd

MINIMUM_TOKENS = 64
"""An answer shorter than this is not worth asking for: the call is refused instead."""

_ROUNDING = 1e-12

CAPS = ("max_completion_tokens", "max_tokens")
"""The parameters that bound an answer's length; one that is set is obeyed."""


class Budget:
    """US dollars that one request may still spend; not shared between requests, so it needs no lock."""

    def __init__(self, limit_usd: float | None, prices: PriceBook) -> None:
        self._left = limit_usd
        self._prices = prices

    def admit(self, call: ModelCall) -> tuple[ModelCall, float] | CallFailure:
        """Reserve a call's worst case: prompt tokens and the longest answer, at the requested model's price.

        Where no `max_tokens` is set, the longest answer that is still affordable is sent as one.

        Returns:
            the call to make and the US dollars reserved for it, or the failure to treat it as.
        """
        if self._left is None:
            return call, 0.0
        price = self._prices.price(call.model, call.price)
        prompt = estimate_prompt_tokens(call.messages, call.params)
        if not any(call.params.get(name) for name in CAPS):
            one = worst_case_usd(replace(call, params={**call.params, "max_tokens": 1}), price, prompt)
            two = worst_case_usd(replace(call, params={**call.params, "max_tokens": 2}), price, prompt)
            affordable = 1 + (self._left - one) / (two - one) if two > one else float(ASSUMED_OUTPUT_TOKENS)
            cap = int(max(MINIMUM_TOKENS, min(affordable, ASSUMED_OUTPUT_TOKENS)))
            call = replace(call, params={**call.params, "max_tokens": cap})
        worst = worst_case_usd(call, price, prompt)
        if worst > self._left + _ROUNDING:
            return _refusal(call, worst, self._left)
        self._left -= worst
        return call, worst

    def settle(self, reserved_usd: float, reply: Response | CallFailure) -> None:
        """Give back what a call did not use; a failed call that may have been charged keeps its reserve."""
        if self._left is None:
            return
        cost = reply.cost_usd or 0.0
        late = reply.tries > 0 and isinstance(reply, CallFailure) and reply.kind is FailureKind.DEADLINE
        if late or (isinstance(reply, CallFailure) and reply.treatment.maybe_charged):
            cost = max(cost, reserved_usd)
        self._left += reserved_usd - cost


def _refusal(call: ModelCall, worst_usd: float, left_usd: float) -> CallFailure:
    left = f"${max(0.0, left_usd):.6f} of the request's budget is left"
    message = f"not asked: {call.model} could cost ${worst_usd:.6f}, and {left}"
    return CallFailure(kind=FailureKind.BUDGET, message=message, tries=0)
