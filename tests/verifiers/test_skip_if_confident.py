"""SkipIfConfident: paid verifiers are skipped where a cheap one is decisive."""

from __future__ import annotations

import pytest

from cascade.errors import ConfigError
from cascade.exchange import Exchange
from cascade.flow.climb import drive
from cascade.flow.verify import verify
from cascade.ladder import Ladder, Rung
from cascade.verdict import Verdict, Verifier
from tests.verifiers.exchanges import exchange
from verifiers.skip_if_confident import SkipIfConfident


class Fixed(Verifier):
    inline = True

    def __init__(self, name: str, score: float | None, **signals: float) -> None:
        self.name, self.score, self.signals = name, score, signals

    def check(self, given: Exchange) -> Verdict:
        return Verdict(score=self.score, signals=self.signals)


def verdict_of(cheap: float | None, given: dict[str, Verdict] | None = None, **rule: object) -> Verdict:
    stack = (Fixed("cheap", cheap, low=0.2), SkipIfConfident(Fixed("judge", 0.7), **({"when": "cheap"} | rule)))
    verdicts, _ = drive(verify(stack, exchange("4"), given or {}), lambda ask: None)
    return verdicts[1]


@pytest.mark.parametrize(("cheap", "score"), [(0.1, None), (0.3, 0.7), (0.9, 0.7), (0.95, None), (None, 0.7)])
def test_it_is_asked_only_where_the_cheap_score_does_not_decide(cheap: float | None, score: float | None) -> None:
    assert verdict_of(cheap, below=0.3, above=0.9).score == score


def test_what_is_spared_costs_nothing_and_says_why() -> None:
    spared = verdict_of(0.1, below=0.3)
    assert (spared.name, spared.cost_usd, spared.flags) == ("judge", 0.0, ("spared",))
    assert "cheap is 0.1" in spared.reason


def test_a_recorded_verdict_is_spared_as_a_live_one_would_be() -> None:
    given = {"judge": Verdict(name="judge", score=0.4, cost_usd=0.01, source="recorded")}
    assert verdict_of(0.1, given, below=0.3).score is None
    assert verdict_of(0.5, given, below=0.3).score == 0.4


def test_a_rule_may_look_at_a_signal() -> None:
    assert verdict_of(0.5, when="cheap.low", below=0.3).score is None


def test_the_rule_is_part_of_the_fingerprint() -> None:
    def ladder(below: float) -> str:
        stack = (Fixed("cheap", 0.5), SkipIfConfident(Fixed("judge", 0.7), when="cheap", below=below))
        return Ladder(Rung("a", verify=stack), Rung("b", verify=())).fingerprint()

    assert ladder(0.2) != ladder(0.3)


def test_a_rule_that_spares_everything_is_refused() -> None:
    with pytest.raises(ConfigError, match="below < above"):
        SkipIfConfident(Fixed("judge", 0.5), when="cheap", below=0.9, above=0.1)
    required = Fixed("judge", 0.5)
    required.required = True
    with pytest.raises(ConfigError, match="required"):
        SkipIfConfident(required, when="cheap", below=0.2)
