"""ping(): asks every rung, at every endpoint, for one token; finds wrong keys, model names, addresses and ports."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cascade.display.numbers import dollars, duration
from cascade.doctor.findings import Finding, State
from cascade.endpoint import Endpoint
from cascade.errors import CascadeError
from cascade.exchange import ModelCall, Request
from cascade.failure import CallFailure, FailureKind
from cascade.fast_replace import fast_replace

if TYPE_CHECKING:
    from cascade.clients import Client
    from cascade.config import Config
    from cascade.verdict import Reply

LIMIT_S = 20.0
"""Seconds that one answer may take; a rung's own timeout, where that is shorter."""

REMEDY = {
    FailureKind.AUTH: "the key is refused; check `api_key`, or the provider's variable in the environment",
    FailureKind.NOT_FOUND: "it knows no model of that name; check `model`, and the path of `api_base`",
    FailureKind.CONNECT: "it cannot be reached; check host, port and https or http of `api_base`",
    FailureKind.DROPPED: "it hangs up; check port and https or http of `api_base`",
    FailureKind.TIMEOUT: "no answer came in time; check host and port of `api_base`",
    FailureKind.QUOTA: "the account is spent; pay in, or use another key",
    FailureKind.RATE_LIMITED: "it answers, and its rate limit is reached",
    FailureKind.BAD_REQUEST: "it answers, and refuses a request for one token; check `params`",
    FailureKind.BAD_BODY: "it answers, and not as a model does; check the path of `api_base`",
    FailureKind.MISBEHAVED: "it answers, and not as a model does; check the path of `api_base`",
}
"""What a kind of failure means here, and what to do."""

REACHED = frozenset({FailureKind.RATE_LIMITED, FailureKind.BAD_REQUEST})
"""Failures of a rung that is there, with a key that it takes."""


def ping(config: Config, client: Client | None = None) -> tuple[Finding, ...]:
    """Ask every rung for one token, all at once; one finding for each endpoint, and one for what it cost.

    Args:
        config: its rungs are asked, those of single tasks too.
        client: makes the calls, and is closed; None: as a Cascade of this configuration.
    """
    return asyncio.run(_ping(config, client))


async def _ping(config: Config, client: Client | None) -> tuple[Finding, ...]:
    if client is None:
        from cascade.clients.routed import RoutedClient

        client = RoutedClient(prices=config.price_book)
    try:
        pings = [_one(client, name, call) for name, call in _calls(config)]
        found = await asyncio.gather(*pings)
    finally:
        await client.aclose()
    spent = sum(usd for _, usd in found)
    return (*(finding for finding, _ in found), Finding(check="pings", state="ok", text=f"cost {dollars(spent)}"))


def _calls(config: Config) -> Iterator[tuple[str, ModelCall]]:
    """Yield one call for each endpoint of each rung, with a name; the same one of several tasks once."""
    seen: set[tuple[str, str | None, str | None]] = set()
    for rung in [*config.ladder, *(rung for own in config.ladder.tasks.values() for rung in own)]:
        asked = rung.call(Request.of("Answer with: OK"))
        limit = "max_completion_tokens" if "max_completion_tokens" in rung.params else "max_tokens"
        call = fast_replace(
            asked, params={**asked.params, limit: 1}, wishes={}, endpoints=(), timeout_s=min(rung.timeout_s, LIMIT_S)
        )
        for place in rung.endpoints or (Endpoint(api_base=rung.api_base, api_key=rung.api_key),):
            model = place.model or rung.model
            key = (model, place.api_base, place.api_key)
            if key in seen:
                continue
            seen.add(key)
            name = f"{rung.name} at {place.name}" if rung.endpoints else rung.name
            yield name, fast_replace(call, model=model, api_base=place.api_base, api_key=place.api_key)


async def _one(client: Client, name: str, call: ModelCall) -> tuple[Finding, float]:
    check = f"ping of {name}"
    try:
        client.check(call)
        warming = client.warming(call)
        if warming is not None:
            await warming
        reply: Reply = await asyncio.wait_for(client.ask(call), timeout=call.timeout_s + 1.0)
    except TimeoutError:
        return Finding(check=check, state="error", text=f"{call.model}: {REMEDY[FailureKind.TIMEOUT]}."), 0.0
    except CascadeError as error:
        return Finding(check=check, state="error", text=str(error)), 0.0
    if not isinstance(reply, CallFailure):
        told = f"{call.model} answers after {duration(reply.latency_s)}"
        return Finding(check=check, state="ok", text=told), reply.cost_usd or 0.0
    means = REMEDY.get(reply.kind, "it does not answer")
    status = "" if reply.status is None else f" (status {reply.status})"
    state: State = "warning" if reply.kind in REACHED else "error"
    text = f"{call.model}: {means}{status}. It said: {reply.message}"
    return Finding(check=check, state=state, text=text), reply.cost_usd
