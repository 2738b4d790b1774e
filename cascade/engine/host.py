"""Host: what a program that hosts a cascade (server, drop-in client, bulk run) uses beside its public methods."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from cascade.clients import Client
from cascade.clients.live_stream import LiveStream
from cascade.engine.bypass import Bypass
from cascade.engine.bypassed import Bypassed
from cascade.engine.live_run import LiveRun
from cascade.engine.loop_thread import LoopThread
from cascade.engine.runner import Runner
from cascade.exchange import Request
from cascade.guards.accounts import SpendAccount
from cascade.guards.rate_limit import RateLimit
from cascade.log import Log
from cascade.log.lease_log import LeaseLog
from cascade.result import Result


class Host:
    """What a program that hosts a cascade uses: accounts and rates of keys, live streams, bypasses. Thread-safe."""

    def __init__(self, runner: Runner, loop_thread: LoopThread, log: Log | None) -> None:
        """Take what runs a cascade's requests, where it runs, and its decision log; None: decisions are not logged."""
        self._runner = runner
        self._loop_thread = loop_thread
        self._log = log

    def account(
        self, name: str, limit_usd: float, *, spent_usd: float = 0.0, principal: str | None = None
    ) -> SpendAccount:
        """Open the daily account of a server's key, shared by processes where the daily budgets are.

        Args:
            name: the key's name.
            limit_usd: US dollars that it may spend a UTC day.
            spent_usd: US dollars that it spent today before.
            principal: on whose behalf its requests are made.
        """
        whose = (principal,)
        return self._runner.day_budgets.open("key", f"key:{name}", limit_usd, spent_usd=spent_usd, whose=whose)

    @property
    def shares_rates(self) -> bool:
        """Whether rates are kept together with other processes."""
        return self._runner.day_budgets.shared is not None

    async def book_rate(self, name: str, pace: RateLimit, tokens: int) -> float:
        """Book a request of a server's key in the rates that processes share.

        Args:
            name: the key's name.
            pace: its requests and tokens a minute.
            tokens: tokens of the request and its answer.

        Returns:
            0 where it may be made now; else the seconds until it could be, and nothing is booked.
        """
        return await self._loop_thread.arun(self._book_rate, name, pace, tokens)

    async def _book_rate(self, name: str, pace: RateLimit, tokens: int) -> float:
        shared = self._runner.day_budgets.shared
        assert shared is not None  # noqa: S101 - asked before, by `shares_rates`
        shared.watch()
        return await shared.rates.book(f"key:{name}", pace, tokens, most_s=0.0)

    async def correct_rate(self, name: str, pace: RateLimit, tokens: int) -> None:
        """Add tokens to what a key has booked; below 0 they are given back."""
        await self._loop_thread.arun(self._correct_rate, name, pace, tokens)

    async def _correct_rate(self, name: str, pace: RateLimit, tokens: int) -> None:
        shared = self._runner.day_budgets.shared
        assert shared is not None  # noqa: S101 - as above
        shared.rates.correct(f"key:{name}", pace, tokens=tokens)

    def settle_leases(self) -> None:
        """Have leases of killed processes settled by the log, where it holds every call (`log.on_outage: refuse`).

        For a server: a bulk run that is resumed settles its own calls anew.
        """
        shared = self._runner.day_budgets.shared
        if shared is not None and self._log is not None and not self._log.read_only:
            shared.calls = LeaseLog(self._log)

    def run_held(self, request: Request) -> Result[Any]:
        """Answer a request as `Cascade.run`; what a bypass follows is not logged before it (`bypass`, `log_held`)."""
        started = time.monotonic()
        served = self._runner.snapshot(request.task, stacklevel=3)
        return self._loop_thread.run(partial(self._runner.run, request, started, served, holds=True))

    async def arun_held(self, request: Request) -> Result[Any]:
        """As `run_held`, from an event loop."""
        started = time.monotonic()
        served = self._runner.snapshot(request.task, stacklevel=3)
        return await self._loop_thread.arun(partial(self._runner.run, request, started, served, holds=True))

    def run_live(self, request: Request, *, holds: bool = False) -> LiveRun:
        """Begin a request whose answer is passed on as it comes, where one rung alone may be asked.

        Args:
            request: the request, as `Cascade.request` makes it.
            holds: as of `answer`.
        """
        started = time.monotonic()
        served = self._runner.snapshot(request.task, stacklevel=3)
        work = partial(self._runner.run, request, started, served, holds=holds)
        return LiveRun(self._loop_thread, lambda live: work(live=live))

    def streams_live(self, task: str) -> bool:
        """Return whether answers of a task are passed on as they come, where one rung alone may be asked."""
        return self._runner.settings_of(task).on_stream == "top_live"

    def log_held(self, error: Exception, request: Request) -> None:
        """Log what a held request failed by, where no bypass followed."""
        self._runner.log_held(error, request)

    async def answer(
        self, request: Request, *, account: SpendAccount | None = None, bypassed: Bypassed | None = None,
        holds: bool = False, live: LiveStream | None = None,
    ) -> Result[Any]:  # fmt: skip
        """Answer a request of a server: as `Cascade.arun`, paid from one more account, or by the reference alone.

        Args:
            request: the request, as `Cascade.request` makes it.
            account: what pays for it beside the daily budgets, such as a key's.
            bypassed: why the cascade failed it: the reference alone is asked, nothing is verified, and the decision is
                flagged `bypassed`. None: the cascade decides.
            holds: whether a failure that the caller bypasses is not logged before that; else `log_held`.
            live: where the answer goes as it comes, where one rung alone may be asked; None: it is verified before.

        Raises:
            ConfigError, RunError: as of `Cascade.arun`.

        Example:
            >>> result = await app.host.answer(app.request("Two lamps to Oslo, please"), account=account)
        """
        started = time.monotonic()
        served = self._runner.served if bypassed is not None else self._runner.snapshot(request.task, stacklevel=3)
        run = partial(self._runner.run, request, started, served, account, bypassed, holds=holds, live=live)
        return await self._loop_thread.arun(run)

    def correct_spending(self, corrections: Mapping[str | None, int]) -> None:
        """Correct what daily budgets count as spent before, where a settlement of the log has found it.

        Args:
            corrections: picodollars to add, by principal (None: requests without one); below 0 to give back.
        """

        async def correct() -> None:
            for principal, pico in corrections.items():
                self._runner.day_budgets.correct(principal, pico)

        if corrections:
            self._loop_thread.run(correct)

    def bypass(
        self, request: Request, *, model: str, error: str, cause: str = "", before: Result[Any] | None = None
    ) -> Bypass:
        """Return what accounts for a request that goes to its client's own model, since the cascade failed.

        Args:
            request: the request.
            model: the client's own model, as `provider/name`.
            error: why the cascade failed.
            cause: the same for a flag: `auth:small`, `RuntimeError`.
            before: what came of the cascade, where that was held (`run_held`): both are one decision of the log.
        """
        return Bypass(
            runner=self._runner, loop_thread=self._loop_thread, request=request, model=model, error=error, cause=cause,
            before=before,
        )  # fmt: skip

    def put_before_client(self, made: Callable[[Client], Client]) -> None:
        """Put something between the requests to come and the client, which is closed as before.

        Args:
            made: returns what is asked instead of the client that it is given.
        """
        self._runner.client = made(self._runner.client)
