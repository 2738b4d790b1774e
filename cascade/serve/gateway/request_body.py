"""Request body: read within limits from the connection, and parsed strictly."""

from __future__ import annotations

import asyncio
import json
import math
from typing import Any

from cascade.errors import DataError
from cascade.files import refuse_duplicates
from cascade.serve.gateway.http import Receive
from cascade.serve.gateway.refusals import too_large, too_slow

MOST_BYTES = 8 << 20
"""Maximum size of a body."""

MOST_DEPTH = 100
"""Maximum nesting of a body's objects and arrays."""

DRAINED_BYTES = 24 << 20
"""Bytes of a body beyond its maximum that are read and dropped, so that the client sees the refusal."""

BODY_S = 60.0
"""Seconds that a body may take to arrive."""

_WHOLE = 1 << 53
_AT_ONCE = 256 << 10
"""Bytes up to which a body is parsed on the event loop; longer ones in a thread."""


class ClientGone(Exception):
    """The client has hung up before its request was complete."""


async def read_body(receive: Receive, content_length: str | None) -> bytes:
    """Return a request's body.

    Raises:
        Refusal: it is longer than `MOST_BYTES`, or did not arrive within `BODY_S`.
        ClientGone: the client hung up.
    """
    try:
        async with asyncio.timeout(BODY_S):
            return await _read(receive, content_length)
    except TimeoutError:
        raise too_slow(BODY_S) from None


async def _read(receive: Receive, content_length: str | None) -> bytes:
    announced = int(content_length) if content_length is not None and content_length.isdecimal() else 0
    if announced > MOST_BYTES + DRAINED_BYTES:
        raise _refusal(announced)
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        size, more = size + len(chunk), bool(message.get("more_body"))
        if size > MOST_BYTES + DRAINED_BYTES:
            break
        if size <= MOST_BYTES:
            chunks.append(chunk)
    if size > MOST_BYTES:
        raise _refusal(max(size, announced))
    return b"".join(chunks)


def _refusal(found: int) -> Exception:
    return too_large(f"The body has {found:,} bytes or more", f"{MOST_BYTES:,}")


async def parsed(body: bytes) -> Any:
    """Return a body as JSON.

    Raises:
        DataError: it is none, or holds what no request can mean: a key twice, NaN, a number without end, deep nesting.
    """
    return _parse(body) if len(body) <= _AT_ONCE else await asyncio.to_thread(_parse, body)


def _parse(body: bytes) -> Any:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"The body is no UTF-8 (byte {error.start:,}); JSON in UTF-8 was expected.") from None
    try:
        value = json.loads(text, parse_constant=_refused, parse_float=_finite, object_pairs_hook=refuse_duplicates)
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        found = "empty" if not body.strip() else f"no JSON ({_without_text(error)})"
        raise DataError(f"The body is {found}; a JSON object was expected.") from None
    _require_shallow(value)
    return value


def _without_text(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}: line {error.lineno}, column {error.colno}"
    return str(error).rstrip(".")[:200]


def _refused(name: str) -> Any:
    message = f"{name} is not a number that JSON knows"
    raise ValueError(message)


def _finite(text: str) -> float:
    """Return a number; a whole one as such: `20.0` is an integer for JSON Schema, and for clients without integers."""
    number = float(text)
    if not math.isfinite(number):
        message = f"the number {text[:40]} is too large"
        raise ValueError(message)
    return int(number) if number.is_integer() and abs(number) < _WHOLE else number


def _too_deep() -> DataError:
    return DataError(
        f"The body is nested too deep; at most {MOST_DEPTH} objects and arrays in each other were expected."
    )


def _require_shallow(value: Any) -> None:
    level, depth = [value], 0
    while level:
        if depth > MOST_DEPTH:
            raise _too_deep()
        below: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                below.extend(item for item in one.values() if isinstance(item, dict | list))
            elif isinstance(one, list):
                below.extend(item for item in one if isinstance(item, dict | list))
        level, depth = below, depth + 1
