"""Unpack: a compressed body that came although identity encoding was asked for, under the same cap."""

from __future__ import annotations

import asyncio
import zlib

from cascade.clients.connection import MOST_BYTES
from cascade.clients.wire import Wire
from cascade.failure import FailureKind

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


def _refuse(wire: Wire, kind: FailureKind, why: str) -> None:
    if (wire.status or 0) < 400:  # the status of an error says more than its body
        wire.fault, wire.trouble = kind, why
    wire.body = b""
