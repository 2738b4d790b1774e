"""The key of a policy's sample fingerprints: a file beside the policy, never in it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cascade.errors import ConfigError
from cascade.files import read_text, write_atomically

VARIABLE = "CASCADE_SAMPLES_KEY"
"""The variable of the environment that holds the key instead of a file: 64 hexadecimal digits."""


def key_path(policy: Path) -> Path:
    """Return the key's path: `policy.json` → `policy.json.samples-key`."""
    return policy.with_name(policy.name + ".samples-key")


def read_key(policy: Path) -> bytes | None:
    """Return the key of a policy's samples: the environment's, else that of the file beside it; None without either.

    Raises:
        ConfigError: it is not 64 hexadecimal digits.
    """
    text = os.environ.get(VARIABLE)
    where = VARIABLE
    if text is None:
        if not key_path(policy).exists():
            return None
        where = str(key_path(policy))
        text = read_text(key_path(policy), what="key of samples", limit=1 << 10)
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != 32:
        message = f"{where} is no key of samples; 64 hexadecimal digits were expected, as calibrate writes them."
        raise ConfigError(message)
    return key


def new_key() -> bytes:
    """Return a new key."""
    return secrets.token_bytes(32)


def keep_key(policy: Path, key: bytes) -> None:
    """Write the key beside a policy, readable by its owner only, unless it stands there or in the environment."""
    if read_key(policy) is None:
        write_atomically(key_path(policy), key.hex() + "\n")
