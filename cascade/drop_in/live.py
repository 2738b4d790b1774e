"""Live: an answer that is passed on as it comes, as the bytes of a stream in a route's dialect."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any

from cascade.clients.live_stream import LiveStream
from cascade.dialects.inbound.extension import HEADER
from cascade.dialects.inbound.inbound import Inbound
from cascade.dialects.inbound.live_events import live_events
from cascade.dialects.inbound.server_sent_events import DONE, dumps
from cascade.dialects.live_piece import LivePiece
from cascade.drop_in.route import Route
from cascade.engine.live_run import LiveRun
from cascade.result import Result


class LiveBytes:
    """The bytes of one stream; made once its first piece has come."""

    def __init__(self, route: Route, inbound: Inbound, stream: LiveStream) -> None:
        """Take the route, what was asked, and what is known of the answer."""
        self._route, self._sent = route, 0
        self._events = live_events(
            route.dialect, inbound, decision_id=stream.decision_id, model=stream.model, created=int(time.time())
        )
        self.headers = {"x-request-id": stream.decision_id, f"{HEADER}decision-id": stream.decision_id}
        """Headers of the response; what is known at the end stands in the stream's last events."""

    def piece(self, piece: LivePiece) -> bytes:
        """Return the bytes of a piece."""
        return self._encoded(self._events.piece(piece))

    def end(self, result: Result[Any]) -> bytes:
        """Return the bytes that end the stream; of an error where the result holds no answer."""
        try:
            return self._encoded([*self._events.end(result)]) + (b"" if self._route.named else DONE)
        except Exception as error:  # noqa: BLE001 - the headers have gone out, so the stream has to say it
            return self.error(error)

    def error(self, error: BaseException) -> bytes:
        """Return the bytes by which the stream tells an error, and ends."""
        return error_event(self._route, error, number=self._sent)

    def _encoded(self, events: Iterable[Mapping[str, Any]]) -> bytes:
        return b"".join(self._each(events))

    def _each(self, events: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
        for event in events:
            self._sent += 1
            name = f"event: {event['type']}\n" if self._route.named else ""
            yield f"{name}data: {dumps(event)}\n\n".encode("utf-8", "replace")


class LiveReply:
    """The body of a wrapped client's response, for a thread or an event loop; closing it breaks the request off."""

    def __init__(self, told: LiveBytes, run: LiveRun, first: LivePiece) -> None:
        """Take the bytes, the request that runs, and its first piece."""
        self._told, self._run, self._first = told, run, first

    def __iter__(self) -> Iterator[bytes]:
        """Yield the events, as they come."""
        piece: LivePiece | None = self._first
        while piece is not None:
            yield self._told.piece(piece)
            piece = self._run.next()
        yield self._end()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """As `__iter__`."""
        piece: LivePiece | None = self._first
        while piece is not None:
            yield self._told.piece(piece)
            piece = await self._run.anext()
        yield self._end()

    def close(self) -> None:
        """Break the request off, if it has not ended."""
        self._run.close()

    def _end(self) -> bytes:
        try:
            result = self._run.result()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - as in `LiveBytes.end`
            return self._told.error(error)
        return self._told.end(result)


def error_event(route: Route, error: BaseException, *, number: int = 0) -> bytes:
    """Return the event by which a dialect tells an error in a stream.

    Args:
        route: the route.
        error: the error.
        number: events that were sent before.
    """
    _, body = route.dialect.error(error)
    if not route.named:
        return f"data: {dumps(body)}\n\n".encode()
    if body.get("type") != "error":  # of Responses: its fields stand beside `error`, which libraries raise by
        told = body["error"]
        fields = {name: told[name] for name in ("code", "message", "param")}
        body = {"type": "error", "sequence_number": number, **fields, "error": told}
    return f"event: error\ndata: {dumps(body)}\n\n".encode()
