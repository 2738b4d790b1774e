"""An OpenAI-compatible server on loopback that misbehaves on demand and counts its hits: what it counts is the ledger.

What it does with a hit is, in this order: what `script()` has queued; its `mode`; the behaviour that the requested
model is named after (`openai/server-error`); else `ok`. `behaviours.py` holds them. Paths of Anthropic (`/messages`)
and Gemini (`:generateContent`) get the same answers in their form. `GET /ledger` gives the sums as JSON.

    python -m tests.faults.server --port 8085 --mode ok=0.9,server-error=0.1 --seed 7
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Self

from tests.faults.behaviour import Behaviour
from tests.faults.behaviours import BEHAVIOURS
from tests.faults.completion import translated
from tests.faults.hit import Hit, words
from tests.faults.ledger import Ledger
from tests.faults.reply import Reply, as_json

Mode = str | Reply | Behaviour | Mapping[str, float] | None


class Server:
    """The server, on a thread and event loop of its own; a context manager.

    Args:
        mode: what it does with every hit: a behaviour, or shares of several (`{"ok": 0.9, "hang": 0.1}`); None: what
            the requested model's name says.
        seed: where the draws of a mode with shares begin.
        port: where it listens; 0: wherever there is room.
        delay_s: seconds before any answer, as a model needs them.
        count: counts a text's tokens; the ledger's truth.
        answer: draws what is answered; None: `fine`.
        keep: False: only sums are kept, no hits, so that a soak does not grow.
    """

    def __init__(
        self,
        *,
        mode: Mode = None,
        seed: int = 0,
        port: int = 0,
        delay_s: float = 0.0,
        count: Callable[[str], int] = words,
        answer: Callable[[random.Random], str] | None = None,
        keep: bool = True,
    ) -> None:
        self.hits: list[Hit] = []
        """Every request that arrived, in order."""
        self.ledger = Ledger()
        """The sums over them."""
        self.arrived = threading.Event()
        """Set by every request that arrives."""
        self.mode = mode
        """What it does with every hit; may be changed at any time."""
        self.delay_s = delay_s
        self.url = ""
        """What to give as `api_base`."""
        self._random = random.Random(seed)
        self._port, self._count, self._keep = port, count, keep
        self._answer = answer
        self._script: deque[str | Reply | Behaviour] = deque()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tests.faults.server", daemon=True)
        self._closing = asyncio.Event()
        self._held_after: int | None = None
        self._released = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def __enter__(self) -> Self:
        """Listen on 127.0.0.1."""
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
        """Queue what the next requests get, by behaviour's name or as given; it goes before everything else."""
        for reply in replies:
            if isinstance(reply, str):
                known(reply)
        self._script.extend(replies)

    def reset(self) -> None:
        """Forget the hits, the sums, the queue and the mode."""
        self.hits.clear()
        self.ledger = Ledger()
        self.arrived.clear()
        self._script.clear()
        self.mode = None
        self.release()

    def hold(self, *, after: int) -> None:
        """Answer so many requests and leave those that follow without an answer, until `release()`."""
        self._loop.call_soon_threadsafe(self._released.clear)
        self._held_after = after

    def release(self) -> None:
        """Answer what was held, and hold nothing more."""
        self._held_after = None
        self._loop.call_soon_threadsafe(self._released.set)

    async def _open(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", self._port, backlog=1024)

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
        self.ledger.connections += 1
        try:
            if (unread := self._unread()) is not None:
                await self._put(unread, writer)
                return
            while (hit := await self._read(reader)) is not None:
                if hit.method == "GET" and hit.path == "/ledger":
                    await self._put(as_json(self.ledger.as_dict()), writer)
                    continue
                reply = self._reply(hit)
                if self._held_after is not None and len(self.hits) > self._held_after:
                    await self._released.wait()
                whole = await self._put(reply, writer)
                hit.sent = time.monotonic()
                if not whole:
                    break
        except (ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the caller hung up, or the server is closing: either way there is nobody left to answer
        finally:
            self._tasks.discard(task)
            writer.close()

    def _unread(self) -> Reply | None:
        """Return what a fresh connection gets before its request is read; None: the request is read."""
        chosen = self._script[0] if self._script else self.mode
        reply = self._made(chosen, Hit(path="", headers={}, body={})) if _is_unread(chosen) else None
        if reply is not None and self._script:
            self._script.popleft()
        return reply

    def _reply(self, hit: Hit) -> Reply:
        chosen: Mode = self._script.popleft() if self._script else self.mode
        if chosen is None:
            named = str(hit.body.get("model", "")).rsplit("/", 1)[-1]
            chosen = named if named in BEHAVIOURS else "ok"
        if isinstance(chosen, Mapping):
            chosen = self._random.choices([*chosen], [*chosen.values()])[0]
        reply = translated(hit, self._made(chosen, hit))
        hit.behaviour = chosen if isinstance(chosen, str) else "scripted"
        self.ledger.enter(hit, charged=reply.charged)
        if self._keep:
            self.hits.append(hit)
        self.arrived.set()
        return reply

    @staticmethod
    def _made(chosen: str | Reply | Behaviour, hit: Hit) -> Reply:
        if isinstance(chosen, Reply):
            return chosen
        return (known(chosen) if isinstance(chosen, str) else chosen)(hit)

    async def _put(self, reply: Reply, writer: asyncio.StreamWriter) -> bool:
        """Put a reply on the wire, and say whether the connection can take another request."""
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        headers = {"content-type": "application/json"}
        chunked = "transfer-encoding" in reply.headers
        length = len(reply.payload) * reply.times
        if not chunked and reply.status != 204:
            headers["content-length"] = str(length)
        headers |= reply.headers
        lines = [f"HTTP/1.1 {reply.status} Whatever", *(f"{name}: {value}" for name, value in headers.items())]
        if reply.sent != "nothing":
            writer.write(b"" if reply.raw else "\r\n".join([*lines, "", ""]).encode("latin-1"))
        if reply.sent in {"all", "half"}:
            await self._body(reply, writer, chunked=chunked)
        await writer.drain()
        if reply.then == "hang":
            await self._closing.wait()
        if reply.then == "reset":
            _reset(writer)
        whole = chunked or reply.status == 204 or int(headers["content-length"]) == length
        return reply.then == "go on" and whole and not reply.raw

    async def _body(self, reply: Reply, writer: asyncio.StreamWriter, *, chunked: bool) -> None:
        payload = reply.payload[: len(reply.payload) // 2] if reply.sent == "half" else reply.payload
        if reply.drip_s is not None:
            for byte in payload:
                writer.write(bytes((byte,)))
                await writer.drain()
                await asyncio.sleep(reply.drip_s)
            return
        for _ in range(reply.times):
            writer.write(f"{len(payload):x}\r\n".encode() + payload + b"\r\n" if chunked else payload)
            await writer.drain()
        if chunked:
            writer.write(b"0\r\n\r\n")

    async def _read(self, reader: asyncio.StreamReader) -> Hit | None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        first, *rest = head.decode("latin-1").strip().split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
        payload = await reader.readexactly(int(headers.get("content-length", "0")))
        body = json.loads(payload or b"{}")
        hit = Hit(path=path, headers=headers, body=body, method=method, at=time.monotonic(), count=self._count)
        if self._answer is not None:
            hit.text = self._answer(self._random)
        return hit


def known(name: str) -> Behaviour:
    """Return the behaviour of that name.

    Raises:
        KeyError: there is none; the message names those there are.
    """
    if name not in BEHAVIOURS:
        message = f"no behaviour {name!r}; there are {', '.join(sorted(BEHAVIOURS))}"
        raise KeyError(message)
    return BEHAVIOURS[name]


def _is_unread(chosen: object) -> bool:
    return (isinstance(chosen, Reply) and chosen.unread) or chosen == "refuse-connection"


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST, not FIN: no lingering, then close."""
    opened = writer.get_extra_info("socket")
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


if __name__ == "__main__":
    from tests.faults.command import main

    main()
