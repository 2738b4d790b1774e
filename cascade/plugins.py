"""Plugins: verifiers by name, from entry points of any distribution, loaded only if named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from cascade.errors import ConfigError
from cascade.ladder import Ladder, Rung
from cascade.verdict import Verifier

GROUP = "cascade.verifiers"
"""The entry-point group; a distribution adds `name = "module:Class"` to it."""

DEFAULT = ("refusal", "schema", "hedging")
"""Default verifiers of a rung that names none: free, local, for any model."""


@cache
def registered() -> Mapping[str, EntryPoint]:
    """Return the registered verifiers of all installed distributions, by name."""
    return {point.name: point for point in entry_points(group=GROUP)}


def verifier(spec: Any) -> Verifier:
    """Return a verifier from its configuration.

    Args:
        spec: a Verifier; a registered name ("schema"); or a mapping of one name to its options
            ({"judge": {"model": "openai/gpt-5"}}).

    Raises:
        ConfigError: the name is not registered, the verifier cannot be loaded, or an option is invalid.
    """
    if isinstance(spec, Verifier):
        return spec
    name, options = _named(spec)
    point = registered().get(name)
    if point is None:
        offered = ", ".join(sorted(registered())) or "none; is calibrated-cascade installed?"
        message = f"No verifier is called {name!r}; registered are: {offered}."
        raise ConfigError(message)
    try:
        made = point.load()(**options)
    except (ImportError, AttributeError) as error:
        owner = point.dist.name if point.dist is not None else "an unknown distribution"
        message = (
            f"Verifier {name!r} ({point.value}, from {owner}) cannot be loaded: {error}. If another distribution "
            "installed a package of the same name over it, run `cascade doctor`, which names it."
        )
        raise ConfigError(message) from None
    except TypeError as error:
        message = f"Verifier {name!r} does not take these options: {error}."
        raise ConfigError(message) from None
    if not isinstance(made, Verifier):
        message = f"{point.value} made a {type(made).__name__}; a cascade Verifier was expected."
        raise ConfigError(message)
    return made


def _named(spec: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(spec, str):
        return spec, {}
    if isinstance(spec, Mapping) and len(spec) == 1:
        ((name, options),) = spec.items()
        if isinstance(name, str) and isinstance(options, Mapping | None):
            return name, {str(key).replace("-", "_"): value for key, value in (options or {}).items()}
    message = f"verify has {spec!r:.80}; a name, or one name with its options, was expected."
    raise ConfigError(message)


def resolve(ladder: Ladder, default: Sequence[Any] | None = None) -> Ladder:
    """Return the ladder with every verifier looked up; rungs that name none get `default`.

    Raises:
        ConfigError: a name is unknown, or two verifiers of a rung have one name.
    """
    rungs = (*ladder, *(rung for own in ladder.tasks.values() for rung in own))
    needed = any(rung.verify is None for rung in rungs)
    stack = tuple(verifier(spec) for spec in (DEFAULT if default is None else default)) if needed else ()
    tasks = {task: [_rung(rung, stack) for rung in own] for task, own in ladder.tasks.items()}
    return Ladder(*(_rung(rung, stack) for rung in ladder), tasks=tasks)


def replace_verifiers(ladder: Ladder, wanted: Sequence[str]) -> Ladder:
    """Return the ladder with these verifiers on every rung; a rung's own settings of the same name stay.

    Raises:
        ConfigError: as of `resolve`.
    """

    def changed(rungs: Ladder) -> list[Rung]:
        out = []
        for rung in rungs:
            own = {verifier.name: verifier for verifier in rung.verifiers}
            out.append(replace(rung, verify=tuple(own.get(name, name) for name in wanted)))
        return out

    return resolve(Ladder(*changed(ladder), tasks={task: changed(own) for task, own in ladder.tasks.items()}))


def _rung(rung: Rung, default: tuple[Verifier, ...]) -> Rung:
    verifiers = default if rung.verify is None else tuple(verifier(spec) for spec in rung.verify)
    names = [item.name for item in verifiers]
    for name in names:
        if not name or names.count(name) > 1:
            message = f"Rung {rung.name}: the verifiers {names} must have different names; give one another `name`."
            raise ConfigError(message)
    return replace(rung, verify=verifiers)
