"""Access control of a page: open on loopback; any other address needs the key."""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
from collections.abc import Iterable
from hashlib import sha256
from typing import TYPE_CHECKING

from cascade.errors import ConfigError
from cascade.extras import require_extra

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

LEAST_KEY = 16
"""Minimum length of a key."""


def is_loopback(host: str) -> bool:
    """Return whether this host is a loopback address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_key(host: str, key: str | None) -> str | None:
    """Return the key to require; None on loopback without one.

    Raises:
        ConfigError: the host is not loopback and there is no key, or the key is too short.
    """
    if key is not None and len(key) < LEAST_KEY:
        message = (
            f"The key has {len(key)} characters; {LEAST_KEY} or more were expected, such as from openssl rand -hex 16."
        )
        raise ConfigError(message)
    if key is None and not is_loopback(host):
        message = (
            f"{host} is reached from other machines, and there is no key; name the environment variable that holds one "
            "(--key-env CASCADE_KEY), or bind 127.0.0.1."
        )
        raise ConfigError(message)
    return key


class Access:
    """ASGI middleware that checks the key, or the Host header on loopback."""

    def __init__(self, app: ASGIApp, *, key: str | None, hosts: Iterable[str]) -> None:
        """Take the application, the key (None for no key), and the Host names allowed without a key."""
        self._app = app
        self._digest = None if key is None else sha256(key.encode()).digest()
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 421 or 401, or pass on."""
        require_extra("serve", "starlette", use="The dashboard")
        from starlette.responses import PlainTextResponse

        if scope["type"] == "http":
            headers = {name.lower(): value for name, value in scope["headers"]}
            refusal = None
            if self._digest is not None:
                if not self._holds_key(headers.get(b"authorization", b"")):
                    challenge = {"WWW-Authenticate": 'Basic realm="cascade", charset="UTF-8"'}
                    refusal = PlainTextResponse("The key is missing or wrong.", 401, headers=challenge)
            elif headers.get(b"host", b"").decode("latin-1") not in self._hosts:
                # DNS rebinding: another Host name is a foreign page whose name resolves to this machine.
                refusal = PlainTextResponse("This address is not known here.", 421)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _holds_key(self, authorization: bytes) -> bool:
        """Return whether the key was sent as a bearer token, or as the password of any user."""
        scheme, _, given = authorization.partition(b" ")
        if scheme.lower() == b"basic":
            try:
                given = base64.b64decode(given.strip(), validate=True).partition(b":")[2]
            except binascii.Error:
                given = b""
        elif scheme.lower() != b"bearer":
            given = b""
        return hmac.compare_digest(sha256(given.strip()).digest(), self._digest or b"")
