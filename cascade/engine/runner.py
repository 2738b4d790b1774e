"""Runner: runs requests on the loop: one, many at once, or every rung of them to get recordings."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from cascade.capabilities import not_allowed, unfit, window_of
from cascade.clients import Client
from cascade.clients.live_stream import LiveStream
from cascade.engine.build_request import build_request, with_settings
from cascade.engine.bypass import is_internal
from cascade.engine.bypassed import Bypassed
from cascade.engine.checks import SilenceWatch, WarnOnce
from cascade.engine.clock import RequestClock
from cascade.engine.driver import Driver
from cascade.engine.gather import gather_bounded, stream_bounded
from cascade.engine.observer import Observer, mode_of, watch_draw
from cascade.engine.policy_file import PolicyFile
from cascade.engine.raise_for import raise_for_result, raise_if_fatal
from cascade.engine.recording import Begun, RunRecorder, begin, call_recorder, call_slots, synced
from cascade.engine.refuted import RefutedTasks
from cascade.engine.savings import next_usd_of, savings_changes
from cascade.engine.served import Served
from cascade.engine.session_floor import UNKNOWN, SessionFloors
from cascade.engine.session_turns import SessionTurns
from cascade.engine.void_policy import Voided, VoidPolicies
from cascade.errors import CascadeError, LogUnavailable, RunError
from cascade.exchange import Request
from cascade.fast_replace import fast_replace
from cascade.flow.climb import ask_top, climb, tour
from cascade.flow.verify import Steps
from cascade.guards.accounts import SpendAccount, run_account
from cascade.guards.budget import budget_changes
from cascade.guards.daily_budgets import DailyBudgets
from cascade.guards.endpoint_pool import EndpointPool, Health
from cascade.guards.escalation_cap import EscalationLimiter
from cascade.ladder import Ladder, Rung
from cascade.log import Log
from cascade.log.calls import committed
from cascade.policy.unknown_task import UNKNOWN_TASK
from cascade.result import BYPASSED, Attempt, Outcome, Result
from cascade.samples.sample import Sample, recorded, require_text
from cascade.settings import Settings
from cascade.telemetry import begin as begin_trace

OnResult: TypeAlias = Callable[[int, Result[Any]], None]
OnSample: TypeAlias = Callable[[int, Sample, tuple[Attempt, ...]], None]


@dataclass(slots=True, kw_only=True)
class Runner:
    """What requests are run with, and the state that they share; used on one event loop."""

    served: Served
    """The snapshot of requests to come."""

    settings: Settings
    """How requests end."""

    tasks: Mapping[str, Settings]
    """The same for single tasks."""

    client: Client
    """What makes the calls."""

    log: Log | None
    """The decision log, if there is one."""

    day_budgets: DailyBudgets
    """What may be spent today."""

    pool: EndpointPool
    """Endpoints with their circuit breakers, rate limits and retry budgets."""

    observer: Observer
    """What observes requests that the top answered."""

    refuted: RefutedTasks
    """Tasks whose certificate is refuted by watching it."""

    void: VoidPolicies
    """Requests whose policy is void."""

    policy_file: PolicyFile | None = None
    """The policy's file, where it is served anew as it changes."""

    _escalation_limiter: EscalationLimiter | None = field(init=False)
    _warn_once: WarnOnce = field(init=False, default_factory=WarnOnce)
    _silence: SilenceWatch = field(init=False, default_factory=SilenceWatch)
    _floors: SessionFloors = field(init=False, default_factory=SessionFloors)
    _turns: SessionTurns = field(init=False, default_factory=SessionTurns)

    def __post_init__(self) -> None:
        """Open the escalation cap."""
        cap = self.served.limits.escalation_cap
        self._escalation_limiter = None if cap is None else EscalationLimiter(cap)
        shared = self.day_budgets.shared
        if shared is not None:
            self._floors.values = self._turns.values = shared.values
            shared.on_share = None if self._escalation_limiter is None else self._escalation_limiter.deal

    def request(self, prompt: Any, function: str = "request", **options: Any) -> Request:
        """Make a request from a prompt and options, with what its task's settings say."""
        request = build_request(prompt, function=function, **options)
        return with_settings(request, self.settings_of(request.task))

    def settings_of(self, task: str) -> Settings:
        """Return how a task's requests end."""
        return self.tasks.get(task, self.settings)

    def snapshot(self, task: str, *, stacklevel: int) -> Served:
        """Return what a request of a task runs by; warn once, `stacklevel` calls up, where the task is not calibrated.

        Raises:
            ConfigError: it is not, and `on_uncalibrated` is `error`.
        """
        served, settings = self.served, self.settings_of(task)
        if settings.mode != "observe":
            self._warn_once.uncalibrated(task, served.policy, settings.on_uncalibrated, stacklevel=stacklevel)
        return served

    def _is_unknown(self, task: str, served: Served) -> bool:
        """Return whether neither the policy nor the settings know a task, though they know others."""
        policy = served.policy
        return policy is not None and task not in {*policy.tasks, *self.tasks, *served.ladder.tasks, "default"}

    def health(self) -> tuple[Health, ...]:
        """Return how every endpoint stands that was asked so far, and which verifiers have stopped scoring."""
        return (*self.pool.health(), *self._silence.health())

    async def run(
        self,
        request: Request,
        started: float,
        served: Served,
        account: SpendAccount | None = None,
        bypassed: Bypassed | None = None,
        *,
        holds: bool = False,
        live: LiveStream | None = None,
    ) -> Result[Any]:
        """Run one request; raise where its result is to be raised.

        Args:
            request: the request.
            started: when it was made, on the monotonic clock.
            served: what it runs by.
            account: what pays for it beside the budgets of the day.
            bypassed: why the cascade failed it, so that the reference alone is asked.
            holds: whether a result that is to be bypassed is raised and not logged: the bypass logs it, or `log_held`.
            live: where the answer goes as it comes, where one rung alone may be asked; None: it is verified before.
        """
        result = await self.climb(
            request, started, served, account, begun=None if bypassed is None else bypassed.begun, bypassed=bypassed,
            holds=holds, live=live,
        )  # fmt: skip
        self._raise(result, request, served)
        return result

    def _raise(self, result: Result[Any], request: Request, served: Served) -> None:
        cap = served.limits.escalation_cap
        on_cap = "best" if cap is None else cap.on_cap
        raise_for_result(result, request, self.settings_of(request.task), on_cap)

    def _is_bypassed(self, result: Result[Any], request: Request, served: Served) -> bool:
        """Return whether a result is raised as a failure of the cascade's own, which its caller bypasses."""
        try:
            self._raise(result, request, served)
        except RunError as error:
            return is_internal(error, served.ladder.of(request.task).top.name)
        return False

    def log_held(self, error: Exception, request: Request) -> None:
        """Log what a request failed by, where it was held and could not be bypassed."""
        result = getattr(error, "result", None)
        if result is not None:
            self.log_result(result, request, self.served)

    def log_result(
        self, result: Result[Any], request: Request, served: Served, promise: Future[None] | None = None
    ) -> None:
        """Queue a result for the log, if there is one; what is watched is among what a label queue keeps."""
        if self.log is not None:
            draw = None if self.log.label_queue is None else watch_draw(request, served)
            self.log.write(result, request, promise=promise, draw=draw)

    async def climb(
        self,
        request: Request,
        started: float,
        served: Served,
        run: SpendAccount | None = None,
        keep: RunRecorder | None = None,
        slots: asyncio.Semaphore | None = None,
        begun: Begun | None = None,
        bypassed: Bypassed | None = None,
        *,
        holds: bool = False,
        live: LiveStream | None = None,
    ) -> Result[Any]:
        """Run one request, log what came of it, and return it whatever it is.

        Args:
            request: the request.
            started: when it was made, on the monotonic clock.
            served: what it runs by.
            run: the account of the bulk run, or of the key, that it belongs to.
            keep: records its calls; the result is returned once its row in the log is committed.
            slots: bounds the calls of a bulk run in flight.
            begun: the decision that it becomes; None: a new one.
            bypassed: why the cascade failed it; the reference alone is asked. None: it did not.
            holds: whether a result that is to be bypassed is not logged; see `run`.
            live: see `run`.
        """
        settings, ladder = self.settings_of(request.task), served.ladder.of(request.task)
        voided = Voided(served, None, None) if bypassed is not None else self.void.served(request, served)
        served = voided.served
        mode, propensity = mode_of(request, settings, served) if bypassed is None else ("enforce", 1.0)
        steps, floor_unknown = await self._flow(request, served, settings, live, mode, bypassed=bypassed is not None)
        clock = RequestClock(started, request.deadline_s)
        budget = self.day_budgets.budget(request, run)
        begun = begun or begin(request, keep)
        identity, trace = begun.decision_id, begin_trace(request)
        budget.carry(begun.maybe_pico, begun.maybe_estimate_pico)
        calls = call_recorder(self.log, request, "run", keep, decision_id=identity)
        driver = Driver(
            client=self.client, budget=budget, pool=self.pool, trace=trace, calls=calls, slots=slots,
            clock=clock, live=live,
        )  # fmt: skip
        if live is not None:
            live.decision_id = identity

        logged: Future[None] | None = None if keep is None or self.log is None or self.log.read_only else Future()

        def end(result: Result[Any], outcome: Outcome | None = None) -> Result[Any]:
            ended = outcome or result.outcome
            result = result if bypassed is None else bypassed.joined(result)
            changes = budget_changes(result, budget) | savings_changes(
                result, ended, served.ladder, served.policy, served.prices
            )
            changes |= {
                "outcome": ended,
                "decision_id": identity,
                "latency_s": clock.elapsed_s(),
                "propensity": propensity,
                "first_piece_s": None if live is None or live.first_at is None else live.first_at - started,
            }
            changes["next_usd"] = next_usd_of(result, ended, served.ladder, served.policy, served.prices)
            if bypassed is not None:
                changes = bypassed.changes(result, changes)
            if floor_unknown:
                changes["flags"] = (*changes.get("flags", result.flags), UNKNOWN)
            found = (voided.flag, UNKNOWN_TASK if self._is_unknown(request.task, served) else None)
            if more := tuple(filter(None, found)):
                changes["flags"] = (*changes.get("flags", result.flags), *more)
            if voided.sha256 is not None:  # also of what is observed only
                changes["policy_sha256"] = voided.sha256
            result = fast_replace(result, **changes)
            if bypassed is None:
                self._floors.remember(request, result, ladder)
                self._silence.see(result.attempts, served.policy)
            # What ended otherwise than raised is never held: nobody would bypass it; nor what has gone out in part.
            held = holds and not (live is not None and live.began)
            if outcome is not None or not (held and self._is_bypassed(result, request, served)):
                self.log_result(result, request, served, logged)
            if trace is not None:
                trace.ended(result, ladder)
            return result

        # Broken off, what was paid for is logged all the same.
        with trace or nullcontext():
            result = end(await synced(driver.drive(steps, on_cancel=lambda result: end(result, "cancelled")), keep))
        if logged is not None and self.log is not None:
            await committed(logged, self.log.name)
        await self._floors.publish(request, result, settings.session_floor)
        self._afterwards(
            request, served, result, settings, observes=mode == "observe" or self.void.observes(voided.flag)
        )
        return result

    def _afterwards(
        self, request: Request, served: Served, result: Result[Any], settings: Settings, *, observes: bool
    ) -> None:
        """Offer an answered request to the background lane, and look whether there is another policy."""
        if observes:
            self.observer.observe(request, served, result, settings, self.client, self.pool)
        else:
            self.observer.watch(request, served, result, self.client, self.pool)
        if self.policy_file is not None:
            self.policy_file.look()

    async def _flow(
        self,
        request: Request,
        served: Served,
        settings: Settings,
        live: LiveStream | None,
        mode: str,
        *,
        bypassed: bool,
    ) -> tuple[Steps[Result[Any]], bool]:
        """Return the flow of a request, and whether its session's floor is not known."""
        ladder = served.ladder.of(request.task)
        went_out = None if live is None else partial(getattr, live, "began")
        if bypassed:
            return ask_top(request, served.ladder, reason=BYPASSED, went_out=went_out), False
        if mode == "observe" and not_allowed(ladder.top, request) is None:
            return ask_top(request, served.ladder, went_out=went_out), False
        lacks, floor_unknown = await self._lacks(request, served, ladder, settings)
        return self._climb(request, served, settings, lacks, went_out), floor_unknown

    async def _lacks(
        self, request: Request, served: Served, ladder: Ladder, settings: Settings
    ) -> tuple[Callable[[Rung], str | None], bool]:
        """Return what rungs lack for a request, and whether its tool calls are not known."""
        await self._floors.fetch(request, ladder, settings.session_floor)
        lacks, floor_unknown = self._floors.lacks(
            request, ladder, settings.session_floor,
            await self.refuted.lacks(request.task, served.policy, ladder, partial(unfit, request=request)),
        )  # fmt: skip
        task = None if served.policy is None else served.policy.tasks.get(request.task)
        limit = None if task is None else task.at(request.quality).session_limit
        return await self._turns.lacks(request, ladder, limit, lacks), floor_unknown

    def _climb(
        self,
        request: Request,
        served: Served,
        settings: Settings,
        lacks: Callable[[Rung], str | None],
        went_out: Callable[[], bool] | None,
    ) -> Steps[Result[Any]]:
        """Return the flow of a request that the cascade decides."""
        for verifier in {id(one): one for rung in served.ladder.of(request.task) for one in rung.verifiers}.values():
            verifier.prepare(request)
        return climb(
            request,
            served.ladder,
            served.policy,
            on_uncalibrated="top" if settings.on_uncalibrated == "top" else "pass_marks",
            on_exhausted=settings.on_exhausted,
            on_refusal=settings.on_refusal,
            window_of=window_of,
            unfit=lacks,
            went_out=went_out,
            on_content_filter=settings.on_content_filter,
            on_other_model=settings.on_other_model,
            step_up=None if self._escalation_limiter is None else self._escalation_limiter.begin(request.principal),
        )

    async def run_many(
        self,
        requests: Iterable[Request],
        concurrency: int,
        max_cost_usd: float | None,
        on_result: OnResult | None,
        keep: RunRecorder | None,
    ) -> list[Result[Any]]:
        """Run many requests; see `Cascade.arun_many`."""
        done: dict[int, Result[Any]] = {}
        async for batch in self.stream_many(requests, concurrency, max_cost_usd, on_result, keep):
            done.update(batch)
        return [done[index] for index in sorted(done)]

    def stream_many(
        self,
        requests: Iterable[Request],
        concurrency: int,
        max_cost_usd: float | None,
        on_result: OnResult | None,
        keep: RunRecorder | None,
        *,
        ordered: bool = False,
    ) -> AsyncGenerator[list[tuple[int, Result[Any]]]]:
        """Run many requests, and yield lists of index and result; see `Cascade.astream_many`."""
        run, slots = run_account(max_cost_usd), call_slots(concurrency)

        async def one(index: int, request: Request) -> Result[Any]:
            begun = begin(request, keep)
            try:
                served, started = self.snapshot(request.task, stacklevel=2), time.monotonic()
                result = await self.climb(self.request(request), started, served, run, keep, slots, begun)
            except LogUnavailable:
                raise  # nothing more may be paid for
            except CascadeError as error:
                # It could not be run as it is; that is a decision too.
                result = Result(
                    request_id=request.id, task=request.task, outcome="failed", error=str(error),
                    decision_id=begun.decision_id,
                )  # fmt: skip
                self.log_result(result, request, self.served)
            if on_result is not None:
                on_result(index, result)
            return result

        return stream_bounded(one, requests, concurrency, ordered=ordered)

    async def explore(
        self,
        samples: Iterable[Sample | Request],
        concurrency: int,
        max_cost_usd: float | None,
        on_sample: OnSample | None,
        keep: RunRecorder | None,
    ) -> list[Sample]:
        """Record every rung and verifier on samples; see `Cascade.aexplore`."""
        run, slots = run_account(max_cost_usd), call_slots(concurrency)

        async def one(index: int, item: Sample | Request) -> Sample:
            sample = item if isinstance(item, Sample) else Sample(request=item)
            ladder = self.served.ladder
            require_text(sample, ladder.of(sample.request.task).names)
            steps = tour(
                self.request(sample.request),
                ladder,
                unfit=partial(not_allowed, request=sample.request),
                have={name: recording.response for name, recording in sample.recordings.items()},
                given={name: recording.verdicts for name, recording in sample.recordings.items()},
            )
            budget = self.day_budgets.budget(sample.request, run)
            trace = begin_trace(sample.request)
            calls = call_recorder(self.log, sample.request, "explore", keep)
            driver = Driver(client=self.client, budget=budget, pool=self.pool, trace=trace, calls=calls, slots=slots)
            with trace or nullcontext():
                attempts = await driver.drive(steps)
                if trace is not None:
                    trace.judged(attempts, ladder.of(sample.request.task))
            done = recorded(sample, attempts)
            if on_sample is not None:
                on_sample(index, done, attempts)
            raise_if_fatal(attempts)
            return done

        return await gather_bounded(one, samples, concurrency)
