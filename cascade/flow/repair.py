"""Repair: verifies an answer and, where the rung is to, asks it once more with what the validator said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cascade.exchange import EMPTY, Exchange, ModelCall, Response
from cascade.failure import CallFailure
from cascade.fast_replace import fast_replace
from cascade.finish_reason import incomplete_reason
from cascade.flow.verify import ENDINGS, Ended, Steps, verify
from cascade.ladder import Rung
from cascade.verdict import Verdict, Verifier, response_cost

ASKED_AGAIN = "asked_again:"
"""Prefix of the flag of a response that was asked for a second time: `valid`, `invalid`, or `failed` (no answer came,
and the first one stands)."""

_ANSWER = "That answer is not valid: {why}. Answer again with the corrected JSON only."
_CALL = "Your tool call is not valid: {why}. Make the corrected call."


def verify_repaired(
    rung: Rung, verifiers: tuple[Verifier, ...], exchange: Exchange, given: Mapping[str, Verdict] = EMPTY
) -> Steps[tuple[Exchange, tuple[Verdict, ...], Ended]]:
    """Verify an answer; where a schema vetoes it and the rung repairs, ask the rung once more and verify that.

    Returns the exchange that the verdicts are on. Its response costs what both calls cost; an answer that was cut off
    is not asked for again, since it would be cut off again.
    """
    verdicts, ended = yield from verify(verifiers, exchange, given)
    first = exchange.response
    why = _complaint(verifiers, verdicts) if rung.repair and ended is None else None
    if why is None or incomplete_reason(first) is not None or any(flag.startswith(ASKED_AGAIN) for flag in first.flags):
        return exchange, verdicts, ended
    (second,) = yield (_corrected(exchange, why),)
    if isinstance(second, CallFailure):
        return _with_both(exchange, first, second, "failed"), verdicts, ENDINGS.get(second.kind)
    assert isinstance(second, Response)  # noqa: S101 - a model call is answered by nothing else
    if incomplete_reason(second) is not None:
        return _with_both(exchange, first, second, "failed"), verdicts, None
    checked = _with_both(exchange, second, first, "valid")
    verdicts, ended = yield from verify(verifiers, checked)
    if _complaint(verifiers, verdicts) is not None:
        checked = _with_both(exchange, second, first, "invalid")
    return checked, verdicts, ended


def _with_both(exchange: Exchange, kept: Response, other: Response | CallFailure, became: str) -> Exchange:
    """Return the exchange with the response that is kept, the other's cost, tokens, time and tries added to it."""
    response = fast_replace(
        kept,
        cost_usd=None if kept.cost_usd is None else kept.cost_usd + response_cost(other),
        usage=kept.usage + other.usage,
        latency_s=kept.latency_s + other.latency_s,
        tries=kept.tries + other.tries,
        flags=(*exchange.response.flags, f"{ASKED_AGAIN}{became}"),
    )
    return fast_replace(exchange, response=response)


def _complaint(verifiers: tuple[Verifier, ...], verdicts: tuple[Verdict, ...]) -> str | None:
    """Return what a schema verifier says against the answer; None where none vetoes it."""
    of_schema = {verifier.name for verifier in verifiers if verifier.checks_schema}
    return next((one.reason for one in verdicts if one.veto and one.name in of_schema), None)


def _corrected(exchange: Exchange, why: str) -> ModelCall:
    """Return the call that asks once more: the chat, the answer, and what is wrong with it.

    A tool call that was not valid stays out of the chat: providers refuse one without a result.
    """
    response, call = exchange.response, exchange.call
    said = ({"role": "assistant", "content": response.text},) if response.text.strip() else ()
    words = (_CALL if response.tool_calls else _ANSWER).format(why=why.rstrip("."))
    return replace(call, messages=(*call.messages, *said, {"role": "user", "content": words}), again=True)
