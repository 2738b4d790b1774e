"""Answer response: a decision as a client waits for it: a JSON body, or a stream that is verified before it begins."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from cascade.dialects.inbound.error_bodies import error_headers
from cascade.dialects.inbound.extension import FIELD, HEADER, headers
from cascade.dialects.inbound.inbound import Inbound
from cascade.dialects.inbound.server_sent_events import dumps, encode
from cascade.drop_in.live import LiveBytes, error_event
from cascade.drop_in.route import Route
from cascade.result import Result
from cascade.serve.gateway.coming import Coming
from cascade.serve.gateway.http import HEADERS, Receive, Send, encoded, hung_up, respond
from cascade.serve.gateway.rendering import Rendering
from cascade.serve.gateway.repeats import Answered


class Pace(NamedTuple):
    """What a stream sends before its answer."""

    headers_s: float = 1.0
    """Seconds after which its headers are sent, though there is no answer yet."""

    comment_s: float = 10.0
    """Seconds between two comments until there is one; clients and balancers close what is silent."""


COMMENT = b": the answer is being verified\n\n"


async def respond_answer(
    send: Send,
    receive: Receive,
    route: Route,
    inbound: Inbound,
    work: asyncio.Task[Answered],
    pace: Pace,
    coming: Coming | None = None,
) -> int:
    """Send a decision once there is one; a client that hangs up cancels the work.

    Args:
        send: takes the response.
        receive: tells when the client hangs up.
        route: the route that was asked.
        inbound: what was asked.
        work: decides it.
        pace: what a stream sends before its answer.
        coming: pieces of the answer, where they are passed on as they come; None: it is verified before.

    Returns:
        the status that the client got; 499 where it has hung up.

    Raises:
        Exception: whatever the work raises before anything was sent.
    """
    gone = asyncio.ensure_future(hung_up(receive))
    try:
        if not inbound.stream:
            await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                made = rendering(route, inbound, work.result())
                await respond(send, 200, made.content, made.headers)
        else:
            waits = _Waits(work, gone, coming or Coming())
            await waits.until(pace.headers_s)
            await _stream(send, route, inbound, waits, pace)
        return 200 if work.done() else 499
    finally:
        gone.cancel()
        if not work.done():
            work.cancel()
            await asyncio.wait((work,))
            with contextlib.suppress(asyncio.CancelledError, Exception):
                work.result()  # retrieved: nobody is left to be told


def error_response(route: Route, error: BaseException) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Return status, body and headers of an error in a route's dialect."""
    status, body = route.dialect.error(error)
    result = getattr(error, "result", None)
    told = {} if result is None else {"x-request-id": result.decision_id, **headers(result)}
    return status, body, {**told, **error_headers(error)}


def rendering(route: Route, inbound: Inbound, answered: Answered) -> Rendering:
    """Return the response to a request that was answered, whole or as all events of a stream."""
    given, replayed = answered
    if isinstance(given, Rendering):
        return given
    told = {"x-request-id": given.decision_id, **headers(given)}
    if replayed:
        told |= {f"{HEADER}replayed": "1", f"{HEADER}cost-usd": "0"}
    created = int(time.time())
    if inbound.stream:
        chunks: Iterable[Mapping[str, Any]] = route.dialect.chunks(given, inbound, created=created)
        return Rendering(told, b"".join(encode(map(_without_cost, chunks) if replayed else chunks, named=route.named)))
    body = route.dialect.write(given, inbound, created=created)
    return Rendering(told, dumps(_without_cost(body) if replayed else body).encode("utf-8", "surrogatepass"))


class _Waits(NamedTuple):
    """What a stream waits for."""

    work: asyncio.Task[Answered]
    gone: asyncio.Future[None]
    coming: Coming

    async def until(self, seconds: float | None) -> None:
        """Wait until there is a piece, the work has ended or the client has gone, or so many seconds."""
        piece = asyncio.ensure_future(self.coming.wait())
        try:
            await asyncio.wait((self.work, self.gone, piece), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            piece.cancel()


async def _stream(send: Send, route: Route, inbound: Inbound, waits: _Waits, pace: Pace) -> None:
    work, gone, coming = waits
    if coming.has_pieces():
        told = LiveBytes(route, inbound, coming.stream)
        await _begin(send, told.headers)
        await _pass_on(send, waits, told)
        return
    if work.done():  # an error has its own status, as long as no header was sent
        made = rendering(route, inbound, work.result())
        await _begin(send, made.headers)
        await send({"type": "http.response.body", "body": made.content})
        return
    if gone.done():
        return
    await _begin(send, {})
    while not work.done():
        await send({"type": "http.response.body", "body": COMMENT, "more_body": True})
        await waits.until(pace.comment_s)
        if gone.done():
            return
        if coming.has_pieces():
            await _pass_on(send, waits, LiveBytes(route, inbound, coming.stream))
            return
    try:
        content = rendering(route, inbound, work.result()).content
    except Exception as error:  # noqa: BLE001 - the headers have gone out, so the stream has to say it
        content = error_event(route, error)
    await send({"type": "http.response.body", "body": content})


async def _pass_on(send: Send, waits: _Waits, told: LiveBytes) -> None:
    """Send pieces as they come, and what the decision says at the end."""
    while not waits.gone.done():
        ended = waits.work.done()  # before the look: all pieces come before the end
        content = b"".join(map(told.piece, waits.coming.take()))
        if ended:
            try:
                given = waits.work.result().given
                assert isinstance(given, Result)  # noqa: S101 - pieces come from decisions of this process
                content += told.end(given)
            except Exception as error:  # noqa: BLE001 - the headers have gone out, so the stream has to say it
                content += told.error(error)
        if content:
            await send({"type": "http.response.body", "body": content, "more_body": not ended})
        if ended:
            return
        await waits.until(None)


async def _begin(send: Send, told: Mapping[str, str]) -> None:
    kind = {"content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no"}
    await send({"type": "http.response.start", "status": 200, "headers": encoded({**HEADERS, **kind, **told})})


def _without_cost(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body or an event whose decision was paid for by another request."""
    told = dict(body)
    if isinstance(told.get(FIELD), Mapping):
        told[FIELD] = {**told[FIELD], "cost_usd": 0.0, "replayed": True}
    if isinstance(told.get("response"), Mapping):
        told["response"] = _without_cost(told["response"])
    return told
