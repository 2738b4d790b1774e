"""LiteLLMClient: calls go to any provider through litellm, one try each; nothing of litellm's own retries is used.

litellm is used for translating between providers only. Prices, retries, deadlines, budgets and the cache are ours: its
own stack up, follow the server's word for the price, or know no deadline.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import inspect
import math
import os
import threading
import time
from collections.abc import Awaitable, Mapping, Sequence
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from cascade.clients import Client
from cascade.clients.answered import AnsweredIds
from cascade.clients.body import parsed_body
from cascade.clients.classify_failure import classify_failure, classify_wire, stray_answer, wire_failure
from cascade.clients.import_thread import import_in_thread
from cascade.clients.parameters import FORBIDDEN, RefusedWishes, refuse_forbidden, with_meaning
from cascade.clients.wire import Wire, wire_of
from cascade.dialects.chat import limits_of, read_completion
from cascade.dialects.error_body import holds_error
from cascade.dialects.error_wordings import ErrorWording
from cascade.dialects.history import for_receiver, without_new_thinking
from cascade.dialects.native import as_chat
from cascade.exchange import RESENT, ModelCall, Response
from cascade.failure import CallFailure
from cascade.loggers import guard_foreign
from cascade.prices import ASSUMED_OUTPUT_TOKENS, PriceBook, bundled_window, output_limit

if TYPE_CHECKING:
    from cascade.clients.client_factory import ClientFactory
    from cascade.clients.transport import Transport

PROVIDERS: Mapping[str, str] = {"embedded": "cascade.embedded.provider:register"}
"""Our own providers: the part of a model's name before the slash, and the function that makes litellm know it."""

ENVIRONMENT = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else the import fetches a price map from the network
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",  # else Claude's first call with a schema fetches a table for it
    "LITELLM_OFFLINE_MODE": "true",  # the same of all that newer releases fetch on their own: tables, tokenizers
    "LITELLM_MODE": "PRODUCTION",  # else the import reads a .env file from wherever it finds one
    "LITELLM_LOG": "ERROR",  # else every finish reason that it does not know is a line on stderr
}
"""What must be set before litellm is imported; what the user has set stays."""


class LiteLLMClient(Client):
    """The client for real models; opened by the first call, to be closed in the event loop that used it.

    Args:
        prices: where prices come from; default: `PriceBook()`.
        providers: further providers, as `PROVIDERS`.
        trust_env: whether proxies and .netrc are taken from the environment; None: only where CASCADE_TRUST_ENV is 1,
            which reaches every command too.
        hardened: whether calls go over our own transport where litellm lets them (`families.py`); False is for
            comparisons.
        wordings: rows that go before the table of error wordings.
        transport: our connections; None: made with the first call.
    """

    def __init__(
        self,
        *,
        prices: PriceBook | None = None,
        providers: Mapping[str, str] = PROVIDERS,
        trust_env: bool | None = None,
        hardened: bool = True,
        wordings: Sequence[ErrorWording] = (),
        transport: Transport | None = None,
    ) -> None:
        self._prices = prices or PriceBook()
        self._providers = dict(providers)
        self._trust_env = os.environ.get("CASCADE_TRUST_ENV") == "1" if trust_env is None else trust_env
        self._hardened = hardened
        self._wordings = tuple(wordings)
        self._ready: dict[str, Any] = {}
        self._wanted: set[str] = {""}
        self._imports: dict[str, Future[None]] = {}
        self._loading, self._importing = threading.Lock(), threading.Lock()
        self._refused = RefusedWishes()
        self._answered = AnsweredIds()
        self._taken: dict[str, list[str] | None] = {}
        self._transport = transport
        self._families: ClientFactory | None = None
        self._internal: ContextVar[bool] | None = None

    def check(self, call: ModelCall) -> None:
        """Refuse what could never work: a forbidden parameter, an unknown price."""
        refuse_forbidden(call)
        self._wanted.add(call.model.partition("/")[0])
        self._prices.quote(call.model, call.price)

    def preload(self) -> bool:
        """Begin to import litellm and what first calls to the ladder's providers would import: 3 to 5 seconds."""
        for provider in sorted(self._wanted):
            self._import(provider)
        return True

    def warming(self, call: ModelCall) -> Awaitable[None] | None:
        """Return the import that a call must wait for; None where it is done."""
        provider = call.model.partition("/")[0]
        return None if provider in self._ready else self._imported(provider)

    async def warm_up(self) -> None:
        """Import litellm and what first calls would import; returns when that is done."""
        for provider in sorted(self._wanted):
            await self._library(provider)

    async def ask(self, call: ModelCall) -> Response | CallFailure:
        """Put one call to its model. A model that refuses a wish is asked once more without, and that is remembered."""
        self.check(call)
        wire_of(call, ends_at=math.inf, phase="unsent")  # a cancelled import has sent nothing
        litellm = await self._library(call.model.partition("/")[0])
        started = time.perf_counter()
        wishes = self._granted(litellm, call)
        reply, tries = await self._try(litellm, call, wishes), 1
        if self._refused.learn(call, reply, wishes):
            reply, tries = await self._try(litellm, call, {}), 2
        return replace(reply, latency_s=time.perf_counter() - started, tries=tries)

    async def aclose(self) -> None:
        """Close the connections, ours and those that this event loop has opened through litellm.

        litellm's own function for it closes those of every loop, and leaves them, closed, to the next caller.
        """
        if self._transport is not None:
            await self._transport.aclose()
        if not self._ready:
            return
        cache = self._ready[""].in_memory_llm_clients_cache
        mine = f"-{id(asyncio.get_running_loop())}"
        for key in [key for key in cache.cache_dict if str(key).endswith(mine)]:
            held = cache.cache_dict.pop(key)
            cache.ttl_dict.pop(key, None)
            close = getattr(held, "close", None)
            if close is not None and inspect.isawaitable(closing := close()):
                await closing

    async def _try(self, litellm: Any, call: ModelCall, wishes: Mapping[str, Any]) -> Response | CallFailure:
        arguments: dict[str, Any] = {**_plain(wishes), **_plain(call.params)}
        arguments |= _required_limit(call)
        place = {"api_base": call.api_base, "api_key": call.api_key}
        arguments |= {name: value for name, value in place.items() if value is not None}
        client = self._families.client(call) if self._families is not None else None
        wire = wire_of(call, ends_at=asyncio.get_running_loop().time() + call.timeout_s, limits=limits_of(call))
        if client is not None:
            arguments["client"] = client
        messages, dropped = for_receiver(call)
        messages, arguments, unthought = without_new_thinking(messages, arguments, call)
        dropped = (*dropped, *unthought)
        internal = None if self._internal is None else self._internal.set(True)
        try:
            completion = await litellm.acompletion(
                model=call.model,
                messages=_plain(messages),
                timeout=call.timeout_s,
                max_retries=0,
                num_retries=0,
                **arguments,
            )
            body = completion.model_dump(warnings=False)
            raw = await self._raw(wire)
        except Exception as error:  # noqa: BLE001 - litellm raises anything; whatever it is, it is data from here on
            # An answer that was paid for is not thrown away because its usage is a string, or missing.
            raw = await self._raw(wire)
            body = as_chat(raw)
            if body is None or holds_error(raw):
                seen = None if client is None else wire
                return classify_failure(error, wire=seen, secret=call.api_key, wordings=self._wordings)
        finally:
            if self._internal is not None and internal is not None:
                self._internal.reset(internal)
        if wire.refused:  # litellm makes answers out of some errors
            return classify_wire(wire, secret=call.api_key, wordings=self._wordings)
        price = self._prices.price(call.model, call.price)
        reply = read_completion(body, call=call, price=price, raw=raw, logprobs=wire.logprobs)
        if dropped and isinstance(reply, Response):
            reply = replace(reply, flags=(*reply.flags, *dropped))
        return self._finished(reply, call, wire, body.get("id")) if wire.phase is not None else reply

    async def _raw(self, wire: Wire) -> Any:
        """Return the provider's own body, parsed in slices; None where none came over a connection of ours."""
        if wire.phase != "done" or wire.refused:
            return None
        try:
            async with asyncio.timeout_at(wire.ends_at):
                return (await parsed_body(wire))[0]
        except TimeoutError:
            return None

    def _finished(
        self, reply: Response | CallFailure, call: ModelCall, wire: Wire, answer_id: Any
    ) -> Response | CallFailure:
        """Return a reply with what our transport saw."""
        if isinstance(reply, CallFailure):
            return wire_failure(reply, wire, secret=call.api_key)
        if self._answered.stray(call.api_base or call.model, answer_id, wire):
            return stray_answer(wire, secret=call.api_key)
        return replace(reply, status=wire.status, flags=(*reply.flags, *((RESENT,) if wire.resent else ())))

    def _granted(self, litellm: Any, call: ModelCall) -> dict[str, Any]:
        """Return the wishes that the model is not known to refuse."""
        if not (wished := self._refused.without(call)):
            return {}
        if call.model not in self._taken:
            self._taken[call.model] = litellm.get_supported_openai_params(model=call.model)
        taken = self._taken[call.model]
        wishes = {name: value for name, value in wished.items() if taken is None or name in taken}
        return with_meaning(wishes, call)

    async def _library(self, provider: str) -> Any:
        """Return litellm, ready for a provider; in a thread, since its import takes seconds."""
        if provider not in self._ready:
            await self._imported(provider)
        return self._ready[provider]

    async def _imported(self, provider: str) -> None:
        # Whoever gives up waiting does not end the import: others wait for it too.
        await asyncio.shield(asyncio.wrap_future(self._import(provider)))

    def _import(self, provider: str) -> Future[None]:
        with self._loading:
            found = self._imports.get(provider)
            if found is None or (found.done() and found.exception() is not None):
                found = self._imports[provider] = import_in_thread(partial(self._load, provider))
            return found

    def _load(self, provider: str) -> None:
        with self._importing:
            for name, value in ENVIRONMENT.items():
                os.environ.setdefault(name, value)
            litellm: Any = importlib.import_module("litellm")
            litellm.telemetry = False
            litellm.suppress_debug_info = True
            litellm.set_verbose = False  # prints every call with its key; LITELLM_LOG=DEBUG says the same without
            guard_foreign()
            self._internal = _internal_mark()
            if provider in self._providers:
                module, _, function = self._providers[provider].partition(":")
                getattr(importlib.import_module(module), function)()
            else:
                importlib.import_module("openai.resources")  # half a second that a first call would hold the loop for
                asyncio.run(_rehearsed(litellm, provider, self._internal))
            if self._hardened and self._families is None:
                from cascade.clients.client_factory import ClientFactory
                from cascade.clients.transport import Transport

                self._transport = self._transport or Transport(trust_env=self._trust_env)
                self._families = ClientFactory(litellm, self._transport)
            bundled_window("")  # a megabyte of JSON, read here and not on the loop when a prompt is too long
            # litellm's 280,000 objects stay; a full collection that walks them holds every thread for 120 ms.
            gc.collect()
            gc.freeze()
            self._ready[""] = self._ready[provider] = litellm


def _internal_mark() -> ContextVar[bool] | None:
    """Return the mark by which litellm spares its callbacks and its logging worker; None where it has none.

    The worker belongs to one event loop at a time: where two cascades are open, it loses tasks and says so on stderr.
    """
    try:
        mark = importlib.import_module("litellm._internal_context").is_internal_call
    except (ImportError, AttributeError):
        return None
    return mark if isinstance(mark, ContextVar) else None


async def _rehearsed(litellm: Any, provider: str, internal: ContextVar[bool] | None) -> None:
    """Make a call that litellm answers itself: it imports what a first call would, 200 ms of it, on the loop."""
    if internal is not None:
        internal.set(True)
    with contextlib.suppress(Exception):  # what a provider lacks, its first call says
        await litellm.acompletion(
            model=f"{provider}/none", messages=[{"role": "user", "content": "?"}], mock_response=".", api_key="none"
        )


def _required_limit(call: ModelCall) -> dict[str, int]:
    """Return the `max_tokens` of a call that must have one and sets none: ours, on top of what it may think.

    Anthropic's API requires one, and litellm makes up one of up to 128,000. How much a `reasoning_effort` thinks is
    litellm's own translation, so its limit is litellm's, too.
    """
    provider, _, name = call.model.rpartition("/")
    required = provider.startswith("anthropic") or name.startswith("claude")
    if not required or output_limit(call.params) is not None or "reasoning_effort" in call.params:
        return {}
    thinking = call.params.get("thinking")
    budget = thinking.get("budget_tokens") if isinstance(thinking, Mapping) else None
    return {"max_tokens": ASSUMED_OUTPUT_TOKENS + (budget if isinstance(budget, int) else 0)}


def _plain(value: Any) -> Any:
    """Copy mappings and lists all the way down: litellm changes what it is given, and some of it is frozen.

    Halves of surrogate pairs, which the libraries below cannot send, become U+FFFD.
    """
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


__all__ = ["ENVIRONMENT", "FORBIDDEN", "PROVIDERS", "LiteLLMClient"]
