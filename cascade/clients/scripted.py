"""ScriptedClient: answers as it is told to, without a network: the double for tests of anything built on a cascade.

client = ScriptedClient({"small": ["yes", "no"], "top": "42"})
app = Cascade(ladder, client=client)
…
assert [call.rung for call in client.calls] == ["small", "top"]
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from cascade.clients import Client
from cascade.errors import ConfigError
from cascade.exchange import ModelCall, Response, TokenLogProb
from cascade.failure import CallFailure
from cascade.prices import estimate_prompt_tokens, estimate_tokens
from cascade.usage import Price, Usage

Script: TypeAlias = Any
"""What one rung or model says: a text, Response, CallFailure or Exception (each time the same), a list or iterator of
these (one a call, then it is an error), or a function of the call, sync or async, that returns one of these."""


def scripted(
    text: str = "",
    *,
    logprobs: Sequence[float] | None = None,
    cost_usd: float = 0.0,
    latency_s: float = 0.0,
    **fields: Any,
) -> Response:
    """Make a response the short way; `logprobs` are those of its tokens, `fields` any others of `Response`."""
    tokens = None if logprobs is None else tuple(TokenLogProb(token=None, logprob=logprob) for logprob in logprobs)
    message = {"role": "assistant", "content": text}
    return Response(
        **{"text": text, "message": message, "finish_reason": "stop", "logprobs": tokens, "cost_usd": cost_usd}
        | {"latency_s": latency_s}
        | fields
    )


class ScriptedClient(Client):
    """A client that follows scripts.

    A rung's answers are looked up by its name, then by its model; a verifier's calls by the verifier's name, then by
    the model it asks, then by the rung. An exception in a script is raised, as only a broken client would.

    Args:
        scripts: what is said, by name.
        default: the script of everything that has none; None: that is an error.
        before: awaited before each answer, with the call: to wait, to count, to cancel.
    """

    def __init__(
        self,
        scripts: Mapping[str, Script] | None = None,
        *,
        default: Script = None,
        before: Callable[[ModelCall], Awaitable[None]] | None = None,
    ) -> None:
        self.calls: list[ModelCall] = []
        """Every call so far, in order."""
        self._scripts = {name: _playable(script) for name, script in (scripts or {}).items()}
        self._default = _playable(default)
        self._before = before

    async def ask(self, call: ModelCall) -> Response | CallFailure:
        """Return what the script says next; a text is priced by the call's own price, else costs nothing."""
        self.calls.append(call)
        if self._before is not None:
            await self._before(call)
        reply = self._script(call)
        if isinstance(reply, Iterator):
            reply = next(reply, None)
            if reply is None:
                message = (
                    f"The script for rung {call.rung!r}, model {call.model!r} is at its end; give it more replies."
                )
                raise ConfigError(message)
        if callable(reply):
            reply = reply(call)
            if inspect.isawaitable(reply):
                reply = await reply
        if isinstance(reply, BaseException):
            raise reply
        return _said(reply, call) if isinstance(reply, str) else _checked(reply)

    def _script(self, call: ModelCall) -> Script:
        names = (call.rung, call.model) if call.verifier is None else (call.verifier, call.model, call.rung)
        script = next((self._scripts[name] for name in names if name in self._scripts), self._default)
        if script is None:
            message = f"No script for {' or '.join(map(repr, names))}; there are {', '.join(self._scripts) or 'none'}."
            raise ConfigError(message)
        return script


def _playable(script: Script) -> Script:
    return iter(script) if isinstance(script, list | tuple) else script


def _said(text: str, call: ModelCall) -> Response:
    usage = Usage(
        input_tokens=estimate_prompt_tokens(call.messages, call.params),
        output_tokens=estimate_tokens(text),
        estimated=True,
    )
    price = call.price or Price(input_usd=0.0, output_usd=0.0)
    return scripted(text, cost_usd=price.cost_usd(usage), usage=usage, model_reported=call.model)


def _checked(reply: Any) -> Response | CallFailure:
    if isinstance(reply, Response | CallFailure):
        return reply
    message = f"A script says {reply!r}; a text, a Response, a CallFailure or an Exception was expected."
    raise ConfigError(message)


__all__ = ["Script", "ScriptedClient", "scripted"]
