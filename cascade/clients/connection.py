"""Connection: one HTTP/1.1 connection as a state machine, on an asyncio protocol and h11's reader.

    opened ──▶ idle ──exchange()──▶ busy ──the answer is whole, and nothing came after it──▶ idle
                 │                    │
                 └── any byte, EOF ───┴── anything else ──▶ closed, permanently

An idle connection expects nothing. A byte on it is a second answer, a late rest or a server's farewell (408); whatever
it is, the next request must not read it as its own, so it closes the connection. The same holds for bytes that follow
an answer in one segment: the answer itself is whole and is kept, the connection is not. A success that began before
its request was written is no answer to it.

h11 reads strictly (lengths, chunks, headers, responses without a request) and does no I/O. It is given at most 64 KiB
of head, and its events are taken in portions, so that a body of one-byte chunks cannot hold the event loop.
"""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Callable
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import h11

from cascade.clients.wire import StreamReader, Wire
from cascade.failure import FailureKind

MOST_BYTES = 8 << 20
"""The longest body that is read, sent or unpacked."""

MOST_ERROR_BYTES = 64 << 10
"""Limit, in bytes, of an error body that is read; the rest carries no information."""

MOST_HEAD_BYTES = 64 << 10
"""The longest head of an answer, and the longest line of a chunk."""

MOST_HEADERS = 256
"""The most headers of an answer."""

MOST_INTERIM = 16
"""The most answers of the kind 1xx before the answer."""

ERROR_BODY_S = 2.0
"""Seconds for which the body of an error is waited for: its status has said what happened."""

KEEP_ALIVE_S = 30.0
"""Seconds for which an idle connection is kept, unless the server allows less."""

UNREAD_S = 0.05
"""Seconds after a request in which a close means that the server had closed before it read it (or 2 × connecting)."""

AFTER_END_S = 1.0
"""Seconds that a server has to end its response once its stream of events has said that the answer is whole."""

MOST_STREAMED_BYTES = 64 << 20
"""The longest stream of events: most of it is the form of the events, and none of it is kept."""

_EVENTS_A_TURN = 256
_MOST_EVENTS = 1 << 18
_MOST_SERVER_SAYS_S = 3600.0


class Connection(asyncio.Protocol):
    """One connection to one origin; made by the pool, used for one request at a time."""

    def __init__(self, error_body_s: float = ERROR_BODY_S) -> None:
        self.state: Literal["opened", "idle", "busy", "closed"] = "opened"
        self.connect_s = 0.0
        """Seconds that connecting took, TLS included."""
        self.uses = 0
        """Requests that were sent over it."""
        self.idle_since = 0.0
        self.idle_limit_s = KEEP_ALIVE_S
        self.on_close: Callable[[Connection], None] | None = None
        """Called once when it closes."""
        self.began = False
        """Whether a byte came since the request in hand was begun."""
        self.unread = False
        """Whether it closed so early after the request that the server cannot have read it."""
        self._error_body_s = error_body_s
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._socket: socket.socket | None = None
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEAD_BYTES)
        self._wire = Wire(ends_at=0.0)
        self._done: asyncio.Future[None] | None = None
        self._written_at: float | None = None
        self._early = self._ended = False
        self._parts: list[bytes] = []
        self._events = self._interim = 0
        self._most = MOST_BYTES
        self._timer: asyncio.TimerHandle | None = None
        self._turn: asyncio.Handle | None = None

    # What a pool does with it.

    @property
    def reusable(self) -> bool:
        """Whether a request may be sent over it: idle, not too long, and with nothing to read."""
        if self.state != "idle" or self._transport is None or self._transport.is_closing():
            return False
        if self._loop.time() - self.idle_since > self.idle_limit_s or is_readable(self._socket):
            self.close()
            return False
        return True

    async def exchange(self, request: h11.Request, body: bytes, wire: Wire) -> None:
        """Send one request and read its answer; what happened stands in `wire`, whatever it was.

        Args:
            request: the head.
            body: the body, whole.
            wire: the record of the try; its body is filled in as it came, not unpacked.
        """
        if self.state != "idle" or self._transport is None:
            message = f"a connection that is {self.state} takes no request"
            raise RuntimeError(message)
        self.state, self.uses, self._wire = "busy", self.uses + 1, wire
        self.began = self.unread = self._early = False
        self._parts, self._most, self._events, self._interim = [], MOST_BYTES, 0, 0
        self._written_at = None
        self._done = self._loop.create_future()
        data = (self._h11.send(request) or b"") + (self._h11.send(h11.Data(data=body)) or b"")
        self._h11.send(h11.EndOfMessage())
        wire.phase = "sent"
        self._transport.write(data)
        # Above the high-water mark of 0, `resume_writing` tells when the last byte has left.
        if self.state == "busy" and not self._transport.get_write_buffer_size():
            self._written_at = self._loop.time()
        try:
            await self._done
        finally:
            if self.state == "busy":  # broken off from outside: the answer may still come, and would be the next one's
                self.close()
            self._stop_timer()
            self._done = None
            wire.body, self._parts = b"".join(self._parts), []

    def close(self) -> None:
        """Close at once; bytes that still arrive are discarded."""
        if self.state != "closed":
            self.state = "closed"
            self._stop_timer()
            if self._turn is not None:
                self._turn.cancel()
            if self._transport is not None:
                self._transport.abort()
            if self.on_close is not None:
                self.on_close(self)
        self._finish()

    # What asyncio tells it.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin idle."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=0)
        self._socket = transport.get_extra_info("socket")
        if self._socket is not None and self._socket.family in {socket.AF_INET, socket.AF_INET6}:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.state, self.idle_since = "idle", self._loop.time()

    def resume_writing(self) -> None:
        """Note when the last byte of the request left."""
        self._written_at = self._loop.time()

    def pause_writing(self) -> None:
        """Do nothing: one request is written at a time."""

    def data_received(self, data: bytes) -> None:
        """Read on; where nothing is awaited, close."""
        if self.state != "busy":
            self.close()
            return
        self.began = True
        self._early = self._early or self._written_at is None
        try:
            self._h11.receive_data(data)
        except (h11.RemoteProtocolError, RuntimeError) as error:
            self._break(error)
            return
        self._advance()

    def eof_received(self) -> bool:
        """Take the end of what the server sends as the end of a body that has no other, else as a break."""
        if self.state == "busy":
            self._ended = True
            if self._turn is None:
                self._end()
        else:
            self.close()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """Note how the request in hand ended, if there was one."""
        if self.state == "busy":
            if self._turn is not None:
                self._turn.cancel()
                self._advance(portion=_MOST_EVENTS)
            if self.state == "busy":
                self._lost(error)
        self.close()

    # How an answer is read.

    def _advance(self, portion: int = _EVENTS_A_TURN) -> None:
        self._turn = None
        try:
            for _ in range(portion):
                if self.state != "busy":
                    return
                event = self._h11.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    self._resume()
                    if self._ended and event is h11.NEED_DATA:
                        self._end()
                    return
                self._take(event)
        except h11.RemoteProtocolError as error:
            self._break(error)
            return
        if self.state == "busy":  # the rest is read beside the other requests, not before them
            if self._transport is not None and not self._transport.is_closing():
                self._transport.pause_reading()
            self._turn = self._loop.call_soon(self._advance)

    def _resume(self) -> None:
        if self._transport is not None and not self._transport.is_closing() and not self._transport.is_reading():
            self._transport.resume_reading()

    def _take(self, event: Any) -> None:
        self._events += 1
        if self._events > _MOST_EVENTS:
            self._refuse(FailureKind.TOO_BIG, "The body came in too many pieces")
        elif type(event) is h11.Data:
            self._more(bytes(event.data))
        elif type(event) is h11.Response:
            self._head(event)
        elif type(event) is h11.EndOfMessage:
            self._whole()
        elif type(event) is h11.InformationalResponse:
            self._interim += 1
            if self._interim > MOST_INTERIM or event.status_code == 101:
                self._refuse(FailureKind.DROPPED, f"The server sent {self._interim} answers of status 1xx")
        else:  # ConnectionClosed, before or after an answer
            self._end()

    def _head(self, answer: h11.Response) -> None:
        wire = self._wire
        if len(answer.headers) > MOST_HEADERS:
            self._refuse(FailureKind.DROPPED, f"The answer has more than {MOST_HEADERS} headers")
            return
        wire.phase, wire.status = "headers", answer.status_code
        wire.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers}
        length = wire.headers.get("content-length", "")
        wire.expected = int(length) if length.isascii() and length.isdigit() and len(length) < 19 else None
        if 300 <= answer.status_code < 400:
            host = urlsplit(wire.headers.get("location", "")[:2000]).hostname or "another path of the same host"
            self._refuse(FailureKind.MISBEHAVED, f"A redirect to {host} was not followed")
        elif answer.status_code >= 400:
            self._most = MOST_ERROR_BYTES
            self._timer = self._loop.call_later(self._error_body_s, self.close)
        elif self._early:
            self._refuse(FailureKind.DROPPED, "An answer began before its request was written")
        elif wire.expected is not None and wire.expected > MOST_BYTES:
            self._refuse(FailureKind.TOO_BIG, f"A body of {wire.expected:,} bytes was announced")
        elif wire.reader is not None and _is_stream(wire.headers):
            wire.streamed, self._most = True, MOST_STREAMED_BYTES

    def _more(self, data: bytes) -> None:
        wire = self._wire
        wire.phase = "body"
        wire.got += len(data)
        if wire.got > self._most:
            if (wire.status or 0) >= 400:
                self._parts.append(data)
                self.close()
            else:
                self._refuse(FailureKind.TOO_BIG, f"The body is longer than {self._most:,} bytes")
        elif wire.streamed and wire.reader is not None:
            self._stream(data, wire.reader)
        else:
            self._parts.append(data)

    def _stream(self, data: bytes, reader: StreamReader) -> None:
        """Have a stream read on; once its answer is whole, close where more comes, or no end does."""
        wrong = reader.feed(data)
        if wrong is not None:
            self._refuse(*wrong)
        elif reader.overrun:
            self.close()
        elif reader.ended and self._timer is None:
            self._timer = self._loop.call_later(AFTER_END_S, self.close)

    def _whole(self) -> None:
        self._stop_timer()
        self._wire.phase = "done"
        extra = self._early or self._written_at is None or self._ended or bool(self._h11.trailing_data[0])
        if extra or self._h11.our_state is not h11.DONE or self._h11.their_state is not h11.DONE:
            self.close()
            return
        self._h11.start_next_cycle()
        self.idle_limit_s = _server_allows(self._wire.headers)
        self.state, self.idle_since = "idle", self._loop.time()
        self._resume()
        self._finish()

    def _end(self) -> None:
        """Take the server's end of the stream."""
        try:
            if not self._h11.trailing_data[1]:
                self._h11.receive_data(b"")
            event = self._h11.next_event()
            while event is not h11.NEED_DATA and event is not h11.PAUSED and self.state == "busy":
                if type(event) is h11.ConnectionClosed:
                    break
                self._take(event)
                event = self._h11.next_event()
        except (h11.RemoteProtocolError, RuntimeError):
            pass  # an answer broke off, or none came: both are told by how far it got
        if self.state == "busy":
            self._lost(None)

    def _lost(self, error: Exception | None) -> None:
        """Note that the connection broke under a request."""
        if self._streamed_whole:
            self.close()
            return
        wire, now = self._wire, self._loop.time()
        window = max(UNREAD_S, 2.0 * self.connect_s)
        self.unread = not self.began and (self._written_at is None or now - self._written_at <= window)
        what = "broke" if error is None else f"broke ({type(error).__name__}: {error})"
        if (wire.status or 0) < 400:
            wire.fault = FailureKind.DROPPED if wire.phase == "sent" else FailureKind.BAD_BODY
        wire.trouble = f"The connection {what}; the try got as far as: {wire.phase}."
        self.close()

    def _break(self, error: Exception) -> None:
        """Note that what came is no HTTP/1.1."""
        if self._streamed_whole:
            self.close()
            return
        wire = self._wire
        if (wire.status or 0) < 400:
            wire.fault = FailureKind.DROPPED if wire.phase == "sent" else FailureKind.BAD_BODY
        wire.trouble = f"The answer breaks HTTP/1.1 ({error}); the try got as far as: {wire.phase}."
        self.close()

    @property
    def _streamed_whole(self) -> bool:
        """Whether the answer is whole, whatever the response's end is like."""
        reader = self._wire.reader
        return self._wire.streamed and reader is not None and reader.ended

    def _refuse(self, kind: FailureKind, why: str) -> None:
        self._wire.fault, self._wire.trouble = kind, f"{why}: it was not read."
        self.close()

    def _finish(self) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(None)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _is_stream(headers: dict[str, str]) -> bool:
    """Return whether a success is a stream of events that can be read as it comes."""
    kind, encoding = headers.get("content-type", ""), headers.get("content-encoding", "identity")
    return kind.lower().startswith("text/event-stream") and encoding.strip().lower() in {"", "identity"}


def _server_allows(headers: dict[str, str]) -> float:
    """Return the seconds for which an idle connection is kept: one less than `Keep-Alive: timeout=…` allows."""
    for part in headers.get("keep-alive", "").split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "timeout" and value.strip().isascii() and value.strip().isdigit():
            return min(KEEP_ALIVE_S, max(0.0, min(float(value[:9]), _MOST_SERVER_SAYS_S) - 1.0))
    return KEEP_ALIVE_S


def is_readable(opened: socket.socket | None) -> bool:
    """Tell whether the kernel holds bytes, or an end, that the event loop has not handed over yet."""
    if opened is None or opened.fileno() < 0:
        return opened is not None
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([opened], [], [], 0)[0])
    poll = select.poll()
    poll.register(opened.fileno(), select.POLLIN | select.POLLERR | select.POLLHUP)
    return bool(poll.poll(0))


__all__ = ["ERROR_BODY_S", "MOST_BYTES", "MOST_ERROR_BYTES", "UNREAD_S", "Connection", "is_readable"]
