"""Cascade: the entry point; owns client, log and event loop: run, run_many, stream_many, explore, and async forms."""

from __future__ import annotations

import time
import weakref
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Never, TypeAlias, TypeVar, Unpack, get_args, overload

from cascade.clients import Client
from cascade.dialects.error_wordings import ErrorWording
from cascade.engine.checks import check_ladder, require_consent
from cascade.engine.gather import Turns
from cascade.engine.host import Host
from cascade.engine.loop_thread import LoopThread
from cascade.engine.observer import Observer
from cascade.engine.options import RequestOptions, refuse_unknown
from cascade.engine.policy_file import PolicyFile
from cascade.engine.recording import RunRecorder
from cascade.engine.refuted import RefutedTasks
from cascade.engine.resources import Closing, Resources
from cascade.engine.runner import OnResult, OnSample, Runner
from cascade.engine.served import Served
from cascade.engine.void_policy import VoidPolicies, mismatch, void_served
from cascade.errors import ConfigError
from cascade.exchange import EMPTY, Message, Request, is_name
from cascade.guards.accounts import midnight_ms
from cascade.guards.background import BackgroundLane
from cascade.guards.daily_budgets import DailyBudgets
from cascade.guards.endpoint_pool import Health
from cascade.guards.limits import Limits
from cascade.ladder import Ladder, Rung
from cascade.log import Log, StoreText, open_log
from cascade.log.label import Label
from cascade.log.label_queue import LabelQueue
from cascade.log.log import OnOutage
from cascade.log.spending import observed_usd, spent_usd
from cascade.plugins import resolve
from cascade.policy.answer_fields import require_answer_fields
from cascade.policy.policy import Policy
from cascade.prices import PriceBook
from cascade.result import Result
from cascade.samples.sample import Sample
from cascade.settings import ObserveLimits, Settings

Parsed = TypeVar("Parsed")

Prompt: TypeAlias = str | Sequence[Message] | Request
"""One user's text, a chat, or a Request that was made before."""

Results: TypeAlias = Turns[list[tuple[int, Result[Any]]]]
"""Results of a stream, with their index."""

Order: TypeAlias = Literal["input", "as-finished"]
"""Order of results: that of the requests, or as each one is done."""

MANY = ("concurrency", "max_cost_usd", "on_result")
STREAM = (*MANY, "order")
EXPLORE = ("concurrency", "max_cost_usd", "on_sample")
"""Options suggested for a misspelt one."""


class Cascade(Closing):
    """A cascade: a ladder with the state shared by requests: client, policy, log, background loop. Thread-safe.

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
        observe: ObserveLimits | None = None,
        error_wordings: Sequence[ErrorWording] = (),
        store_text: StoreText = "none",
        label_queue: LabelQueue | None = None,
        receipts: bool = False,
        spool: str | Path | None = None,
        log_on_outage: OnOutage = "spool",
        strict: bool = False,
    ) -> None:
        """Take a ladder and its settings; nothing is called yet.

        Args:
            ladder: the rungs, cheapest first.
            policy: a policy of `calibrate`, or its file; None: every task runs by pass marks.
            log: the decision log, its file or its PostgreSQL address; None: decisions are not logged.
            client: who answers calls; None: our own connections where a provider speaks Chat Completions, else litellm.
            verify: the verifiers of rungs that name none; None: refusal, schema, hedging.
            settings: how requests end.
            tasks: the same for single tasks.
            prices: where prices come from; None: the pinned table.
            limits: daily budgets and escalation caps of all requests together; None: no limits.
            observe: limits of the background lane, where a task is observed; None: the defaults.
            error_wordings: what errors of a provider mean that the table does not know, for the default client.
            store_text: whether the log stores prompts and answers; like what follows, not for a `Log` that is open.
            label_queue: which texts `store_text="label-queue"` keeps, and for how long; None: its defaults.
            receipts: whether the log has receipts, for `cascade verify`.
            spool: where rows wait while PostgreSQL is down.
            log_on_outage: while the log cannot be written, rows wait (`spool`), or no call is made (`refuse`).
            strict: reject a doubtful ladder (a judge of the judged model's family, a schema that accepts everything)
                instead of warning.

        Raises:
            ConfigError: the ladder, the policy, a price or a limit cannot be used; the message says what to do.
            LogUnavailable: there is a daily budget, and today's spending cannot be read from the log.
        """
        self.ladder = resolve(ladder if isinstance(ladder, Ladder) else Ladder(*ladder), verify)
        self.limits = limits or Limits()
        self.settings = settings or Settings()
        self.tasks = dict(tasks)
        self.prices = prices or PriceBook()
        observe = observe or ObserveLimits()
        renews = observe.on_changed == "renew"
        policy_file = Path(policy) if isinstance(policy, str | Path) and renews else None
        policy = Policy.load(policy) if isinstance(policy, str | Path) else policy
        served = Served(ladder=self.ladder, policy=None, limits=self.limits, prices=self.prices)
        what = mismatch(policy, self.ladder, self._answer_field) if policy is not None and renews else None
        if policy is not None and what is not None:
            served = void_served(served, policy, what)
            policy = served.policy
        else:
            require_answer_fields(policy, self._answer_field)
            served = served.with_policy(policy)
        self._error_wordings = tuple(error_wordings)
        self._own_client = client is None
        client = client if client is not None else self._default_client()
        check_ladder(self.ladder, client, self.prices, strict=strict, stacklevel=2)
        client.preload()
        self._own_log = not isinstance(log, Log)
        if isinstance(log, str | Path):
            log = open_log(
                log, store_text=store_text, receipts=receipts, spool=spool, on_outage=log_on_outage,
                label_queue=label_queue,
            )  # fmt: skip
        self.log = log
        if self.log is not None and policy is not None:
            self.log.remember_policy(policy)
        spent = spent_usd(self.log, midnight_ms()) if self.log is not None and self.limits.daily else None
        day_budgets = DailyBudgets(self.limits, self.prices, spent_usd=spent, shared=self.limits.share())
        self._runner = Runner(
            served=served,
            settings=self.settings,
            tasks=self.tasks,
            client=client,
            log=self.log,
            day_budgets=day_budgets,
            pool=self.limits.pool(day_budgets.shared),
            observer=self._observer(observe),
            refuted=RefutedTasks(log=self.log, on_refuted=observe.on_refuted),
            void=VoidPolicies(log=self.log, on_changed=observe.on_changed),
            policy_file=None if policy_file is None else PolicyFile(path=policy_file, serve=self._server()),
        )
        forked = weakref.WeakMethod(self._forked)  # what is closed at exit must not keep the cascade itself alive
        self._loop_thread = LoopThread(lambda: (method := forked()) is not None and method())
        self.host = Host(self._runner, self._loop_thread, self.log)
        """What a program that hosts the cascade uses beside these methods: a server, a drop-in client, a bulk run."""
        self._resources = Resources(
            loop_thread=self._loop_thread,
            client=client if self._own_client else None,
            log=self.log if self._own_log else None,
            observer=self._runner.observer,
            shared=self._runner.day_budgets.shared,
        )
        # Created after the log's own, so that it runs before: what ends now is still logged.
        weakref.finalize(self, self._resources.close)

    @property
    def client(self) -> Client:
        """The client for calls."""
        return self._runner.client

    @property
    def policy(self) -> Policy | None:
        """The policy of requests to come; None: every task runs by pass marks."""
        return self._runner.served.policy

    def serve(self, policy: Policy | str | Path | None) -> None:
        """Serve another policy: requests to come run by it, those that have begun end by the one they began with.

        Args:
            policy: a policy of `calibrate`, or its file; None: every task runs by pass marks.

        Raises:
            PolicyMismatch: it was fitted for another ladder, or on another field of the answers.
            ConfigError: its ordinary traffic would reach the escalation cap, or the file cannot be used.
            LogUnavailable: the log cannot remember it.

        After an error, the policy before is served on.

        Example:
            >>> app.serve("invoices.policy.json")
        """
        policy = Policy.load(policy) if isinstance(policy, str | Path) else policy
        require_answer_fields(policy, self._answer_field)
        served = self._runner.served.with_policy(policy)
        if self.log is not None and policy is not None:
            self.log.remember_policy(policy)
        self._runner.served = served

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
        request = self._runner.request(prompt, "run", **options)
        served = self._runner.snapshot(request.task, stacklevel=3)
        return self._loop_thread.run(self._runner.run, request, started, served)

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
        request = self._runner.request(prompt, "arun", **options)
        served = self._runner.snapshot(request.task, stacklevel=3)
        return await self._loop_thread.arun(self._runner.run, request, started, served)

    def run_many(
        self,
        requests: Iterable[Request],
        *,
        concurrency: int = 16,
        max_cost_usd: float | None = None,
        on_result: OnResult | None = None,
        keep: RunRecorder | None = None,
        **unknown: Never,
    ) -> list[Result[Any]]:
        """Answer many requests; blocks. Arguments and errors as of `arun_many`.

        Example:
            >>> results = app.run_many(requests, concurrency=32, max_cost_usd=5.0)
        """
        refuse_unknown("run_many", unknown, MANY)
        return self._loop_thread.run(self._runner.run_many, requests, concurrency, max_cost_usd, on_result, keep)

    async def arun_many(
        self,
        requests: Iterable[Request],
        *,
        concurrency: int = 16,
        max_cost_usd: float | None = None,
        on_result: OnResult | None = None,
        keep: RunRecorder | None = None,
        **unknown: Never,
    ) -> list[Result[Any]]:
        """Answer many requests, several at once, in the order given; a request that fails is a result too.

        Args:
            requests: the requests.
            concurrency: calls at once.
            max_cost_usd: US dollars that all of them together may cost; those that it does not allow end as `budget`.
            on_result: called with index and result as each one is done.
            keep: records decisions and calls, as a resumable run does.
            unknown: rejected, with the nearest option.

        Raises:
            TypeError: an option is unknown.
            LogUnavailable: no further call may be paid for.
        """
        refuse_unknown("arun_many", unknown, MANY)
        return await self._loop_thread.arun(self._runner.run_many, requests, concurrency, max_cost_usd, on_result, keep)

    def stream_many(
        self,
        requests: Iterable[Request],
        *,
        concurrency: int = 16,
        max_cost_usd: float | None = None,
        order: Order = "input",
        on_result: OnResult | None = None,
        keep: RunRecorder | None = None,
        **unknown: Never,
    ) -> Generator[Result[Any]]:
        """Answer many requests and yield the results one by one; blocks. Arguments and errors as of `astream_many`.

        Example:
            >>> for result in app.stream_many(requests, order="as-finished"):
            ...     print(result.request_id, result.answer)
        """
        refuse_unknown("stream_many", unknown, STREAM)
        return self._each(self._results(requests, concurrency, max_cost_usd, on_result, keep, order))

    def _each(self, results: Results) -> Generator[Result[Any]]:
        try:
            while (batch := self._loop_thread.run(results.next)) is not None:
                yield from (result for _, result in batch)
        finally:
            self._loop_thread.run(results.close)

    def astream_many(
        self,
        requests: Iterable[Request],
        *,
        concurrency: int = 16,
        max_cost_usd: float | None = None,
        order: Order = "input",
        on_result: OnResult | None = None,
        keep: RunRecorder | None = None,
        **unknown: Never,
    ) -> AsyncGenerator[Result[Any]]:
        """Answer many requests, several at once, and yield the results one by one; a failed request is a result too.

        The requests are read as they are begun, at most twice the concurrency before the consumer, and no result is
        held that was yielded, so memory does not grow with their number. Ending the iteration cancels calls in flight.

        Args:
            requests: the requests; a lazy iterable is read on the background loop, a little at a time.
            concurrency: calls at once.
            max_cost_usd: US dollars that all of them together may cost; those that it does not allow end as `budget`.
            order: `input`, in the order of the requests; or `as-finished`.
            on_result: called with index and result as each one is done, before it is yielded.
            keep: records decisions and calls, as a resumable run does.
            unknown: rejected, with the nearest option.

        Raises:
            TypeError: an option is unknown.
            ConfigError: concurrency or order cannot be used.
            LogUnavailable: no further call may be paid for.
        """
        refuse_unknown("astream_many", unknown, STREAM)
        return self._aeach(self._results(requests, concurrency, max_cost_usd, on_result, keep, order))

    async def _aeach(self, results: Results) -> AsyncGenerator[Result[Any]]:
        try:
            while (batch := await self._loop_thread.arun(results.next)) is not None:
                for _, result in batch:
                    yield result
        finally:
            await self._loop_thread.arun(results.close)

    def _results(
        self,
        requests: Iterable[Request],
        concurrency: int,
        max_cost_usd: float | None,
        on_result: OnResult | None,
        keep: RunRecorder | None,
        order: Order,
    ) -> Results:
        if order not in get_args(Order):
            message = f"order is {order!r}; input or as-finished was expected."
            raise ConfigError(message)
        return Turns(
            self._runner.stream_many(requests, concurrency, max_cost_usd, on_result, keep, ordered=order == "input")
        )

    def explore(
        self,
        samples: Iterable[Sample | Request],
        *,
        concurrency: int = 16,
        max_cost_usd: float | None = None,
        on_sample: OnSample | None = None,
        keep: RunRecorder | None = None,
        **unknown: Never,
    ) -> list[Sample]:
        """Record every rung and verifier on every sample; blocks. Arguments and errors as of `aexplore`.

        Example:
            >>> samples = app.explore(requests, max_cost_usd=2.0)
        """
        refuse_unknown("explore", unknown, EXPLORE)
        return self._loop_thread.run(self._runner.explore, samples, concurrency, max_cost_usd, on_sample, keep)

    async def aexplore(
        self,
        samples: Iterable[Sample | Request],
        *,
        concurrency: int = 16,
        max_cost_usd: float | None = None,
        on_sample: OnSample | None = None,
        keep: RunRecorder | None = None,
        **unknown: Never,
    ) -> list[Sample]:
        """Record every rung and verifier on every sample; idempotent: recorded answers are not paid for again.

        Args:
            samples: samples, or requests to make samples of.
            concurrency: calls at once.
            max_cost_usd: budget in US dollars; it stops before the budget could be exceeded.
            on_sample: called with index, sample and attempts as each one is done, so that a caller can keep it.
            keep: records calls, as a resumable run does.
            unknown: rejected, with the nearest option.

        Raises:
            TypeError: an option is unknown.
            BudgetExceeded, ProviderError, LogUnavailable: the run had to stop.
        """
        refuse_unknown("aexplore", unknown, EXPLORE)
        return await self._loop_thread.arun(self._runner.explore, samples, concurrency, max_cost_usd, on_sample, keep)

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
        return self._runner.request(prompt, messages=messages, **given, **options)

    def feedback(
        self,
        decision_id: str,
        *,
        correct: bool | None = None,
        score: float | None = None,
        kind: str = "user",
        rung: str | None = None,
    ) -> None:
        """Label a logged answer by what came back from its use; waits for the commit.

        Example:
            >>> app.feedback(result.decision_id, correct=False)

        Args:
            decision_id: `result.decision_id`, or a request's id for its last decision.
            correct: whether the answer was right; or
            score: how right it was, in [0, 1].
            kind: who or what says so (`user`, `human`, `ticket`, …): letters, digits, '.', '_' and '-'. A later
                feedback of the same kind replaces the earlier one; those of several kinds are averaged.
            rung: the rung of the answer; None: the answer that was returned.

        Raises:
            ConfigError: there is no log, not exactly one of `correct` and `score`, or `kind` is no name.
            DataError: the log has no such decision, or the score is not in [0, 1].
            LogUnavailable: the log cannot be written.
        """
        if self.log is None:
            raise ConfigError("This Cascade has no log to keep feedback in; open it with log=PATH.")
        if (correct is None) is (score is None) or not is_name(kind):
            message = (
                f"feedback() has correct={correct!r}, score={score!r} and kind={kind!r}; one of correct and score, and "
                "a name of letters, digits, '.', '_' and '-' were expected."
            )
            raise ConfigError(message)
        value = float(bool(correct)) if score is None else score
        self.log.add_labels([Label(decision=decision_id, correct=value, rung=rung, source=kind)])

    def health(self) -> tuple[Health, ...]:
        """Return how every endpoint stands that was asked so far, and which verifiers have stopped scoring, and why."""
        return self._runner.health()

    def warm(self) -> None:
        """Wait until a first call is as fast as any: imports done, certificates read. Makes no call."""
        self._loop_thread.run(self.client.warm_up)

    def close(self) -> None:
        """Write what is still to be logged, close connections and stop the background loop; also done at exit."""
        self._resources.close()

    def _answer_field(self, task: str) -> str | None:
        """Return the answer field that a task declares; None: it does not."""
        return self.tasks.get(task, self.settings).declared_field

    def _default_client(self) -> Client:
        from cascade.clients.routed import RoutedClient

        return RoutedClient(prices=self.prices, wordings=self._error_wordings)

    def _observer(self, limits: ObserveLimits) -> Observer:
        """Return what observes; where a task is observed, providers that will see prompts must have been named."""
        observed = any(one.observes for one in (self.settings, *self.tasks.values())) or limits.on_changed == "renew"
        if observed:
            require_consent(self.ladder, limits)
        if self.log is not None and self.log.label_queue is not None:
            self.log.label_queue.require_watched(limits.watch)
        observed = observed or limits.watch > 0.0
        spent = observed_usd(self.log, midnight_ms()) if observed and self.log is not None else 0.0
        return Observer(lane=BackgroundLane(limits, spent_usd=spent), log=self.log)

    def _server(self) -> Callable[[Policy], None]:
        """Return `serve`, without keeping this cascade alive."""
        method = weakref.WeakMethod(self.serve)

        def serve(policy: Policy) -> None:
            alive = method()
            if alive is not None:
                alive(policy)

        return serve

    def _forked(self) -> None:
        """Drop what belonged to the parent's event loop, and what its requests in flight would have ended."""
        self._runner.pool = self.limits.pool(self._runner.day_budgets.shared)
        self._runner.day_budgets.forget_flights()
        self._runner.observer.lane.forget()
        self._runner.refuted.forget()
        if self._runner.policy_file is not None:
            self._runner.policy_file.forget()
        if self._own_client:
            self._runner.client = self._resources.client = self._default_client()
