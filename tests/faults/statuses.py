"""Behaviours that are an HTTP status: the caller's fault, the provider's, or a redirect elsewhere."""

from __future__ import annotations

from typing import Any

from tests.faults.answers import ok
from tests.faults.behaviour import BEHAVIOURS, behaviour
from tests.faults.hit import Hit
from tests.faults.reply import Reply, refusal

CONTEXT = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
QUOTA = "You exceeded your current quota, please check your billing."


def _always(name: str, status: int, message: str, **fields: Any) -> None:
    BEHAVIOURS[name] = lambda _: refusal(status, message, **fields)


_always("server-error", 500, "The server had an error.")
_always("bad-gateway", 502, "Bad gateway.")
_always("unavailable", 503, "Try again later.")
_always("unavailable-later", 503, "Try again later.", headers={"retry-after": "1"})
_always("gateway-timeout", 504, "Took too long upstream.")
_always("overloaded", 529, "Overloaded.")
_always("conflict", 409, "Conflict.")
_always("request-timeout", 408, "Took too long.")
_always("forbidden", 403, "Not for you.")
_always("payment-required", 402, "Pay first.")
_always("not-found", 404, "The model does not exist.", code="model_not_found")
_always("bad-request", 400, "messages: wrong.", code="invalid_value")
_always("unprocessable", 422, "Cannot be processed.")
_always("too-large", 413, "Payload too large.")
_always("teapot", 418, "I am a teapot.")
_always("context-length", 400, CONTEXT, code="context_length_exceeded")
_always("content-filter", 400, "The response was filtered.", code="content_filter")
_always("insufficient-quota", 429, QUOTA, code="insufficient_quota")


def _limited(name: str, retry_after: str | None) -> None:
    headers = {} if retry_after is None else {"retry-after": retry_after}
    _always(name, 429, "Too many requests.", code="rate_limit_exceeded", headers=headers)


_limited("rate-limited", "2")
_limited("rate-limited-soon", "0.1")
_limited("rate-limited-one", "1")
_limited("rate-limited-day", "86400")
_limited("rate-limited-negative", "-3")
_limited("rate-limited-nonsense", "-3 soon")
_limited("rate-limited-silent", None)
_limited("rate-limited-past", "Wed, 21 Oct 2015 07:28:00 GMT")


@behaviour
def unauthorized(hit: Hit) -> Reply:
    """Send 401 and echo the key."""
    return refusal(401, f"Incorrect API key provided: {hit.key}.", code="invalid_api_key")


@behaviour
def no_logprobs(hit: Hit) -> Reply:
    """Send 400 where log-probabilities are asked for, else answer."""
    if "logprobs" in hit.body:
        return refusal(400, "This model does not support logprobs.", code="unsupported_parameter")
    return ok(hit)


def _redirect(status: int) -> None:
    # To another path of the same server: what follows it is a hit there, with the key if it was sent along.
    headers = {"location": "/elsewhere?canary=location-path"}
    BEHAVIOURS[f"redirect-{status}"] = lambda _: Reply(status=status, headers=headers)


for _status in (301, 302, 303, 307, 308):
    _redirect(_status)


@behaviour
def server_error_page(_: Hit) -> Reply:
    """Send 502 with a page of a gateway, as load balancers do."""
    return Reply(payload=b"<html><h1>502 Bad Gateway</h1></html>", status=502, headers={"content-type": "text/html"})


@behaviour
def server_error_bomb(_: Hit) -> Reply:
    """Send 500 with a body of 64 MB."""
    return Reply(payload=b"x" * (1 << 20), times=64, status=500)
