"""Savings: the cost saved by a result against always asking the reference, and the method of the estimate."""

from __future__ import annotations

from typing import Any

from cascade.errors import UnknownPrice
from cascade.ladder import Ladder
from cascade.policy.policy import Policy
from cascade.prices import PriceBook
from cascade.result import Outcome, Result


def savings_changes(
    result: Result[Any], outcome: Outcome, ladder: Ladder, policy: Policy | None, prices: PriceBook
) -> dict[str, Any]:
    """Return the fields `saved_usd` and `saved_how` of a result that ends as `outcome`; empty if not known.

    Always-top's cost is, in this order: the cost of the reference's own answer, if it was asked (`top answered`);
    the estimate that calibrate fitted on the samples (`fitted on samples`); the first answer's token counts at the
    reference's price (`token counts`), which is wrong as far as the reference writes longer or shorter answers.
    The result's own cost, verifiers included, is subtracted.
    """
    if outcome in ("failed", "budget", "deadline", "cancelled") or not result.attempts:
        return {}
    task = policy.tasks.get(result.task) if policy is not None else None
    task = task.at(result.quality) if task is not None else None
    reference = task.reference if task is not None else ladder.of(result.task).top.name
    for attempt in result.attempts:
        if attempt.rung == reference and attempt.response is not None:
            return _saved(result, attempt.answer_usd, "top answered")
    first = next((attempt for attempt in result.attempts if attempt.response is not None), None)
    if first is None:
        return {}
    usage = first.usage
    if task is not None and task.reference_cost is not None and first is result.attempts[0]:
        usd = task.reference_cost.estimate_usd(usage.input_tokens, usage.output_tokens, first.confidence)
        return _saved(result, usd, "fitted on samples")
    rung = ladder.rung(reference)
    try:
        price = prices.price(rung.model, rung.price)
    except UnknownPrice:
        return {}
    return _saved(result, price.cost_usd(usage), "token counts")


def next_usd_of(
    result: Result[Any], outcome: Outcome, ladder: Ladder, policy: Policy | None, prices: PriceBook
) -> float | None:
    """Return what asking the next rung would have cost, where an answer was accepted below the top; None if not known.

    It is the next rung's price of the accepted answer's own tokens. Rungs that cannot answer the request are passed
    over.
    """
    last = result.attempts[-1] if result.attempts else None
    if outcome != "accepted" or last is None:
        return None
    own = ladder.of(result.task)
    task = policy.tasks.get(result.task) if policy is not None and result.calibrated else None
    names = own.names
    if policy is not None and task is not None:
        names = task.at(result.quality).point(salt=policy.salt, task=result.task, request_id=result.request_id).rungs
    here = names.index(last.rung) + 1 if last.rung in names else len(names)
    above = [name for name in names[here:] if name not in result.skipped]
    if not above:
        return None
    rung = own.rung(above[0])
    try:
        return prices.price(rung.model, rung.price).cost_usd(last.usage)
    except UnknownPrice:
        return None


def _saved(result: Result[Any], reference_usd: float, how: str) -> dict[str, Any]:
    return {"saved_usd": reference_usd - result.cost_usd, "saved_how": how}
