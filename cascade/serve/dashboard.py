"""Dashboard: an ASGI application with the report's page, its JSON and metrics; another server can mount it."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from cascade.errors import CascadeError
from cascade.extras import require_extra
from cascade.serve.live import Live
from cascade.serve.log_totals import LogTotals
from cascade.serve.metrics import exposition
from cascade.serve.page import PERIODS, POLICY, View, script

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from cascade.log import Log

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Headers of every response."""


class BadView(CascadeError):
    """The URL names an unknown task or period."""


def dashboard(live: Live, log: Log) -> Starlette:
    """Return the ASGI application: `/`, `/app.js`, `/report.json`, `/metrics`, `/health`; all are read-only.

    Args:
        live: the log's pages; enter it before serving the application.
        log: the same log, for metrics.
    """
    from anyio.to_thread import run_sync

    require_extra("serve", "starlette", use="The dashboard")
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse, PlainTextResponse, Response
    from starlette.routing import Route

    totals, counting = LogTotals(log), threading.Lock()

    async def page(request: Request) -> Response:
        made = await run_sync(live.made, _view(request, live))
        return HTMLResponse(made.html, headers=HEADERS)

    async def figures(request: Request) -> Response:
        made = await run_sync(live.made, _view(request, live))
        text = json.dumps(made.report.to_json(), allow_nan=False)
        return Response(text, media_type="application/json", headers=HEADERS)

    async def code(_: Request) -> Response:
        return Response(await run_sync(script), media_type="text/javascript; charset=utf-8", headers=HEADERS)

    async def metrics(request: Request) -> Response:
        accept = request.headers.get("accept", "")
        body, kind = await run_sync(_exposed, totals, counting, accept)
        return Response(body, headers={**HEADERS, "Content-Type": kind})

    async def health(_: Request) -> Response:
        if live.trouble is not None:
            return PlainTextResponse("the log cannot be read", 503, headers=HEADERS)
        return PlainTextResponse("ok", headers=HEADERS)

    async def refuse(_: Request, error: Exception) -> Response:
        return PlainTextResponse(str(error), 404 if isinstance(error, BadView) else 503, headers=HEADERS)

    routes = [
        Route("/", page), Route("/app.js", code), Route("/report.json", figures), Route("/metrics", metrics),
        Route("/health", health),
    ]  # fmt: skip
    handlers: dict[Any, Any] = {CascadeError: refuse}
    return Starlette(routes=routes, exception_handlers=handlers)


def _exposed(totals: LogTotals, counting: threading.Lock, accept: str) -> tuple[bytes, str]:
    with counting:
        return exposition(totals.refresh(), accept)


def _view(request: Request, live: Live) -> View:
    period, task = request.query_params.get("period") or View().period, request.query_params.get("task") or None
    if period not in PERIODS:
        message = f"The period is unknown; one of {', '.join(PERIODS)} was expected."
        raise BadView(message)
    if task is not None and task not in live.tasks:
        message = "The log has no decision of this task."
        raise BadView(message)
    return View(period=period, task=task)
