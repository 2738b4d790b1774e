"""Answering: one request of a client becomes a decision of the cascade, or of the reference where the cascade fails."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from cascade.clients.live_stream import LiveStream
from cascade.engine.bypass import cause_of, is_internal
from cascade.engine.bypassed import Bypassed
from cascade.errors import CascadeError, DataError, DeadlineExceeded, SchemaRejected
from cascade.exchange import Request
from cascade.loggers import logger_of
from cascade.redaction import redacted
from cascade.result import Result
from cascade.serve.gateway.admission import Admission
from cascade.serve.gateway.keyring.key import Key
from cascade.serve.gateway.keyring.key_limits import KeyLimits

if TYPE_CHECKING:
    from cascade.engine.cascade import Cascade

_log = logger_of("cascade.serve")


@dataclass(slots=True, kw_only=True)
class Answering:
    """Runs requests within the limits of their keys; used on one event loop."""

    app: Cascade
    """The cascade."""

    admission: Admission
    """Slots of requests that run."""

    limits: KeyLimits
    """Rates and accounts of keys."""

    on_internal_error: Literal["reference", "raise"]
    """Whether the reference answers where the cascade itself fails."""

    bypassed: int = field(init=False, default=0)
    """Requests so far that the reference answered since the cascade failed."""

    async def decide(
        self, request: Request, key: Key | None, arrived: float, live: LiveStream | None = None
    ) -> Result[Any]:
        """Decide a request.

        Args:
            request: the request, with its deadline.
            key: its key; None: none is asked for.
            arrived: when it arrived, on the monotonic clock; its deadline counts from there.
            live: where the answer goes as it comes; None: it is verified before.

        Raises:
            Refusal: a limit of its key, or the queue is full.
            CascadeError: as of `Cascade.arun`.
        """
        async with self.limits.booked(key, request) as used:
            async with self.admission.slot(key, _left_s(request, arrived)):
                result = await self._decided(request, key, arrived, live)
            used(result)
        return result

    async def _decided(self, request: Request, key: Key | None, arrived: float, live: LiveStream | None) -> Result[Any]:
        account = self.limits.account(key)
        try:
            holds = self.on_internal_error != "raise"
            return await self.app.host.answer(_waited(request, arrived), account=account, holds=holds, live=live)
        except Exception as error:
            if live is not None and live.began:  # a second answer cannot follow a part of the first
                raise
            if self.on_internal_error == "raise" or not is_internal(error, self._top(request)):
                raise
            if isinstance(error, SchemaRejected) and request.schema != self._configured(request):
                raise DataError(str(error)) from error  # the client's schema
            failure = error
        why = str(failure) if isinstance(failure, CascadeError) else redacted(f"{type(failure).__name__}: {failure}")
        self.bypassed += 1
        _log.error(
            "The cascade failed; the reference alone answers (%d so far): %s", self.bypassed, why, exc_info=failure
        )
        try:
            return await self.app.host.answer(
                _waited(request, arrived),
                account=account,
                bypassed=Bypassed(why=why, cause=cause_of(failure), before=getattr(failure, "result", None)),
                live=live,
            )
        except Exception as error:
            if getattr(error, "result", None) is None:  # nothing came of it that would have logged the first part too
                self.app.host.log_held(failure, request)
            raise

    def _configured(self, request: Request) -> Any:
        return self.app.tasks.get(request.task, self.app.settings).schema

    def _top(self, request: Request) -> str:
        return self.app.ladder.of(request.task).top.name


def _left_s(request: Request, arrived: float) -> float | None:
    return None if request.deadline_s is None else request.deadline_s - (time.monotonic() - arrived)


def _waited(request: Request, arrived: float) -> Request:
    """Return the request with what is left of its deadline."""
    left_s = _left_s(request, arrived)
    if left_s is None:
        return request
    if left_s <= 0:
        raise DeadlineExceeded("The deadline passed before the request could be run.")
    return replace(request, deadline_s=left_s)
