"""A provider on loopback that streams: each request's last message names its script, and the test says when it goes on.

An answer's first event goes out at once; everything after a `WAIT` only once the test has called `go_on()`. So that a
piece came before the answer was whole is seen without a clock.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Self

WAIT, CUT, HANG = "wait", "cut", "hang"
"""Steps beside bytes: wait for the test, reset the connection, keep it open and silent."""

Step = bytes | str


def event(value: Any) -> bytes:
    """Return an event of a stream."""
    return f"data: {json.dumps(value)}\n\n".encode()


def chunk(delta: Mapping[str, Any], finish: str | None = None) -> bytes:
    """Return a chunk of Chat Completions."""
    return event({"id": "c1", "model": "top", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


USAGE = event({"id": "c1", "choices": [], "usage": {"prompt_tokens": 8, "completion_tokens": 2, "total_tokens": 10}})
DONE = b"data: [DONE]\n\n"
FINE = (chunk({"role": "assistant", "content": ""}), chunk({"content": "It is"}), WAIT, chunk({"content": " fine."}),
        chunk({}, "stop"), USAGE, DONE)  # fmt: skip
"""An answer that is held after its first piece."""


class StreamServer:
    """The provider, on a thread of its own; a context manager."""

    def __init__(self, **scripts: Sequence[Step] | tuple[int, bytes]) -> None:
        """Take what is answered by the request's last message: steps of a stream, or a status and a body."""
        self.scripts = scripts
        self.bodies: list[Any] = []
        """Every request's body."""
        self.broken = threading.Event()
        """Set where a caller hung up in the middle of a stream."""
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._go_on = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()

    def go_on(self) -> None:
        """Let everything that waits go on."""
        self._loop.call_soon_threadsafe(self._go_on.set)

    def __enter__(self) -> Self:
        """Listen on 127.0.0.1."""
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop)
        self._server = server.result()
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    def __exit__(self, *_: object) -> None:
        """End every connection and the thread."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                await self._answer(reader, writer)
        self._tasks.discard(task)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = json.loads(await reader.readexactly(length))
        self.bodies.append(body)
        asked = body["messages"][-1]["content"]
        name = asked if isinstance(asked, str) else asked[0]["text"]
        steps = self.scripts.get(name, FINE)
        if isinstance(steps[0], int) or not body.get("stream"):
            whole = {"message": {"role": "assistant", "content": "Whole."}, "finish_reason": "stop"}
            status, content = steps if isinstance(steps[0], int) else (200, json.dumps({"choices": [whole]}).encode())
            about = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
            writer.write(about.encode() + content)
            return
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        for step in steps:
            if step == WAIT:
                await self._waited(reader)
            elif step == HANG:
                await asyncio.Event().wait()
            elif step == CUT:
                writer.transport.abort()
                raise ConnectionResetError
            else:
                writer.write(b"%x\r\n" % len(step) + step + b"\r\n")
                await writer.drain()
        writer.write(b"0\r\n\r\n")

    async def _waited(self, reader: asyncio.StreamReader) -> None:
        """Wait for the test; a caller that hangs up meanwhile is noted."""
        gone, on = asyncio.ensure_future(reader.read(1)), asyncio.ensure_future(self._go_on.wait())
        try:
            await asyncio.wait((gone, on), return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                self.broken.set()
                raise ConnectionResetError
        finally:
            gone.cancel()
            on.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await gone
