"""Reply line: serialises a complete Response for the journal, so that verdicts after a resumption are the same."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from cascade.exchange import Response, TokenLogProb
from cascade.usage import Usage

_OWN = ("text", "message", "logprobs", "usage")
_PLAIN = {field.name: field.default for field in fields(Response) if field.name not in _OWN}


def reply_line(reply: Response) -> dict[str, Any]:
    """Serialise a response as JSON; default values are left out."""
    line: dict[str, Any] = {"text": reply.text}
    for name, default in _PLAIN.items():
        value = getattr(reply, name)
        if value != default:
            line[name] = [dict(one) if isinstance(one, Mapping) else one for one in value] if default == () else value
    if reply.message:
        line["message"] = dict(reply.message)
    if reply.logprobs is not None:
        line["logprobs"] = [_token_line(one) for one in reply.logprobs]
    if reply.usage != Usage():
        line["usage"] = {name: value for name, value in asdict(reply.usage).items() if value}
    return line


def reply_of(line: Mapping[str, Any]) -> Response:
    """Deserialise a response from its line.

    Raises:
        KeyError, TypeError, ValueError: it is not a valid line.
    """
    given = {name: value for name, value in line.items() if name not in ("logprobs", "usage")}
    given |= {name: tuple(given[name]) for name, default in _PLAIN.items() if default == () and name in given}
    if "logprobs" in line:
        given["logprobs"] = tuple(_token(one) for one in line["logprobs"])
    if "usage" in line:
        given["usage"] = Usage(**line["usage"])
    return Response(**given)


def _token_line(one: TokenLogProb) -> list[Any]:
    top = [[token, _said(value)] for token, value in one.top]
    return [one.token, _said(one.logprob), *([top] if top else [])]


def _token(one: list[Any]) -> TokenLogProb:
    token, logprob, *top = one
    alternatives = tuple((name, float(value)) for name, value in (top[0] if top else ()))
    return TokenLogProb(token=token, logprob=float(logprob), top=alternatives)


def _said(value: float) -> float | str:
    """Serialise a float; NaN and −inf, which providers send, become a text that `float` parses."""
    return value if math.isfinite(value) else str(value)
