"""Request construction: builds a Request from the caller's arguments and the settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cascade.engine.options import OWN, PROVIDER, refuse_unknown
from cascade.exchange import Message, Request
from cascade.settings import Settings

_ELSEWHERE = " A provider's other parameters go into params={…}."


def build_request(
    prompt: str | Sequence[Message] | Request | None = None,
    *,
    messages: Sequence[Message] | None = None,
    function: str = "run",
    **options: Any,
) -> Request:
    """Make a request from a prompt and options.

    Args:
        prompt: one user's text, a chat, or a Request, whose fields the options replace.
        messages: a chat, in place of `prompt`.
        function: the called function, for the error.
        options: of `RequestOptions`, and `schema`.

    Raises:
        TypeError: an option is unknown, or there is not exactly one of `prompt` and `messages`.
        ConfigError: an option cannot be used; a schema is malformed or unsafe.
    """
    if (prompt is None) == (messages is None):
        found = "neither prompt nor messages" if prompt is None else "both prompt and messages"
        message = f"{function}() got {found}; exactly one of them was expected."
        raise TypeError(message)
    refuse_unknown(function, options.keys() - OWN - PROVIDER, OWN | PROVIDER, _ELSEWHERE)
    params = {**(options.pop("params", None) or {}), **{name: options.pop(name) for name in PROVIDER & options.keys()}}
    if isinstance(prompt, Request):
        if params:
            options["params"] = {**prompt.params, **params}
        if "response_format" in params:  # the newer one says what the answer must satisfy
            options = {"schema": None, "output_type": None, "answer_field": None, **options}
        return replace(prompt, **options) if options else prompt
    return Request.of(prompt if prompt is not None else messages or (), params=params, **options)


def with_settings(request: Request, settings: Settings) -> Request:
    """Return the request with its task's settings as defaults."""
    missing: dict[str, Any] = {
        name: getattr(settings, name)
        for name in ("deadline_s", "max_cost_usd", "schema", "answer_field")
        if getattr(request, name) is None and getattr(settings, name) is not None
    }
    return replace(request, **missing) if missing else request
