"""File access: reads with a size limit, strict JSON, and atomic writes."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cascade.errors import ConfigError

if TYPE_CHECKING:
    from pydantic import ValidationError


def read_text(path: Path, *, what: str, limit: int) -> str:
    """Return a file's text.

    Args:
        path: the file.
        what: what it should be, for messages ("policy", "configuration").
        limit: bytes that it may hold at most.

    Raises:
        ConfigError: it is missing, unreadable, too large or not UTF-8.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        message = f"The {what} {path} cannot be read: {error.strerror or error}."
        raise ConfigError(message) from None
    if len(data) > limit:
        message = f"The {what} {path} is larger than {limit:,} bytes; it is not read."
        raise ConfigError(message)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"The {what} {path} is not UTF-8 text (byte {error.start}); save it as UTF-8."
        raise ConfigError(message) from None


def write_atomically(path: Path, content: str | Iterable[bytes]) -> None:
    """Write a file atomically: a temporary one beside it, synced, then renamed over it.

    Args:
        path: the file.
        content: its text, or its bytes piece by piece, so that they need not be in memory.

    Raises:
        ConfigError: the folder is missing or not writable.
    """
    path = Path(path)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror or error}."
        raise ConfigError(message) from None
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(
                [content.encode("utf-8", errors="backslashreplace")] if isinstance(content, str) else content
            )
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        message = f"{path} cannot be written: {error.strerror or error}."
        raise ConfigError(message) from None
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename in `folder` durable (fsync), where the file system can sync folders."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        return
    finally:
        os.close(handle)


def strict_json(text: str) -> Any:
    """Parse JSON of our own files: no NaN or Infinity, no key twice.

    Raises:
        ValueError: it is anything else; the message says what and where.
    """
    return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=refuse_duplicates)


def _refuse_constant(name: str) -> Any:
    message = f"{name} is not a number that JSON knows; use a finite one or null."
    raise ValueError(message)


def refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dict of a JSON object's pairs, as an `object_pairs_hook`.

    Raises:
        ValueError: a key stands twice in it.
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        message = f"the key {twice!r} is twice in one object; leave one out."
        raise ValueError(message)
    return found


def explain(error: ValidationError) -> str:
    """Return pydantic's first error in one sentence: key, value found, value expected."""
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if first["type"] == "extra_forbidden":
        return f"{where}: unknown key{more}."
    if first["type"] == "missing":
        return f"{where}: missing{more}."
    if first["type"] == "unexpected_keyword_argument":
        return f"{where}: unknown key{more}."
    return f"{where} is {first['input']!r:.80}: {first['msg']}{more}."
