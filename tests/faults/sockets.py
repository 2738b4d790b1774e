"""Behaviours of a connection: silence, drops, resets, bytes that are no HTTP."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.faults.answers import ok
from tests.faults.behaviour import BEHAVIOURS
from tests.faults.hit import Hit
from tests.faults.reply import Reply

DRIP_S = 0.5


def _breaks(name: str, *, billed: bool = True, **fields: Any) -> None:
    def answer(hit: Hit) -> Reply:
        return replace(ok(hit), billed=billed, **fields)

    BEHAVIOURS[name] = answer


_breaks("hang", sent="nothing", then="hang")
_breaks("hang-after-headers", sent="headers", then="hang")
_breaks("hang-in-body", sent="half", then="hang")
_breaks("slow", sent="half", then="hang")
_breaks("drip", drip_s=DRIP_S)
_breaks("hang-up", sent="nothing", then="close")
_breaks("close-after-headers", sent="headers", then="close")
_breaks("close-in-body", sent="half", then="close")
_breaks("reset", sent="nothing", then="reset")
_breaks("reset-after-headers", sent="headers", then="reset")
_breaks("reset-in-body", sent="half", then="reset")
_breaks("close-after-answer", then="close")

_NOT_HTTP = {
    "not-http": b"SSH-2.0-OpenSSH_9.2\r\n",
    "bad-status-line": b"HTTP/1.1 abc Whatever\r\n\r\n",
    "bad-header": b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
    "endless-header": b"HTTP/1.1 200 OK\r\nx: " + b"a" * (1 << 20),
}
for _name, _payload in _NOT_HTTP.items():
    _breaks(_name, payload=_payload, raw=True, then="close", billed=False)

# Before a request is read, so that nothing can have been charged.
_breaks("refuse-connection", sent="nothing", then="reset", unread=True, billed=False)
