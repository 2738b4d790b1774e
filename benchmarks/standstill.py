"""How long one hostile answer holds the event loop, through each client, against the same loop idle.

    python -m benchmarks.standstill [direct|litellm ...]

The server is a process of its own. A beat is due every 2 ms; the figure is how late the latest one came while an answer
was fetched and read, the least of three times: what an answer does it does each time, unlike the neighbours.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from cascade.clients import Client
from cascade.clients.direct import DirectClient
from cascade.clients.litellm import LiteLLMClient
from cascade.exchange import ModelCall
from cascade.usage import Price

BEAT_S = 0.002
TIMES = 3
CLIENTS: dict[str, type[Client]] = {"direct": DirectClient, "litellm": LiteLLMClient}


def _body(
    text: str = "fine", *, choices: int = 1, entries: int = 0, top: int = 0, calls: int = 0, **more: Any
) -> bytes:
    token = {"token": " a", "logprob": -0.25, "bytes": [32, 97]}
    entry = {**token, "top_logprobs": [token] * top} if top else {"token": "a", "logprob": 0}
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message = {"role": "assistant", "content": text, **({"tool_calls": [call] * calls} if calls else {})}
    one = {"index": 0, "finish_reason": "stop", "message": message}
    one |= {"logprobs": {"content": [entry] * entries}} if entries else {}
    usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
    return json.dumps({"id": "c", "model": "m", "choices": [one] * choices, "usage": usage, **more}).encode()


def bodies() -> dict[str, bytes]:
    """Make the corpus, by name."""
    return {
        "a plain answer": _body(),
        "honest: 1,000 tokens, 20 alternatives": _body(entries=1000, top=20),
        "honest: 8,000 tokens, 5 alternatives": _body(entries=8000, top=5),
        "honest: a text of 1 MB": _body("word " * 200_000),
        "250,000 log-probability entries": _body(entries=250_000),
        "50,000 choices": _body(choices=50_000),
        "70,000 tool calls": _body(calls=70_000),
        "7.7 MB of text": _body("x" * 7_700_000),
        "7.7 MB of escapes": _body("\n" * 3_850_000),
        "7.7 MB of small numbers": _body(x=[1] * 2_566_000),
        "7.7 MB of empty lists": _body(x=[[]] * 1_920_000),
        "nested 100,000 deep": b'{"choices": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "chunks of one byte": _body("x" * 400_000),
    }


def serve(port: Any) -> None:
    """Answer each request with the body that its model names."""
    made = bodies()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
            asked = json.loads(await reader.readexactly(int(length.partition(b":")[2])))
            name = [*made][int(asked["model"].rpartition("-")[2])]
            if name == "chunks of one byte":
                writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                writer.write(b"".join(b"1\r\n%c\r\n" % byte for byte in made[name]) + b"0\r\n\r\n")
            else:
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(made[name]), made[name]))
            try:
                await writer.drain()
            except ConnectionError:  # it was refused half-way
                return

    async def main() -> None:
        server = await asyncio.start_server(one, "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


class Pulse:
    """Beats, and keeps how late the latest beat came, in milliseconds."""

    def __init__(self) -> None:
        self.latest_ms = 0.0

    async def beat(self) -> None:
        """Beat until cancelled."""
        while True:
            due = time.perf_counter() + BEAT_S
            await asyncio.sleep(BEAT_S)
            self.latest_ms = max(self.latest_ms, (time.perf_counter() - due) * 1e3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """What one answer did to the loop."""

    late_ms: float
    """How late the latest beat came, the least of all times."""

    took_s: float
    """Seconds until it was read or refused, the longest of all times."""

    kind: str
    """What came of it: `read`, or the failure's kind."""


async def measure(client: Client, port: int, names: Sequence[str]) -> dict[str, Latest]:
    """Fetch each body, and return how late the latest beat came; `idle`: without any."""
    gc.collect()
    gc.freeze()  # a full collection walks all that a program holds, which is not what is measured
    pulse = Pulse()
    beating = asyncio.create_task(pulse.beat())
    await asyncio.sleep(2.0)
    found = {"idle": Latest(late_ms=pulse.latest_ms, took_s=0.0, kind="")}
    for number, name in enumerate(names):
        latest, took, said = [], [], ""
        for _ in range(TIMES):
            call = ModelCall(
                rung="r", model=f"openai/m-{number}", messages=({"role": "user", "content": "Q"},), api_key="none",
                api_base=f"http://127.0.0.1:{port}/v1", params={"logprobs": True, "top_logprobs": 5}, timeout_s=30.0,
                price=Price(input_usd=0.0, output_usd=0.0),
            )  # fmt: skip
            await asyncio.sleep(0.05)
            pulse.latest_ms, began = 0.0, time.perf_counter()
            reply = await client.ask(call)
            took.append(time.perf_counter() - began)
            await asyncio.sleep(0.01)
            latest.append(pulse.latest_ms)
            said = str(getattr(reply, "kind", "read"))
        found[name] = Latest(late_ms=min(latest), took_s=max(took), kind=said)
    beating.cancel()
    await client.aclose()
    return found


@contextmanager
def served() -> Iterator[int]:
    """Give the port of a server in a process of its own."""
    context = get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    server = context.Process(target=serve, args=(send,), daemon=True)
    server.start()
    try:
        yield receive.recv()
    finally:
        server.terminate()
        server.join()


def main() -> None:
    """Measure each client that was named, or all."""
    with served() as port:
        for client in sys.argv[1:] or [*CLIENTS]:
            print(f"{client}: the latest beat")
            for name, one in asyncio.run(measure(CLIENTS[client](), port, [*bodies()])).items():
                print(f"  {name:<40}{one.late_ms:8.1f} ms   {one.kind}, in {one.took_s:.2f} s")


if __name__ == "__main__":
    main()
