"""CPU and latency of a call and of a decision, as ratios to bare httpx in one interleaved run.

    python -m benchmarks.wire [--calls 300] [--rounds 7] [--only httpx aiohttp direct]

The server is a process of its own and answers at once. A round asks each contender in turn, so that what else runs on
the machine meets all of them; figures are medians over rounds. What a layer takes is the difference of two lines:
`in the caller's loop` leaves out the way to the loop thread and back.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from cascade.clients.direct import DirectClient
from cascade.clients.litellm import ENVIRONMENT, LiteLLMClient
from cascade.engine.cascade import Cascade
from cascade.exchange import ModelCall, Response
from cascade.ladder import Ladder, Rung
from cascade.policy.combiner import Combiner
from cascade.policy.operating_point import OperatingPoint, Threshold
from cascade.policy.policy import LadderPrint, Policy, TaskPolicy
from cascade.usage import Price
from verifiers import Hedging, LogProb, Refusal, Schema

KEY = "none-needed"
PRICE = Price(input_usd=1e-7, output_usd=4e-7)
MESSAGES = [{"role": "user", "content": "What is the capital of France? Answer in one word."}]
AT_ONCE = (1, 64)
Ask = Callable[[], Awaitable[Any]]


def serve(port: Any) -> None:
    """Answer every request at once."""
    usage = {"prompt_tokens": 15, "completion_tokens": 2, "total_tokens": 17}
    one = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Paris."}}
    body = json.dumps(
        {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": [one], "usage": usage}
    )
    answer = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode()

    class Server(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport, self.data = transport, b""

        def data_received(self, data: bytes) -> None:
            self.data += data
            while (end := self.data.find(b"\r\n\r\n")) >= 0:
                head = self.data[:end].lower()
                length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
                if len(self.data) < end + 4 + length:
                    return
                self.data = self.data[end + 4 + length :]
                self.transport.write(answer)

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0, backlog=256)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


async def contenders(base: str, folder: Path, stack: AsyncExitStack) -> dict[str, Ask]:
    """Open every contender."""
    import aiohttp
    import httpx
    import litellm
    import openai

    url, headers, body = (
        f"{base}/chat/completions",
        {"authorization": f"Bearer {KEY}"},
        {"model": "m", "messages": MESSAGES},
    )
    plain = await stack.enter_async_context(httpx.AsyncClient(limits=httpx.Limits(max_connections=None)))
    session = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
    sdk = await stack.enter_async_context(openai.AsyncOpenAI(api_key=KEY, base_url=base, max_retries=0))
    direct, through = DirectClient(), LiteLLMClient()
    stack.push_async_callback(direct.aclose)
    stack.push_async_callback(through.aclose)
    call = ModelCall(rung="r", model="openai/m", messages=tuple(MESSAGES), api_base=base, api_key=KEY, price=PRICE)

    async def of_aiohttp() -> None:
        async with session.post(url, json=body, headers=headers) as answer:
            await answer.json()

    async def of_httpx() -> None:
        (await plain.post(url, json=body, headers=headers)).json()

    async def of_litellm() -> None:
        await litellm.acompletion(model="openai/m", messages=MESSAGES, api_base=base, api_key=KEY, max_retries=0)

    async def of_client(client: Any) -> None:
        if not isinstance(await client.ask(call), Response):
            raise SystemExit("a call failed")

    async def of_cascade(app: Cascade) -> None:
        await app.arun(MESSAGES[0]["content"])

    async def of_runner(app: Cascade) -> None:
        request = app._runner.request(MESSAGES[0]["content"])  # noqa: SLF001 - a layer that cannot be had otherwise
        await app._runner.run(request, time.monotonic(), app._runner.served)  # noqa: SLF001 - as above

    def app(client: str, log: str | None, *, fitted: bool = False) -> Cascade:
        verify = (Refusal(), Schema(), Hedging(), *((LogProb(),) if fitted else ()))
        ladder = Ladder(
            *(
                Rung(f"openai/{name}", name=name, verify=verify, api_base=base, api_key=KEY, price=PRICE, client=client)  # type: ignore[arg-type]
                for name in ("small", "large")
            )
        )
        path = None if log is None else folder / log
        return stack.enter_context(Cascade(ladder, policy=policy(ladder) if fitted else None, log=path))

    apps = {
        f"decision, {client}, log {'on' if log else 'off'}": app(client, log)
        for client, log in (("litellm", None), ("litellm", "litellm.db"), ("direct", None), ("direct", "direct.db"))
    }
    apps["decision, direct, log on, four verifiers, a policy"] = app("direct", "fitted.db", fitted=True)
    inside = {
        f"decision, direct, log {'on' if log else 'off'}, in the caller's loop": app("direct", log)
        for log in (None, "inside.db")
    }
    for one in inside.values():
        stack.push_async_callback(one.client.aclose)
    return {
        "httpx": of_httpx,
        "aiohttp": of_aiohttp,
        "openai": lambda: sdk.chat.completions.create(model="m", messages=MESSAGES),  # type: ignore[dict-item, arg-type]
        "litellm": of_litellm,
        "call, our litellm client": lambda: of_client(through),
        "call, our direct client": lambda: of_client(direct),
        **{name: (lambda app=app: of_cascade(app)) for name, app in apps.items()},  # type: ignore[misc]
        **{name: (lambda app=app: of_runner(app)) for name, app in inside.items()},  # type: ignore[misc]
    }


def policy(ladder: Ladder) -> Policy:
    """Return a policy that accepts what the first rung answers."""
    combiners = {name: Combiner.single("refusal") for name in ladder.names[:-1]}
    point = OperatingPoint(rungs=ladder.names, thresholds=(Threshold(t=0.5),), combiners=combiners)
    return Policy(
        ladder=LadderPrint(rungs=ladder.names, fingerprint=ladder.fingerprint()),
        tasks={"default": TaskPolicy(reference=ladder.names[-1], points=(point,), n=100)},
        created="2026-01-01T00:00:00+00:00",
    )


async def timed(ask: Ask, calls: int, at_once: int) -> tuple[float, float]:
    """Return milliseconds of CPU, of all threads, and of the clock, for each call."""

    async def worker() -> None:
        for _ in range(calls // at_once):
            await ask()

    gc.collect()
    cpu, clock = time.process_time(), time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(at_once)))
    done = calls // at_once * at_once
    return (time.process_time() - cpu) / done * 1e3, (time.perf_counter() - clock) / done * at_once * 1e3


async def run(base: str, calls: int, rounds: int, only: list[str]) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            opened = await contenders(base, Path(folder), stack)
            asks = {name: ask for name, ask in opened.items() if any(part in name for part in only)}
            for at_once in AT_ONCE:
                found: dict[str, list[tuple[float, float]]] = {name: [] for name in asks}
                for number in range(rounds + 1):
                    for name, ask in asks.items():
                        figures = await timed(ask, calls if number else at_once, at_once)
                        if number:  # the first round opens connections
                            found[name].append(figures)
                print(f"\nc = {at_once} | CPU, ms | x httpx | x aiohttp | latency, ms\n---|---:|---:|---:|---:")
                cpu = {name: statistics.median(one for one, _ in rows) for name, rows in found.items()}
                for name, rows in found.items():
                    latency = statistics.median(one for _, one in rows)
                    ratios = f"{cpu[name] / cpu['httpx']:.2f} | {cpu[name] / cpu['aiohttp']:.2f}"
                    print(f"{name} | {cpu[name]:.3f} | {ratios} | {latency:.2f}")


def main() -> None:
    """Measure."""
    options = argparse.ArgumentParser()
    options.add_argument("--calls", type=int, default=320)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--only", nargs="+", default=[""], help="parts of names; httpx and aiohttp are needed")
    given = options.parse_args()
    warnings.simplefilter("ignore")
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    context = get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    server = context.Process(target=serve, args=(send,), daemon=True)
    server.start()
    asyncio.run(run(f"http://127.0.0.1:{receive.recv()}/v1", given.calls, given.rounds, given.only))
    server.terminate()


if __name__ == "__main__":
    main()
