"""Small verifiers for tests: what they think is a function of the answer's text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cascade.exchange import Exchange
from cascade.ladder import Ladder, Rung
from cascade.policy.combiner import Combiner
from cascade.policy.operating_point import OperatingPoint, Threshold
from cascade.policy.policy import LadderPrint, Policy, TaskPolicy
from cascade.verdict import Verdict, Verifier


class Says(Verifier):
    """Scores an answer by a function of its text; by default the text is the score."""

    inline = True

    def __init__(
        self,
        think: Callable[[str], float | None] = float,
        *,
        name: str = "says",
        required: bool = False,
        pass_at: float = 0.5,
    ) -> None:
        self.think, self.name, self.required, self.pass_at = think, name, required, pass_at

    def check(self, exchange: Exchange) -> Verdict:
        """Give the text to the function."""
        return Verdict(score=self.think(exchange.response.text), reason="as the text says")

    def settings(self) -> Mapping[str, Any]:
        """Return the pass mark."""
        return {"pass_at": self.pass_at}


class Vetoes(Verifier):
    """Vetoes answers that are a certain text."""

    inline = True
    name = "vetoes"

    def __init__(self, text: str) -> None:
        self.text = text

    def check(self, exchange: Exchange) -> Verdict:
        """Compare."""
        return Verdict.against("that text") if exchange.response.text == self.text else Verdict(score=1.0)


def ladder(*names: str, verify: tuple[Verifier, ...] | None = None) -> Ladder:
    """Return a ladder of rungs whose answers are their own scores."""
    return Ladder(*(Rung(f"test/{name}", name=name, verify=verify or (Says(),)) for name in names))


def policy(rungs: Ladder, *thresholds: tuple[float, float], task: str = "default", feature: str = "says") -> Policy:
    """Return a policy whose confidence is one verifier's score."""
    combiners = {name: Combiner.single(feature) for name in rungs.names[:-1]}
    point = OperatingPoint(
        rungs=rungs.names, thresholds=tuple(Threshold(t=t, g=g) for t, g in thresholds), combiners=combiners
    )
    return Policy(
        ladder=LadderPrint(rungs=rungs.names, fingerprint=rungs.fingerprint()),
        tasks={task: TaskPolicy(reference=rungs.names[-1], points=(point,), n=100)},
        created="2026-01-01T00:00:00+00:00",
    )
