"""A bound and a greatest escalation rate in one: both hold, or the conflict is shown and nothing is written."""

from __future__ import annotations

import pytest

from calibration import ExpectedLoss, MaxError, MaxLoss, calibrate
from calibration.fit.calibrate_files import calibrate_files
from calibration.fit.rate_limit import limit_rate
from calibration.targets.by_task import Target
from cascade.display.policy import asked
from cascade.errors import ConfigError, DataError
from cascade.policy.policy import Policy
from cascade.samples.jsonl import sample_line
from tests.cascade.cli.conftest import write_lines
from tests.recordings import recorded_samples

BOUND = MaxError(0.2)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return calibrate(recorded_samples(600), ("small", "large"), target=BOUND, verifiers=["sure"])


def test_a_rate_that_the_certified_policy_keeps_stands_in_its_target(policy: Policy) -> None:
    rate = policy.tasks["sums"].measured["escalation_rate"]["expected"]
    assert policy.tasks["sums"].certified
    limited = limit_rate(policy, rate + 0.01)
    assert limited.tasks["sums"].points == policy.tasks["sums"].points
    assert asked(limited.tasks["sums"].target).startswith("max error 20.0 %, escalating at most")


def test_a_rate_that_it_does_not_keep_is_refused_with_the_rate_that_the_bound_needs(policy: Policy) -> None:
    rate = policy.tasks["sums"].measured["escalation_rate"]["expected"]
    with pytest.raises(DataError, match=f"alone it needs {100 * rate:.1f} %"):
        limit_rate(policy, rate - 0.01)


@pytest.mark.parametrize("target", [MaxError(0.001), MaxLoss(0.001)])
def test_a_bound_that_only_the_top_keeps_escalates_everything(target: Target) -> None:
    policy = calibrate(recorded_samples(100), ("small", "large"), target=target, verifiers=["sure"])
    with pytest.raises(DataError, match="Not certified"):
        limit_rate(policy, 0.99)
    assert limit_rate(policy, 1.0).tasks["sums"].target["max_escalation"] == 1.0


def test_an_aim_has_a_greatest_rate_too_and_a_share_outside_0_to_1_is_refused(policy: Policy) -> None:
    aimed = calibrate(recorded_samples(300), ("small", "large"), target=ExpectedLoss(0.0), verifiers=["sure"])
    with pytest.raises(DataError, match=r"expected loss 0.0 % and an escalation rate of at most 1.0 %"):
        limit_rate(aimed, 0.01)
    with pytest.raises(ConfigError, match=r"in \[0, 1\]"):
        limit_rate(policy, 40.0)


def test_files_give_both_or_nothing_is_written(tmp_path) -> None:
    path = write_lines(tmp_path / "s.jsonl", [sample_line(one) for one in recorded_samples(600)])
    given = {"rungs": ("small", "large"), "verifiers": ("sure",), "target": BOUND}
    kept = calibrate_files(path, **given, max_escalation=0.9, out=tmp_path / "kept.json")
    assert Policy.load(tmp_path / "kept.json") == kept
    with pytest.raises(DataError, match="alone it needs"):
        calibrate_files(path, **given, max_escalation=0.01, out=tmp_path / "refused.json")
    assert not (tmp_path / "refused.json").exists()
