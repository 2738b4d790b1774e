"""Body: what is done with a body before anybody reads it: unpacked under the cap, held against its bounds, parsed."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Generator
from typing import Any, TypeVar

from cascade.clients.connection import MOST_BYTES
from cascade.clients.wire import Wire
from cascade.dialects.pieces import parse, without_logprobs
from cascade.dialects.shape import SHORT, ShapeError, is_deep
from cascade.exchange import TokenLogProb
from cascade.failure import FailureKind

Found = TypeVar("Found")

_CHUNK = 64 << 10
_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 47}


async def unpack(wire: Wire) -> None:
    """Unpack the body in place; a fault is noted where it cannot be, or becomes too long."""
    encoding = wire.headers.get("content-encoding", "identity").strip().lower()
    if encoding in {"identity", ""} or not wire.body or wire.fault is not None:
        return
    if encoding not in _WINDOW_BITS:
        _refuse(wire, FailureKind.BAD_BODY, f"The body is compressed as {encoding[:20]!r}, unasked: it was not read.")
        return
    inflate = zlib.decompressobj(_WINDOW_BITS[encoding])
    parts, length = [], 0
    try:
        rest = wire.body
        while rest and not inflate.eof:
            parts.append(inflate.decompress(rest, _CHUNK))
            rest, length = inflate.unconsumed_tail, length + len(parts[-1])
            if length > MOST_BYTES:
                _refuse(wire, FailureKind.TOO_BIG, f"The body is longer than {MOST_BYTES:,} bytes: it was not read.")
                return
            await asyncio.sleep(0)  # a bomb is unpacked beside the other requests, not before them
    except zlib.error as error:
        _refuse(wire, FailureKind.BAD_BODY, f"The body cannot be unpacked ({error}): it was not read.")
        return
    if not inflate.eof:
        _refuse(wire, FailureKind.BAD_BODY, "The body cannot be unpacked (it ends early): it was not read.")
        return
    wire.body = b"".join(parts)


async def parsed_body(wire: Wire) -> tuple[Any, tuple[TokenLogProb, ...] | None]:
    """Return the body as JSON, and of a long one the first choice's log-probabilities, read apart from it.

    (None, None) where there is none; where it holds more than its bounds allow, a fault is noted.
    """
    if wire.refused:
        return None, None
    if len(wire.body) <= SHORT and not is_deep(wire.body):
        parsed = wire.json()
        choices = parsed.get("choices") if isinstance(parsed, dict) else None
        if isinstance(choices, list) and len(choices) > wire.limits.choices:
            _refuse(wire, FailureKind.TOO_BIG, f"The body holds {len(choices):,} choices: it was not read.")
        return parsed, None
    try:
        return await _beside_others(parse(wire.body, wire.limits))
    except ShapeError as error:
        _refuse(wire, error.kind, f"{error}: it was not read.")
    except (ValueError, RecursionError):
        pass  # no JSON: its classification says so
    return None, None


async def hold_to_bounds(wire: Wire) -> None:
    """Note a fault where a body holds more than its bounds allow, before a library parses it.

    The log-probabilities of a long body are read and taken out of it: the library would hold the event loop with them.
    """
    if wire.refused or (len(wire.body) <= SHORT and not is_deep(wire.body)):
        return
    try:
        wire.body, wire.logprobs = await _beside_others(without_logprobs(wire.body, wire.limits))
    except ShapeError as error:
        _refuse(wire, error.kind, f"{error}: it was not read.")
    except (ValueError, RecursionError):
        pass  # no JSON: the library says so


async def _beside_others(work: Generator[None, None, Found]) -> Found:
    """Do work in slices, between which other requests run."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        await asyncio.sleep(0)


def _refuse(wire: Wire, kind: FailureKind, why: str) -> None:
    if (wire.status or 0) < 400:  # the status of an error says more than its body
        wire.fault, wire.trouble = kind, why
    wire.body = b""
