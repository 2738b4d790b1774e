"""Observer: the top answers as ever; what the cascade would have done is found out once the answer has gone out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

from cascade.capabilities import unfit, window_of
from cascade.clients import Client
from cascade.engine.driver import Driver
from cascade.engine.recording import call_recorder
from cascade.engine.savings import next_usd_of
from cascade.engine.served import Served
from cascade.exchange import EMPTY, ModelCall, Request, Response
from cascade.failure import CallFailure, FailureKind
from cascade.flow.climb import ask_top, climb, drive, tour
from cascade.guards.background import BackgroundLane
from cascade.guards.budget import Budget
from cascade.guards.call_history import CallHistory
from cascade.guards.endpoint_pool import EndpointPool
from cascade.hashing import unit
from cascade.log import Log
from cascade.log.same_as import same_as
from cascade.observation import Observation
from cascade.result import Attempt, Result
from cascade.settings import Settings
from cascade.verdict import Ask, Reply, Verdict
from cascade.watched_answer import WatchedAnswer

FLUSH_S = 60.0
"""Seconds after which counts of dropped observations are written at the latest, while requests come."""

SALT = "observe"
"""Salt of the draws of tasks without a policy."""

OUTSIDE = ("failed", "deadline", "budget", "cancelled")
"""Outcomes that no certificate is about: there is no answer to be compared."""

Mode = Literal["enforce", "observe"]


def mode_of(request: Request, settings: Settings, served: Served) -> tuple[Mode, float]:
    """Return the mode of a request, and the probability that its draw gave it.

    The draw is sticky: all requests of a principal, else of a session, have the same mode.
    """
    if settings.mode == "observe":
        return "observe", 1.0
    if settings.share >= 1.0:
        return "enforce", 1.0
    whose = request.principal or request.session or request.id
    if _draw("enforce", request, served, whose) < settings.share:
        return "enforce", settings.share
    return "observe", 1.0 - settings.share


def watch_draw(request: Request, served: Served) -> float:
    """Return the draw by which a request is watched, in [0, 1): made by its hash alone, so before the outcome."""
    return _draw("watch", request, served, request.id)


@dataclass(slots=True, kw_only=True)
class Observer:
    """Observes requests on the background lane; used on one event loop."""

    lane: BackgroundLane
    """Where observations run, and what they are paid from."""

    log: Log | None
    """The decision log; None: nothing is kept, so nothing is observed."""

    _history: CallHistory = field(init=False, default_factory=CallHistory)
    _flushed_at: float = field(init=False, default_factory=time.monotonic)

    def observe(
        self,
        request: Request,
        served: Served,
        result: Result[Any],
        settings: Settings,
        client: Client,
        pool: EndpointPool,
    ) -> None:
        """Offer a request to the lane, if the draw takes it; returns at once.

        Args:
            request: the request.
            served: what it ran by.
            result: what the top answered.
            settings: how such requests end.
            client: what makes the calls.
            pool: the endpoints.
        """
        answered = result.attempts[-1].response if result.attempts else None
        if self.log is None or self.log.read_only or answered is None:
            return
        share = self.lane.share()
        if _draw("observe", request, served, request.id) < share:
            work = partial(
                self._observed, request, served, result, settings, client, pool, share * result.propensity, answered
            )
            self.lane.offer(request.task, work)
        if time.monotonic() - self._flushed_at >= FLUSH_S:
            self.flush()

    def watch(self, request: Request, served: Served, result: Result[Any], client: Client, pool: EndpointPool) -> None:
        """Ask the reference too, on the lane, where the draw takes a request that a certified policy decided.

        The draw is made by the request's hash alone, so before the outcome; what was drawn is a row of the log, whether
        or not the reference then answers.

        Args:
            request: the request.
            served: what it ran by.
            result: what was served.
            client: what makes the calls.
            pool: the endpoints.
        """
        share = self.lane.limits.watch
        if self.log is None or self.log.read_only or result.policy_sha256 is None or share <= 0.0:
            return
        task = None if served.policy is None else served.policy.tasks.get(request.task)
        if task is None or not task.certified or result.outcome in OUTSIDE:
            return
        if watch_draw(request, served) >= share:
            return
        top = served.ladder.of(request.task).top
        row = WatchedAnswer(
            decision_id=result.decision_id, task=request.task, policy_sha256=result.policy_sha256, propensity=share,
            rung=result.rung, reference=top.name, same=None,
        )  # fmt: skip
        answered = next((one for one in result.attempts if one.rung == result.rung and one.response is not None), None)
        if result.rung == top.name:
            self.log.write_watched(replace(row, same=True))
            return
        self.log.write_watched(row)  # drawn, whatever comes of it
        if unfit(top, request) is not None:
            return  # it may not see the request (`allow:`), or cannot answer it: not known, so never the same
        self.lane.offer(request.task, partial(self._watched, request, served, row, answered, client, pool))

    async def _watched(
        self,
        request: Request,
        served: Served,
        row: WatchedAnswer,
        answered: Attempt | None,
        client: Client,
        pool: EndpointPool,
    ) -> float | None:
        """Ask the reference, and log whether it says the same; None where the budget did not pay for it."""
        driver = Driver(
            client=client,
            budget=Budget(served.prices, [self.lane.account], history=self._history, task=request.task),
            pool=pool,
            calls=call_recorder(self.log, request, "observe", None, decision_id=row.decision_id),
        )
        found = await driver.drive(ask_top(request, served.ladder, reason="watched"))
        attempt = found.attempts[-1]
        if attempt.response is not None and self.log is not None:
            # Where nothing was served, nothing can be the same.
            places = (None, None) if answered is None else same_as((answered, attempt), request.answer_field)
            same = places[1] is not None and places[1] == places[0]
            text = attempt.response.text
            self.log.write_watched(replace(row, same=same, reference_text=text, paid_usd=attempt.answer_usd))
        return None if _unpaid(attempt) else attempt.answer_usd

    def flush(self) -> None:
        """Write what the lane has dropped to the log."""
        self._flushed_at = time.monotonic()
        dropped = self.lane.take_dropped()
        if dropped and self.log is not None:
            self.log.write_unobserved(dropped)

    async def close(self) -> None:
        """Let what is in the lane end, within `DRAIN_S` seconds, and write what was dropped."""
        await self.lane.drain()
        self.flush()

    async def _observed(
        self,
        request: Request,
        served: Served,
        result: Result[Any],
        settings: Settings,
        client: Client,
        pool: EndpointPool,
        propensity: float,
        answered: Response,
    ) -> float | None:
        """Run rungs and verifiers; log what the cascade would have done; None where the budget did not pay for it."""
        ladder = served.ladder.of(request.task)
        lacks = partial(unfit, request=request)
        for verifier in {id(one): one for rung in ladder for one in rung.verifiers}.values():
            verifier.prepare(request)
        driver = Driver(
            client=client,
            budget=Budget(served.prices, [self.lane.account], history=self._history, task=request.task),
            pool=pool,
            calls=call_recorder(self.log, request, "observe", None, decision_id=result.decision_id),
        )
        fitted = EMPTY if served.policy is None else served.policy.learned.get(request.task, EMPTY)
        have = {ladder.top.name: answered}
        attempts = await driver.drive(tour(request, served.ladder, have=have, unfit=lacks, fitted=fitted))
        if any(_unpaid(attempt) for attempt in attempts):
            return None
        would = would_be(request, served, settings, attempts)
        cost_usd = sum(one.verifiers_usd + (one.answer_usd if one.rung != ladder.top.name else 0.0) for one in attempts)
        if self.log is not None:
            self.log.write_observation(
                Observation(
                    decision_id=result.decision_id, propensity=propensity, would=would, attempts=attempts,
                    cost_usd=cost_usd,
                ),
                request, draw=None if self.log.label_queue is None else watch_draw(request, served),
            )  # fmt: skip
        return cost_usd


def would_be(request: Request, served: Served, settings: Settings, attempts: tuple[Attempt, ...]) -> Result[Any]:
    """Return the result that the cascade would have had, by recorded attempts of every rung; makes no call."""
    replies: Mapping[str, Reply | None] = {one.rung: one.response or one.failure for one in attempts}
    given: Mapping[str, Mapping[str, Verdict]] = {
        one.rung: {verdict.name: verdict for verdict in one.verdicts} for one in attempts
    }

    def answer(ask: Ask) -> Reply:
        reply = replies.get(ask.rung) if isinstance(ask, ModelCall) and not (ask.verifier or ask.again) else None
        return reply or CallFailure(kind=FailureKind.UNKNOWN, message="not recorded", tries=0)

    steps = climb(
        request,
        served.ladder,
        served.policy,
        on_uncalibrated="top" if settings.on_uncalibrated == "top" else "pass_marks",
        on_exhausted=settings.on_exhausted,
        on_refusal=settings.on_refusal,
        on_content_filter=settings.on_content_filter,
        on_other_model=settings.on_other_model,
        window_of=window_of,
        unfit=partial(unfit, request=request),
        given=given,
    )
    result = drive(steps, answer)
    return replace(
        result,
        mode="observe",
        latency_s=sum(attempt.latency_s for attempt in result.attempts),
        next_usd=next_usd_of(result, result.outcome, served.ladder, served.policy, served.prices),
    )


def _draw(purpose: str, request: Request, served: Served, whose: str) -> float:
    salt = SALT if served.policy is None else served.policy.salt
    return unit(salt=salt, purpose=purpose, task=request.task, rung="", request_id=whose)


def _unpaid(attempt: Attempt) -> bool:
    """Return whether the budget refused the rung's call, or one of its verifiers'."""
    failed = (attempt.failure, attempt.verifier_failure)
    return attempt.decision.reason == "budget" or any(
        one is not None and one.kind is FailureKind.BUDGET for one in failed
    )
