"""A server on loopback that follows a script, step by step: what each request gets, and what comes after its answer.

It runs in the caller's event loop and waits for nothing but events, so that a sequence is the same each time. Every
honest answer repeats the request's last message; every other answer says `stray`.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Self

_TURNS = 10  # of an event loop: one reads, the others are for good measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one request gets."""

    form: Literal["length", "chunked", "end", "interim", "drop", "reset", "cut", "error", "hang-error"] = "length"
    """How it is answered: a body by length, by chunks, by the connection's end, after a 100; or how it is not."""

    extra: Literal["", "answer", "garbage", "408"] = ""
    """What follows the answer in the same segment."""

    after: Literal["", "close", "half-close", "answer", "garbage", "408"] = ""
    """What comes once the answer was read: an end, or bytes."""

    @property
    def answers(self) -> bool:
        """Whether the request gets a whole answer."""
        return self.form in {"length", "chunked", "end", "interim"}


@dataclass(slots=True)
class Seen:
    """One request that arrived."""

    text: str
    """Its last message."""

    step: Step
    """What it got."""

    kept: bool
    """Whether its connection had served another request."""

    spoiled: bool
    """Whether its connection had carried something that no request had asked for, or had been ended."""


@dataclass(slots=True, kw_only=True)
class _Line:
    """One connection."""

    writer: asyncio.StreamWriter
    kept: bool = False
    spoiled: bool = False
    ended: bool = False


@dataclass(slots=True)
class ScriptedServer:
    """The server; an async context manager."""

    steps: deque[Step]
    """What the next requests get; afterwards all are answered well."""

    seen: list[Seen] = field(default_factory=list)
    """Every request that arrived, in order."""

    url: str = ""
    """What to give as `api_base`."""

    answer_id: str = "c1"
    """The id of every answer."""

    one_answer_each: bool = False
    """Whether a connection ends without an answer at its second request."""

    _late: list[Callable[[], None]] = field(default_factory=list)
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        """Listen on 127.0.0.1."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let go of every connection."""
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def go_on(self, *, wait: bool) -> None:
        """Send what is to come after the answers so far: it is in the client's socket then.

        Args:
            wait: whether the event loop hands it to the client before the next request is made.
        """
        late, self._late = self._late, []
        for send in late:
            send()
        for _ in range(_TURNS if wait else 0):
            await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        line = _Line(writer=writer)
        try:
            while (text := await _read(reader)) is not None:
                ended = line.kept and self.one_answer_each
                step = Step(form="drop") if ended else self.steps.popleft() if self.steps else Step()
                self.seen.append(Seen(text=text, step=step, kept=line.kept, spoiled=line.spoiled))
                if not await self._answer(step, text, line):
                    return
                line.kept = True
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client hung up, as it should on what it did not ask for, or the test is over
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, step: Step, text: str, line: _Line) -> bool:
        """Answer; tell whether the connection goes on."""
        if step.form in {"drop", "reset"}:
            if step.form == "reset":
                _reset(line.writer)
            return False
        whole = self._completion(text, step.form)
        if step.form == "cut":
            whole = whole[:-5]
        elif step.form == "error":
            whole = _head(500, b"{}")
        elif step.form == "hang-error":
            whole = b"HTTP/1.1 500 Whatever\r\ncontent-length: 10\r\n\r\n"
        if line.ended:
            return False
        line.writer.write(whole + self._stray(step.extra))
        line.spoiled = bool(step.extra)
        if step.after:
            self._late.append(lambda: self._afterwards(step, line))
        await line.writer.drain()
        return step.form not in {"end", "cut"}

    def _afterwards(self, step: Step, line: _Line) -> None:
        if line.writer.is_closing():
            return
        line.spoiled = True
        if step.after in {"close", "half-close"}:
            line.ended = True
            line.writer.write_eof()
            if step.after == "close":
                line.writer.close()
        else:
            line.writer.write(self._stray(step.after))

    def _stray(self, what: str) -> bytes:
        if what == "answer":
            return self._completion("stray", "length")
        return {"": b"", "garbage": b"\x00garbage\r\n\r\n", "408": _head(408, b'{"error": "idle"}')}[what]

    def _completion(self, text: str, form: str) -> bytes:
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}
        body = json.dumps({"id": self.answer_id, "model": "m", "choices": [choice], "usage": usage}).encode()
        if form == "chunked":
            half = len(body) // 2
            chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:half], body[half:]))
            return b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
        if form == "end":
            return b"HTTP/1.1 200 OK\r\n\r\n" + body
        return (b"HTTP/1.1 100 Continue\r\n\r\n" if form == "interim" else b"") + _head(200, body)


def _head(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d Whatever\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
        status, len(body), body,
    )  # fmt: skip


async def _read(reader: asyncio.StreamReader) -> str | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    body = json.loads(await reader.readexactly(int(length.partition(b":")[2])))
    return str(body["messages"][-1]["content"])


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST, not FIN: no lingering, then close."""
    opened = writer.get_extra_info("socket")
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
