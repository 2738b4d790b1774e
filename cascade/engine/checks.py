"""Start-up checks and warnings of a cascade, each given once: uncalibrated tasks, doubtful ladders."""

from __future__ import annotations

import warnings
from typing import Literal

from cascade.clients import Client
from cascade.errors import ConfigError
from cascade.exchange import Request
from cascade.ladder import Ladder
from cascade.policy.policy import Policy
from cascade.prices import PriceBook
from cascade.settings import LadderWarning, UncalibratedWarning


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
