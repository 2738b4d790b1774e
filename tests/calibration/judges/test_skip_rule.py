"""Skip rules of paid verifiers."""

from __future__ import annotations

import numpy as np

from calibration.judges.skip_rule import propose_skip_rule
from calibration.samples.recorded import recorded_ladder
from calibration.samples.table import Table, lay_out
from tests.calibration.assess.test_worth import with_verdicts
from tests.recordings import recorded_samples


def laid(cost_usd: float, n: int = 800) -> Table:
    samples = with_verdicts(recorded_samples(n, seed=1), 2, cost_usd)
    return lay_out("sums", samples, recorded_ladder(samples, ("small", "large"), ["sure", "coin", "judge"]))


def test_a_dear_verifier_is_spared_where_the_cheap_score_decides() -> None:
    rules = {rule.verifier: rule for rule in propose_skip_rule(laid(0.0002))}
    coin = rules["coin"]
    assert coin.when == "sure"
    assert coin.below < coin.above
    assert coin.spared > 0.3
    assert coin.pays
    assert coin.saves_usd == coin.spared * 0.0002 or np.isclose(coin.saves_usd, coin.spared * 0.0002)


def test_a_verifier_that_knows_and_costs_little_is_hardly_spared() -> None:
    rules = {rule.verifier: rule for rule in propose_skip_rule(laid(1e-9))}
    assert not rules["judge"].pays


def test_free_verifiers_need_no_rule() -> None:
    assert propose_skip_rule(laid(0.0)) == ()
