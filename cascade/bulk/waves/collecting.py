"""Collecting: brings a batch's answers into the journal, a line a call, whatever their order and number."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cascade.bulk.journal import Journal
from cascade.bulk.reply_line import reply_line
from cascade.bulk.waves.failed_calls import FailedCall, FailedCalls
from cascade.bulk.waves.sending import call_of
from cascade.bulk.waves.state import SentBatch, WaveState
from cascade.clients.batch_line import batch_reply, batches_of
from cascade.config import Config
from cascade.exchange import Response
from cascade.guards.accounts import pico
from cascade.guards.call_recorder import Charge
from cascade.log.calls import outcome_columns

ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
"""Words of a provider for a batch that changes no more."""


def look(config: Config, state: WaveState, batch: SentBatch) -> SentBatch:
    """Ask how a sent batch stands, and fetch its files once it has ended.

    Raises:
        BatchRefused: the provider does not say.
    """
    with batches_of(call_of(config, batch)) as provider:
        told = provider.get(batch.batch_id)
        status = str(told.get("status") or "unknown")
        if status not in ENDED:
            return batch if status == batch.status else state.put(batch, status=status)
        for name, what in (("output_file_id", "answers"), ("error_file_id", "errors")):
            if isinstance(told.get(name), str) and told[name]:
                provider.fetch(told[name], state.file(batch, "answers" if what == "answers" else "errors"))
        return state.put(batch, step="ended", status=status)


def collect(config: Config, state: WaveState, journal: Journal, failed: FailedCalls, batch: SentBatch) -> SentBatch:
    """Write an ended batch's answers to the journal, and return it with its counts; doing it again changes nothing.

    Each call is answered by its first line; a call without one is missing.

    Raises:
        LogUnavailable: the journal cannot be written.
    """
    known = _places(state, batch)
    seen: set[str] = set()
    lost: list[FailedCall] = []
    charged = answered = repeated = foreign = 0

    def take(identity: str, line: Mapping[str, Any] | None) -> None:
        nonlocal charged, answered
        calls.seek(known[identity])
        spent, failure = _take(config, journal, batch, json.loads(calls.readline()), line, requests)
        charged, answered = charged + spent, answered + (failure is None)
        lost.extend([] if failure is None else [failure])

    with state.file(batch, "requests").open("rb") as requests, state.file(batch, "calls").open("rb") as calls:
        for line in _lines(state, batch):
            identity = line.get("custom_id")
            if not isinstance(identity, str) or identity not in known:
                foreign += 1
            elif identity in seen:
                repeated += 1
            else:
                seen.add(identity)
                take(identity, line)
        for identity in known.keys() - seen:
            take(identity, None)
    asyncio.run(journal.synced())
    if lost:
        failed.put(lost)
    missing = sum(map(failed.missing, lost))
    return state.put(
        batch, step="collected", charged_pico=charged, answered=answered, missing=missing, failed=len(lost) - missing,
        repeated=repeated, foreign=foreign,
    )  # fmt: skip


def _places(state: WaveState, batch: SentBatch) -> dict[str, int]:
    """Return where what is known of each call stands in the file of calls: a batch may have 50,000."""
    found, at = {}, 0
    with state.file(batch, "calls").open("rb") as file:
        for line in file:
            found[str(json.loads(line)["call"])] = at
            at += len(line)
    return found


def _take(
    config: Config, journal: Journal, batch: SentBatch, told: dict[str, Any], line: Mapping[str, Any] | None, sent: Any
) -> tuple[int, FailedCall | None]:
    """Write the end of one call to the journal, unless it is there; return its cost, and its failure if it has one."""
    there = journal.index.call(told["call"])
    if there is not None and there[0] == "answered":
        return int(journal.at(there[1])["charge"]["pico"]), None
    sent.seek(told["at"])
    call = call_of(config, batch, told, json.loads(sent.readline())["body"])
    price = config.price_book.price(call.model, call.price).batched()
    reply = batch_reply(line, call, price, tuple(told["flags"]))
    if isinstance(reply, Response):
        charge = Charge(pico=pico(reply.cost_usd) if reply.cost_usd is not None else told["worst"])
        journal.end(told["key"], told["call"], {"reply": reply_line(reply), "charge": asdict(charge)})
        return charge.pico, None
    charge = Charge(pico=told["worst"] if reply.maybe_charged else 0, maybe=reply.maybe_charged)
    entry = {"outcome": outcome_columns(reply, charge), "expected": told["expected"]}
    journal.end(told["key"], told["call"], entry)
    failure = FailedCall(
        key=told["key"], request_id=told["id"], kind=reply.kind, message=reply.message, status=reply.status
    )
    return charge.pico, failure


def _lines(state: WaveState, batch: SentBatch) -> Iterator[Mapping[str, Any]]:
    for path in (state.file(batch, "answers"), state.file(batch, "errors")):
        if path.exists():
            yield from _objects(path)


def _objects(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open("rb") as file:
        for line in file:
            if not line.strip():
                continue
            try:
                told = json.loads(line)
            except (ValueError, RecursionError):
                told = None
            if not isinstance(told, Mapping):
                told = {}  # counted as foreign; its call is missing
            yield told
