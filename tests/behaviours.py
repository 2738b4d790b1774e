"""Behaviours: what the test server can do with a request, one small function each, named as models are named.

A request for the model `openai/server-error` gets `server_error`; any name that is none gets `ok`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One request that arrived."""

    path: str
    """The path asked for."""

    headers: Mapping[str, str]
    """Its headers, names in lower case."""

    body: Body
    """Its JSON body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the server puts on the wire."""

    payload: bytes
    """The body."""

    status: int = 200
    """The HTTP status."""

    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers, which win over the usual ones."""

    drip: bool = False
    """True: after the headers and one byte, nothing more comes until the server is closed."""

    silent: bool = False
    """True: nothing comes at all until the server is closed."""

    hang_up: bool = False
    """True: the connection is closed where the answer was expected."""


Behaviour = Callable[[Hit], Reply]

BEHAVIOURS: dict[str, Behaviour] = {}
"""What it can do, by name."""


def behaviour(function: Behaviour) -> Behaviour:
    """Enter a behaviour under its name, with dashes."""
    BEHAVIOURS[function.__name__.replace("_", "-")] = function
    return function


def as_json(value: Any, **fields: Any) -> Reply:
    """Make a reply of a JSON value; NaN is written as such, as careless servers do."""
    return Reply(payload=json.dumps(value).encode(), **fields)


def refusal(status: int, message: str, *, code: str | None = None, **fields: Any) -> Reply:
    """Make an error reply in OpenAI's form."""
    return as_json(
        {"error": {"message": message, "type": "error", "param": None, "code": code}}, status=status, **fields
    )


def completion(hit: Hit, text: str | None = "fine", **message: Any) -> Body:
    """Make an ordinary chat completion: `n` choices, log-probabilities where asked for, usage by words."""
    content = {"content": [_token(word, -0.1 * (place + 1)) for place, word in enumerate((text or "").split())]}
    choice: Body = {
        "message": {"role": "assistant", "content": text, **message},
        "finish_reason": "tool_calls" if message.get("tool_calls") else "stop",
        "logprobs": content if hit.body.get("logprobs") else None,
    }
    prompt = sum(len(str(item.get("content")).split()) for item in hit.body.get("messages", []))
    answers = hit.body.get("n") or 1
    words = len((text or "").split()) * answers
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": hit.body.get("model"),
        "choices": [{"index": index, **choice} for index in range(answers)],
        "usage": {"prompt_tokens": prompt, "completion_tokens": words, "total_tokens": prompt + words},
    }


def _token(text: str, logprob: Any) -> Body:
    return {"token": text, "logprob": logprob, "bytes": None, "top_logprobs": [{"token": text, "logprob": logprob}]}


@behaviour
def ok(hit: Hit) -> Reply:
    """Answer as asked: `n` texts, log-probabilities, a tool call where tools are given, JSON where a format is."""
    if tools := hit.body.get("tools"):
        name = tools[0]["function"]["name"]
        call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": '{"city": "Lyon"}'}}
        return as_json(completion(hit, None, tool_calls=[call]))
    if hit.body.get("response_format"):
        return as_json(completion(hit, json.dumps({"format": hit.body["response_format"]["type"]})))
    return as_json(completion(hit))


def _with(hit: Hit, **fields: Any) -> Reply:
    return as_json({**completion(hit), **fields})


def _choice(hit: Hit, **fields: Any) -> Reply:
    body = completion(hit)
    return _with(hit, choices=[{**body["choices"][0], **fields}])


def _usage(hit: Hit, **figures: Any) -> Reply:
    return _with(hit, usage={**completion(hit)["usage"], **figures})


@behaviour
def rate_limited(_: Hit) -> Reply:
    """Send 429 and a Retry-After of 2 seconds."""
    return refusal(429, "Too many requests.", code="rate_limit_exceeded", headers={"retry-after": "2"})


@behaviour
def rate_limited_nonsense(_: Hit) -> Reply:
    """Send 429 and a Retry-After that is none."""
    return refusal(429, "Too many requests.", headers={"retry-after": "-3 soon"})


@behaviour
def insufficient_quota(_: Hit) -> Reply:
    """Send 429 because the account is empty."""
    return refusal(429, "You exceeded your current quota, please check your billing.", code="insufficient_quota")


@behaviour
def server_error(_: Hit) -> Reply:
    """Send 500."""
    return refusal(500, "The server had an error.")


@behaviour
def unavailable(_: Hit) -> Reply:
    """Send 503."""
    return refusal(503, "Try again later.")


@behaviour
def overloaded(_: Hit) -> Reply:
    """Send 529."""
    return refusal(529, "Overloaded.")


@behaviour
def conflict(_: Hit) -> Reply:
    """Send 409."""
    return refusal(409, "Conflict.")


@behaviour
def request_timeout(_: Hit) -> Reply:
    """Send 408."""
    return refusal(408, "Took too long.")


@behaviour
def unauthorized(hit: Hit) -> Reply:
    """Send 401 and echo the key."""
    key = hit.headers.get("authorization", "").removeprefix("Bearer ")
    return refusal(401, f"Incorrect API key provided: {key}.", code="invalid_api_key")


@behaviour
def forbidden(_: Hit) -> Reply:
    """Send 403."""
    return refusal(403, "Not for you.")


@behaviour
def payment_required(_: Hit) -> Reply:
    """Send 402."""
    return refusal(402, "Pay first.")


@behaviour
def not_found(_: Hit) -> Reply:
    """Send 404."""
    return refusal(404, "The model does not exist.", code="model_not_found")


@behaviour
def bad_request(_: Hit) -> Reply:
    """Send 400."""
    return refusal(400, "messages: wrong.", code="invalid_value")


@behaviour
def unprocessable(_: Hit) -> Reply:
    """Send 422."""
    return refusal(422, "Cannot be processed.")


@behaviour
def too_large(_: Hit) -> Reply:
    """Send 413."""
    return refusal(413, "Payload too large.")


@behaviour
def context_length(_: Hit) -> Reply:
    """Send 400: the prompt is too long."""
    message = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
    return refusal(400, message, code="context_length_exceeded")


@behaviour
def content_filter(_: Hit) -> Reply:
    """Send 400: the provider's filter objects."""
    return refusal(400, "The response was filtered.", code="content_filter")


@behaviour
def no_logprobs(hit: Hit) -> Reply:
    """Send 400 where log-probabilities are asked for, else answer."""
    if "logprobs" in hit.body:
        return refusal(400, "This model does not support logprobs.", code="unsupported_parameter")
    return ok(hit)


@behaviour
def hang(_: Hit) -> Reply:
    """Say nothing."""
    return Reply(payload=b"", silent=True)


@behaviour
def slow(hit: Hit) -> Reply:
    """Send headers and one byte, then nothing."""
    return Reply(payload=ok(hit).payload, drip=True)


@behaviour
def hang_up(_: Hit) -> Reply:
    """Close the connection without an answer."""
    return Reply(payload=b"", hang_up=True)


@behaviour
def truncated(hit: Hit) -> Reply:
    """Promise more bytes than come."""
    payload = ok(hit).payload
    return Reply(payload=payload[:-20], headers={"content-length": str(len(payload))})


@behaviour
def half_json(hit: Hit) -> Reply:
    """Send JSON that breaks off, its length honestly told."""
    return Reply(payload=ok(hit).payload[:-20])


@behaviour
def html(_: Hit) -> Reply:
    """Send a login page with status 200."""
    return Reply(payload=b"<html><body>Log in to the WiFi</body></html>", headers={"content-type": "text/html"})


@behaviour
def empty_body(_: Hit) -> Reply:
    """Send 200 and no body."""
    return Reply(payload=b"")


@behaviour
def null(_: Hit) -> Reply:
    """Send 200 and `null`."""
    return as_json(None)


@behaviour
def empty_choices(hit: Hit) -> Reply:
    """Send no choice."""
    return _with(hit, choices=[])


@behaviour
def no_message(hit: Hit) -> Reply:
    """Send a choice without a message."""
    return _with(hit, choices=[{"index": 0, "finish_reason": "stop"}])


@behaviour
def null_content(hit: Hit) -> Reply:
    """Send a message without a content."""
    return as_json(completion(hit, None))


@behaviour
def refuses(hit: Hit) -> Reply:
    """Send a refusal in its own field."""
    return as_json(completion(hit, None, refusal="I can't help with that."))


@behaviour
def reasoning(hit: Hit) -> Reply:
    """Send reasoning beside the answer, and its tokens."""
    body = completion(hit, "fine", reasoning_content="thinking aloud")
    body["usage"] |= {"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 8}}
    return as_json(body)


@behaviour
def filtered(hit: Hit) -> Reply:
    """Send 200, finished by the filter."""
    return as_json(
        {**completion(hit), "choices": [{**completion(hit, "")["choices"][0], "finish_reason": "content_filter"}]}
    )


@behaviour
def cut_off(hit: Hit) -> Reply:
    """Finish by length."""
    return _choice(hit, finish_reason="length")


@behaviour
def odd_finish(hit: Hit) -> Reply:
    """Finish for a reason of its own."""
    return _choice(hit, finish_reason="eos_detected")


@behaviour
def bad_logprobs(hit: Hit) -> Reply:
    """Send log-probabilities that are NaN, −inf and positive."""
    figures = [float("nan"), float("-inf"), 0.5, -0.25]
    return _choice(hit, logprobs={"content": [_token(str(place), value) for place, value in enumerate(figures)]})


@behaviour
def unreadable_logprobs(hit: Hit) -> Reply:
    """Send null as a token's log-probability."""
    return _choice(hit, logprobs={"content": [_token("fine", None)]})


@behaviour
def null_logprobs(hit: Hit) -> Reply:
    """Send null log-probabilities, though asked for."""
    return _choice(hit, logprobs=None)


@behaviour
def no_usage(hit: Hit) -> Reply:
    """Leave the usage out."""
    return as_json({key: value for key, value in completion(hit).items() if key != "usage"})


@behaviour
def negative_usage(hit: Hit) -> Reply:
    """Claim negative tokens."""
    return _usage(hit, prompt_tokens=-100, completion_tokens=-5)


@behaviour
def huge_usage(hit: Hit) -> Reply:
    """Claim 10^12 tokens."""
    return _usage(hit, prompt_tokens=10**12)


@behaviour
def fractional_usage(hit: Hit) -> Reply:
    """Give tokens as a fraction."""
    return _usage(hit, prompt_tokens=2.5)


@behaviour
def cached_usage(hit: Hit) -> Reply:
    """Say that most of the prompt came from the cache."""
    return _usage(hit, prompt_tokens=1000, prompt_tokens_details={"cached_tokens": 900, "image_tokens": 50})


@behaviour
def other_model(hit: Hit) -> Reply:
    """Say that a much dearer model answered."""
    return _with(hit, model="gpt-4-32k")


@behaviour
def dated_model(hit: Hit) -> Reply:
    """Say which snapshot of the model answered, as OpenAI does."""
    return _with(hit, model=f"{hit.body['model']}-2024-07-18")


@behaviour
def hidden_rate_limit(_: Hit) -> Reply:
    """Send 200 with a rate limit as body."""
    return as_json({"error": {"message": "Rate limit reached.", "code": 429}})


@behaviour
def hidden_error(_: Hit) -> Reply:
    """Send 200 with an error of no known form."""
    return as_json({"error": "boom"})
