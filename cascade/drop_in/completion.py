"""completion() and acompletion(): LiteLLM's signature and values; `cascade/<task>` is the model."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from cascade.config.process import default
from cascade.dialects.inbound import chat
from cascade.dialects.inbound.extension import FIELD
from cascade.dialects.inbound.inbound import Inbound, task_of
from cascade.dialects.origin import mapping
from cascade.errors import CascadeError, DataError, DeadlineExceeded
from cascade.exchange import Message
from cascade.result import Result

if TYPE_CHECKING:
    from cascade.engine.cascade import Cascade

_PROVIDER = "cascade"


def completion(model: str, messages: Sequence[Message], *, app: Cascade | None = None, **params: Any) -> Any:
    """Answer as `litellm.completion` does, by the cascade; blocks.

    Args:
        model: `cascade/<task>`.
        messages: the conversation.
        app: the cascade; None: the process default.
        params: as of litellm: `stream`, `timeout` (seconds, the request's deadline), `metadata` (its tags), `user` (its
            principal) and the parameters of Chat Completions; `extra_body={"cascade": {…}}` sets our own options.

    Returns:
        a `litellm.ModelResponse`, whose `_hidden_params["response_cost"]` is what all calls of the cascade cost, in US
        dollars, and which has `cascade` beside; with `stream=True` an iterator of `ModelResponseStream`, which is
        verified before it begins.

    Raises:
        litellm.exceptions.APIError: litellm's own class by the status, with our error as cause: `RateLimitError` for
            a budget or the escalation cap, `Timeout` for a deadline, `BadRequestError` for a parameter that cannot
            be honoured, …

    Example:
        >>> response = cascade.completion(model="cascade/invoices", messages=messages)
    """
    try:
        inbound, taken = read_completion(model, messages, params), app or default()
        return written(taken.run(inbound.request), inbound)
    except CascadeError as error:
        raise litellm_error(error, model) from error


async def acompletion(model: str, messages: Sequence[Message], *, app: Cascade | None = None, **params: Any) -> Any:
    """As `completion`, from an event loop; with `stream=True` it returns an async iterator.

    Example:
        >>> response = await cascade.acompletion(model="cascade/invoices", messages=messages)
    """
    try:
        inbound, taken = read_completion(model, messages, params), app or default()
        answer = written(await taken.arun(inbound.request), inbound)
    except CascadeError as error:
        raise litellm_error(error, model) from error
    return _each(answer) if inbound.stream else answer


def read_completion(model: str, messages: Sequence[Message], params: dict[str, Any]) -> Inbound:
    """Read a call of `completion`.

    Raises:
        DataError: it cannot be run.
    """
    if not isinstance(model, str) or task_of(model) is None:
        raise DataError(f"model is {model!r:.80}; cascade/<task> was expected. For another model call litellm itself.")
    given = dict(params)
    timeout = given.pop("timeout", None)
    body = {**given, **mapping(given.pop("extra_body", None)), "model": model, "messages": [*messages]}
    body.pop("extra_body", None)
    if timeout is not None:
        body[FIELD] = {"deadline_s": timeout, **mapping(body.get(FIELD))}
    return chat.read(body)


def written(result: Result[Any], inbound: Inbound) -> Any:
    """Return a result as LiteLLM's own value."""
    from litellm.types.utils import ModelResponse, ModelResponseStream

    created = int(time.time())
    if inbound.stream:
        chunks = [*chat.chunks(result, inbound, created=created)]
        return iter([ModelResponseStream(**chunk) for chunk in chunks])
    response: Any = ModelResponse(**chat.write(result, inbound, created=created))
    response._hidden_params |= {  # noqa: SLF001 - where litellm itself, and its users, look for the cost
        "response_cost": result.cost_usd, "custom_llm_provider": _PROVIDER,
    }  # fmt: skip
    return response


async def _each(chunks: Iterator[Any]) -> AsyncIterator[Any]:
    for chunk in chunks:
        yield chunk


def litellm_error(error: CascadeError, model: str) -> Exception:
    """Return an error as litellm's own class for its status."""
    from litellm import exceptions

    status, body = chat.error(error)
    told = {"message": body["error"]["message"], "model": str(model), "llm_provider": _PROVIDER}
    by_status: dict[int, type[Exception]] = {
        400: exceptions.BadRequestError,
        401: exceptions.AuthenticationError,
        404: exceptions.NotFoundError,
        429: exceptions.RateLimitError,
        502: exceptions.BadGatewayError,
        503: exceptions.ServiceUnavailableError,
    }
    kind = exceptions.Timeout if isinstance(error, DeadlineExceeded) else by_status.get(status)
    return exceptions.APIError(status, **told) if kind is None else kind(**told)
