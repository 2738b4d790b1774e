"""Raw litellm beside the engine: the same call on the same loop, over our transport or litellm's own."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Sequence
from typing import Any

from cascade.clients.routed import RoutedClient
from cascade.clients.wire import WIRE, Wire
from cascade.engine.cascade import Cascade
from cascade.exchange import ModelCall
from cascade.ladder import Ladder, Rung
from cascade.usage import Price
from verifiers import Hedging, LogProb, Refusal

KEY = "sk-soak-4f9a8b7c6d5e"
MESSAGES = [{"role": "user", "content": "Is it fine? " * 20}]


def one_rung(url: str, behaviour: str = "ok", **options: Any) -> Cascade:
    """Open a cascade of one rung, asked through litellm, with three local verifiers."""
    verify = (Refusal(), Hedging(), LogProb())
    price = Price(input_usd=1e-6, output_usd=2e-6)
    common: dict[str, Any] = {"api_base": url, "api_key": KEY, "price": price, "verify": verify, "timeout_s": 30}
    return Cascade(Ladder(Rung(f"openai/{behaviour}", client="litellm", **common)), **options)


class Raw:
    """litellm itself."""

    def __init__(self, app: Cascade, url: str, *, hardened: bool) -> None:
        assert isinstance(app.client, RoutedClient)
        client = app.client._litellm
        assert client._families is not None
        self._litellm = client._ready[""]
        call = ModelCall(rung="raw", model="openai/ok", messages=(), api_base=url, api_key=KEY)
        self._extra = {"client": client._families.client(call)} if hardened else {}
        self._url = url

    async def ask(self) -> float:
        """Make one call, and return the seconds that it took."""
        started = time.perf_counter()
        WIRE.set(Wire(ends_at=asyncio.get_running_loop().time() + 30.0))
        answer = await self._litellm.acompletion(
            model="openai/ok",
            messages=MESSAGES,
            api_base=self._url,
            api_key=KEY,
            timeout=30.0,
            max_retries=0,
            num_retries=0,
            logprobs=True,
            top_logprobs=5,
            **self._extra,
        )
        assert answer.choices[0].message.content == "fine"
        return time.perf_counter() - started


async def settled() -> None:
    """Wait for what litellm has put off until after its calls; it is part of what they take."""
    from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER

    await asyncio.sleep(0.002)
    # One queue serves all event loops of the process: a coroutine that it has carried over from a loop that is closed
    # may never end, and then it is never empty. That is said after half a minute, and not by a hang.
    async with asyncio.timeout(30):
        await GLOBAL_LOGGING_WORKER.flush()


def quantile(seconds: Sequence[float], share: float) -> float:
    """Return the milliseconds below which a share of the times lies."""
    ordered = sorted(seconds)
    return 1e3 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def resident_mb() -> float:
    """Return the memory that this process holds now, in MiB."""
    with open("/proc/self/statm", encoding="ascii") as pages:  # noqa: PTH123 - no file of ours
        return int(pages.read().split()[1]) * resource.getpagesize() / (1 << 20)
