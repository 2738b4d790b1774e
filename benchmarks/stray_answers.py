"""Who serves a stray answer to the next request: four requests over one connection, each answer followed by something.

python -m benchmarks.stray_answers
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from cascade.clients import Client
from cascade.clients.direct import DirectClient
from cascade.clients.litellm import ENVIRONMENT, LiteLLMClient
from cascade.exchange import ModelCall, Response
from cascade.usage import Price
from tests.faults.scripted import ScriptedServer, Step

Ask = Callable[[str], Awaitable[str]]

STEPS = {
    "a second answer in one segment": Step(extra="answer"),
    "a second answer, later": Step(after="answer"),
    "408 while idle": Step(after="408"),
    "bytes of no meaning, later": Step(after="garbage"),
    "an end (FIN) while idle": Step(after="half-close"),
}
REQUESTS = 4


async def opened(url: str, stack: AsyncExitStack) -> dict[str, Ask]:
    """Open every contender."""
    import aiohttp
    import httpcore
    import httpx

    plain = await stack.enter_async_context(httpx.AsyncClient())
    core = await stack.enter_async_context(httpcore.AsyncConnectionPool())
    session = await stack.enter_async_context(aiohttp.ClientSession())
    target = f"{url}/chat/completions"

    def body(text: str) -> dict[str, object]:
        return {"messages": [{"role": "user", "content": text}]}

    async def of_httpx(text: str) -> str:
        return _said((await plain.post(target, json=body(text))).content)

    async def of_httpcore(text: str) -> str:
        return _said((await core.request("POST", target, content=json.dumps(body(text)).encode())).content)

    async def of_aiohttp(text: str) -> str:
        async with session.post(target, json=body(text)) as answer:
            return _said(await answer.read())

    def of_client(client: Client) -> Ask:
        stack.push_async_callback(client.aclose)

        async def ask(text: str) -> str:
            message = {"role": "user", "content": text}
            price = Price(input_usd=0.0, output_usd=0.0)
            call = ModelCall(rung="r", model="openai/m", messages=(message,), api_base=url, api_key="k", price=price)
            reply = await client.ask(call)
            return reply.text if isinstance(reply, Response) else reply.kind.value

        return ask

    ours = {"ours, litellm": of_client(LiteLLMClient()), "ours, direct": of_client(DirectClient())}
    return {"httpx": of_httpx, "httpcore": of_httpcore, "aiohttp": of_aiohttp, **ours}


def _said(body: bytes) -> str:
    return str(json.loads(body)["choices"][0]["message"]["content"])


async def outcome(name: str, step: Step, *, wait: bool) -> Counter[str]:
    """Return how many requests got their own answer, one that was not theirs, or an error."""
    counts: Counter[str] = Counter()
    async with ScriptedServer(deque([step] * REQUESTS)) as server, AsyncExitStack() as stack:
        ask = (await opened(server.url, stack))[name]
        for number in range(REQUESTS):
            text = f"question {number}"
            try:
                said = await ask(text)
            except Exception:  # noqa: BLE001 - each library has errors of its own
                said = "error"
            served = "its own" if said == text else "not its own" if said.startswith(("stray", "question")) else "error"
            counts[served] += 1
            await server.go_on(wait=wait)
    return counts


async def main() -> None:
    """Print the table."""
    names = ["httpx", "httpcore", "aiohttp", "ours, litellm", "ours, direct"]
    print("what follows each answer | " + " | ".join(names) + "\n---|" + "---|" * len(names))
    for what, step in STEPS.items():
        cells = []
        for name in names:
            counts = await outcome(name, step, wait=True) + await outcome(name, step, wait=False)
            cells.append(
                ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()) if kind != "its own") or "–"
            )
        print(f"{what} | " + " | ".join(cells))


if __name__ == "__main__":
    for variable, value in ENVIRONMENT.items():
        os.environ.setdefault(variable, value)
    asyncio.run(main())
