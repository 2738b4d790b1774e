"""certify(): what it certifies, what it says about it, and that it serves the safest policy otherwise."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from calibration.certify.certification import certify
from calibration.certify.verification import Candidate
from calibration.fit.certified_task import fit_certified
from calibration.samples.replayed import apply_point
from calibration.samples.table import Table
from calibration.targets.bound import MaxError, MaxLoss
from cascade.errors import ConfigError
from cascade.policy.operating_point import OperatingPoint, Threshold
from cascade.policy.policy import SALT, LadderPrint, Policy, TaskPolicy
from tests.synthetic import SURE, ladder_traffic, pair_traffic, table_of

TOP = (OperatingPoint(rungs=("top",), thresholds=()),)


def accepting(t: float, weight: float = 1.0) -> OperatingPoint:
    """Return a point of two rungs that accepts confidences from t on."""
    return OperatingPoint(rungs=("r0", "top"), thresholds=(Threshold(t=t),), combiners={"r0": SURE}, weight=weight)


PATH: tuple[Candidate, ...] = (TOP, *((accepting(t / 20),) for t in range(20, -1, -1)))


def traffic(n: int = 1000, seed: int = 0, **changes: object) -> Table:
    return replace(pair_traffic(np.random.default_rng(seed), n), **changes)


def test_the_threshold_of_one_rung_is_searched_and_holds() -> None:
    found = certify(traffic(), PATH, MaxError(0.1), delta=0.1, salt=SALT)
    (point,) = found.points
    assert found.certificate.certified
    # Right with probability c: accepting from t on errs by (1 − t) / 2 on average.
    assert 0.8 < point.thresholds[0].t < 0.9
    assert found.certificate.method.startswith("SPEND")
    served = apply_point(traffic(seed=1), point, salt=SALT)
    assert served.escalated[:, 0].mean() == pytest.approx(point.thresholds[0].t, abs=0.05)


def test_a_loss_is_certified_down_the_path_and_no_further_than_shown() -> None:
    found = certify(traffic(), PATH, MaxLoss(0.02), delta=0.1, salt=SALT)
    (point,) = found.points
    # The top is always right: accepting from t on loses (1 − t)² / 2.
    assert found.index is not None
    assert 0.0 < (1 - point.thresholds[0].t) ** 2 / 2 < 0.02
    assert found.certificate.p_value is not None
    assert found.certificate.p_value <= 0.1
    assert "exact test of loss" in found.certificate.method


def test_groups_weigh_by_their_requests_and_single_ones_are_tested_exactly() -> None:
    plain = traffic(1200)
    grouped = replace(plain, groups=tuple(f"session-{i // 4}" for i in range(1200)))
    found = certify(grouped, PATH, MaxLoss(0.02), delta=0.1, salt=SALT).certificate
    assert "groups weighted by their requests" in found.method
    weighting = found.to_json()["weighting"]
    assert weighting == {"risk_of": "a random request", "most_per_group": 4, "beyond": 0.0, "sessions": True}
    alone = replace(plain, groups=tuple(f"session-{i}" for i in range(1200)))
    assert "exact test" in certify(alone, PATH, MaxLoss(0.02), delta=0.1, salt=SALT).certificate.method


def test_gains_make_up_for_harm() -> None:
    # Where nothing is lost on average, harm alone (3 % of rows) could never be shown to stay under 2 %.
    rng = np.random.default_rng(0)
    u = rng.random(500)
    table = table_of(np.full((500, 1), 0.5), np.column_stack([u >= 0.03, (u < 0.03) | (u >= 0.07)]).astype(float))
    assert certify(table, [TOP, (accepting(0.1),)], MaxLoss(0.02), delta=0.1, salt=SALT).certificate.certified


@pytest.mark.parametrize("bound", [MaxError(0.1), MaxLoss(0.02)])
def test_too_few_labels_leave_the_safest_policy_and_say_how_many_more(bound: MaxError | MaxLoss) -> None:
    found = certify(traffic(15), PATH, bound, delta=0.1, salt=SALT)
    assert found.points == TOP
    certificate = found.certificate
    assert not certificate.certified
    assert certificate.labels_needed is not None
    assert f"{certificate.labels_needed} more labelled samples" in str(certificate.why)


def test_as_many_more_labels_as_said_are_about_enough() -> None:
    short = [certify(traffic(60, seed=s), PATH, MaxError(0.1), delta=0.1, salt=SALT) for s in range(15)]
    said = [found.certificate.labels_needed for found in short]
    needed = sorted(number for number in said if number is not None)[len(said) // 2]
    # Six tenths of them certify.
    rows = 60 + round(0.6 * needed)
    later = [certify(traffic(rows, seed=s), PATH, MaxError(0.1), delta=0.1, salt=SALT) for s in range(100, 130)]
    assert 0.2 < np.mean([found.certificate.certified for found in later]) < 0.9


def test_where_answers_are_too_often_wrong_more_labels_are_not_asked_for() -> None:
    rng = np.random.default_rng(0)
    hopeless = table_of(rng.random((300, 1)), np.column_stack([rng.random(300) < 0.5, np.ones(300)]).astype(float))
    for bound in (MaxError(0.1), MaxLoss(0.01)):
        found = certify(hopeless, PATH[:1] + PATH[11:], bound, delta=0.1, salt=SALT)
        assert found.certificate.labels_needed is None
        assert "more labels would not change that" in str(found.certificate.why)


def test_the_reference_alone_is_nothing_to_certify() -> None:
    found = certify(traffic(), [TOP], MaxLoss(0.02), delta=0.1, salt=SALT)
    assert (found.certificate.certified, found.points) == (False, TOP)


def test_vetoed_answers_are_not_accepted_and_not_counted() -> None:
    plain = traffic()
    sure = plain.rows["r0"][:, 0] > 0.9
    right = plain.correct.copy()
    right[sure, 0] = 0.0
    vetoed = np.column_stack([sure, np.zeros(len(plain), dtype=bool)])
    found = certify(replace(plain, correct=right, forced=vetoed), PATH, MaxError(0.2), delta=0.1, salt=SALT)
    assert found.certificate.certified
    assert found.certificate.accepted is not None
    assert found.certificate.accepted <= (~sure).sum()


def test_where_the_answers_are_the_same_no_label_is_needed() -> None:
    full = traffic(600)
    same = np.column_stack([full.correct[:, 0] == 1.0, np.ones(len(full), dtype=bool)])
    sparse = replace(full, correct=np.where(same[:, :1], np.nan, full.correct))
    with_labels = certify(full, PATH, MaxLoss(0.02), delta=0.1, salt=SALT)
    without = certify(sparse, PATH, MaxLoss(0.02), delta=0.1, salt=SALT, same=same)
    assert without.points == with_labels.points
    assert without.certificate.n == 600
    assert any("counts as labelled" in said for said in without.certificate.assumptions)


def test_unlabelled_rows_that_might_have_been_wrong_do_not_count() -> None:
    full = traffic(900)
    labelled = np.arange(900) < 450
    part = replace(full, correct=np.where(labelled[:, None], full.correct, np.nan))
    same = np.column_stack([full.correct[:, 0] == 1.0, np.ones(900, dtype=bool)])
    found = certify(part, PATH, MaxLoss(0.02), delta=0.1, salt=SALT, same=same)
    # Counting unlabelled rows only where they are the same would make the loss look half as great.
    assert found.certificate.n == 450
    assert "450 samples" in " ".join(found.certificate.assumptions)
    chosen = certify(part, PATH, MaxLoss(0.02), delta=0.1, salt=SALT, same=same, chosen=labelled)
    assert chosen.certificate.n == 450


def test_samples_of_a_group_are_one_draw() -> None:
    plain = traffic(1000)
    grouped = replace(plain, groups=tuple(f"session-{i // 10}" for i in range(1000)))
    for bound in (MaxError(0.15), MaxLoss(0.05)):
        found = certify(grouped, PATH, bound, delta=0.1, salt=SALT).certificate
        assert (found.unit, found.n, found.samples) == ("group", 100, 1000)
        assert any("a group is one draw" in said for said in found.assumptions)


def test_fractional_labels_are_tested_by_betting() -> None:
    rng = np.random.default_rng(0)
    table = ladder_traffic(rng, 2000, fractional=True)
    for bound, words in ((MaxError(0.2), "betting test of errors"), (MaxLoss(0.03), "betting test of loss")):
        found = fit_certified(table, bound)
        assert words in found.certificate.method
        assert found.certificate.certified
    pair = table.on(("r2", "top"))
    assert "betting in order of confidence" in fit_certified(pair, MaxError(0.2)).certificate.method


def test_a_mix_is_certified_as_it_is_served() -> None:
    mixed: Candidate = (replace(TOP[0], weight=0.5), accepting(0.5, weight=0.5))
    table = traffic(4000)
    found = certify(table, [TOP, mixed], MaxLoss(0.08), delta=0.1, salt=SALT)
    task = TaskPolicy(reference="top", points=found.points)
    live = [task.point(salt=SALT, task=table.task, request_id=name).rungs == ("top",) for name in table.ids]
    score = table.rows["r0"][:, 0]
    accepted = ~np.array(live) & (score >= 0.5)
    assert found.certificate.accepted == accepted.sum()
    assert found.certificate.risk == pytest.approx(np.mean(accepted & (table.correct[:, 0] == 0.0)))


def test_a_certificate_says_what_it_takes_for_granted_and_fits_into_a_policy() -> None:
    found = certify(
        traffic(), PATH, MaxError(0.1), delta=0.05, salt=SALT, tasks=2, label_sources=("gold", "judge:gpt", "gold")
    )
    content = found.certificate.to_json()
    said = " ".join(content["assumptions"])
    for words in (
        "exchangeable",
        "task 'made'",
        "judge:gpt",
        "disagreement with the judge",
        "2 tasks",
        "does not fall",
    ):
        assert words in said
    assert content["label_sources"] == ["gold", "judge:gpt"]
    assert content["void_when"]
    task = TaskPolicy(reference="top", points=found.points, certified=True, certificate=content)
    policy = Policy(ladder=LadderPrint(rungs=("r0", "top")), tasks={"made": task}, created="2026-01-01")
    assert Policy.from_json(json.loads(json.dumps(policy.to_json()))).tasks["made"].certificate == content


def test_the_same_samples_give_the_same_certificate() -> None:
    table = ladder_traffic(np.random.default_rng(5), 800)
    first, again = (fit_certified(table, MaxError(0.1), seed=3) for _ in range(2))
    assert first.points == again.points
    assert first.certificate == again.certificate


def test_a_ladder_walk_begins_where_other_samples_promise_most() -> None:
    found = fit_certified(ladder_traffic(np.random.default_rng(6), 1000), MaxError(0.1))
    assert found.certificate.certified
    assert found.certificate.tests[0]["step"] > 0
    steps = [test["step"] for test in found.certificate.tests]
    assert steps == list(range(steps[0], steps[-1] + 1))


@pytest.mark.parametrize(
    "make", [lambda: MaxError(0.0), lambda: MaxLoss(1.0), lambda: MaxError(True), lambda: MaxLoss(0.1, confidence=1.0)]
)
def test_bounds_outside_0_and_1_are_refused(make) -> None:
    with pytest.raises(ConfigError, match="between 0 and 1"):
        make()


def test_a_bound_leaves_what_confidence_does_not_take() -> None:
    assert MaxError(0.05).delta == 0.1
    assert MaxLoss(0.02, confidence=0.95).delta == 0.05
    assert MaxError(0.05).to_json() == {"kind": "max_error", "value": 0.05, "confidence": 0.9}
    with pytest.raises(ConfigError, match="this task's share"):
        certify(traffic(30), PATH, MaxError(0.1), delta=0.0, salt=SALT)
