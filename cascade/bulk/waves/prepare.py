"""Prepare: writes the files of the next wave, a provider batch each, with the money for it reserved."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from typing import IO, Any

from cascade.bulk.journal import Journal, encoded
from cascade.bulk.waves.failed_calls import FailedCalls
from cascade.bulk.waves.money import Money
from cascade.bulk.waves.state import SentBatch, WaveState
from cascade.bulk.waves.waiting import Missing, Waiting, find_waiting
from cascade.bulk.waves.work import Work
from cascade.clients.anthropic_batches import MOST_BYTES as MOST_BYTES_OF_ANTHROPIC
from cascade.clients.anthropic_batches import is_anthropic
from cascade.clients.batch_line import batch_line
from cascade.clients.request_writer import RequestWriter
from cascade.config import Config
from cascade.fast_replace import fast_replace
from cascade.guards.budget import Budget
from cascade.log.calls import call_id
from cascade.log.rows import now_ms
from cascade.prices import ASSUMED_OUTPUT_TOKENS, output_limit

MOST_LINES = 50_000
"""Lines of one batch at most, as OpenAI allows."""

MOST_BYTES = 150 << 20
"""Bytes of one batch's file at most; OpenAI allows 200 MB."""


class _Files:
    """The two files of one batch while they are written: requests for the provider, and what we know of each call."""

    def __init__(self, state: WaveState, batch: SentBatch, files: ExitStack, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self.batch, self.lines, self.reserved = batch, 0, 0
        self._requests = files.enter_context(_private(state, batch, "requests"))
        self._calls = files.enter_context(_private(state, batch, "calls"))

    @property
    def full(self) -> bool:
        return self.lines >= MOST_LINES or self._requests.tell() >= self._most_bytes

    def write(self, line: dict[str, Any], call: dict[str, Any]) -> None:
        at = self._requests.tell()
        self._requests.write(encoded(line) + b"\n")
        self._calls.write(json.dumps({**call, "at": at}).encode("ascii") + b"\n")
        self.lines, self.reserved = self.lines + 1, self.reserved + call["worst"]

    def finish(self) -> SentBatch:
        for file in (self._requests, self._calls):
            file.flush()
            os.fsync(file.fileno())
        return fast_replace(self.batch, lines=self.lines, reserved_pico=self.reserved)


def _private(state: WaveState, batch: SentBatch, what: Any) -> IO[bytes]:
    return os.fdopen(os.open(state.file(batch, what), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def prepare(
    config: Config,
    state: WaveState,
    journal: Journal,
    work: Work,
    failed: FailedCalls,
    money: Money,
    *,
    missing: Missing,
) -> list[SentBatch]:
    """Write the files of the next wave, and return its batches; [] if nothing waits, or nothing can be paid for.

    Raises:
        ConfigError: a call cannot go as a batch.
        DataError: the requests cannot be read.
    """
    wave, epoch, made = state.wave + 1, os.urandom(16).hex(), list[_Files]()
    current: dict[tuple[str, str, str | None], _Files] = {}
    budget = Budget(config.price_book)
    errors: list[Exception] = []
    with ExitStack() as files, RequestWriter() as writer:

        def take(waiting: Waiting) -> None:
            call = waiting.call
            price = config.price_book.price(call.model, call.price).batched()
            call = fast_replace(call, price=price)
            if money.limited and output_limit(call.params) is None:
                call = fast_replace(call, params={**call.params, "max_tokens": ASSUMED_OUTPUT_TOKENS})
            try:
                identity = call_id(now_ms(), waiting.key, epoch, 1)
                line, flags = batch_line(call, identity, writer)
            except Exception as error:  # noqa: BLE001 - told once the wave is read; the loop's thread is not ours
                errors.append(error)
                return
            worst = budget.worst(call)
            if not money.take(waiting.request.principal, worst):
                return
            place = (call.rung, call.model, call.api_base)
            if (file := current.get(place)) is None or file.full:
                batch = SentBatch(
                    key=f"wave-{wave}-{len(made) + 1}-{epoch[:8]}", wave=wave, rung=call.rung, model=call.model,
                    api_base=call.api_base, lines=0, reserved_pico=0,
                )  # fmt: skip
                most_bytes = MOST_BYTES_OF_ANTHROPIC if is_anthropic(call) else MOST_BYTES
                file = current[place] = _Files(state, batch, files, most_bytes)
                made.append(file)
            told = {
                "call": identity, "key": waiting.key, "decision": waiting.decision_id, "id": waiting.request.id,
                "task": waiting.request.task, "principal": waiting.request.principal, "verifier": call.verifier,
                "endpoint": call.endpoint, "worst": worst, "expected": budget.expected(call), "flags": flags,
            }  # fmt: skip
            file.write(line, told)

        find_waiting(config, journal, work, failed, take, missing=missing)
        if errors:
            raise errors[0]
        prepared = [file.finish() for file in made]
    return [state.put(batch) for batch in prepared]
