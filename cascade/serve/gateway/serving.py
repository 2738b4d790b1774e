"""Serving: the gateway of one cascade, put together: application, lifecycle and server."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from cascade.exchange import EMPTY
from cascade.extras import require_extra
from cascade.guards.accounts import midnight_ms
from cascade.guards.shared.lease_store import open_store
from cascade.log.spending import spent_usd
from cascade.policy.policy import Policy
from cascade.serve.gateway.admission import Admission
from cascade.serve.gateway.answer_response import Pace
from cascade.serve.gateway.answering import Answering
from cascade.serve.gateway.gateway import Gateway
from cascade.serve.gateway.gateway_metrics import Figures, GatewayMetrics
from cascade.serve.gateway.gateway_server import GatewayServer, gateway_server
from cascade.serve.gateway.keyring.key import Key
from cascade.serve.gateway.keyring.key_limits import KeyLimits
from cascade.serve.gateway.lifecycle import DRAIN_S, Lifecycle
from cascade.serve.gateway.model_names import ModelNames
from cascade.serve.gateway.repeats import Repeats
from cascade.serve.gateway.routes.all_routes import endpoints_of
from cascade.serve.gateway.routes.answer_routes import AnswerRoutes
from cascade.serve.gateway.routes.cascade_routes import CascadeRoutes
from cascade.serve.gateway.shared_repeats import SharedRepeats
from cascade.settings import ServeSettings

if TYPE_CHECKING:
    from cascade.engine.cascade import Cascade


class Reloaded(NamedTuple):
    """What is read again while the server runs; everything else of the configuration waits for a restart."""

    policy: Policy | None
    """The policy."""

    aliases: Mapping[str, str]
    """Further names of models."""


class Serving:
    """The gateway of one cascade."""

    def __init__(
        self,
        app: Cascade,
        settings: ServeSettings | None = None,
        *,
        keys: Callable[[], Iterable[Key]] | None = None,
        mounted: Mapping[str, Any] = EMPTY,
        drain_s: float = DRAIN_S,
        pace: Pace | None = None,
        reloaded: Callable[[], Reloaded] | None = None,
        processes: int = 1,
        shared: str | None = None,
    ) -> None:
        """Put it together.

        Args:
            app: the cascade; its caller closes it.
            settings: how it is served.
            keys: the keys of this moment; None: none is asked for, and only programs of this machine may ask.
            mounted: further ASGI applications by the begin of their paths.
            drain_s: grace period, in seconds, for what runs when it is to end.
            pace: what streams send before their answers; None: headers after 1 s, a comment every 10 s.
            reloaded: reads policy and aliases again; None: there is no file to read.
            processes: processes that serve one socket; rates and slots of keys are shared evenly.
            shared: address of the store by which repeated requests find each other in several processes; None: each
                process knows its own.

        Raises:
            ConfigError: an alias addresses nothing.
        """
        require_extra("serve", "uvicorn", use="The server")
        settings = settings or ServeSettings()
        self._app, self._names = app, ModelNames(app, settings.aliases)
        names = self._names
        spent = spent_usd(app.log, midnight_ms()) if keys is not None and app.log is not None else None
        app.host.settle_leases()
        self.lifecycle = Lifecycle(app)
        """Whether further requests are taken."""
        by_all = None if shared is None else SharedRepeats(open_store(shared))
        self.repeats = Repeats(shared=by_all)
        """What runs."""
        self.admission = Admission(concurrency=settings.concurrency, queue=settings.queue, processes=processes)
        """Slots of requests that run."""
        rates_of = app.host if app.host.shares_rates else None
        self._answering = Answering(
            app=app, admission=self.admission, limits=KeyLimits(
                app.host.account, spent_usd=spent, processes=processes, rates_of=rates_of
            ),
            on_internal_error=settings.on_internal_error,
        )  # fmt: skip
        answers = AnswerRoutes(
            app=app, names=names, answering=self._answering, repeats=self.repeats, lifecycle=self.lifecycle,
            pace=pace or Pace(),
        )  # fmt: skip
        ours = CascadeRoutes(app=app, reloaded=None if reloaded is None else lambda: self._reload(reloaded))
        metrics = GatewayMetrics(app.log, self._figures)
        self.gateway = Gateway(
            endpoints_of(answers, ours, names, self.lifecycle, metrics, keyed=keys is not None),
            keys=keys,
            mounted=mounted,
        )
        """The ASGI application."""
        self._drain_s, self._processes = drain_s, processes

    def server(self, **options: Any) -> GatewayServer:
        """Return the server that serves it; options of `gateway_server`."""
        return gateway_server(self.gateway, self.drain, **options)

    def run(self, on: socket.socket, on_started: Callable[[], object]) -> bool:
        """Serve on a bound socket until a signal ends it; return whether that was Ctrl+C."""
        server = self.server()
        server.on_started = on_started
        server.parent = os.getppid() if self._processes > 1 else None
        server.run(sockets=[on])
        return server.interrupted

    async def drain(self) -> None:
        """Take no further requests, and wait for those that run."""
        await self.lifecycle.drain(self.repeats.cancel, grace_s=self._drain_s)
        await self.repeats.aclose()

    def _reload(self, reloaded: Callable[[], Reloaded]) -> dict[str, Any]:
        found = reloaded()
        ModelNames(self._app, found.aliases, policy=found.policy)  # a broken alias leaves everything as it is
        self._app.serve(found.policy)
        self._names.rename(found.aliases)
        sha256 = None if self._app.policy is None else self._app.policy.sha256
        return {"policy_sha256": sha256, "models": [*self._names.known()]}

    def _figures(self) -> Mapping[str, Figures]:
        responses: Figures = {(path, str(status)): n for (path, status), n in self.gateway.responses.items()}
        return {
            "cascade_http_responses": responses,
            "cascade_http_in_flight": {(): self.lifecycle.in_flight},
            "cascade_http_running": {(): self.admission.running},
            "cascade_http_waiting": {(): self.admission.waiting},
            "cascade_http_replayed": {(): self.repeats.replayed},
            "cascade_http_bypassed": {(): self._answering.bypassed},
        }
