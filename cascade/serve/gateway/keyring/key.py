"""Keys: who may ask the gateway, for what, and how much; told apart by their digests, in constant time."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, get_args

from cascade.serve.gateway.refusals import no_key, not_allowed

Permission = Literal["feedback", "explain", "metrics", "reload"]
"""What a key may do beside asking."""

PERMISSIONS: tuple[Permission, ...] = get_args(Permission)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key; of its secret only the digest is known."""

    id: str
    """Its name in logs and commands."""

    sha256: str
    """The digest of its secret, in hex."""

    principal: str | None = None
    """On whose behalf its requests are made; None: its id."""

    tasks: tuple[str, ...] | None = None
    """Tasks that it may ask; None: all."""

    qualities: tuple[str, ...] | None = None
    """Operating points that it may name; None: all."""

    usd_per_day: float | None = None
    """US dollars that its requests may cost a UTC day; None: no limit of its own."""

    rpm: float | None = None
    """Requests a minute; None: no limit."""

    tpm: float | None = None
    """Tokens a minute, prompts and answers; None: no limit."""

    concurrency: int | None = None
    """Requests that run at once; None: no limit of its own."""

    may: tuple[Permission, ...] = ()
    """What it may do beside asking."""

    @property
    def whose(self) -> str:
        """The principal of its requests."""
        return self.principal or self.id

    def require_model(self, task: str, quality: str | None) -> None:
        """Check that it may ask a task at a quality.

        Raises:
            Refusal: it may not.
        """
        if self.tasks is not None and task not in self.tasks:
            raise not_allowed(f"ask the task {task!r:.80}", f"it may ask {', '.join(self.tasks) or 'none'}")
        if self.qualities is not None and quality is not None and quality not in self.qualities:
            raise not_allowed(f"name the quality {quality!r:.80}", f"it may name {', '.join(self.qualities) or 'none'}")

    def require(self, permission: Permission) -> None:
        """Check that it may do something beside asking.

        Raises:
            Refusal: it may not.
        """
        if permission not in self.may:
            raise not_allowed(f"use {permission}", f"its `may` in the file of keys would have to name {permission}")


def digest(secret: str | bytes) -> str:
    """Return the digest of a secret, in hex."""
    return sha256(secret.encode() if isinstance(secret, str) else secret).hexdigest()


def secret_of(headers: Mapping[bytes, bytes]) -> bytes:
    """Return the secret that a request sends; empty where it sends none.

    It is a bearer token, `x-api-key`, or the password of any user, as browsers ask for it.
    """
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"bearer" and token.strip():
        return token.strip()
    if scheme.lower() == b"basic":
        try:
            return base64.b64decode(token.strip(), validate=True).partition(b":")[2]
        except binascii.Error:
            return b""
    return headers.get(b"x-api-key", b"").strip()


def key_of(secret: bytes, keys: Iterable[Key]) -> Key:
    """Return the key of a secret; each digest is compared, so that the time tells nothing.

    Raises:
        Refusal: there is none.
    """
    given, found = digest(secret), None
    for key in keys:
        if hmac.compare_digest(given, key.sha256):
            found = key
    if found is None or not secret:
        raise no_key()
    return found
