"""Cascade: owns client, log and loop, and runs requests: run/arun, run_many/arun_many, explore/aexplore."""

from __future__ import annotations

import asyncio
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from cascade.clients import Client
from cascade.crew import work_through
from cascade.door import Door
from cascade.driver import Driver
from cascade.errors import BudgetExceeded, CascadeError, ConfigError, DeadlineExceeded, ProviderError
from cascade.exchange import EMPTY, Message, Request
from cascade.failure import FailureKind
from cascade.flow import climb, tour
from cascade.guards.budget import Budget
from cascade.ladder import Ladder, Rung
from cascade.log import Log, open_log
from cascade.log.rows import decision_id, now_ms
from cascade.outcome import Attempt, Result
from cascade.output_type import schema_fields
from cascade.plugins import resolve
from cascade.policy import Policy
from cascade.prices import PriceBook
from cascade.sample import Sample, recorded
from cascade.savings import with_savings
from cascade.settings import LadderWarning, Settings, UncalibratedWarning


class Cascade:
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
        store_text: Literal["none", "redacted", "full"] = "none",
    ) -> None:
        """Take a ladder, and what to run it with; nothing is called yet.

        Args:
            ladder: the rungs, cheapest first.
            policy: what `calibrate` fitted, or its file; None: every task runs by pass marks.
            log: the decision log or its file; None: decisions are not logged.
            client: who answers calls; None: litellm.
            verify: the verifiers of rungs that name none; None: refusal, schema, hedging.
            settings: how requests end.
            tasks: the same for single tasks.
            prices: where prices come from; None: the pinned table.
            store_text: whether the log holds prompts and answers; only used where `log` is a file.

        Raises:
            ConfigError: the ladder, the policy or a price cannot be used; the message says what to do.
        """
        self.ladder = resolve(ladder if isinstance(ladder, Ladder) else Ladder(*ladder), verify)
        self.policy = Policy.load(policy) if isinstance(policy, str | Path) else policy
        if self.policy is not None:
            self.policy.require(self.ladder)
        self.settings = settings or Settings()
        self.tasks = dict(tasks)
        self.prices = prices or PriceBook()
        self._own_client = client is None
        self.client: Client = client if client is not None else self._litellm()
        self._check()
        self._own_log = not isinstance(log, Log)
        secrets = [rung.api_key for own in (self.ladder, *self.ladder.tasks.values()) for rung in own if rung.api_key]
        self.log = open_log(log, store_text=store_text, secrets=secrets) if isinstance(log, str | Path) else log
        if self.log is not None and self.policy is not None:
            self.log.remember_policy(self.policy)
        self._door = Door(self._forked)
        self._warned: set[str] = set()

    def run(self, prompt: str | Sequence[Message] | Request, **options: Any) -> Result[Any]:
        """Answer one request; blocks. See `arun` for arguments and errors."""
        request = self.request(prompt, **options)
        self._warn(request.task, stacklevel=3)
        return self._door.run(self._run, request)

    async def arun(self, prompt: str | Sequence[Message] | Request, **options: Any) -> Result[Any]:
        """Answer one request by climbing the ladder until an answer is accepted.

        Args:
            prompt: one user's text, a chat, or a Request that was made before.
            options: `task`, `quality` (an operating point of the policy's dial), `schema` (a JSON Schema, or a type
                that the answer is parsed into), `deadline_s`, `max_cost_usd`, `principal`, `session`, `group`, `tags`,
                `id`; everything else goes to the provider (`temperature`, `max_tokens`, `tools`, `response_format`, …).

        Raises:
            ConfigError: the request cannot be run as it is.
            ProviderError: wrong key, spent quota, unknown model, malformed or filtered request; it carries the result.
            DeadlineExceeded, BudgetExceeded: that ran out first (unless `on_deadline`/`on_budget` is `best`).
        """
        request = self.request(prompt, **options)
        self._warn(request.task, stacklevel=3)
        return await self._door.arun(self._run, request)

    def run_many(self, requests: Iterable[Request], **options: Any) -> list[Result[Any]]:
        """Answer many requests; blocks. See `arun_many`."""
        return self._door.run(self._run_many, requests, options)

    async def arun_many(self, requests: Iterable[Request], **options: Any) -> list[Result[Any]]:
        """Answer many requests, several at once, in the order given; never raises for one of them.

        Args:
            requests: the requests.
            options: `concurrency` (16): how many at once; `on_result(index, result)`: called as each one is done.
        """
        return await self._door.arun(self._run_many, requests, options)

    def explore(self, samples: Iterable[Sample | Request], **options: Any) -> list[Sample]:
        """Record every rung and verifier on every sample; blocks. See `aexplore`."""
        return self._door.run(self._explore, samples, options)

    async def aexplore(self, samples: Iterable[Sample | Request], **options: Any) -> list[Sample]:
        """Record every rung and verifier on every sample; what is recorded already is not paid for again.

        Args:
            samples: samples, or requests to make samples of.
            options: `concurrency` (16); `max_cost_usd`: stop before it could be passed; `on_sample(index, sample,
                attempts)`: called as each one is done, so that a caller can keep it at once.
        """
        return await self._door.arun(self._explore, samples, options)

    def request(self, prompt: str | Sequence[Message] | Request, **options: Any) -> Request:
        """Make the Request that `run` would run.

        Raises:
            ConfigError: an option cannot be used; a schema is malformed or unsafe.
        """
        if isinstance(prompt, Request):
            request = replace(prompt, **options) if options else prompt
        else:
            fields = {name: options.pop(name) for name in _FIELDS if name in options}
            params = {**options.pop("params", {}), **options}
            request = Request.of(prompt, params=params, **schema_fields(fields))
        task = self._settings(request.task)
        missing: dict[str, Any] = {
            name: getattr(task, name)
            for name in ("deadline_s", "max_cost_usd")
            if getattr(request, name) is None and getattr(task, name) is not None
        }
        if request.schema is None and task.schema is not None:
            missing |= schema_fields({"schema": task.schema})
        return replace(request, **missing) if missing else request

    def close(self) -> None:
        """Write what is still to be logged, close connections and stop the background loop."""
        if self._own_client:
            self._door.run(self.client.aclose)
        self._door.close()
        if self.log is not None and self._own_log:
            self.log.close()

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

    async def _run(self, request: Request) -> Result[Any]:
        result = await self._climb(request)
        settings = self._settings(request.task)
        final = result.attempts[-1].failure if result.attempts else None
        if final is not None and result.outcome == "failed" and (kind := final.treatment.raises) is not None:
            message = f"{(result.error or '').rstrip('.')}. {_ADVICE.get(final.kind.value, 'No other rung was asked.')}"
            raise kind(message, result=result, evidence={"status": final.status})
        if result.outcome == "deadline" and settings.on_deadline == "raise":
            message = f"The deadline of {request.deadline_s:g} s passed; on_deadline='best' returns the best so far."
            raise DeadlineExceeded(message, result=result)
        if result.outcome == "budget" and settings.on_budget == "raise":
            message = (
                f"The budget of ${request.max_cost_usd:g} does not allow the next call: {result.error or 'a verifier'}."
            )
            raise BudgetExceeded(message, result=result)
        return result

    async def _climb(self, request: Request) -> Result[Any]:
        started = time.monotonic()
        settings = self._settings(request.task)
        for rung in self.ladder.of(request.task):
            for verifier in rung.verifiers:
                verifier.prepare(request)
        self._warn(request.task, stacklevel=2)
        steps = climb(
            request,
            self.ladder,
            self.policy,
            on_uncalibrated="top" if settings.on_uncalibrated == "top" else "pass_marks",
            on_exhausted=settings.on_exhausted,
            on_refusal=settings.on_refusal,
        )
        deadline = None if request.deadline_s is None else started + request.deadline_s
        driver = Driver(client=self.client, budget=Budget(request.max_cost_usd, self.prices), deadline=deadline)
        result = await driver.drive(steps)
        result = with_savings(result, self.ladder, self.policy, self.prices)
        result = replace(result, decision_id=decision_id(now_ms()), latency_s=time.monotonic() - started)
        if self.log is not None:
            self.log.write(result, request)
        return result

    async def _run_many(self, requests: Iterable[Request], options: Mapping[str, Any]) -> list[Result[Any]]:
        on_result: Callable[[int, Result[Any]], None] | None = options.get("on_result")

        async def one(index: int, request: Request) -> Result[Any]:
            try:
                result = await self._climb(self.request(request))
            except CascadeError as error:
                result = Result(request_id=request.id, task=request.task, outcome="failed", error=str(error))
            if on_result is not None:
                on_result(index, result)
            return result

        return await work_through(one, requests, options.get("concurrency", 16))

    async def _explore(self, samples: Iterable[Sample | Request], options: Mapping[str, Any]) -> list[Sample]:
        on_sample: Callable[[int, Sample, tuple[Attempt, ...]], None] | None = options.get("on_sample")
        budget = Budget(options.get("max_cost_usd"), self.prices)

        async def one(index: int, item: Sample | Request) -> Sample:
            sample = item if isinstance(item, Sample) else Sample(request=item)
            steps = tour(
                self.request(sample.request),
                self.ladder,
                have={name: recording.response for name, recording in sample.recordings.items()},
                given={name: recording.verdicts for name, recording in sample.recordings.items()},
            )
            attempts = await Driver(client=self.client, budget=budget).drive(steps)
            done = recorded(sample, attempts)
            if on_sample is not None:
                on_sample(index, done, attempts)
            _refuse_to_go_on(attempts)
            return done

        return await work_through(one, samples, options.get("concurrency", 16))

    def _settings(self, task: str) -> Settings:
        return self.tasks.get(task, self.settings)

    def _warn(self, task: str, *, stacklevel: int) -> None:
        """Warn once where a task is not calibrated, in the caller's own line; refuse it where that was asked for."""
        if self.policy is not None and task in self.policy.tasks:
            return
        fitted = ", ".join(sorted(self.policy.tasks)) if self.policy is not None else "no task"
        if self._settings(task).on_uncalibrated == "error":
            message = f"Task {task!r} is not calibrated (the policy knows {fitted}); run `cascade calibrate`."
            raise ConfigError(message)
        if task not in self._warned:
            self._warned.add(task)
            message = (
                f"Task {task!r} is not calibrated (the policy knows {fitted}): answers are accepted by pass "
                "marks, and nothing is known about how often they are right. Run `cascade calibrate`."
            )
            warnings.warn(message, UncalibratedWarning, stacklevel=stacklevel)

    def _check(self) -> None:
        """Refuse at start-up what would fail at the first request, and say what is doubtful."""
        probe = Request.of("?")
        for ladder in (self.ladder, *self.ladder.tasks.values()):
            for position, rung in enumerate(ladder):
                self.client.check(rung.call(probe))
                above = ladder[position + 1].model if position + 1 < len(ladder) else None
                for verifier in rung.verifiers:
                    for concern in verifier.concerns(judged=rung.model, above=above, price_usd=self.prices.typical_usd):
                        warnings.warn(f"Rung {rung.name}: {concern}", LadderWarning, stacklevel=3)

    def _litellm(self) -> Client:
        from cascade.clients.litellm import LiteLLMClient

        return LiteLLMClient(prices=self.prices)

    def _forked(self) -> None:
        """Drop what belonged to the parent's event loop."""
        if self._own_client:
            self.client = self._litellm()


def _refuse_to_go_on(attempts: tuple[Attempt, ...]) -> None:
    """End an exploration that the next sample could only make dearer or worse: no budget, wrong key, no quota."""
    for attempt in attempts:
        if attempt.decision.action == "stop":
            message = f"{attempt.rung}: a verifier's call could have cost more than is left"
            raise BudgetExceeded(message)
        if attempt.failure is None:
            continue
        message = f"{attempt.rung}: {attempt.failure.kind.value}: {attempt.failure.message}"
        if attempt.failure.kind is FailureKind.BUDGET:
            raise BudgetExceeded(message)
        if attempt.failure.kind in (FailureKind.AUTH, FailureKind.QUOTA, FailureKind.NOT_FOUND):
            raise (attempt.failure.treatment.raises or ProviderError)(message)


_FIELDS = ("task", "quality", "schema", "deadline_s", "max_cost_usd", "principal", "session", "group", "tags", "id")
_ADVICE = {
    "auth": "Check the key of this rung; the dearer rungs were not asked, since a wrong key is no reason to pay more.",
    "quota": "Check the account's balance and limits; the dearer rungs were not asked.",
    "not_found": "Check the model's name; the dearer rungs were not asked.",
}
