"""Key file: the list of keys in keys.yaml, read strictly, reloaded as it changes, and edited entry by entry."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from cascade.config.document import Document, parse_document
from cascade.config.errors import config_error
from cascade.config.models import Dollars, Part, Positive, Text
from cascade.errors import ConfigError
from cascade.files import read_text, write_atomically
from cascade.loggers import logger_of
from cascade.serve.gateway.keyring.key import Key, Permission

SIZE = 1 << 20
"""Maximum size of the file in bytes."""

LOOK_S = 1.0
"""Seconds between two looks at whether the file has changed."""

_log = logger_of("cascade.serve")


class KeyModel(Part):
    """One key in the file."""

    id: Annotated[Text, Field(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    """Its name."""
    sha256: Annotated[Text, Field(pattern="^[0-9a-f]{64}$")]
    """The digest of its secret."""
    principal: Text | None = None
    """On whose behalf its requests are made; default: its id."""
    tasks: list[Text] | None = None
    """Tasks that it may ask; default: all."""
    qualities: list[Text] | None = None
    """Operating points that it may name; default: all."""
    usd_per_day: Dollars | None = None
    """US dollars a UTC day."""
    rpm: Positive | None = None
    """Requests a minute."""
    tpm: Positive | None = None
    """Tokens a minute."""
    concurrency: Annotated[int, Field(ge=1)] | None = None
    """Requests that run at once."""
    may: list[Permission] = Field(default_factory=list)
    """What it may do beside asking."""


_KEYS: TypeAdapter[list[KeyModel]] = TypeAdapter(list[KeyModel])


def read_keys(path: Path) -> tuple[Key, ...]:
    """Return the keys of a file.

    Raises:
        ConfigError: it cannot be used; the message names file, line and key.
    """
    return _keys(parse_document(read_text(path, what="file of keys", limit=SIZE), path))


def _keys(document: Document) -> tuple[Key, ...]:
    if document.value is None:
        return ()
    try:
        models = _KEYS.validate_python(document.value)
    except ValidationError as error:
        raise config_error(error, document, KeyModel) from None
    for name in ("id", "sha256"):
        values = [getattr(model, name) for model in models]
        twice = next((place for place, value in enumerate(values) if value in values[:place]), None)
        if twice is not None:
            raise document.error((twice, name), "it stands twice in the file; give each key its own.")
    found: list[dict[str, Any]] = [
        {name: tuple(value) if isinstance(value, list) else value for name, value in model} for model in models
    ]
    return tuple(Key(**fields) for fields in found)


class KeyFile:
    """The keys of a file at this moment: a change is taken within a second, a broken file leaves the keys before."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Read the file.

        Raises:
            ConfigError: it cannot be used.
        """
        self._path, self._clock = path, clock
        self._seen, self._looked_at = _stamp(path), clock()
        self._keys = read_keys(path)

    def current(self) -> tuple[Key, ...]:
        """Return the keys."""
        now = self._clock()
        if now - self._looked_at >= LOOK_S:
            self._looked_at = now
            stamp = _stamp(self._path)
            if stamp != self._seen:
                self._seen = stamp
                self._reload()
        return self._keys

    def _reload(self) -> None:
        try:
            self._keys = read_keys(self._path)
        except ConfigError as error:
            _log.error("The file of keys has changed and cannot be used, so the keys before go on: %s", error)
            return
        _log.warning("The file of keys was read again: %d keys.", len(self._keys))


def add_key(path: Path, key: Mapping[str, Any]) -> None:
    """Append a key to a file, which is made where there is none; what stands in it stays as it is.

    Args:
        path: the file.
        key: the fields of `KeyModel`.

    Raises:
        ConfigError: the file or the key cannot be used, or the id is taken.
    """
    text = read_text(path, what="file of keys", limit=SIZE) if path.exists() else ""
    ids = [one.id for one in _keys(parse_document(text, path))]
    if key["id"] in ids:
        raise ConfigError(f"{path} has a key {key['id']!r} already; give another id, or revoke it first.")
    line = "- {" + ", ".join(f"{name}: {json.dumps(value)}" for name, value in key.items()) + "}\n"
    changed = f"{text.rstrip()}\n{line}" if text.strip() else line
    _keys(parse_document(changed, path))
    _write(path, changed)


def remove_key(path: Path, identity: str) -> None:
    """Remove a key from a file; what else stands in it stays as it is.

    Raises:
        ConfigError: the file cannot be used, has no such key, or has several keys in one line.
    """
    text = read_text(path, what="file of keys", limit=SIZE)
    document = parse_document(text, path)
    ids = [key.id for key in _keys(document)]
    if identity not in ids:
        raise ConfigError(f"{path} has no key {identity!r}; it has {', '.join(ids) or 'none'}.")
    place = ids.index(identity)
    lines, starts = text.splitlines(keepends=True), [document.lines[(i,)] - 1 for i in range(len(ids))]
    ends = [*starts[1:], len(lines)]
    kept = [*lines[: starts[place]], *_comments(lines[starts[place] : ends[place]]), *lines[ends[place] :]]
    changed = "".join(kept)
    left = [one for one in ids if one != identity]
    if [key.id for key in _keys(parse_document(changed, path))] != left:
        raise ConfigError(f"{path} has several keys in one line; write each on lines of its own, then revoke.")
    _write(path, changed)


def _comments(lines: Sequence[str]) -> list[str]:
    """Return the comments behind an entry: they belong to what follows."""
    return [line for line in lines[1:] if line.startswith("#")]


def _write(path: Path, text: str) -> None:
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    write_atomically(path, text)
    path.chmod(mode)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
