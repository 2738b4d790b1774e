"""The work list: hashed draws whose propensities stay with the samples, round after round."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import calibration
from calibration.planning.work_list import choose_labels
from calibration.samples.recorded import recorded_ladder
from calibration.targets.bound import MaxError, MaxLoss
from cascade.errors import DataError
from cascade.labelling import annotate, mark_of
from cascade.samples.jsonl import sample_line, sample_of
from tests.recordings import recorded_samples


def unlabelled(samples, but: int = 0):
    """Forget the labels of all but the first samples."""
    return [
        replace(s, recordings={k: replace(r, correct=r.correct if i < but else None) for k, r in s.recordings.items()})
        for i, s in enumerate(samples)
    ]


def choose(samples, labels=30, **options):
    return choose_labels(
        "sums", samples, recorded_ladder(samples, ["small", "large"], ["sure"]), labels=labels, **options
    )


def test_as_many_are_chosen_as_were_asked_for_and_the_same_ones_again():
    samples = unlabelled(recorded_samples(200))
    once, again = choose(samples), choose(samples)
    assert once.n_chosen == 30
    assert once.samples == again.samples
    assert choose(samples, seed=1).samples != once.samples


def test_the_draw_survives_the_file():
    work = choose(unlabelled(recorded_samples(100)))
    kept = [sample_of(sample_line(sample)) for sample in work.samples]
    assert [(s.propensity, mark_of(s)) for s in kept] == [(s.propensity, mark_of(s)) for s in work.samples]


def test_without_labels_or_policy_all_are_alike():
    work = choose(unlabelled(recorded_samples(200)))
    assert {round(sample.propensity, 9) for sample in work.samples} == {0.15}


def test_a_certificate_of_loss_needs_no_label_where_the_rungs_agree():
    samples = unlabelled(recorded_samples(100))
    same = [
        replace(s, recordings={k: replace(r, response=s.recordings["large"].response) for k, r in s.recordings.items()})
        for s in samples[:60]
    ]
    work = choose([*same, *samples[60:]], bound=MaxLoss(0.05))
    assert work.n_harmless == 60
    assert not any(mark_of(sample).chosen for sample in work.samples[:60])


def test_a_certificate_of_error_asks_for_what_a_threshold_could_accept():
    samples = recorded_samples(600)
    policy = calibration.calibrate(samples[:200], ["small", "large"], target=calibration.EscalationRate(0.3))
    fresh = unlabelled(samples[200:])
    work = choose(fresh, bound=MaxError(0.05), policy=policy.tasks["sums"])
    scores = np.array([sample.recordings["small"].verdicts["sure"].score for sample in work.samples])
    pi = np.array([sample.propensity for sample in work.samples])
    assert pi[scores > np.quantile(scores, 0.8)].min() > 2 * pi[scores < np.quantile(scores, 0.1)].max()
    assert pi.min() > 0


def test_rounds_add_up():
    first = choose(unlabelled(recorded_samples(200)))
    said = {"small": {"correct": 1.0}, "large": {"correct": 1.0}}
    labelled = [annotate(s, "anna", said) if mark_of(s).chosen else s for s in first.samples]
    second = choose(labelled)
    both = [s.propensity for s in second.samples]
    # 30 of 200, then 30 of the 170 that were left: 1 - .85 * (1 - 30 / 170).
    assert np.mean(both) == pytest.approx(1 - 0.85 * (1 - 30 / 170), abs=0.01)
    assert not any(mark_of(s).chosen and s.recordings["small"].correct is not None for s in second.samples)


def test_labels_that_nobody_drew_keep_their_propensity():
    work = choose(unlabelled(recorded_samples(200), but=40))
    assert all(sample.propensity == 1.0 and mark_of(sample).round == 0 for sample in work.samples[:40])
    assert work.accuracy is not None


def test_rows_that_had_no_chance_are_not_spoken_for():
    samples = choose(unlabelled(recorded_samples(200), but=40)).samples
    fresh = unlabelled(recorded_samples(10, seed=7))
    assert choose([*samples, *fresh]).accuracy is None


def test_nothing_left_to_label_is_said():
    with pytest.raises(DataError, match="left to label"):
        choose(recorded_samples(30))


def test_an_unknown_proxy_is_named():
    with pytest.raises(DataError, match="'judge'"):
        choose(unlabelled(recorded_samples(50), but=10), proxy="judge")
