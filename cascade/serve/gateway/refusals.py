"""Refusals of the gateway: one function for each reason for which a request is not run."""

from __future__ import annotations

from collections.abc import Iterable

from cascade.dialects.inbound.error_bodies import ErrorRow, Refusal

MOST_NAMES = 50
"""Model names that a refusal lists at most."""


def no_route(method: str, path: str) -> Refusal:
    """404: there is no such route."""
    hint = "the base URL of OpenAI's clients ends with /v1, Anthropic's has no path"
    message = f"{method[:16]} {path[:120]!r} is no route of this server; /openapi.json lists them ({hint})."
    return Refusal(message, ErrorRow(404, "not_found_error", "not_found"))


def wrong_method(method: str, path: str, allowed: Iterable[str]) -> Refusal:
    """405: the route has other methods."""
    message = f"{path[:120]!r} was asked by {method[:16]}; {' or '.join(sorted(allowed))} was expected."
    return Refusal(message, ErrorRow(405, "invalid_request_error", "method_not_allowed"))


def unknown_model(model: str, names: Iterable[str]) -> Refusal:
    """404: no model of this name; the message lists those that there are."""
    known = list(names)
    more = f" and {len(known) - MOST_NAMES} more" if len(known) > MOST_NAMES else ""
    message = f"The model {model[:120]!r} does not exist here; there are {', '.join(known[:MOST_NAMES])}{more}."
    return Refusal(message, ErrorRow(404, "not_found_error", "model_not_found"), parameter="model")


def unknown_decision(identity: str) -> Refusal:
    """404: the log has no such decision of this principal."""
    message = f"There is no decision {identity[:80]!r} of yours; give the decision_id of an answer."
    return Refusal(message, ErrorRow(404, "not_found_error", "decision_not_found"))


def no_log() -> Refusal:
    """404: decisions are not logged."""
    message = "Decisions are not logged here, so there is nothing to be found; set `log` in cascade.yaml."
    return Refusal(message, ErrorRow(404, "not_found_error", "no_log"))


def no_key() -> Refusal:
    """401: the key is missing or wrong."""
    message = (
        "The key is missing or wrong; send one of `cascade keys new` in the header x-api-key, or in Authorization "
        "after the word Bearer."
    )
    return Refusal(message, ErrorRow(401, "authentication_error", "invalid_api_key"))


def not_allowed(what: str, expected: str) -> Refusal:
    """403: the key may not do that."""
    message = f"This key may not {what}; {expected}."
    return Refusal(message, ErrorRow(403, "permission_error", "permission_denied"))


def foreign_page(found: str) -> Refusal:
    """403: a web page of another origin asks a server without keys."""
    message = (
        f"The request comes from {found[:120]!r}, not from a program of this machine; serve with keys (--keys) to "
        "allow it."
    )
    return Refusal(message, ErrorRow(403, "permission_error", "foreign_origin"))


def too_large(what: str, most: str) -> Refusal:
    """413: the request is larger than the server takes."""
    return Refusal(f"{what}; at most {most} were expected.", ErrorRow(413, "request_too_large", "request_too_large"))


def too_slow(limit_s: float) -> Refusal:
    """408: the body did not arrive in time."""
    message = f"The body did not arrive within {limit_s:g} s; send it at once."
    return Refusal(message, ErrorRow(408, "invalid_request_error", "request_timeout"))


def too_many_messages(found: int, most: int) -> Refusal:
    """400: the conversation has too many messages."""
    message = f"The conversation has {found:,} messages; at most {most:,} were expected."
    return Refusal(message, ErrorRow(400, "invalid_request_error", "too_many_messages"))


def rate_limited(message: str, retry_after_s: float) -> Refusal:
    """429: a limit of the key."""
    return Refusal(message, ErrorRow(429, "rate_limit_error", "rate_limit_exceeded"), retry_after_s=retry_after_s)


def queue_full(waiting: int) -> Refusal:
    """429: too many requests wait."""
    message = f"{waiting} requests wait already, which is as many as may; ask again in a moment."
    return Refusal(message, ErrorRow(429, "rate_limit_error", "queue_full"), retry_after_s=1.0)


def shutting_down() -> Refusal:
    """503: the server ends."""
    message = "The server is shutting down; ask again, and another one will answer."
    return Refusal(message, ErrorRow(503, "api_error", "shutting_down"), retry_after_s=1.0)


def key_reused() -> Refusal:
    """409: an idempotency key came with another body."""
    message = "The Idempotency-Key was used with another body; a key of its own was expected for each request."
    return Refusal(message, ErrorRow(409, "invalid_request_error", "idempotency_key_reused"))
