"""The exchange of a wrapped client, as a generator without I/O: asks the cascade, else the client's own model.

It yields steps, which the transports take, sync or async, and is sent what came of each.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
import warnings
from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from cascade.config.process import default
from cascade.dialects.inbound.extension import headers
from cascade.dialects.inbound.inbound import Inbound, task_of
from cascade.dialects.inbound.live_events import can_go_live
from cascade.dialects.inbound.server_sent_events import dumps, encode
from cascade.drop_in.live import LiveBytes, LiveReply
from cascade.drop_in.own_model import read_own
from cascade.drop_in.route import Library, Route, route_of
from cascade.drop_in.wire import Reply, Sent
from cascade.engine.bypass import Bypass, cause_of, is_internal
from cascade.errors import BudgetExceeded, CascadeError, DeadlineExceeded
from cascade.exchange import Request
from cascade.failure import CallFailure, FailureKind
from cascade.loggers import logger_of
from cascade.redaction import redacted
from cascade.result import BYPASSED
from cascade.settings import BypassWarning

if TYPE_CHECKING:
    from cascade.engine.cascade import Cascade

_log = logger_of("cascade.wrap")

_AGAIN = "the client's own model failed, and its library asks once more"

OnInternalError: TypeAlias = Literal["reference", "raise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something to be done by the transport, sync or async."""

    run: Callable[[], Any]
    """Do it; blocks."""

    arun: Callable[[], Awaitable[Any]]
    """Do it from an event loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """What the original client does with the request that is being answered, by its own HTTP client."""

    send: Step
    """Send it without our own field in its body; the answer is not read yet."""

    read: Callable[[Any], Step]
    """Read an answer's body."""


Steps: TypeAlias = Generator[Step, Any, Any]
"""Yields steps, is sent what came of them, and returns a `Reply`, or the original client's own response."""


@dataclass(slots=True, kw_only=True)
class Exchanges:
    """Answers the requests of one wrapped client. Thread-safe."""

    library: Library
    """Whose client it is."""

    app: Cascade | None = None
    """The cascade; None: the process default, opened at the first request."""

    defaults: Mapping[str, Any]
    """Options of requests that say nothing else."""

    on_internal_error: OnInternalError = "reference"
    """Whether a failure of ours sends the request to the client's own model, or raises."""

    bypassed: int = field(init=False, default=0)
    """Requests so far that went to the client's own model since the cascade failed."""

    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def answers(self, method: str, path: str) -> bool:
        """Tell whether the cascade answers such a request; else the original client does, and its body is not read."""
        return method == "POST" and route_of(self.library, path) is not None

    def answer(self, sent: Sent, original: Original, *, again: bool = False) -> Steps:
        """Answer one request, of those that it `answers`.

        Args:
            sent: the request.
            original: what the original client does with it.
            again: whether its library sends it once more: it went to the client's own model, since the cascade failed.
        """
        route = route_of(self.library, sent.path)
        assert route is not None  # noqa: S101 - the transports ask `answers` first
        if again:
            return (yield from self._bypass(route, original, self._read(route, sent), _AGAIN, "again"))
        inbound: Inbound | None = None
        request: Request | None = None
        try:
            inbound = route.dialect.read(sent.fields(), self.defaults)
            app = self.app or default()
            request = _bounded(app.request(inbound.request), sent.timeout_s)
            if can_go_live(inbound) and app.host.streams_live(request.task):
                return (yield from self._live(route, inbound, app, request))
            run, arun = (app.host.run_held, app.host.arun_held) if self._bypasses(inbound) else (app.run, app.arun)
            result = yield Step(run=partial(run, request), arun=partial(arun, request))
            return self._answered(route, inbound, result)
        except Exception as error:  # noqa: BLE001 - whatever the cascade fails by must not fail the program
            if self.on_internal_error == "raise" or not self._is_ours(error, inbound):
                return _refused(route, error)
            failure = error
        # Beyond the handler: a failure of the client's own model is none of ours.
        why = str(failure) if isinstance(failure, CascadeError) else redacted(f"{type(failure).__name__}: {failure}")
        self._alarm(why)
        return (yield from self._bypass(route, original, inbound, why, cause_of(failure), failure, request))

    def _live(self, route: Route, inbound: Inbound, app: Cascade, request: Request) -> Steps:
        """Answer a request by a stream that is passed on as it comes, where it is; errors as of `Cascade.run`."""
        run = app.host.run_live(request, holds=self._bypasses(inbound))
        try:
            piece = yield Step(run=run.next, arun=run.anext)
        except BaseException:
            run.close()
            raise
        if piece is None:
            return self._answered(route, inbound, run.result())
        told = LiveBytes(route, inbound, run.stream)
        return Reply(headers={**told.headers, "content-type": "text/event-stream"}, live=LiveReply(told, run, piece))

    def _answered(self, route: Route, inbound: Inbound, result: Any) -> Reply:
        told = {"x-request-id": result.decision_id, **headers(result)}
        made = int(time.time())
        if not inbound.stream:
            body = route.dialect.write(result, inbound, created=made)
            return Reply(headers={**told, "content-type": "application/json"}, body=dumps(body).encode())
        events = [*route.dialect.chunks(result, inbound, created=made)]  # what is wrong with them is known now
        return Reply(headers={**told, "content-type": "text/event-stream"}, events=encode(events, named=route.named))

    def _is_ours(self, error: Exception, inbound: Inbound | None) -> bool:
        """Tell whether a failure is the cascade's own, of which the client's own model knows nothing."""
        if inbound is not None and not self._bypasses(inbound):
            return False  # it named no model of its own
        return is_internal(error, _top(error, self.app))

    def _bypasses(self, inbound: Inbound) -> bool:
        """Return whether a failure of ours sends the request to the client's own model, which it names."""
        return self.on_internal_error == "reference" and task_of(inbound.model) is None

    def _read(self, route: Route, sent: Sent) -> Inbound | None:
        """Return the request; None where it was not understood the first time either."""
        try:
            inbound: Inbound = route.dialect.read(sent.fields(), self.defaults)
        except Exception:  # noqa: BLE001 - it has failed before
            return None
        return inbound

    def _bypass(
        self, route: Route, original: Original, inbound: Inbound | None, why: str, cause: str,
        failure: Exception | None = None, request: Request | None = None,
    ) -> Steps:  # fmt: skip
        bypass = self._accounted(inbound, why, cause, failure, request)
        if bypass is not None:
            try:
                yield Step(run=bypass.begin, arun=bypass.abegin)
            except BudgetExceeded as refusal:
                return _refused(route, refusal)
            except Exception:  # noqa: BLE001 - nor must accounting
                _log.exception("A bypassed request is not accounted for.")
                self._log_held(failure, request)
                bypass = None
        reply: Any = CallFailure(kind=FailureKind.DROPPED, message="the client's own request failed")
        try:
            response = yield original.send
            reply = None
            if bypass is not None and inbound is not None and not inbound.stream:
                content = yield original.read(response)
                with contextlib.suppress(Exception):
                    reply = read_own(route.dialect, response.status_code, content, bypass.call, bypass.price)
        finally:
            if bypass is not None:
                try:
                    yield Step(run=partial(bypass.end, reply), arun=partial(bypass.aend, reply))
                except Exception:  # noqa: BLE001 - nor must accounting
                    _log.exception("A bypassed request is not accounted for.")
        response.headers["x-cascade-flags"] = BYPASSED
        if bypass is not None:
            response.headers["x-cascade-decision-id"] = bypass.identity
        return response

    def _log_held(self, failure: Exception | None, request: Request | None) -> None:
        """Log what the cascade failed by on its own, where the bypass cannot."""
        if failure is not None and request is not None:
            with contextlib.suppress(Exception):
                (self.app or default()).host.log_held(failure, request)

    def _accounted(
        self, inbound: Inbound | None, why: str, cause: str, failure: Exception | None, request: Request | None
    ) -> Bypass | None:
        """Return what accounts for a bypassed request; None where the cascade cannot even be opened."""
        if inbound is None:
            return None
        try:
            app = self.app or default()
            before = getattr(failure, "result", None)
            asked = inbound.request if before is None or request is None else request  # logged as it was run
            return app.host.bypass(
                asked, model=f"{self.library}/{inbound.model}", error=why, cause=cause, before=before
            )
        except Exception:  # noqa: BLE001 - nor must accounting
            _log.exception("A bypassed request is not accounted for.")
            self._log_held(failure, request)
            return None

    def _alarm(self, why: str) -> None:
        with self._lock:
            self.bypassed += 1
            first = self.bypassed == 1
        _log.error("The cascade failed; the request goes to the client's own model (%d so far): %s", self.bypassed, why)
        if first:
            with contextlib.suppress(BypassWarning):  # where warnings are errors, the request goes on
                warnings.warn(f"The cascade failed, so the client's own model is asked: {why}", BypassWarning, 2)


def _bounded(request: Request, timeout_s: float | None) -> Request:
    """Return the request with the client's timeout as deadline, where it has no earlier one."""
    if timeout_s is None or timeout_s <= 0 or (request.deadline_s is not None and request.deadline_s <= timeout_s):
        return request
    return replace(request, deadline_s=timeout_s)


def _top(error: Exception, app: Cascade | None) -> str | None:
    """Return the name of the top of a failed request's task; None where the cascade cannot tell."""
    result = getattr(error, "result", None)
    try:
        return None if result is None else (app or default()).ladder.of(result.task).top.name
    except CascadeError:
        return None


def _refused(route: Route, error: Exception) -> Reply:
    status, body = route.dialect.error(error)
    result = getattr(error, "result", None)
    told = {} if result is None else {"x-request-id": result.decision_id, **headers(result)}
    # One cascade, one bill: the client does not ask again.
    return Reply(
        status=status, headers={**told, "content-type": "application/json", "x-should-retry": "false"},
        body=json.dumps(body).encode(), error=error, timeout=isinstance(error, DeadlineExceeded),
    )  # fmt: skip
