"""Bypass: what a request that the cascade failed costs, and its row in the log, while its client asks its own model."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cascade.engine.bypassed import ADDED
from cascade.engine.loop_thread import LoopThread
from cascade.engine.recording import call_recorder
from cascade.errors import (
    BudgetExceeded,
    ContentFiltered,
    DataError,
    DeadlineExceeded,
    EscalationCapped,
    LogUnavailable,
    ProviderError,
    UnknownPrice,
)
from cascade.exchange import ModelCall, Request, Response
from cascade.failure import CallFailure
from cascade.guards.budget import Admitted, Budget
from cascade.guards.call_recorder import NULL_RECORDER, CallRecorder, call_key
from cascade.ladder import Rung
from cascade.log.rows import decision_id, now_ms
from cascade.policy.operating_point import Decision
from cascade.result import BYPASSED, Attempt, Outcome, Result, bypass_flags
from cascade.usage import Price, Usage

if TYPE_CHECKING:
    from cascade.engine.runner import Runner


def is_internal(error: Exception, top: str | None) -> bool:
    """Tell whether a failure is the cascade's own, of which the reference alone knows nothing.

    Args:
        error: what a request failed by.
        top: the name of the task's top; None: unknown.
    """
    if isinstance(
        error, DataError | BudgetExceeded | DeadlineExceeded | EscalationCapped | ContentFiltered | LogUnavailable
    ):
        return False  # the client's mistake, or a limit or a log without which the reference may not be asked either
    if not isinstance(error, ProviderError):
        return True
    result = error.result  # where the top was asked, the provider's failure is no matter of the cascade
    return result is None or all(attempt.rung != top for attempt in result.attempts)


def cause_of(error: Exception) -> str:
    """Return what a request failed by, for a flag: `auth:small` for a provider of a rung, else the error's name."""
    attempts = getattr(getattr(error, "result", None), "attempts", ())
    failed = next((one for one in reversed(attempts) if one.failure is not None), None)
    return type(error).__name__ if failed is None else f"{failed.failure.kind.value}:{failed.rung}"


@dataclass(slots=True, kw_only=True)
class Bypass:
    """One request that goes, unmodified, to its client's own model; budgets hold, and it is logged.

    `begin` before it is sent, `end` once it has been answered, each from any thread; `abegin` and `aend` from an event
    loop. Other errors than the budget's are the accounting's own: the request is sent all the same.
    """

    runner: Runner
    """What the cascade's requests are run with."""

    loop_thread: LoopThread
    """Where accounts are used."""

    request: Request
    """The request."""

    model: str
    """The client's own model, as `provider/name`."""

    error: str
    """Why it is bypassed."""

    cause: str = ""
    """The same for a flag; see `cause_of`."""

    before: Result[Any] | None = None
    """What came of the cascade, where it was held: both are one decision. None: nothing was asked, or it is logged."""

    identity: str = field(init=False, default="")
    """The decision's id in the log; '' before it has begun."""

    _rung: Rung = field(init=False)
    _budget: Budget = field(init=False)
    _call: ModelCall = field(init=False)
    _started: float = field(init=False, default=0.0)
    _admitted: Admitted | None = field(init=False, default=None)
    _calls: CallRecorder = field(init=False, default=NULL_RECORDER)
    _entry: str = field(init=False, default="")

    def __post_init__(self) -> None:
        """Look up the reference, whose price counts where the client's own model has none."""
        self._rung = self.runner.served.ladder.of(self.request.task).top

    def begin(self) -> None:
        """Reserve what the answer can cost; blocks.

        Raises:
            BudgetExceeded: a budget does not allow it.
        """
        self.loop_thread.run(self._begin)

    async def abegin(self) -> None:
        """As `begin`, from an event loop."""
        await self.loop_thread.arun(self._begin)

    def end(self, reply: Response | CallFailure | None) -> None:
        """Settle and log what came; blocks.

        Args:
            reply: the answer, or how it failed; None: it was not read, so it counts at its worst case.
        """
        self.loop_thread.run(self._end, reply)

    async def aend(self, reply: Response | CallFailure | None) -> None:
        """As `end`, from an event loop."""
        await self.loop_thread.arun(self._end, reply)

    @property
    def call(self) -> ModelCall:
        """The call that the client makes."""
        return ModelCall(
            rung=self._rung.name, model=self.model, messages=self.request.messages, params=self.request.params,
            price=self.price, request_id=self.request.id,
        )  # fmt: skip

    @property
    def price(self) -> Price | None:
        """What the client's own model costs: as the price table knows it, else as the reference; None: unknown."""
        prices = self.runner.served.prices
        for model, configured in ((self.model, None), (self._rung.model, self._rung.price)):
            try:
                return prices.price(model, configured)
            except UnknownPrice:
                continue
        return None

    async def _begin(self) -> None:
        self._started = time.monotonic()
        self.identity = decision_id(now_ms()) if self.before is None else self.before.decision_id
        self._budget = self.runner.day_budgets.budget(self.request)
        self._call = self.call
        admitted = await self._budget.admit(self._call, full=True, left_s=self.request.deadline_s)
        if isinstance(admitted, CallFailure):
            result = self._result(admitted)
            self._write(result)
            raise BudgetExceeded(f"A budget does not allow the next call: {admitted.message}.", result=result)
        self._admitted = admitted
        self._calls = call_recorder(self.runner.log, self.request, "run", None, decision_id=self.identity)
        worst = admitted.reserved or self._budget.worst(self._call)
        self._entry = await self._calls.begin(
            call_key(self._call), self._call, worst, lambda: self._budget.expected(self._call)
        )

    async def _end(self, reply: Response | CallFailure | None) -> None:
        if self._admitted is None:
            return
        reserved, self._admitted = self._admitted.reserved, None
        charge = self._budget.settle(self._call, reserved, reply)
        self._calls.end(self._entry, self._call, reply, charge)
        self._write(self._result(reply))

    def _result(self, reply: Response | CallFailure | None) -> Result[object]:
        """Return the decision: the reference's answer, which nothing has verified."""
        failed = reply if isinstance(reply, CallFailure) else None
        response = reply if isinstance(reply, Response) else Response(text="", usage=Usage(), cost_usd=0.0)
        attempt = Attempt(
            rung=self._rung.name, model=self.model, response=None if failed else response, failure=failed,
            decision=Decision(action="stop" if failed else "accept", reason=BYPASSED),
        )  # fmt: skip
        before, earlier = self.before, () if self.before is None else self.before.attempts
        added = dict.fromkeys(ADDED, 0.0) if before is None else {name: getattr(before, name) for name in ADDED}
        ended: Outcome = "accepted" if failed is None else "budget" if failed.kind == "budget" else "failed"
        return Result(
            request_id=self.request.id, decision_id=self.identity, task=self.request.task, outcome=ended,
            answer=None if failed else response.text, tool_calls=() if failed else response.tool_calls,
            rung=None if failed else self._rung.name, model=None if failed else self.model,
            attempts=(*earlier, attempt),
            error=self.error, flags=bypass_flags(self.cause), tags=self.request.tags,
            maybe_charged_usd=added["maybe_charged_usd"] + self._budget.maybe_charged_usd,
            maybe_charged_estimate_usd=added["maybe_charged_estimate_usd"] + self._budget.maybe_charged_estimate_usd,
            latency_s=added["latency_s"] + time.monotonic() - self._started,
        )  # fmt: skip

    def _write(self, result: Result[object]) -> None:
        if self.runner.log is not None and not self.runner.log.read_only:
            self.runner.log_result(result, self.request, self.runner.served)
