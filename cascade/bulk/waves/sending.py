"""Sending: puts a prepared batch to its provider once, whatever moment a run before was killed at."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

from cascade.bulk.journal import Journal
from cascade.bulk.waves.state import SentBatch, WaveState
from cascade.clients.batch_line import batches_of
from cascade.config import Config
from cascade.exchange import ModelCall, Request
from cascade.log import Log
from cascade.usage import Price

WINDOW_S = 24 * 3600.0
"""Seconds within which a provider answers a batch; until then the log takes its calls as in flight."""


def send(config: Config, state: WaveState, journal: Journal, log: Log | None, batch: SentBatch) -> SentBatch:
    """Reserve a batch's money in journal and log, upload it and create it; resumes at the step that was reached.

    A batch that may have been created is looked for among the provider's before it is created.

    Raises:
        BatchRefused: the provider refused, or cannot be reached; nothing is lost.
        ConfigError: no key or address is known.
        LogUnavailable: the intent cannot be written down; nothing was sent.
    """
    fresh, path = batch.step == "prepared", state.file(batch, "requests")
    with batches_of(call_of(config, batch)) as provider:
        if fresh:
            _reserve(config, state, journal, log, batch)
            file_id = provider.upload(path)
            batch = state.put(batch, step="creating", file_id=file_id)
        found = None if fresh else provider.find(batch.file_id, batch.key, path)
        found = found or provider.create(batch.file_id, batch.key, path)
        return state.put(batch, step="sent", batch_id=str(found["id"]), status=str(found.get("status") or ""))


def _reserve(config: Config, state: WaveState, journal: Journal, log: Log | None, batch: SentBatch) -> None:
    async def write() -> None:
        for told in calls_of(state, batch):
            if log is not None:
                request = Request.of("", id=told["id"], task=told["task"], principal=told["principal"])
                calls = log.calls(request, purpose=state.purpose, decision_id=told["decision"])
                call = call_of(config, batch, told)
                await calls.begin(told["key"], call, told["worst"], identity=told["call"])
            if journal.index.call(told["call"]) is None:
                journal.begin(told["key"], told["call"], told["expected"], take_room=False)
        await journal.synced()

    asyncio.run(write())
    if log is not None:
        log.flush()


def calls_of(state: WaveState, batch: SentBatch) -> Iterator[dict[str, Any]]:
    """Yield what is known of a batch's calls."""
    with state.file(batch, "calls").open(encoding="ascii") as file:
        yield from map(json.loads, file)


def call_of(config: Config, batch: SentBatch, told: dict[str, Any] | None = None, body: Any = None) -> ModelCall:
    """Return a call of a batch, at its address and with its key.

    Args:
        config: the ladder, which knows keys and prices.
        batch: the batch.
        told: what is known of the call; None: any.
        body: what was sent; None: not needed.
    """
    rung = next((one for one in _rungs(config) if one.name == batch.rung), None)
    key, price = (None, None) if rung is None else _of_place(rung, batch)
    told, body = told or {}, dict(body or {})
    messages = tuple(body.pop("messages", ()))
    body.pop("model", None)
    return ModelCall(
        rung=batch.rung, model=batch.model, messages=messages, params=body, api_base=batch.api_base, api_key=key,
        price=price, verifier=told.get("verifier"), endpoint=told.get("endpoint") or "",
        request_id=told.get("id") or "", timeout_s=WINDOW_S,
    )  # fmt: skip


def _rungs(config: Config) -> Iterator[Any]:
    yield from config.ladder
    for ladder in config.ladder.tasks.values():
        yield from ladder


def _of_place(rung: Any, batch: SentBatch) -> tuple[str | None, Price | None]:
    """Return the key and the configured price of a rung's model, or of the endpoint that was picked."""
    for one in rung.endpoints:
        if (one.model or rung.model, one.api_base) == (batch.model, batch.api_base):
            return one.api_key, one.price or (rung.price if one.model is None else None)
    own = (rung.model, rung.api_base) == (batch.model, batch.api_base)
    return (rung.api_key, rung.price) if own else (None, None)
