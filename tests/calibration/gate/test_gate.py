"""Claims about the gate: pass, fail, undecided, and how many samples are missing."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from calibration.fit.fit import calibrate
from calibration.gate.finding import Criterion, Finding, Kind, judge_figure
from calibration.gate.gate import check_policy
from calibration.targets.target import EscalationRate
from cascade.errors import ConfigError
from cascade.policy.policy import Policy
from cascade.samples.sample import Sample
from cascade.verdict import Verdict
from tests.recordings import recorded_samples

RUNGS = ("small", "large")


@pytest.fixture(scope="module")
def policy() -> Policy:
    return calibrate(recorded_samples(400, seed=1), RUNGS, target=EscalationRate(0.3))


def outcome(policy: Policy, kind: Kind, limit: float, n: int = 600, **more) -> Finding:
    gate = check_policy(recorded_samples(n, seed=2), policy, [Criterion(kind, limit)], **more)
    (finding,) = gate.findings
    return finding


def test_a_policy_well_inside_its_limits_passes(policy: Policy) -> None:
    limits = [
        ("min_accuracy", 0.7),
        ("max_loss", 0.2),
        ("max_error", 0.3),
        ("max_cost", 0.1),
        ("escalation_tolerance", 0.2),
    ]
    gate = check_policy(recorded_samples(600, seed=2), policy, [Criterion(kind, limit) for kind, limit in limits])
    assert gate.outcome == "pass"
    assert len(gate.findings) == 5


@pytest.mark.parametrize(
    ("kind", "limit"),
    [("min_accuracy", 0.99), ("max_loss", 0.0), ("max_error", 0.01), ("max_cost", 1e-7), ("escalation_tolerance", 0.0)],
)
def test_a_limit_that_is_broken_does_not_pass(policy: Policy, kind: Kind, limit: float) -> None:
    found = outcome(policy, kind, limit)
    assert found.outcome in {"fail", "undecided"}
    assert found.outcome == "fail" or kind in {"max_loss", "escalation_tolerance"}


def abstaining(sample: Sample, rung: str, verifier: str) -> Sample:
    own = sample.recordings[rung]
    silent = Verdict(name=verifier, score=None, reason="status 401")
    verdicts = {**own.verdicts, verifier: silent}
    return replace(sample, recordings={**sample.recordings, rung: replace(own, verdicts=verdicts)})


def test_a_verifier_that_has_stopped_scoring_fails_the_gate_whatever_the_figures_say(policy: Policy) -> None:
    rung, (verifier, *_) = next(iter(policy.ladder.verifiers.items()))
    samples = recorded_samples(600, seed=2)
    silent = [abstaining(sample, rung, verifier) for sample in samples]
    gate = check_policy(silent, policy, [Criterion("min_accuracy", 0.0)])
    assert [(one.criterion.kind, one.outcome) for one in gate.findings] == [
        ("min_accuracy", "pass"), ("min_scored", "fail"),
    ]  # fmt: skip
    assert (gate.outcome, gate.findings[1].criterion.dimension) == ("fail", f"{verifier} on {rung}")
    once = check_policy([*silent[1:], samples[0]], policy, [Criterion("min_accuracy", 0.0)])
    assert once.outcome == "pass", "one score, and it scores"
    few = check_policy(silent[:5], policy, [Criterion("min_accuracy", 0.0)])
    assert "fail" not in {one.outcome for one in few.findings}, "of five answers nothing can be said"


def test_a_limit_that_the_gate_adds_itself_is_not_for_users(policy: Policy) -> None:
    with pytest.raises(ConfigError, match="min_scored"):
        outcome(policy, "min_scored", 0.5)


def test_undecided_says_how_many_more_would_decide(policy: Policy) -> None:
    value = outcome(policy, "min_accuracy", 0.5, n=60).margin.value
    assert value is not None
    near = outcome(policy, "min_accuracy", value - 0.02, n=60)
    assert near.outcome == "undecided"
    assert near.more_samples is not None
    assert near.more_samples > 0


def test_with_as_many_more_as_said_most_gates_decide() -> None:
    rng, decided = np.random.default_rng(4), []
    criterion = Criterion("min_accuracy", 0.83)
    for _ in range(60):
        right = (rng.random(100) < 0.87).astype(float)
        first = judge_figure("t", criterion, right, None, delta=0.1, delta_fail=0.1)
        if first.more_samples and abs(right.mean() - 0.87) < 0.02:
            grown = np.concatenate([right, rng.random(first.more_samples) < 0.87])
            decided.append(judge_figure("t", criterion, grown, None, delta=0.1, delta_fail=0.1).outcome == "pass")
    assert np.mean(decided) >= 0.6


def test_a_bad_policy_passes_in_at_most_one_of_ten_cases() -> None:
    rng, criterion = np.random.default_rng(5), Criterion("min_accuracy", 0.8)
    passed = [
        judge_figure("t", criterion, (rng.random(150) < 0.8).astype(float), None, delta=0.1, delta_fail=0.1).outcome
        for _ in range(200)
    ]
    assert passed.count("pass") / 200 <= 0.15
    assert passed.count("fail") / 200 <= 0.15


def test_failing_is_harder_the_more_figures_there_are() -> None:
    right = np.array([1.0] * 74 + [0.0] * 26)
    one, many = (
        judge_figure("t", Criterion("min_accuracy", 0.8), right, None, delta=0.1, delta_fail=0.1 / count)
        for count in (1, 10)
    )
    assert (one.outcome, many.outcome) == ("fail", "undecided")


def test_the_same_policy_is_no_worse_than_itself(policy: Policy) -> None:
    found = outcome(policy, "max_drop", 0.0, baseline=policy)
    assert found.outcome == "pass"
    assert outcome(policy, "max_drop", 0.02, baseline=policy).outcome == "pass"


def test_a_policy_that_always_stays_below_is_worse_than_one_that_goes_up(policy: Policy) -> None:
    task = policy.tasks["sums"]
    point = task.points[0]
    never = replace(point, thresholds=(replace(point.thresholds[0], t=0.0, g=0.0),))
    worse = replace(policy, tasks={"sums": replace(task, points=(never,))})
    found = outcome(worse, "max_drop", 0.0, n=1500, baseline=policy)
    assert found.outcome == "fail"
    assert found.margin.value is not None
    assert found.margin.value > 0.0


def test_rows_that_share_groups_are_worth_fewer(policy: Policy) -> None:
    samples = [
        replace(sample, request=replace(sample.request, group=f"g{i // 20}"))
        for i, sample in enumerate(recorded_samples(400, seed=6))
    ]
    (found,) = check_policy(samples, policy, [Criterion("min_accuracy", 0.6)]).findings
    assert found.margin.method == "grouped"
    assert "independent" in (found.note or "")


def test_without_labels_accuracy_is_undecided_and_the_rate_is_not(policy: Policy) -> None:
    samples = recorded_samples(400, seed=7, labelled=False)
    gate = check_policy(samples, policy, [Criterion("min_accuracy", 0.5), Criterion("escalation_tolerance", 0.2)])
    assert [finding.outcome for finding in gate.findings] == ["undecided", "pass"]
    assert gate.outcome == "undecided"


def test_unequal_propensities_are_warned_about(policy: Policy) -> None:
    samples = [replace(one, propensity=0.5 if i % 2 else 1.0) for i, one in enumerate(recorded_samples(100, seed=8))]
    assert "propensity" in check_policy(samples, policy, [Criterion("min_accuracy", 0.5)]).warnings[0]


def test_limits_that_mean_nothing_are_refused(policy: Policy) -> None:
    for limit in (-0.1, 1.5, math.nan):
        with pytest.raises(ConfigError, match="min_accuracy"):
            Criterion("min_accuracy", limit)
    with pytest.raises(ConfigError, match="nothing to check"):
        check_policy(recorded_samples(10), policy, [])
    with pytest.raises(ConfigError, match="baseline"):
        outcome(policy, "max_drop", 0.01)


def thinned(samples: list[Sample], rng: np.random.Generator) -> list[Sample]:
    """Return the samples with labels where the verifier was in doubt more often than elsewhere, propensities beside."""
    found = []
    for sample in samples:
        propensity = 0.9 if (sample.recordings["small"].verdicts["sure"].score or 0.0) < 0.6 else 0.2
        recordings = sample.recordings
        if rng.random() >= propensity:
            recordings = {name: replace(one, correct=None) for name, one in recordings.items()}
        found.append(replace(sample, recordings=recordings, propensity=propensity))
    return found


def test_labels_that_were_chosen_unequally_are_thinned_to_a_uniform_sample(policy: Policy) -> None:
    samples = recorded_samples(4000, seed=21)
    full = check_policy(samples, policy, [Criterion("min_accuracy", 0.5)]).findings[0].margin
    chosen = check_policy(thinned(samples, np.random.default_rng(0)), policy, [Criterion("min_accuracy", 0.5)])
    margin = chosen.findings[0].margin
    assert margin.n < 1500
    assert margin.low <= full.value <= margin.high


def few_of(samples: list[Sample], labelled: int, rng: np.random.Generator) -> list[Sample]:
    """Return the samples with a judge's scores of all answers, and labels of the first few only."""
    found = []
    for i, sample in enumerate(samples):
        recordings = {}
        for name, one in sample.recordings.items():
            score = float(np.clip(rng.normal(0.25 + 0.6 * (one.correct or 0.0), 0.1), 0.0, 1.0))
            verdicts = {**one.verdicts, "judge": Verdict(name="judge", score=score, cost_usd=1e-5)}
            recordings[name] = replace(one, verdicts=verdicts, correct=one.correct if i < labelled else None)
        found.append(replace(sample, recordings=recordings))
    return found


def test_a_judge_sharpens_what_few_labels_tell_and_does_not_decide(policy: Policy) -> None:
    samples = recorded_samples(1500, seed=22)
    truth = check_policy(samples, policy, [Criterion("min_accuracy", 0.5)]).findings[0].margin.value
    few = few_of(samples, 120, np.random.default_rng(1))
    limits = [Criterion("min_accuracy", 0.5), Criterion("max_loss", 0.5), Criterion("max_error", 0.5)]
    plain, sharp = (check_policy(few, policy, limits, verifiers=["sure"], proxy=proxy) for proxy in (None, "judge"))
    assert [one.outcome for one in plain.findings] == [one.outcome for one in sharp.findings]
    accuracy = sharp.findings[0]
    assert accuracy.sharpened.n == 1500
    assert accuracy.sharpened.label_worth > 1.5
    assert accuracy.sharpened.high - accuracy.sharpened.low < accuracy.margin.high - accuracy.margin.low
    assert accuracy.sharpened.low - 0.01 < truth < accuracy.sharpened.high + 0.01
    assert all(one.sharpened is not None for one in sharp.findings)
    assert plain.to_json()["findings"][0]["sharpened"] is None
    with pytest.raises(ConfigError, match="No sample has a recorded score of 'nobody'"):
        check_policy(few, policy, limits, proxy="nobody")


def test_answers_that_say_what_the_reference_says_need_no_label_for_a_loss(policy: Policy) -> None:
    alike = []
    for i, sample in enumerate(recorded_samples(400, seed=23)):
        recordings = dict(sample.recordings)
        if i % 2:
            top = recordings["large"]
            recordings["small"] = replace(
                recordings["small"], response=replace(recordings["small"].response, text=top.response.text)
            )
            recordings = {name: replace(one, correct=None) for name, one in recordings.items()}
        alike.append(replace(sample, recordings=recordings))
    finding = check_policy(alike, policy, [Criterion("max_loss", 0.5)]).findings[0]
    assert finding.margin.n >= 390


def test_a_passed_cost_is_not_called_certified(policy: Policy) -> None:
    found = outcome(policy, "max_cost", 1.0)
    assert found.outcome == "pass"
    assert found.note is not None
    assert "not certified" in found.note
