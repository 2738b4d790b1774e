"""Behaviours that answer 200 with a body that is no completion."""

from __future__ import annotations

import gzip
import zlib
from functools import cache

from tests.faults.answers import changed, choice, ok
from tests.faults.behaviour import BEHAVIOURS, behaviour
from tests.faults.completion import completion
from tests.faults.hit import Hit
from tests.faults.reply import Reply, as_json

MIB = 1 << 20


@behaviour
def empty_body(hit: Hit) -> Reply:
    """Send 200 and no body."""
    completion(hit)
    return Reply()


@behaviour
def no_content(_: Hit) -> Reply:
    """Send 204."""
    return Reply(status=204, billed=True)


@behaviour
def html(_: Hit) -> Reply:
    """Send a login page with status 200; the request never got to a provider."""
    page = b"<html><body>Log in to the WiFi</body></html>"
    return Reply(payload=page, headers={"content-type": "text/html"}, billed=False)


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
def bad_utf8(hit: Hit) -> Reply:
    """Send bytes that are no UTF-8."""
    return Reply(payload=ok(hit).payload.replace(b"fine", b"\xff\xfe\xff"))


@behaviour
def bad_gzip(hit: Hit) -> Reply:
    """Say gzip and send none."""
    return Reply(payload=ok(hit).payload, headers={"content-encoding": "gzip"})


@behaviour
def small_gzip(hit: Hit) -> Reply:
    """Send a good answer, compressed though nobody asked for it."""
    return Reply(payload=gzip.compress(ok(hit).payload), headers={"content-encoding": "gzip"})


@behaviour
def gzip_bomb(hit: Hit) -> Reply:
    """Send 100 kB that unpack to 100 MB."""
    completion(hit)
    return Reply(payload=_bomb(), headers={"content-encoding": "gzip"})


@cache
def _bomb() -> bytes:
    # One block of a megabyte, repeated: the checksum is missing, but nobody may get that far.
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    first = packer.compress(b'{"choices": [], "x": "') + packer.flush(zlib.Z_FULL_FLUSH)
    return first + (packer.compress(b"0" * MIB) + packer.flush(zlib.Z_FULL_FLUSH)) * 100


@behaviour
def huge_body(hit: Hit) -> Reply:
    """Send 64 MB, their length told."""
    completion(hit)
    return Reply(payload=b" " * MIB, times=64)


@behaviour
def huge_chunks(hit: Hit) -> Reply:
    """Send 64 MB in chunks, their length untold."""
    completion(hit)
    return Reply(payload=b" " * MIB, times=64, headers={"transfer-encoding": "chunked"})


@behaviour
def nested(hit: Hit) -> Reply:
    """Send JSON nested 100,000 deep."""
    completion(hit)
    return Reply(payload=b'{"choices": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")


def _json(name: str, payload: bytes) -> None:
    def send(hit: Hit) -> Reply:
        completion(hit)
        return Reply(payload=payload)

    BEHAVIOURS[name] = send


_json("null", b"null")
_json("list", b"[]")
_json("string", b'"fine"')
_json("number", b"1e999")
_json("empty-object", b"{}")
_json("not-json", b"fine")


@behaviour
def empty_choices(hit: Hit) -> Reply:
    """Send no choice."""
    return changed(hit, choices=[])


@behaviour
def null_choices(hit: Hit) -> Reply:
    """Send null in place of choices."""
    return changed(hit, choices=None)


@behaviour
def no_choices(hit: Hit) -> Reply:
    """Leave the choices out."""
    return as_json({key: value for key, value in completion(hit).items() if key != "choices"})


@behaviour
def no_message(hit: Hit) -> Reply:
    """Send a choice without a message."""
    return changed(hit, choices=[{"index": 0, "finish_reason": "stop"}])


@behaviour
def list_content(hit: Hit) -> Reply:
    """Send a list as the message's content."""
    return choice(hit, message={"role": "assistant", "content": [{"type": "text", "text": "fine"}]})


@behaviour
def number_content(hit: Hit) -> Reply:
    """Send a number as the message's content."""
    return choice(hit, message={"role": "assistant", "content": 7})


@behaviour
def hidden_rate_limit(_: Hit) -> Reply:
    """Send 200 with a rate limit as body."""
    return as_json({"error": {"message": "Rate limit reached.", "code": 429}}, billed=False)


@behaviour
def hidden_bad_gateway(_: Hit) -> Reply:
    """Send 200 with a bad gateway as body."""
    return as_json({"error": {"message": "Upstream failed.", "code": 502}}, billed=False)


@behaviour
def hidden_billed_error(hit: Hit) -> Reply:
    """Send 200 with an error as body, and the usage that it cost."""
    usage = completion(hit)["usage"]
    return as_json({"error": {"message": "Upstream failed.", "code": 502}, "usage": usage})


@behaviour
def hidden_error(hit: Hit) -> Reply:
    """Send 200 with an error of no known form."""
    completion(hit)
    return as_json({"error": "boom"})
