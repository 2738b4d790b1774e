"""Assessed without a label: what a policy saves at what disagreement, on rows that no certificate looks at."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calibration.assess.disagreement import DisagreementAssessment, assess_samples
from calibration.samples.recorded import recorded_ladder
from calibration.samples.same_split import split_same
from cascade.clients.scripted import scripted
from cascade.errors import DataError
from cascade.samples.sample import Sample
from tests.calibration.fit.test_paired_task import RUNGS, traffic


def assessed(samples: list[Sample]) -> DisagreementAssessment:
    return assess_samples(samples, recorded_ladder(samples, RUNGS, ["sure"]))


def test_where_much_is_the_same_and_is_told_apart_it_is_worth_it() -> None:
    found = assessed(list(traffic(900)))
    assert found.verdict == "worth it"
    widest = found.bounds[-1]
    assert widest.bound == 0.1
    assert widest.kept
    assert widest.more == 0
    assert widest.saved.low is not None
    assert widest.saved.low > 0.3
    assert "may do" in found.why
    saved = [one.saved.value for one in found.bounds]
    assert saved == sorted(saved), "a wider bound saves no less"


def test_where_little_is_the_same_it_is_not_worth_it_and_says_what_differs() -> None:
    samples = blind(400, 0.3)
    found = assess_samples(samples, recorded_ladder(samples, RUNGS, ["refusal"]))
    assert found.verdict == "not worth it"
    assert "of requests" in found.why


def blind(n: int, same: float) -> list[Sample]:
    """Return traffic of which no verifier tells anything."""
    return [
        replace(one, recordings={rung: replace(said, verdicts={}) for rung, said in one.recordings.items()})
        for one in traffic(n, same=same)
    ]


def test_verifiers_that_tell_nothing_apart_save_no_more_than_a_random_mix() -> None:
    samples = blind(500, 0.9)
    found = assess_samples(samples, recorded_ladder(samples, RUNGS, ["refusal"]))
    assert all(one.saved.value <= one.mix_saved + 0.02 for one in found.bounds if len(one.rungs) > 1)
    seen = assessed(list(traffic(500, same=0.9)))
    widest = max(seen.bounds, key=lambda one: one.bound)
    assert widest.saved.value > widest.mix_saved


def test_a_model_that_alone_says_nearly_always_the_same_is_named() -> None:
    samples = blind(500, 0.98)
    found = assess_samples(samples, recorded_ladder(samples, RUNGS, ["refusal"]))
    assert found.verdict == "worth it"
    assert found.why.startswith("small alone saves")


def test_a_rung_that_costs_as_much_is_not_worth_it() -> None:
    dear = []
    for one in traffic(400):
        small = one.recordings["small"]
        paid = replace(small, response=replace(small.response, cost_usd=0.02))
        dear.append(replace(one, recordings={**one.recordings, "small": paid}))
    assert assessed(dear).verdict == "not worth it"


def test_few_rows_cannot_tell_and_say_how_many_can() -> None:
    found = assessed(list(traffic(30)))
    assert found.verdict == "cannot tell"
    assert "about 50 compared requests" in found.why


def test_rows_that_certify_are_not_looked_at() -> None:
    samples = list(traffic(400))
    split = split_same("sums", [one.request.content for one in samples], [None] * len(samples))
    changed = [
        one if learns else replace(one, recordings={**one.recordings, "small": replace(
            one.recordings["small"], response=scripted("another answer", cost_usd=0.001))})
        for one, learns in zip(samples, split.learn, strict=True)
    ]  # fmt: skip
    assert assessed(changed).bounds == assessed(samples).bounds[: len(assessed(changed).bounds)]


def test_without_a_pair_of_answers_there_is_nothing_to_assess() -> None:
    alone = [replace(one, recordings={"large": one.recordings["large"]}) for one in traffic(50)]
    with pytest.raises(DataError, match="no answers can be compared"):
        assess_samples(alone, recorded_ladder(list(traffic(5)), RUNGS, ["sure"]))
