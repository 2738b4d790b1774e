"""An OpenAI-compatible server on loopback that misbehaves on demand and counts its hits: what it counts is the ledger.

What it answers is the behaviour queued with `script()`, else the one that the requested model is named after
(`openai/server-error`), else `ok`; `behaviours.py` holds them.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from typing import Self

from tests.behaviours import BEHAVIOURS, Behaviour, Hit, Reply, ok


class Server:
    """The server, on a thread and event loop of its own; a context manager."""

    def __init__(self) -> None:
        self.hits: list[Hit] = []
        """Every request that arrived, in order."""
        self.arrived = threading.Event()
        """Set by every request that arrives."""
        self._script: deque[str | Reply | Behaviour] = deque()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tests.server", daemon=True)
        self._closing = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.url = ""
        """What to give as `api_base`."""

    def __enter__(self) -> Self:
        """Listen on a free port of 127.0.0.1."""
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of every connection and end the thread."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def script(self, *replies: str | Reply | Behaviour) -> None:
        """Queue what the next requests get, by behaviour's name or as given; it goes before the model's name."""
        for reply in replies:
            if isinstance(reply, str) and reply not in BEHAVIOURS:
                message = f"no behaviour {reply!r}; there are {', '.join(BEHAVIOURS)}"
                raise KeyError(message)
        self._script.extend(replies)

    def reset(self) -> None:
        """Forget the hits and the queue."""
        self.hits.clear()
        self.arrived.clear()
        self._script.clear()

    async def _open(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def _close(self) -> None:
        assert self._server is not None
        self._closing.set()
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while (hit := await _read(reader)) is not None:
                self.hits.append(hit)
                self.arrived.set()
                if not await self._answer(hit, writer):
                    break
        except (ConnectionError, asyncio.CancelledError):
            pass  # the caller hung up, or the server is closing: either way there is nobody left to answer
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, hit: Hit, writer: asyncio.StreamWriter) -> bool:
        chosen = self._script.popleft() if self._script else str(hit.body.get("model", "")).rsplit("/", 1)[-1]
        if isinstance(chosen, str):
            chosen = BEHAVIOURS.get(chosen, ok)
        reply = chosen if isinstance(chosen, Reply) else chosen(hit)
        if reply.silent:
            await self._closing.wait()
        if reply.hang_up or reply.silent:
            return False
        headers = {"content-type": "application/json", "content-length": str(len(reply.payload)), **reply.headers}
        lines = [f"HTTP/1.1 {reply.status} Whatever", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        writer.write(reply.payload[:1] if reply.drip else reply.payload)
        await writer.drain()
        if reply.drip:
            await self._closing.wait()
        return int(headers["content-length"]) == len(reply.payload)


async def _read(reader: asyncio.StreamReader) -> Hit | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *rest = head.decode("latin-1").strip().split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    payload = await reader.readexactly(int(headers.get("content-length", "0")))
    return Hit(path=first.split(" ")[1], headers=headers, body=json.loads(payload or b"{}"))
