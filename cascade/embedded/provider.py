"""Litellm provider of the embedded models: `embedded/small|medium|large` answer like any other model.

Importing this module imports litellm, which is slow; call `register()` when a ladder names an embedded model.

It reads the text of the last user message, and `temperature` (default: 0), `seed`, `max_tokens`, `n`, `logprobs`,
`top_logprobs`. Everything else is ignored, since these models do one thing only.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

# litellm reads both when it is imported: without them it fetches its price map from the network and loads a `.env`.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
os.environ.setdefault("LITELLM_MODE", "PRODUCTION")

import litellm
from litellm.types.utils import (
    ChatCompletionTokenLogprob,
    ChoiceLogprobs,
    Choices,
    Delta,
    Message,
    ModelResponse,
    ModelResponseStream,
    StreamingChoices,
    TopLogprob,
    Usage,
)

from cascade.embedded.model import LONGEST_ANSWER, NAMES, Answer, Model, PromptTooLong, Token, load
from cascade.embedded.vocabulary import END
from cascade.schema_sending import without_instruction

PROVIDER: Final = "embedded"
MOST_CHOICES: Final = 16
"""Maximum number of answers (`n`) to one request."""
MOST_ALTERNATIVES: Final = 20
"""Maximum number of alternatives (`top_logprobs`) per token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    """A parsed and validated request."""

    model: Model
    sentence: str
    temperature: float
    seed: int | None
    max_tokens: int
    n: int
    logprobs: bool
    top: int

    def stream(self, index: int = 0) -> Iterator[Token]:
        """Return the tokens of one of the `n` answers."""
        seed = None if self.seed is None else self.seed + index
        return self.model.stream(
            self.sentence, max_tokens=self.max_tokens, temperature=self.temperature, seed=seed, top=self.top
        )

    def answer(self, index: int) -> Answer:
        """Return one of the `n` complete answers."""
        seed = None if self.seed is None else self.seed + index
        return self.model.answer(
            self.sentence, max_tokens=self.max_tokens, temperature=self.temperature, seed=seed, top=self.top
        )


class EmbeddedLLM(litellm.CustomLLM):  # type: ignore[misc]  # litellm's classes are Any to a strict checker
    """Custom handler for litellm: sync and async, complete or streamed; computes in a worker thread when awaited."""

    def completion(self, *_: Any, **call: Any) -> ModelResponse:
        """Return the answer to a request."""
        return _respond(call)

    async def acompletion(self, *_: Any, **call: Any) -> ModelResponse:
        """Return the answer to a request without blocking the event loop."""
        return await asyncio.to_thread(_respond, call)

    def streaming(self, *_: Any, **call: Any) -> Iterator[ModelResponseStream]:
        """Yield the answer token by token."""
        ask = _streamable(call)
        for token in ask.stream():
            yield _chunk(ask, call, token)
        yield _last(token)

    async def astreaming(self, *_: Any, **call: Any) -> AsyncIterator[ModelResponseStream]:
        """Yield the answer token by token, each computed in a worker thread."""
        ask = await asyncio.to_thread(_streamable, call)
        tokens, token = ask.stream(), None
        while (following := await asyncio.to_thread(next, tokens, None)) is not None:
            token = following
            yield _chunk(ask, call, token)
        yield _last(token)


_HANDLER: Final = EmbeddedLLM()


def register() -> None:
    """Register the provider with litellm; idempotent, other custom providers stay."""
    if not any(entry["provider"] == PROVIDER for entry in litellm.custom_provider_map):
        litellm.custom_provider_map = [
            *litellm.custom_provider_map,
            {"provider": PROVIDER, "custom_handler": _HANDLER},
        ]
        litellm.utils.custom_llm_setup()


def _respond(call: Mapping[str, Any]) -> ModelResponse:
    ask, response = _read(call), call["model_response"]
    answers = [ask.answer(index) for index in range(ask.n)]
    response.choices = [
        Choices(
            index=index,
            finish_reason=answer.finish_reason,
            message=Message(role="assistant", content=answer.text),
            logprobs=_logprobs(answer.tokens) if ask.logprobs else None,
        )
        for index, answer in enumerate(answers)
    ]
    response.model = call["model"]
    prompt, written = answers[0].prompt_tokens, sum(len(answer.tokens) for answer in answers)
    response.usage = Usage(prompt_tokens=prompt, completion_tokens=written, total_tokens=prompt + written)
    return response


def _read(call: Mapping[str, Any]) -> _Ask:
    """Return the request; raises litellm's NotFoundError, BadRequestError or ContextWindowExceededError."""
    name = str(call["model"]).removeprefix(f"{PROVIDER}/")
    if name not in NAMES:
        known = ", ".join(f"{PROVIDER}/{known}" for known in NAMES)
        message = f"no embedded model is called {name!r}; one of these was expected: {known}"
        raise litellm.NotFoundError(message=message, model=name, llm_provider=PROVIDER)
    try:
        options = call.get("optional_params") or {}
        limit = "max_completion_tokens" if "max_completion_tokens" in options else "max_tokens"
        ask = _Ask(
            model=load(name),
            sentence=_sentence(call["messages"]),
            temperature=_number(options, "temperature", 0.0, low=0.0, high=10.0),
            seed=None if options.get("seed") is None else int(_number(options, "seed", 0, low=0, high=2**63)),
            max_tokens=int(_number(options, limit, LONGEST_ANSWER, low=1, high=2**31)),
            n=int(_number(options, "n", 1, low=1, high=MOST_CHOICES)),
            logprobs=bool(options.get("logprobs")),
            top=int(_number(options, "top_logprobs", 0, low=0, high=MOST_ALTERNATIVES)),
        )
        ask.model.room(ask.sentence)
    except PromptTooLong as error:
        raise litellm.ContextWindowExceededError(message=str(error), model=name, llm_provider=PROVIDER) from error
    except ValueError as error:
        raise litellm.BadRequestError(message=str(error), model=name, llm_provider=PROVIDER) from error
    return ask


def _number(options: Mapping[str, Any], name: str, default: float, *, low: float, high: float) -> float:
    value = options.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        message = f"{name} is {value!r}; a number from {low} to {high} was expected"
        raise ValueError(message)
    return value


def _sentence(messages: Sequence[Mapping[str, Any]]) -> str:
    """Return the text of the last user message; system and other messages are ignored."""
    content = next((message.get("content") for message in reversed(messages) if message.get("role") == "user"), None)
    if isinstance(content, list):
        if any(part.get("type") != "text" for part in content):
            message = "the last user message has parts that are not text; an embedded model reads only text"
            raise ValueError(message)
        content = " ".join(str(part.get("text", "")) for part in content)
    content = without_instruction(content) if content else content
    if not content or not content.strip():
        message = "the last user message has no text; a sentence was expected"
        raise ValueError(message)
    return str(content)


def _logprobs(tokens: Sequence[Token]) -> ChoiceLogprobs:
    return ChoiceLogprobs(
        content=[
            ChatCompletionTokenLogprob(
                token=token.text,
                bytes=list(token.text.encode()),
                logprob=token.logprob,
                top_logprobs=[
                    TopLogprob(token=text, bytes=list(text.encode()), logprob=value) for text, value in token.top
                ],
            )
            for token in tokens
        ]
    )


def _streamable(call: Mapping[str, Any]) -> _Ask:
    ask = _read(call)
    if ask.n > 1:
        message = f"n is {ask.n}; an embedded model streams one answer at a time, set n=1"
        raise litellm.BadRequestError(message=message, model=call["model"], llm_provider=PROVIDER)
    return ask


def _chunk(ask: _Ask, call: Mapping[str, Any], token: Token) -> ModelResponseStream:
    logprobs = _logprobs((token,)) if ask.logprobs else None
    delta = Delta(role="assistant", content=token.text)
    return ModelResponseStream(model=call["model"], choices=[StreamingChoices(index=0, delta=delta, logprobs=logprobs)])


def _last(token: Token | None) -> ModelResponseStream:
    reason = "stop" if token is not None and token.text == END else "length"
    return ModelResponseStream(choices=[StreamingChoices(index=0, delta=Delta(content=None), finish_reason=reason)])
