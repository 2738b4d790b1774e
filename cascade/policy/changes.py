"""changes_text(): what changed since a policy was fitted, setting by setting of its ladder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from cascade.redaction import redacted, shortened

MOST = 5
"""Changes that are named; the rest are counted."""

MOST_CHARACTERS = 80
"""Characters of a value that are shown; secrets are left out."""

REDACTED = "left out"
_SECRET = re.compile(r"key|token$|secret|passw|authorization|cookie|credential", re.IGNORECASE)
_ABSENT = object()


def changes_text(before: Any, now: Any) -> str:
    """Return the changes between two descriptions of a ladder: `medium.params.temperature: 0 → 0.2; …`.

    Rungs and verifiers are named and not numbered; settings of a task's own rungs begin with `tasks.NAME.`.
    """
    old, new = (_named(kept_description(one)) for one in (before, now))
    found = [f"{path}: {_shown(was)} → {_shown(value)}" for path, was, value in _changes(old, new, "")]
    if not found:
        return "a setting that is kept secret"
    left = len(found) - MOST
    return "; ".join(found[:MOST]) + (f"; and {left} more" if left > 0 else "")


def kept_description(described: Any) -> Any:
    """Return a ladder's description for a policy's file and for the log: without secrets.

    Settings under names like secrets (`…_key`, `authorization`, …) are left out whole.
    """
    if isinstance(described, Mapping):
        return {
            str(key): REDACTED if isinstance(value, str) and _SECRET.search(str(key)) else kept_description(value)
            for key, value in described.items()
        }
    if isinstance(described, list | tuple):
        return [kept_description(one) for one in described]
    return redacted(described) if isinstance(described, str) else described


def _named(described: Any) -> Any:
    """Return a description with rungs and verifiers under their names."""
    if not isinstance(described, list):
        return described
    if len(described) == 2 and isinstance(described[0], list) and isinstance(described[1], dict):
        return _named(described[0]) | {"tasks": {task: _named(rungs) for task, rungs in described[1].items()}}
    named: dict[str, Any] = {}
    for one in described:
        if not isinstance(one, dict) or "name" not in one:
            return described
        rest = {key: value for key, value in one.items() if key != "name"}
        # Verifiers are told by their settings, without the word.
        rest = {**rest, **rest.pop("settings", {})} if isinstance(rest.get("settings"), dict) else rest
        name = str(one["name"])
        while name in named:
            name += "'"
        named[name] = {key: _named(value) if key == "verifiers" else value for key, value in rest.items()}
    return named


def _changes(before: Any, now: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in dict.fromkeys((*before, *now)):
            yield from _changes(before.get(key, _ABSENT), now.get(key, _ABSENT), f"{path}.{key}" if path else str(key))
    elif before is _ABSENT or now is _ABSENT or before != now or isinstance(before, bool) is not isinstance(now, bool):
        yield path, before, now


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "none"
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False, default=str)
    return shortened(text, MOST_CHARACTERS)
