"""Process default behind `cascade.run()`: opened lazily from CASCADE_CONFIG or ./cascade.yaml."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload

from cascade.config.loading import load_config
from cascade.errors import ConfigError
from cascade.exchange import Message
from cascade.ladder import Ladder, Rung

if TYPE_CHECKING:
    from cascade.engine.cascade import Cascade, Prompt
    from cascade.engine.options import RequestOptions
    from cascade.result import Result

Parsed = TypeVar("Parsed")

VARIABLE = "CASCADE_CONFIG"
FILE = Path("cascade.yaml")

_lock = threading.RLock()
_opened: dict[str, Cascade] = {}
_ladders: list[tuple[Ladder | Sequence[Rung], Cascade]] = []
_KEPT = 8


def default_path() -> Path:
    """Return the configuration path of this process: CASCADE_CONFIG, else ./cascade.yaml.

    Raises:
        ConfigError: neither exists.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    if FILE.exists():
        return FILE
    message = (
        f"No configuration: {VARIABLE} is not set and there is no {FILE} in {Path.cwd()}. "
        "Write one with `cascade init`, or give a ladder."
    )
    raise ConfigError(message)


def default() -> Cascade:
    """Return the shared Cascade of this process's configuration, until `close_default()`.

    Raises:
        ConfigError: there is no configuration, or it cannot be used.
    """
    path = default_path().resolve()
    with _lock:
        if str(path) not in _opened:
            _opened[str(path)] = load_config(path).open()
        return _opened[str(path)]


def close_default() -> None:
    """Close the process default; the next call reopens it and reads a changed configuration."""
    with _lock:
        open_now = [*_opened.values(), *(app for _, app in _ladders)]
        _opened.clear()
        _ladders.clear()
    for app in open_now:
        app.close()


atexit.register(close_default)


def _app(ladder: Ladder | Sequence[Rung] | None) -> Cascade:
    if ladder is None:
        return default()
    from cascade.engine.cascade import Cascade

    dropped = None
    with _lock:
        for known, app in _ladders:
            if known is ladder:
                return app
        made = Cascade(ladder)
        _ladders.append((ladder, made))
        if len(_ladders) > _KEPT:
            dropped = _ladders.pop(0)[1]
    if dropped is not None:
        dropped.close()
    return made


@overload
def run(
    prompt: Prompt | None = None,
    *,
    ladder: Ladder | Sequence[Rung] | None = None,
    messages: Sequence[Message] | None = None,
    schema: type[Parsed],
    **options: Unpack[RequestOptions],
) -> Result[Parsed]: ...


@overload
def run(
    prompt: Prompt | None = None,
    *,
    ladder: Ladder | Sequence[Rung] | None = None,
    messages: Sequence[Message] | None = None,
    schema: Mapping[str, Any] | None = None,
    **options: Unpack[RequestOptions],
) -> Result[Any]: ...


def run(prompt: Prompt | None = None, *, ladder: Ladder | Sequence[Rung] | None = None, **options: Any) -> Result[Any]:
    """Answer one request with the process default, or with `ladder`; blocks.

    Args:
        prompt: one user's text, a chat, or a Request.
        ladder: the rungs to use; None for the configuration of this process (CASCADE_CONFIG, else ./cascade.yaml).
        messages: a chat, in place of `prompt`.
        schema: a JSON Schema, or a type that the answer is parsed into (then `Result[T]`).
        options: as of `Cascade.arun`.

    Raises:
        ConfigError: there is no configuration, or it cannot be used; and whatever `Cascade.arun` raises.

    Example:
        >>> result = cascade.run("Extract the invoice as JSON: …", task="invoices", schema=Invoice)
        >>> result.parsed, result.model, result.cost_usd
    """
    return _app(ladder).run(prompt, **options)


@overload
async def arun(
    prompt: Prompt | None = None,
    *,
    ladder: Ladder | Sequence[Rung] | None = None,
    messages: Sequence[Message] | None = None,
    schema: type[Parsed],
    **options: Unpack[RequestOptions],
) -> Result[Parsed]: ...


@overload
async def arun(
    prompt: Prompt | None = None,
    *,
    ladder: Ladder | Sequence[Rung] | None = None,
    messages: Sequence[Message] | None = None,
    schema: Mapping[str, Any] | None = None,
    **options: Unpack[RequestOptions],
) -> Result[Any]: ...


async def arun(
    prompt: Prompt | None = None, *, ladder: Ladder | Sequence[Rung] | None = None, **options: Any
) -> Result[Any]:
    """Answer one request with the process default, or with `ladder`; arguments and errors as of `run`.

    Example:
        >>> result = await cascade.arun("Where to?", ladder=ladder)
    """
    return await _app(ladder).arun(prompt, **options)
