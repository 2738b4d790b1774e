"""Start-up checks and warnings of a cascade, each given once: uncalibrated tasks, doubtful ladders."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterable
from typing import Literal

from cascade.clients import Client
from cascade.errors import ConfigError
from cascade.exchange import Request
from cascade.guards.endpoint_pool import Health
from cascade.ladder import Ladder
from cascade.policy.policy import Policy
from cascade.policy.text_scorer import NOT_FITTED
from cascade.policy.unknown_task import did_you_mean
from cascade.prices import PriceBook
from cascade.result import Attempt
from cascade.settings import LadderWarning, ObserveLimits, SilentVerifierWarning, UncalibratedWarning

SILENT_AFTER = 20
"""Abstentions in a row from which on a verifier counts as silent."""

_MEANT = frozenset({"spared", NOT_FITTED})
"""Flags of abstentions that are meant: nothing is wrong with the verifier."""


class WarnOnce:
    """Deduplicates the warnings of one cascade."""

    def __init__(self) -> None:
        self._warned: set[str] = set()

    def uncalibrated(
        self, task: str, policy: Policy | None, asked: Literal["pass_marks", "top", "error"], *, stacklevel: int
    ) -> None:
        """Warn once where a task is not calibrated, in the caller's own line.

        Raises:
            ConfigError: it is not, and `on_uncalibrated` is `error`.
        """
        if policy is not None and task in policy.tasks:
            return
        fitted = ", ".join(sorted(policy.tasks)) if policy is not None else "no task"
        fitted += did_you_mean(task, () if policy is None else policy.tasks)
        if asked == "error":
            message = f"Task {task!r} is not calibrated (the policy has {fitted}); run `cascade calibrate`."
            raise ConfigError(message)
        if task not in self._warned:
            self._warned.add(task)
            message = (
                f"Task {task!r} is not calibrated (the policy has {fitted}): answers are accepted by pass "
                "marks, and their accuracy is not known. Run `cascade calibrate`."
            )
            warnings.warn(message, UncalibratedWarning, stacklevel=stacklevel + 1)


def check_ladder(ladder: Ladder, client: Client, prices: PriceBook, *, strict: bool, stacklevel: int) -> None:
    """Validate a ladder at start-up: reject what would fail at the first request; warn of doubts (`strict`: reject).

    Raises:
        ConfigError: the client cannot make a rung's call, or its price is not known; if `strict`, it is doubtful.
    """
    probe = Request.of("?")
    for own in (ladder, *ladder.tasks.values()):
        for position, rung in enumerate(own):
            call = rung.call(probe)
            for at in call.at_each():
                client.check(at)
            above = own[position + 1].model if position + 1 < len(own) else None
            for verifier in rung.verifiers:
                for concern in verifier.concerns(judged=rung.model, above=above, price_usd=prices.typical_usd):
                    if strict:
                        raise ConfigError(f"Rung {rung.name}: {concern} (`strict` makes this warning an error.)")
                    warnings.warn(f"Rung {rung.name}: {concern}", LadderWarning, stacklevel=stacklevel + 1)


def require_consent(ladder: Ladder, limits: ObserveLimits) -> None:
    """Refuse to observe where prompts would go to providers that nobody has named.

    Raises:
        ConfigError: a rung or its judge has another provider than the top, and `observe.providers` does not name it.
    """
    probe = Request.of("?")
    seen: dict[str, None] = {}
    for own in (ladder, *ladder.tasks.values()):
        top = _provider(own.top.model)
        models = [at.model for rung in own for at in rung.call(probe).at_each()]
        models += [str(model) for rung in own for one in rung.verifiers if (model := getattr(one, "model", None))]
        seen |= dict.fromkeys(name for model in models if (name := _provider(model)) != top)
    unnamed = [name for name in seen if name not in limits.providers]
    if unnamed:
        message = (
            f"To observe sends prompts to {', '.join(unnamed)}, besides the top's own provider; if that is to be, name "
            f"all of them: observe.providers: [{', '.join(dict.fromkeys((*limits.providers, *seen)))}]."
        )
        raise ConfigError(message)


def _provider(model: str) -> str:
    return model.partition("/")[0]


class SilenceWatch:
    """Watches that verifiers which a policy leans on go on scoring: one that only abstains verifies nothing."""

    def __init__(self) -> None:
        self._in_a_row: dict[tuple[str, str], int] = {}
        self._last: dict[tuple[str, str], str] = {}

    def see(self, attempts: Iterable[Attempt], policy: Policy | None) -> None:
        """Count the verdicts of one request that ran by a policy.

        Warns where a verifier that the policy leans on has abstained `SILENT_AFTER` times in a row.
        """
        leant_on = {} if policy is None else policy.ladder.verifiers
        for attempt in attempts:
            for verdict in attempt.verdicts:
                if verdict.name not in leant_on.get(attempt.rung, ()) or _MEANT.intersection(verdict.flags):
                    continue
                key = attempt.rung, verdict.name
                self._in_a_row[key] = self._in_a_row.get(key, 0) + 1 if verdict.abstained else 0
                self._last[key] = verdict.reason
                if self._in_a_row[key] == SILENT_AFTER:
                    message = (
                        f"Verifier {verdict.name} on rung {attempt.rung} has abstained {SILENT_AFTER} times in a row "
                        f"(the last time: {verdict.reason}); the policy leans on it, and its answers are not verified "
                        "by it any more. Look at its model, its key and its limits."
                    )
                    with contextlib.suppress(SilentVerifierWarning):  # where warnings are errors, the request goes on
                        warnings.warn(message, SilentVerifierWarning, stacklevel=2)

    def health(self) -> tuple[Health, ...]:
        """Return the verifiers that have stopped scoring, as `Cascade.health` shows them."""
        return tuple(
            Health(
                model=name, endpoint=f"verifier on {rung}", state="silent", cause=self._last[rung, name], opens_in_s=0.0
            )
            for (rung, name), count in self._in_a_row.items()
            if count >= SILENT_AFTER
        )
