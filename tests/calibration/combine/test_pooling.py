"""Partial pooling: between one model for all and one for each, and closer to the truth than either."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.combine.fit_combiner import fit_combiner
from calibration.combine.pooled_combiners import adjusted, pool_rungs, pooled_priors
from calibration.combine.pooling import fit_pooled
from calibration.samples.recorded import recorded_ladder
from calibration.samples.table import lay_out
from calibration.stats.rate import expected_rate, fit_threshold
from calibration.thresholds.shrinkage import shrink_thresholds
from cascade.errors import DataError
from tests.recordings import recorded_samples


def tasks(sd: float, n: int, count: int = 30, seed: int = 0):
    rng = np.random.default_rng(seed)
    task, x = np.repeat(np.arange(count), n), rng.normal(size=count * n)
    truth = rng.normal(0.8, sd, count)[task] + 1.2 * x
    return x, (rng.random(task.size) < 1 / (1 + np.exp(-truth))).astype(float), task, truth


def wrong_by(guess, truth) -> float:
    return float(np.abs(1 / (1 + np.exp(-guess)) - 1 / (1 + np.exp(-truth))).mean())


def test_tasks_that_differ_keep_what_is_their_own_and_borrow_the_rest():
    x, y, task, truth = tasks(sd=0.7, n=20)
    partial = fit_pooled(x, y, task, n_tasks=30, seed=0).log_odds(x, task)
    alike = fit_pooled(x, y, task, n_tasks=30, seed=0, ridge=(1e6, 1e6)).log_odds(x, task)
    apart = fit_pooled(x, y, task, n_tasks=30, seed=0, ridge=(1e-3, 1e-3)).log_odds(x, task)
    assert wrong_by(partial, truth) < wrong_by(alike, truth)
    assert wrong_by(partial, truth) < wrong_by(apart, truth)


def test_tasks_that_are_alike_are_pooled():
    x, y, task, _ = tasks(sd=0.0, n=50)
    fitted = fit_pooled(x, y, task, n_tasks=30, seed=0)
    assert fitted.ridge[0] >= 100.0


def test_a_new_task_starts_from_what_all_have_in_common():
    x, y, task, _ = tasks(sd=0.5, n=20)
    fitted = fit_pooled(x, y, task, n_tasks=31, seed=0)
    assert fitted.own[30].tolist() == [0.0, 0.0]
    assert fitted.line(30) == fitted.line(None)


def test_a_line_gives_the_log_odds_of_its_task():
    x, y, task, _ = tasks(sd=0.5, n=20)
    fitted = fit_pooled(x, y, task, n_tasks=30, seed=0)
    intercept, slope = fitted.line(7)
    assert np.allclose(fitted.log_odds(x, np.full(x.size, 7)), intercept + slope * x)


def test_the_mode_is_where_newton_ends():
    x, y, task, _ = tasks(sd=0.7, n=15)
    fitted = fit_pooled(x, y, task, n_tasks=30, seed=0, ridge=(2.0, 5.0))
    residual = y - 1 / (1 + np.exp(-fitted.log_odds(x, task)))
    scaled = (x - fitted.centre) / fitted.scale
    assert np.allclose(np.bincount(task, residual), 2.0 * fitted.own[:, 0], atol=1e-5)
    assert np.allclose(np.bincount(task, residual * scaled), 5.0 * fitted.own[:, 1], atol=1e-5)


def test_labels_out_of_range_are_refused():
    with pytest.raises(DataError, match="outside"):
        fit_pooled([0.0, 1.0], [0.0, 2.0], [0, 0], n_tasks=1, seed=0)


@pytest.fixture
def tables():
    def table(task: str, n: int, seed: int, *, labelled: bool = True):
        samples = recorded_samples(n, seed=seed, task=task, labelled=labelled)
        return lay_out(task, samples, recorded_ladder(samples, ["small", "large"], ["sure"]))

    return {"old": table("old", 300, 1), "few": table("few", 15, 2), "new": table("new", 50, 3, labelled=False)}


def test_a_task_without_labels_gets_a_combiner_and_is_flagged(tables):
    small = pool_rungs(tables, seed=0)["small"]
    assert small.unlabelled == ("new",)
    assert small.tasks["new"] == small.new
    confident = small.new.confidence({"sure": 0.9})
    assert confident > small.new.confidence({"sure": 0.3})


def test_few_labels_lean_on_the_prior_and_none_take_it(tables):
    prior = pooled_priors(tables, seed=0)["few"]["small"]
    few = tables["few"]
    given = (few.rows["small"], few.correct[:, 0], few.names["small"])
    own, leaning = (fit_combiner(*given, seed=0, prior=p).confidences(few.rows["small"]) for p in (None, prior))
    pooled = prior.combiner.confidences(few.rows["small"])
    assert np.abs(leaning - pooled).mean() < np.abs(own - pooled).mean()
    unlabelled = np.full(len(few), np.nan)
    assert fit_combiner(given[0], unlabelled, given[2], seed=0, prior=prior) == prior.combiner


def test_a_combiner_asks_only_for_what_its_task_has(tables):
    samples = recorded_samples(100, seed=9, task="other")
    named = [
        replace(
            s,
            recordings={
                k: replace(r, verdicts={"else": replace(r.verdicts["sure"], name="else")})
                for k, r in s.recordings.items()
            },
        )
        for s in samples
    ]
    other = lay_out("other", named, recorded_ladder(named, ["small", "large"], ["else"]))
    found = pooled_priors({**tables, "other": other}, seed=0)
    assert "else" not in found["old"]["small"].combiner.features
    assert "sure" not in found["other"]["small"].combiner.features


def test_tasks_that_are_alike_get_a_strong_prior_and_others_a_weak_one():
    alike = {str(k): table_of(str(k), 1.0) for k in range(12)}
    apart = {str(k): table_of(str(k), 1.0 if k % 2 else -1.0) for k in range(12)}
    strengths = [pooled_priors(tables, seed=0)["0"]["small"].strength for tables in (alike, apart)]
    assert strengths[0] >= 10 * strengths[1]


def table_of(task: str, sign: float):
    """Return a task whose score tells right from wrong, or for sign -1 the other way round."""
    samples = recorded_samples(60, seed=int(task) + 50, task=task)
    laid = lay_out(task, samples, recorded_ladder(samples, ["small", "large"], ["sure"]))
    return laid if sign > 0 else replace(laid, rows={k: 1.0 - rows for k, rows in laid.rows.items()})


def test_labels_that_are_left_out_do_not_count(tables):
    assert pooled_priors(tables, seed=0, without=["few"]) != pooled_priors(tables, seed=0)
    assert pool_rungs(tables, seed=0, without=["few"])["small"].unlabelled == ("few", "new")


def test_adjusting_a_combiner_moves_its_log_odds_along_a_line(tables):
    combiner = pooled_priors(tables, seed=0)["old"]["small"].combiner
    found, moved = (c.confidence({"sure": 0.6}) for c in (combiner, adjusted(combiner, 0.5, 2.0)))
    assert np.log(moved / (1 - moved)) == pytest.approx(0.5 + 2 * np.log(found / (1 - found)), abs=1e-6)


def test_equal_tasks_get_nearly_equal_thresholds():
    rng = np.random.default_rng(0)
    found = [rng.beta(5, 2, 30) for _ in range(20)]
    shrunk = np.array([one.threshold[0] for one in shrink_thresholds(found, 0.25)])
    own = np.array([fit_threshold(c, 0.25) for c in found])[:, 0]
    assert shrunk.std() < 0.4 * own.std()


def test_tasks_with_nothing_in_common_keep_their_own_thresholds():
    rng = np.random.default_rng(0)
    found = [0.1 * k + 0.09 * rng.random(100) for k in range(10)]
    for confidences, one in zip(found, shrink_thresholds(found, 0.3), strict=True):
        assert expected_rate(confidences, *one.threshold) == pytest.approx(0.3, abs=0.05)


def test_a_task_without_traffic_gets_the_common_threshold():
    rng = np.random.default_rng(0)
    found = [rng.beta(5, 2, 200) for _ in range(5)]
    t, _ = shrink_thresholds([*found, []], 0.25)[-1].threshold
    assert np.mean(np.concatenate(found) < t) == pytest.approx(0.25, abs=0.02)


@given(st.lists(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=30), min_size=2, max_size=6))
def test_thresholds_hit_the_rate_over_all_tasks_that_are_copies_of_one(rows):
    found = [rows[0]] * len(rows)
    for one in shrink_thresholds(found, 0.4):
        assert expected_rate(rows[0], *one.threshold) == pytest.approx(0.4, abs=1e-6)
