"""Rung names: which rung of the ladder a recorded model is, by the names that sources and providers give it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cascade.dialects.chat import same_model
from cascade.errors import ConfigError


class RungNames:
    """Finds a recorded answer's rung and model."""

    def __init__(self, given: Mapping[str, Sequence[str]]) -> None:
        """Take for each rung its model as the ladder writes it, followed by other names of it in the source."""
        self._given = {name: tuple(models) for name, models in given.items()}
        self._found: dict[tuple[str, tuple[str, ...]], tuple[str, str]] = {}

    def find(self, model: str, other_names: tuple[str, ...] = ()) -> tuple[str, str]:
        """Return the rung, and the model as the ladder writes it.

        A name that is given exactly decides first, then one that differs by provider or snapshot only
        (`gpt-4o-2024-08-06` for `openai/gpt-4o`). A model of no rung is a rung by its own name.
        """
        key = model, other_names
        found = self._found.get(key)
        if found is None:
            self._found[key] = found = self._find(model, other_names)
        return found

    def _find(self, model: str, other_names: tuple[str, ...]) -> tuple[str, str]:
        seen = [name for name in (model, *other_names) if name]
        exact = {rung for rung, names in self._given.items() if any(name in names for name in seen)}
        alike = exact or {
            rung
            for rung, names in self._given.items()
            if any(same_model(name, own) for name in names for own in seen if not name.startswith("azure"))
        }
        if len(alike) == 1:
            rung = alike.pop()
            return rung, self._given[rung][0]
        return model, model


def parse_rungs(given: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Parse `--rung NAME=MODEL` or `--rung NAME=MODEL,OTHER NAME,…`.

    Raises:
        ConfigError: it is not of that form, or a rung or model is named twice.
    """
    rungs: dict[str, tuple[str, ...]] = {}
    for text in given:
        name, equals, models = text.partition("=")
        names = tuple(model.strip() for model in models.split(",") if model.strip())
        if not equals or not name.strip() or not names:
            message = f"--rung is {text!r}; NAME=MODEL was expected, as in large=openai/gpt-4o."
            raise ConfigError(message)
        if name.strip() in rungs:
            message = f"--rung names {name.strip()!r} twice; give its models in one: {name.strip()}=MODEL,OTHER."
            raise ConfigError(message)
        twice = [model for model in names if any(model in others for others in rungs.values())]
        if twice:
            message = f"--rung gives the model {twice[0]!r} to two rungs; give it to one."
            raise ConfigError(message)
        rungs[name.strip()] = names
    return rungs
