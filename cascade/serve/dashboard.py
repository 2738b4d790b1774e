"""Dashboard: an ASGI application with the report's page, its JSON and metrics; another server can mount it."""

from __future__ import annotations

import json
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from cascade.errors import CascadeError, DataError
from cascade.extras import require_extra
from cascade.serve.live import Live
from cascade.serve.log_totals import LogTotals
from cascade.serve.metrics import exposition
from cascade.serve.page import PERIODS, POLICY, View, script
from cascade.serve.request_list import Chosen, list_page, listed, request_page

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


MOST_DIGITS = 19
"""Digits of a place in the log's order."""


class BadView(CascadeError):
    """The URL names an unknown task or period."""


def dashboard(live: Live, log: Log) -> Starlette:
    """Return the ASGI application, all of it read-only.

    `/` is the report, `/requests` the list of requests and `/requests/ID` one of them; `/app.js`, `/report.json`,
    `/metrics`, `/health`.

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

    async def requests(request: Request) -> Response:
        chosen = _chosen(request)
        seconds = PERIODS[chosen.period][1]
        since_ms = None if seconds is None else int((time.time() - seconds) * 1000)
        found = await run_sync(partial(listed, log, chosen, since_ms=since_ms))
        periods = {key: said for key, (said, _, _) in PERIODS.items()}
        return HTMLResponse(list_page(found, chosen, periods), headers=HEADERS)

    async def one_request(request: Request) -> Response:
        try:
            return HTMLResponse(await run_sync(request_page, log, request.path_params["identity"]), headers=HEADERS)
        except DataError as error:
            raise BadView(str(error)) from None

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
        Route("/", page), Route("/requests", requests), Route("/requests/{identity}", one_request),
        Route("/app.js", code), Route("/report.json", figures), Route("/metrics", metrics), Route("/health", health),
    ]  # fmt: skip
    handlers: dict[Any, Any] = {CascadeError: refuse}
    return Starlette(routes=routes, exception_handlers=handlers)


def _exposed(totals: LogTotals, counting: threading.Lock, accept: str) -> tuple[bytes, str]:
    with counting:
        return exposition(totals.refresh(), accept)


def _chosen(request: Request) -> Chosen:
    given = request.query_params
    period, before = given.get("period") or Chosen().period, given.get("before") or ""
    if period not in PERIODS or not (before == "" or (before.isdecimal() and len(before) < MOST_DIGITS)):
        message = f"The period is unknown, or `before` no number; one of {', '.join(PERIODS)} was expected."
        raise BadView(message)
    names = ("task", "outcome", "rung", "escalated")
    return Chosen(
        period=period, before=int(before) if before else None, **{name: given.get(name) or "" for name in names}
    )


def _view(request: Request, live: Live) -> View:
    period, task = request.query_params.get("period") or View().period, request.query_params.get("task") or None
    if period not in PERIODS:
        message = f"The period is unknown; one of {', '.join(PERIODS)} was expected."
        raise BadView(message)
    if task is not None and task not in live.tasks:
        message = "The log has no decision of this task."
        raise BadView(message)
    return View(period=period, task=task)
