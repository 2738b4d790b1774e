"""LiteLLM's proxy: the cascade as a provider of its own, named in the proxy's YAML; keys, budgets and teams are its.

::

    model_list:
      - model_name: support
        litellm_params: {model: cascade/support}
    litellm_settings:
      custom_provider_map:
        - {provider: cascade, custom_handler: cascade.serve.litellm_provider.handler}
      num_retries: 0

The cascade is that of the process: CASCADE_CONFIG, else ./cascade.yaml.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from litellm import CustomLLM

from cascade.config.process import default
from cascade.dialects.inbound import chat
from cascade.dialects.inbound.inbound import Inbound
from cascade.drop_in.completion import litellm_error, read_completion, written
from cascade.errors import CascadeError
from cascade.exchange import Message
from cascade.result import Result

if TYPE_CHECKING:
    from cascade.engine.cascade import Cascade

_TOLD = frozenset({"stream", "stream_options", "max_retries", "num_retries", "extra_headers"})
"""Parameters that LiteLLM adds and that say nothing to models."""


class CascadeProvider(CustomLLM):  # type: ignore[misc]  # litellm has no types
    """Answers LiteLLM's calls of `cascade/<task>` by the cascade, whichever of its routes they came by."""

    def __init__(self, app: Cascade | None = None) -> None:
        """Take the cascade; None: the process default, opened at the first call."""
        super().__init__()
        self._app = app

    def completion(self, model: str, messages: Sequence[Message], optional_params: dict[str, Any], **more: Any) -> Any:
        """Answer as `litellm.completion`; its `response_cost` is what all calls of the cascade cost."""
        try:
            inbound = _read(model, messages, optional_params, more)
            return written(self._cascade.run(inbound.request), inbound)
        except CascadeError as error:
            raise litellm_error(error, model) from error

    async def acompletion(
        self, model: str, messages: Sequence[Message], optional_params: dict[str, Any], **more: Any
    ) -> Any:
        """As `completion`, from an event loop."""
        try:
            inbound = _read(model, messages, optional_params, more)
            return written(await self._cascade.arun(inbound.request), inbound)
        except CascadeError as error:
            raise litellm_error(error, model) from error

    def streaming(
        self, model: str, messages: Sequence[Message], optional_params: dict[str, Any], **more: Any
    ) -> Iterator[Any]:
        """Yield LiteLLM's chunks of an answer, once it is verified; the last one has usage and cost."""
        try:
            inbound = _read(model, messages, optional_params, more)
            yield from _chunks(self._cascade.run(inbound.request), inbound)
        except CascadeError as error:
            raise litellm_error(error, model) from error

    async def astreaming(
        self, model: str, messages: Sequence[Message], optional_params: dict[str, Any], **more: Any
    ) -> AsyncIterator[Any]:
        """As `streaming`, from an event loop."""
        try:
            inbound = _read(model, messages, optional_params, more)
            chunks = _chunks(await self._cascade.arun(inbound.request), inbound)
        except CascadeError as error:
            raise litellm_error(error, model) from error
        for chunk in chunks:
            yield chunk

    @property
    def _cascade(self) -> Cascade:
        return self._app or default()


def _read(model: str, messages: Sequence[Message], params: Mapping[str, Any], more: Mapping[str, Any]) -> Inbound:
    """Read a call; on whose behalf it is made is told by the proxy's key, where the call names no user."""
    given = {name: value for name, value in params.items() if name not in _TOLD}
    told = (more.get("litellm_params") or {}).get("metadata") or {}
    whose = next((told[name] for name in ("user_api_key_end_user_id", "user_api_key_user_id") if told.get(name)), None)
    if whose is not None and not given.get("user"):
        given["user"] = str(whose)
    timeout = more.get("timeout")
    if isinstance(timeout, int | float) and timeout > 0:
        given["timeout"] = float(timeout)
    return read_completion(f"cascade/{model}", messages, given)


def _chunks(result: Result[Any], inbound: Inbound) -> Iterator[dict[str, Any]]:
    """Yield the chunks of a result in the form of LiteLLM's custom providers: a text or a call's part in each."""
    whole = chat.write(result, inbound, created=int(time.time()))
    usage = {**whole["usage"], "cost": result.cost_usd}
    for chunk in chat.chunks(result, inbound):
        for choice in chunk["choices"]:
            delta, finish = choice["delta"], choice["finish_reason"]
            calls = delta.get("tool_calls") or [None]
            for call in calls:
                yield {
                    "text": delta.get("content") or "",
                    "tool_use": None if call is None else {"function": {}, "type": "function", "id": None, **call},
                    "is_finished": finish is not None,
                    "finish_reason": finish or "",
                    "usage": usage if finish is not None else None,
                    "index": 0,
                }


handler = CascadeProvider()
"""What the proxy's YAML names."""
