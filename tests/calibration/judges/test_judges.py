"""Claims about the ranking of judges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calibration.judges.judges import rank_judges
from cascade.errors import ConfigError, DataError
from cascade.samples.sample import Sample
from cascade.verdict import Verdict
from tests.recordings import recorded_samples

NOISE = {"sharp": 0.15, "blunt": 0.5}


def judged(n: int, seed: int = 1, **recorded: object) -> list[Sample]:
    """Return samples with verdicts of two judges, one of which knows more."""
    rng = np.random.default_rng(seed)
    done = []
    for sample in recorded_samples(n, seed=seed, rungs=("small",), **recorded):
        recordings = {}
        for rung, one in sample.recordings.items():
            scores = {
                name: float(np.clip(rng.normal(0.2 + 0.6 * (one.correct or 0.0), sd), 0, 1))
                for name, sd in NOISE.items()
            }
            verdicts = {name: Verdict(name=name, score=score, cost_usd=0.001) for name, score in scores.items()}
            recordings[rung] = replace(one, verdicts=verdicts)
        done.append(replace(sample, recordings=recordings))
    return done


def test_the_judge_that_lets_fewer_wrong_answers_pass_is_first() -> None:
    first, second = rank_judges(judged(300), ["blunt", "sharp"]).judges
    assert (first.judge, second.judge) == ("sharp", "blunt")
    assert first.false_accept is not None
    assert second.false_accept is not None
    assert first.false_accept.high < second.false_accept.high
    assert first.cost_usd == pytest.approx(0.001)


def test_few_wrong_answers_leave_a_high_bound() -> None:
    few, many = (rank_judges(judged(n), ["sharp"]).judges[0].false_accept for n in (20, 600))
    assert few is not None
    assert many is not None
    assert few.high > many.high


def test_bounds_hold_for_all_judges_at_once() -> None:
    alone = rank_judges(judged(200), ["sharp"]).judges[0].false_accept
    among = next(
        one for one in rank_judges(judged(200), ["sharp", "blunt"]).judges if one.judge == "sharp"
    ).false_accept
    assert alone is not None
    assert among is not None
    assert among.high > alone.high


def test_an_abstention_does_not_pass() -> None:
    samples = [
        replace(
            one,
            recordings={
                rung: replace(rec, verdicts={"sharp": Verdict(name="sharp")}) for rung, rec in one.recordings.items()
            },
        )
        for one in judged(50)
    ]
    (found,) = rank_judges(samples, ["sharp"]).judges
    assert found.abstained == 1.0
    assert found.true_accept == 0.0


def test_answers_that_one_judge_did_not_see_are_left_out_for_all() -> None:
    samples = judged(60)
    blind = replace(samples[0], recordings={"small": replace(samples[0].recordings["small"], verdicts={})})
    found = rank_judges([blind, *samples[1:]], ["sharp", "blunt"])
    assert found.n_left_out == 1
    assert {one.n for one in found.judges} == {59}


def test_what_cannot_be_ranked_is_said() -> None:
    with pytest.raises(ConfigError, match="'other'"):
        rank_judges(judged(10), ["other"])
    with pytest.raises(DataError, match="known to be wrong"):
        rank_judges([one for one in judged(40) if one.recordings["small"].correct == 1.0], ["sharp"])


def moved(samples: list[Sample], name: str, by: float) -> list[Sample]:
    """Return the samples with one judge's scores squeezed towards 1: it ranks as before, and passes everything."""
    return [
        replace(
            one,
            recordings={
                rung: replace(
                    rec,
                    verdicts={
                        **rec.verdicts,
                        name: replace(rec.verdicts[name], score=by + (1 - by) * rec.verdicts[name].score),
                    },
                )
                for rung, rec in one.recordings.items()
            },
        )
        for one in samples
    ]


def test_a_judge_whose_scale_does_not_fit_the_mark_is_ranked_by_what_it_knows() -> None:
    kind = moved(judged(400), "sharp", 0.6)
    fair, marked = rank_judges(kind, ["blunt", "sharp"]), rank_judges(kind, ["blunt", "sharp"], true_accept=None)
    assert (fair.judges[0].judge, fair.ranked_by) == ("sharp", "equal use")
    assert (marked.judges[0].judge, marked.ranked_by) == ("blunt", "pass mark")
    assert fair.judges[0].false_accept.value == 1.0
    assert fair.judges[0].equal.false_accept.high < 0.3
    assert fair.judges[0].equal.true_accept == pytest.approx(0.9, abs=0.01)


def test_the_bound_at_equal_use_holds_for_answers_to_come() -> None:
    later = judged(20_000, seed=99)
    right = np.array([sample.recordings["small"].correct >= 0.5 for sample in later])
    scores = np.array([sample.recordings["small"].verdicts["sharp"].score for sample in later])
    held = []
    for seed in range(60):
        use = rank_judges(judged(150, seed=seed), ["sharp"]).judges[0].equal
        held.append((scores[~right] >= use.t).mean() <= use.false_accept.high)
    assert np.mean(held) >= 0.8


def test_a_judge_that_abstains_on_right_answers_cannot_reach_the_common_share() -> None:
    samples = judged(200)
    half = [
        replace(
            one,
            recordings={
                rung: replace(rec, verdicts={"sharp": Verdict(name="sharp") if k % 2 else rec.verdicts["sharp"]})
                for rung, rec in one.recordings.items()
            },
        )
        for k, one in enumerate(samples)
    ]
    (found,) = rank_judges(half, ["sharp"]).judges
    assert found.equal.true_accept == pytest.approx(0.5, abs=0.1)
