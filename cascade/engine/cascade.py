"""Cascade: owns client, log and loop, and runs requests: run/arun, run_many/arun_many, explore/aexplore."""

from __future__ import annotations

import asyncio
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Never, Self, TypeAlias, TypeVar, Unpack, overload

from cascade.clients import Client
from cascade.engine.build_request import build_request, with_settings
from cascade.engine.checks import WarnOnce, check_ladder
from cascade.engine.driver import Driver
from cascade.engine.gather import gather_bounded
from cascade.engine.loop_thread import LoopThread
from cascade.engine.options import RequestOptions, refuse_unknown
from cascade.engine.raise_for import raise_for_result, raise_if_fatal
from cascade.engine.recording import WrapRecorder, call_recorder, call_slots
from cascade.engine.savings import savings_changes
from cascade.errors import CascadeError, LogUnavailable
from cascade.exchange import EMPTY, Message, Request
from cascade.fast_replace import fast_replace
from cascade.flow.climb import climb, tour
from cascade.guards.accounts import SpendAccount, midnight_ms, run_account
from cascade.guards.budget import budget_changes
from cascade.guards.daily_budgets import DailyBudgets
from cascade.guards.endpoint_pool import Health
from cascade.guards.escalation_cap import EscalationLimiter
from cascade.guards.limits import Limits
from cascade.ladder import Ladder, Rung
from cascade.log import Log, open_log
from cascade.log.rows import decision_id, now_ms
from cascade.log.spending import spent_usd
from cascade.plugins import resolve
from cascade.policy.policy import Policy
from cascade.prices import PriceBook, bundled_window
from cascade.result import Attempt, Outcome, Result
from cascade.samples.sample import Sample, recorded
from cascade.settings import Settings
from cascade.telemetry import begin

Parsed = TypeVar("Parsed")

Prompt: TypeAlias = str | Sequence[Message] | Request
"""One user's text, a chat, or a Request that was made before."""

OnResult: TypeAlias = Callable[[int, Result[Any]], None]
OnSample: TypeAlias = Callable[[int, Sample, tuple[Attempt, ...]], None]

MANY = ("concurrency", "max_cost_usd", "on_result")
EXPLORE = ("concurrency", "max_cost_usd", "on_sample")
"""Options that a misspelt one may have meant."""


class Closing(ABC):
    """A context manager of both kinds around `close()`."""

    @abstractmethod
    def close(self) -> None:
        """Give back everything that was opened; may block."""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close, without blocking the caller's loop."""
        await asyncio.to_thread(self.close)


@dataclass(slots=True, kw_only=True)
class _Opened:
    """What a cascade opened itself, and closes; it holds no reference to the cascade."""

    loop_thread: LoopThread
    client: Client | None
    log: Log | None

    def close(self) -> None:
        if self.loop_thread.running and self.client is not None and not self.loop_thread.is_current:
            self.loop_thread.run(self.client.aclose)
        self.loop_thread.close()
        if self.log is not None:
            self.log.close()


class Cascade(Closing):
    """A ladder with everything that lives across requests: client, policy, log, background loop.

    Use it as a context manager, or call `close()`; one instance serves any number of threads and event loops.
    """

    def __init__(
        self,
        ladder: Ladder | Sequence[Rung],
        *,
        policy: Policy | str | Path | None = None,
        log: Log | str | Path | None = None,
        client: Client | None = None,
        verify: Sequence[Any] | None = None,
        settings: Settings | None = None,
        tasks: Mapping[str, Settings] = EMPTY,
        prices: PriceBook | None = None,
        limits: Limits | None = None,
        store_text: Literal["none", "redacted", "full"] = "none",
        receipts: bool = False,
        spool: str | Path | None = None,
        strict: bool = False,
    ) -> None:
        """Take a ladder, and what to run it with; nothing is called yet.

        Args:
            ladder: the rungs, cheapest first.
            policy: what `calibrate` fitted, or its file; None: every task runs by pass marks.
            log: the decision log, its file or its PostgreSQL address; None: decisions are not logged.
            client: who answers calls; None: our own connections where a provider speaks Chat Completions, else litellm.
            verify: the verifiers of rungs that name none; None: refusal, schema, hedging.
            settings: how requests end.
            tasks: the same for single tasks.
            prices: where prices come from; None: the pinned table.
            limits: what all requests together may spend a day and how many may step upwards; None: no limits.
            store_text: whether the log holds prompts and answers; like what follows, not for a `Log` that is open.
            receipts: whether the log can be checked by `cascade verify`.
            spool: where rows wait while PostgreSQL is down.
            strict: refuse a doubtful ladder (a judge of its own family, a schema that accepts everything) instead of
                warning about it.

        Raises:
            ConfigError: the ladder, the policy, a price or a limit cannot be used; the message says what to do.
            LogUnavailable: there is a daily budget, and the log cannot tell what was spent today.
        """
        self.ladder = resolve(ladder if isinstance(ladder, Ladder) else Ladder(*ladder), verify)
        self.policy = Policy.load(policy) if isinstance(policy, str | Path) else policy
        if self.policy is not None:
            self.policy.require(self.ladder)
        self.limits = limits or Limits()
        if self.policy is not None:
            self.limits.require_room_for(self.policy)
        self.settings = settings or Settings()
        self.tasks = dict(tasks)
        self.prices = prices or PriceBook()
        self._own_client = client is None
        self.client: Client = client if client is not None else self._default_client()
        check_ladder(self.ladder, self.client, self.prices, strict=strict, stacklevel=2)
        self._own_log = not isinstance(log, Log)
        if isinstance(log, str | Path):
            log = open_log(log, store_text=store_text, receipts=receipts, spool=spool)
        self.log = log
        if self.log is not None and self.policy is not None:
            self.log.remember_policy(self.policy)
        spent = spent_usd(self.log, midnight_ms()) if self.log is not None and self.limits.daily else None
        self._day_budgets = DailyBudgets(self.limits, self.prices, spent_usd=spent)
        cap = self.limits.escalation_cap
        self._escalation_limiter = None if cap is None else EscalationLimiter(cap)
        self._pool = self.limits.pool()
        forked = weakref.WeakMethod(self._forked)  # what is closed at exit must not keep the cascade itself alive
        self._loop_thread = LoopThread(lambda: (method := forked()) is not None and method())
        self._concerns = WarnOnce()
        self._opened = _Opened(
            loop_thread=self._loop_thread,
            client=self.client if self._own_client else None,
            log=self.log if self._own_log else None,
        )
        # Created after the log's own, so that it runs before: what ends now is still logged.
        weakref.finalize(self, self._opened.close)

    @overload
    def run(
        self,
        prompt: Prompt | None = None,
        *,
        messages: Sequence[Message] | None = None,
        schema: type[Parsed],
        **options: Unpack[RequestOptions],
    ) -> Result[Parsed]: ...

    @overload
    def run(
        self,
        prompt: Prompt | None = None,
        *,
        messages: Sequence[Message] | None = None,
        schema: Mapping[str, Any] | None = None,
        **options: Unpack[RequestOptions],
    ) -> Result[Any]: ...

    def run(self, prompt: Prompt | None = None, **options: Any) -> Result[Any]:
        """Answer one request; blocks. Arguments, errors and the rest as of `arun`.

        Example:
            >>> with Cascade(ladder, policy="policy.json") as app:
            ...     result = app.run("Two lamps to Oslo, please", task="orders", schema=Order, deadline_s=8)
            >>> result.parsed, result.rung, result.cost_usd
        """
        started = time.monotonic()
        request = self._request("run", prompt, options)
        self._warn(request.task, stacklevel=3)
        return self._loop_thread.run(self._run, request, started)

    @overload
    async def arun(
        self,
        prompt: Prompt | None = None,
        *,
        messages: Sequence[Message] | None = None,
        schema: type[Parsed],
        **options: Unpack[RequestOptions],
    ) -> Result[Parsed]: ...

    @overload
    async def arun(
        self,
        prompt: Prompt | None = None,
        *,
        messages: Sequence[Message] | None = None,
        schema: Mapping[str, Any] | None = None,
        **options: Unpack[RequestOptions],
    ) -> Result[Any]: ...

    async def arun(self, prompt: Prompt | None = None, **options: Any) -> Result[Any]:
        """Answer one request by climbing the ladder until an answer is accepted.

        Args:
            prompt: one user's text, a chat, or a Request that was made before.
            messages: a chat, in place of `prompt`.
            schema: a JSON Schema, or a type that the answer is parsed into (then `Result[T]`).
            options: `task`, `quality` (an operating point of the policy's dial), `deadline_s`, `max_cost_usd`,
                `principal`, `session`, `group`, `tags`, `id`, and provider parameters: those of
                `cascade.engine.options.ProviderOptions` by name, any other in `params={…}`.

        Raises:
            TypeError: an option is unknown.
            ConfigError: the request cannot be run as it is.
            ProviderError: wrong key, spent quota, unknown model, malformed or filtered request; it carries the result.
            DeadlineExceeded, BudgetExceeded: that ran out first (unless `on_deadline`/`on_budget` is `best`).
            EscalationCapped: the escalation cap kept it on a lower rung (where `on_cap` is `error`).

        Example:
            >>> result = await app.arun(messages=chat, task="support", max_cost_usd=0.05, principal="acme")
        """
        started = time.monotonic()
        request = self._request("arun", prompt, options)
        self._warn(request.task, stacklevel=3)
        return await self._loop_thread.arun(self._run, request, started)

    def run_many(
        self,
        requests: Iterable[Request],
        *,
        concurrency: int = 16,
        max_cost_usd: float | None = None,
        on_result: OnResult | None = None,
        keep: WrapRecorder | None = None,
        **unknown: Never,
    ) -> list[Result[Any]]:
        """Answer many requests; blocks. Arguments and errors as of `arun_many`.

        Example:
            >>> results = app.run_many(requests, concurrency=32, max_cost_usd=5.0)
        """
        refuse_unknown("run_many", unknown, MANY)
        return self._loop_thread.run(self._run_many, requests, concurrency, max_cost_usd, on_result, keep)

    async def arun_many(
        self,
        requests: Iterable[Request],
        *,
        concurrency: int = 16,
        max_cost_usd: float | None = None,
        on_result: OnResult | None = None,
        keep: WrapRecorder | None = None,
        **unknown: Never,
    ) -> list[Result[Any]]:
        """Answer many requests, several at once, in the order given; a request that fails is a result too.

        Args:
            requests: the requests.
            concurrency: calls at once.
            max_cost_usd: US dollars that all of them together may cost; those that it does not allow end as `budget`.
            on_result: called with index and result as each one is done.
            keep: wraps what writes down a request's calls, as a resumable run does.
            unknown: refused, with the nearest option.

        Raises:
            TypeError: an option is unknown.
            LogUnavailable: nothing more may be paid for.
        """
        refuse_unknown("arun_many", unknown, MANY)
        return await self._loop_thread.arun(self._run_many, requests, concurrency, max_cost_usd, on_result, keep)

    def explore(
        self,
        samples: Iterable[Sample | Request],
        *,
        concurrency: int = 16,
        max_cost_usd: float | None = None,
        on_sample: OnSample | None = None,
        keep: WrapRecorder | None = None,
        **unknown: Never,
    ) -> list[Sample]:
        """Record every rung and verifier on every sample; blocks. Arguments and errors as of `aexplore`.

        Example:
            >>> samples = app.explore(requests, max_cost_usd=2.0)
        """
        refuse_unknown("explore", unknown, EXPLORE)
        return self._loop_thread.run(self._explore, samples, concurrency, max_cost_usd, on_sample, keep)

    async def aexplore(
        self,
        samples: Iterable[Sample | Request],
        *,
        concurrency: int = 16,
        max_cost_usd: float | None = None,
        on_sample: OnSample | None = None,
        keep: WrapRecorder | None = None,
        **unknown: Never,
    ) -> list[Sample]:
        """Record every rung and verifier on every sample; what is recorded already is not paid for again.

        Args:
            samples: samples, or requests to make samples of.
            concurrency: calls at once.
            max_cost_usd: US dollars; it stops before they could be passed.
            on_sample: called with index, sample and attempts as each one is done, so that a caller can keep it.
            keep: wraps what writes down a request's calls, as a resumable run does.
            unknown: refused, with the nearest option.

        Raises:
            TypeError: an option is unknown.
            BudgetExceeded, ProviderError, LogUnavailable: it had to stop.
        """
        refuse_unknown("aexplore", unknown, EXPLORE)
        return await self._loop_thread.arun(self._explore, samples, concurrency, max_cost_usd, on_sample, keep)

    def request(
        self,
        prompt: Prompt | None = None,
        *,
        messages: Sequence[Message] | None = None,
        schema: Any = None,
        **options: Unpack[RequestOptions],
    ) -> Request:
        """Make the Request that `run` would run.

        Raises:
            TypeError: an option is unknown.
            ConfigError: an option cannot be used; a schema is malformed or unsafe.
        """
        given = {} if schema is None else {"schema": schema}
        return self._request("request", prompt, {"messages": messages, **given, **options})

    def _request(self, function: str, prompt: Prompt | None, options: Mapping[str, Any]) -> Request:
        request = build_request(prompt, function=function, **options)
        return with_settings(request, self._settings(request.task))

    def health(self) -> tuple[Health, ...]:
        """Return how every endpoint stands that was asked so far: whether its breaker is open, and why."""
        return self._pool.health()

    def close(self) -> None:
        """Write what is still to be logged, close connections and stop the background loop; also done at exit."""
        self._opened.close()

    async def _run(self, request: Request, started: float) -> Result[Any]:
        result = await self._climb(request, started)
        on_cap = "best" if self.limits.escalation_cap is None else self.limits.escalation_cap.on_cap
        raise_for_result(result, request, self._settings(request.task), on_cap)
        return result

    async def _climb(
        self,
        request: Request,
        started: float,
        run: SpendAccount | None = None,
        keep: WrapRecorder | None = None,
        slots: asyncio.Semaphore | None = None,
    ) -> Result[Any]:
        settings = self._settings(request.task)
        for verifier in {id(one): one for rung in self.ladder.of(request.task) for one in rung.verifiers}.values():
            verifier.prepare(request)
        self._warn(request.task, stacklevel=2)
        steps = climb(
            request,
            self.ladder,
            self.policy,
            on_uncalibrated="top" if settings.on_uncalibrated == "top" else "pass_marks",
            on_exhausted=settings.on_exhausted,
            on_refusal=settings.on_refusal,
            window_of=lambda rung: rung.context_window or bundled_window(rung.model),
            on_content_filter=settings.on_content_filter,
            on_other_model=settings.on_other_model,
            step_up=None if self._escalation_limiter is None else self._escalation_limiter.begin(request.principal),
        )
        deadline = None if request.deadline_s is None else started + request.deadline_s
        budget = self._day_budgets.budget(request, run)
        identity, trace = decision_id(now_ms()), begin(request)
        calls = call_recorder(self.log, request, "run", keep, decision_id=identity)
        driver = Driver(
            client=self.client, budget=budget, pool=self._pool, trace=trace, calls=calls, slots=slots,
            deadline=deadline,
        )  # fmt: skip

        def end(result: Result[Any], outcome: Outcome | None = None) -> Result[Any]:
            ended = outcome or result.outcome
            changes = budget_changes(result, budget) | savings_changes(
                result, ended, self.ladder, self.policy, self.prices
            )
            changes |= {"outcome": ended, "decision_id": identity, "latency_s": time.monotonic() - started}
            result = fast_replace(result, **changes)
            if self.log is not None:
                self.log.write(result, request)
            if trace is not None:
                trace.ended(result, self.ladder.of(request.task))
            return result

        # Broken off, what was paid for is logged all the same.
        with trace or nullcontext():
            return end(await driver.drive(steps, on_cancel=lambda result: end(result, "cancelled")))

    async def _run_many(
        self,
        requests: Iterable[Request],
        concurrency: int,
        max_cost_usd: float | None,
        on_result: OnResult | None,
        keep: WrapRecorder | None,
    ) -> list[Result[Any]]:
        run, slots = run_account(max_cost_usd), call_slots(concurrency)

        async def one(index: int, request: Request) -> Result[Any]:
            try:
                result = await self._climb(self.request(request), time.monotonic(), run, keep, slots)
            except LogUnavailable:
                raise  # nothing more may be paid for
            except CascadeError as error:
                result = Result(request_id=request.id, task=request.task, outcome="failed", error=str(error))
            if on_result is not None:
                on_result(index, result)
            return result

        return await gather_bounded(one, requests, concurrency)

    async def _explore(
        self,
        samples: Iterable[Sample | Request],
        concurrency: int,
        max_cost_usd: float | None,
        on_sample: OnSample | None,
        keep: WrapRecorder | None,
    ) -> list[Sample]:
        run, slots = run_account(max_cost_usd), call_slots(concurrency)

        async def one(index: int, item: Sample | Request) -> Sample:
            sample = item if isinstance(item, Sample) else Sample(request=item)
            steps = tour(
                self.request(sample.request),
                self.ladder,
                have={name: recording.response for name, recording in sample.recordings.items()},
                given={name: recording.verdicts for name, recording in sample.recordings.items()},
            )
            budget = self._day_budgets.budget(sample.request, run)
            trace = begin(sample.request)
            calls = call_recorder(self.log, sample.request, "explore", keep)
            driver = Driver(client=self.client, budget=budget, pool=self._pool, trace=trace, calls=calls, slots=slots)
            with trace or nullcontext():
                attempts = await driver.drive(steps)
                if trace is not None:
                    trace.judged(attempts, self.ladder.of(sample.request.task))
            done = recorded(sample, attempts)
            if on_sample is not None:
                on_sample(index, done, attempts)
            raise_if_fatal(attempts)
            return done

        return await gather_bounded(one, samples, concurrency)

    def _settings(self, task: str) -> Settings:
        return self.tasks.get(task, self.settings)

    def _warn(self, task: str, *, stacklevel: int) -> None:
        """Warn in the caller's own line, `stacklevel` calls up."""
        asked = self._settings(task).on_uncalibrated
        self._concerns.uncalibrated(task, self.policy, asked, stacklevel=stacklevel)

    def _default_client(self) -> Client:
        from cascade.clients.routed import RoutedClient

        return RoutedClient(prices=self.prices)

    def _forked(self) -> None:
        """Drop what belonged to the parent's event loop, and what its requests in flight would have ended."""
        self._pool = self.limits.pool()
        self._day_budgets.forget_flights()
        if self._own_client:
            self.client = self._default_client()
