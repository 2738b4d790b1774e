"""Asked: a client's request for an answer, read and checked before anything is paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from cascade.dialects.inbound.inbound import Inbound
from cascade.dialects.inbound.parameters import object_body
from cascade.dialects.origin import mappings
from cascade.drop_in.route import Route
from cascade.errors import DataError
from cascade.exchange import Message, Request
from cascade.samples.request_limits import MAX_MESSAGES, problem_of
from cascade.serve.gateway.http import number, text
from cascade.serve.gateway.keyring.key import Key
from cascade.serve.gateway.model_names import ModelNames
from cascade.serve.gateway.refusals import too_many_messages
from cascade.serve.gateway.request_body import parsed
from cascade.serve.gateway.sameness import Sameness

if TYPE_CHECKING:
    from cascade.engine.cascade import Cascade

MARGIN = 0.95
"""Share of what a client waits that is used: else it would hang up, and ask again, in the moment of the answer."""


class Asked(NamedTuple):
    """A request for an answer."""

    inbound: Inbound
    """What the client sent."""

    request: Request
    """What is to be run, with the smallest of the deadlines."""

    same: Sameness
    """What makes it the same as another."""


async def read_asked(
    body: bytes,
    headers: Mapping[bytes, bytes],
    route: Route,
    path: str,
    key: Key | None,
    app: Cascade,
    names: ModelNames,
) -> Asked:
    """Read a request for an answer.

    Args:
        body: its body.
        headers: its headers, by lower-case name.
        route: the route that it came by.
        path: that route's path.
        key: its key; None: none is asked for.
        app: the cascade.
        names: the names of models.

    Raises:
        DataError, Refusal: it cannot be run; nothing was paid.
    """
    inbound, request = await read_request(body, route, key, app, names)
    identity = text(headers, b"idempotency-key")
    retries = number(headers, b"x-stainless-retry-count")
    same = Sameness(
        owner="" if key is None else key.id,
        path=path,
        body=sha256(body).hexdigest(),
        seal=sha256(b"seal\0%s\0%s" % (b"" if key is None else key.sha256.encode(), body)).digest(),
        idempotency_key=identity[:256] if identity else None,
        again=retries is not None,
        retries=b"x-stainless-retry-count" in headers or identity is not None,
    )
    return Asked(inbound, _bounded(request, headers, app), same)


async def read_request(
    body: bytes, route: Route, key: Key | None, app: Cascade, names: ModelNames
) -> tuple[Inbound, Request]:
    """Read the body of a request, and check model, key, size and addresses; errors as of `read_asked`."""
    given: Mapping[str, Any] = object_body(await parsed(body))
    model = names.resolve(given.get("model"))
    for name in ("messages", "input"):
        messages = given.get(name)
        if isinstance(messages, list) and len(messages) > MAX_MESSAGES:
            raise too_many_messages(len(messages), MAX_MESSAGES)
    defaults: dict[str, Any] = {} if model.quality is None else {"quality": model.quality}
    if key is not None:
        defaults["principal"] = key.whose
    inbound = route.dialect.read({**given, "model": model.name.partition(":")[0]}, defaults)
    request = inbound.request
    named = names.require(request.task, request.quality)  # the body's own options may name others
    if key is not None:
        key.require_model(named.task, named.quality)
    problem = problem_of(request) or unasked_result(request.messages)
    if problem is not None:
        is_named = problem.partition(" ")[0] in request.params
        raise DataError(problem if is_named else f"{problem[:1].upper()}{problem[1:]}")
    return inbound, app.request(request)


def unasked_result(messages: Sequence[Message]) -> str | None:
    """Return what is wrong with the first tool result whose call does not stand before it; None where all do."""
    called: set[str] = set()
    for place, message in enumerate(messages):
        blocks = mappings(message.get("content"))
        called |= {str(call.get("id")) for call in mappings(message.get("tool_calls"))}
        called |= {str(block.get("id")) for block in blocks if block.get("type") in {"tool_use", "server_tool_use"}}
        answers = [str(block.get("tool_use_id")) for block in blocks if block.get("type") == "tool_result"]
        answers += [str(message.get("tool_call_id"))] if message.get("role") == "tool" else []
        for answer in answers:
            if answer not in called:
                return (
                    f"messages[{place}] is the result of the tool call {answer[:60]!r}, which stands nowhere before it."
                )
    return None


def _bounded(request: Request, headers: Mapping[bytes, bytes], app: Cascade) -> Request:
    """Return the request with the smallest of the deadlines: its task's, its own, and what its client waits."""
    waits, asked_ms = number(headers, b"x-stainless-read-timeout"), number(headers, b"x-cascade-deadline-ms")
    bounds = (
        request.deadline_s,
        app.tasks.get(request.task, app.settings).deadline_s,
        None if waits is None else waits * MARGIN,
        None if asked_ms is None else asked_ms / 1000,
    )
    held = [one for one in bounds if one is not None]
    return request if not held or min(held) == request.deadline_s else replace(request, deadline_s=min(held))
