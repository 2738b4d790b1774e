"""Families: through which of litellm's doors each provider's calls go, and so what our transport is handed in as.

Read off litellm 1.110.2 by asking every provider that it names (`tests/faults/test_transport.py` asks those of the
table again). A provider that stands here is served by our transport; any other by litellm's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cascade.clients.transport import Transport
from cascade.exchange import ModelCall

_MOST_CLIENTS = 256

# fmt: off
OPENAI = frozenset({
    "ai21", "ai21_chat", "aiml", "apertis", "baseten", "cerebras", "charity_engine", "chutes", "codestral",
    "cognition", "custom_openai", "darkbloom", "dashscope", "deepinfra", "docker_model_runner", "empower",
    "featherless_ai", "friendliai", "galadriel", "github", "helicone", "hyperbolic", "inception", "lambda_ai",
    "libertai", "litellm_proxy", "llamafile", "lm_studio", "meta", "meta_llama", "modelscope", "moonshot", "morph",
    "nano-gpt", "nebius", "neosantara", "novita", "nscale", "nvidia_nim", "openai", "parasail", "perplexity",
    "pinstripes", "poe", "publicai", "qwen_ai_platform", "qwencloud", "sambanova", "scaleway", "scx-ai",
    "synthetic", "tencent", "tensormesh", "v0", "vercel_ai_gateway", "volcengine", "wandb", "xiaomi_mimo",
    "xinference", "zai",
})
# fmt: on
"""Called through the openai package: they take an `AsyncOpenAI`."""

# fmt: off
HTTP = frozenset({
    "anthropic", "cometapi", "compactifai", "databricks", "datarobot", "deepseek", "fireworks_ai", "gemini", "groq",
    "heroku", "hosted_vllm", "lemonade", "minimax", "mistral", "ollama", "ollama_chat", "openrouter",
    "ovhcloud", "together_ai", "xai",
})
# fmt: on
"""Called through litellm's own HTTP handler: they take one of these."""


class ClientFactory:
    """What to hand in with a call, so that it is sent over one transport."""

    def __init__(self, litellm: Any, transport: Transport) -> None:
        self._litellm, self._transport = litellm, transport
        self._handler: Any = None
        # Without a key of the call's own the environment says it, and may say another one the next time.
        self._known_place = lru_cache(_MOST_CLIENTS)(self._place)
        self._client = lru_cache(_MOST_CLIENTS)(self._made)

    def client(self, call: ModelCall) -> Any:
        """Return litellm's `client` argument for a call; None: litellm's own connections are used."""
        provider = call.model.partition("/")[0]
        if provider in HTTP:
            self._handler = self._handler or _handler(self._transport)
            return self._handler
        if "/" in call.model and provider not in OPENAI:
            return None
        place_of = self._known_place if call.api_base and call.api_key else self._place
        place = place_of(call.model, call.api_base, call.api_key)
        return None if place is None else self._client(*place)

    def _made(self, key: str, base: str) -> Any:
        from openai import AsyncOpenAI

        ours: Any = self._transport.client  # built on httpx, which openai calls httpx2 from its version 3 on
        return AsyncOpenAI(api_key=key, base_url=base, http_client=ours, max_retries=0)

    def _place(self, model: str, base: str | None, key: str | None) -> tuple[str, str] | None:
        """Return key and address as litellm would find them; None where it finds none, and says so itself."""
        try:
            _, provider, own_key, own_base = self._litellm.get_llm_provider(model=model, api_base=base, api_key=key)
        except Exception:  # noqa: BLE001 - the call itself will fail in the same way, and is classified there
            return None
        if provider not in OPENAI:
            return None
        from litellm.llms.openai.common_utils import get_openai_credentials

        found: Mapping[str, Any] = get_openai_credentials(own_base or base, own_key or key)._asdict()
        return (found["api_key"], found["api_base"]) if found["api_key"] else None


def _handler(transport: Transport) -> Any:
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler

    class Handler(AsyncHTTPHandler):  # type: ignore[misc, unused-ignore]
        """litellm's handler over our transport; it makes no connections of its own, not even to repeat a request."""

        def create_client(self, *_: Any, **__: Any) -> Any:
            return transport.client

        async def close(self) -> None:
            """Do nothing: the connections are the transport's."""

    return Handler()


__all__ = ["HTTP", "OPENAI", "ClientFactory"]
