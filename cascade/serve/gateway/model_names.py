"""Model names: `cascade/<task>`, `cascade/<task>:<quality>` and aliases, as clients give them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cascade.dialects.inbound.inbound import task_of
from cascade.errors import ConfigError
from cascade.policy.policy import Policy
from cascade.serve.gateway.refusals import unknown_model

if TYPE_CHECKING:
    from cascade.engine.cascade import Cascade

PREFIX = "cascade/"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelName:
    """What a model's name addresses."""

    task: str
    """The task."""

    quality: str | None = None
    """The operating point of its dial; None: the policy's own."""

    @property
    def name(self) -> str:
        """The name that clients give."""
        return f"{PREFIX}{self.task}" + ("" if self.quality is None else f":{self.quality}")


class ModelNames:
    """The names that one cascade answers to, at this moment: tasks and dials come and go with policies."""

    def __init__(self, app: Cascade, aliases: Mapping[str, str], *, policy: Policy | None = None) -> None:
        """Take what is named.

        Args:
            app: the cascade.
            aliases: further names (`gpt-4o: support:strict`).
            policy: a policy that is not served yet; None: the one that the cascade serves.

        Raises:
            ConfigError: an alias addresses nothing.
        """
        self._app, self._policy = app, policy
        self._aliases: Mapping[str, str] = {}
        self.rename(aliases)

    def rename(self, aliases: Mapping[str, str]) -> None:
        """Take other aliases.

        Raises:
            ConfigError: one addresses nothing; those before go on.
        """
        own = self._own()
        for alias, target in aliases.items():
            if _split(target).name not in own:
                message = f"serve.aliases.{alias} is {target!r}; one of {', '.join(own)} was expected."
                raise ConfigError(message)
        self._aliases = dict(aliases)

    def known(self) -> dict[str, ModelName]:
        """Return every name with what it addresses, the cascade's own names first."""
        return self._own() | {alias: _split(target) for alias, target in self._aliases.items()}

    def _own(self) -> dict[str, ModelName]:
        policy = self._policy or self._app.policy
        tasks = dict.fromkeys([*self._app.tasks, *self._app.ladder.tasks, *(policy.tasks if policy else ()), "default"])
        own: list[ModelName] = []
        for task in tasks:
            fitted = policy.tasks.get(task) if policy is not None else None
            own.append(ModelName(task=task))
            own.extend(ModelName(task=task, quality=name) for name in (fitted.dial if fitted is not None else ()))
        return {one.name: one for one in own}

    def resolve(self, model: object) -> ModelName:
        """Return what a model's name addresses.

        Raises:
            Refusal: there is no such name.
        """
        known = self.known()
        if isinstance(model, str):
            if model in known:
                return known[model]
            if (rest := task_of(model)) is not None and (found := known.get(_split(rest).name)) is not None:
                return found
        raise unknown_model(str(model), known)

    def require(self, task: str, quality: str | None) -> ModelName:
        """Return a task and quality that a request's own options name.

        Raises:
            Refusal: there is no such name.
        """
        return self.resolve(ModelName(task=task, quality=quality).name)


def _split(target: str) -> ModelName:
    task, _, quality = target.removeprefix(PREFIX).partition(":")
    return ModelName(task=task, quality=quality or None)
