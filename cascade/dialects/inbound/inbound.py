"""Inbound: a request as a client library sent it, read; and the names by which clients address a cascade."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cascade.dialects.inbound.extension import FIELD, read_extension
from cascade.errors import ConfigError, DataError
from cascade.exchange import EMPTY, Request

PREFIXES = ("cascade/", "cascade-")
"""Prefixes of a model's name that make the rest of it a task; the second for clients that refuse a slash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A request as a client library sent it, read."""

    request: Request
    """What is to be run."""

    model: str = ""
    """The model's name as the client gave it."""

    stream: bool = False
    """Whether the answer is to be sent as a stream of events."""

    include_usage: bool = False
    """Whether a stream of Chat Completions ends with an event that tells the usage."""

    tool: str | None = None
    """The one tool whose call the client forces, to get structured output: its parameters are the request's schema, and
    the answer goes back as a call of it. None: no tool is forced."""

    echo: Mapping[str, Any] = EMPTY
    """What of the body an answer repeats, where the dialect does so (Responses)."""


def task_of(model: str) -> str | None:
    """Return the task that a model's name addresses (`cascade/orders`, `cascade-orders`); None: it names a model."""
    if model == "cascade":
        return "default"
    return next((model.removeprefix(prefix) for prefix in PREFIXES if model.startswith(prefix)), None) or None


def build_inbound(
    body: Mapping[str, Any],
    *,
    messages: tuple[Mapping[str, Any], ...],
    params: Mapping[str, Any],
    defaults: Mapping[str, Any],
    principal: Any = None,
    schema: Mapping[str, Any] | None = None,
    tool: str | None = None,
    include_usage: bool = False,
    echo: Mapping[str, Any] = EMPTY,
) -> Inbound:
    """Build the value of all dialects from what each of them reads in its own way.

    Args:
        body: the body, for what the dialects share: `model`, `stream`, `metadata`, `cascade`.
        messages: the conversation.
        params: the provider parameters.
        defaults: options of the request (`task`, `principal`, `tags`, …) that count where the body says nothing.
        principal: the body's name for its user; it counts where the defaults name no principal.
        schema: the request's schema, where it is not in `response_format`.
        tool: the forced tool.
        include_usage: as of `Inbound`.
        echo: as of `Inbound`.

    Raises:
        DataError: the request cannot be used as it is.
    """
    model = body.get("model") or ""
    if not isinstance(model, str):
        raise DataError(f"model is {model!r:.80}; a text was expected.")
    stream = body.get("stream") or False
    if not isinstance(stream, bool):
        raise DataError(f"stream is {stream!r:.80}; true or false was expected.")
    if principal is not None and not isinstance(principal, str):
        raise DataError(f"The user is {principal!r:.80}; a text was expected.")
    named, ours = task_of(model), read_extension(body.get(FIELD))
    options = {**defaults, **({} if named is None else {"task": named}), **ours}
    tags = {**(defaults.get("tags") or {}), **_tags(body.get("metadata")), **ours.get("tags", {})}
    options |= {"tags": tags} if tags else {}
    if principal and options.get("principal") is None:
        options["principal"] = principal
    if schema is not None:
        options["schema"] = schema
    try:
        request = Request(messages=messages, params=dict(params), **options)
    except ConfigError as error:  # here it is the client's mistake
        raise DataError(str(error)) from error
    return Inbound(request=request, model=model, stream=stream, include_usage=include_usage, tool=tool, echo=echo)


def _tags(metadata: Any) -> dict[str, str]:
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping) or not all(
        isinstance(value, str | int | float) for value in metadata.values()
    ):
        raise DataError(
            f"metadata is {metadata!r:.80}; an object of texts was expected, which become the request's tags."
        )
    return {str(name): str(value) for name, value in metadata.items()}
