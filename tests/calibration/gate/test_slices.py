"""Limits that every value of a tag has to meet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calibration.fit.fit import calibrate
from calibration.gate.finding import Criterion
from calibration.gate.gate import check_policy
from calibration.gate.slices import judge_slices
from calibration.samples.tag_slices import tag_of
from calibration.targets.target import EscalationRate
from cascade.errors import ConfigError
from cascade.policy.policy import Policy
from cascade.samples.sample import Sample
from tests.recordings import recorded_samples

LIMIT = Criterion("min_accuracy", 0.7)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return calibrate(recorded_samples(400, seed=1), ("small", "large"), target=EscalationRate(0.3))


def tagged(n: int, language: str | None, *, seed: int, right: float | None = None) -> list[Sample]:
    samples = recorded_samples(n, seed=seed)
    made = []
    for sample in samples:
        tags = {} if language is None else {"language": language}
        recordings = {
            name: one if right is None else replace(one, correct=right) for name, one in sample.recordings.items()
        }
        made.append(replace(sample, request=replace(sample.request, tags=tags), recordings=recordings))
    return made


def test_a_gate_fails_where_one_slice_breaks_a_limit_that_the_whole_meets(policy: Policy) -> None:
    samples = [*tagged(500, "en", seed=2), *tagged(60, "de", seed=3, right=0.0)]
    assert check_policy(samples, policy, [LIMIT]).outcome == "pass"
    gate = check_policy(samples, policy, [LIMIT], each="tag.language")
    assert [(one.slice, one.outcome) for one in gate.findings] == [(None, "pass"), ("de", "fail"), ("en", "pass")]
    assert gate.outcome == "fail"
    assert gate.findings[2].holds_by_name
    assert gate.to_json()["findings"][1]["slice"] == "de"


def test_a_slice_that_is_too_small_is_undecided_and_requests_without_the_tag_are_one(policy: Policy) -> None:
    samples = [*tagged(500, "en", seed=2), *tagged(3, None, seed=3)]
    gate = check_policy(samples, policy, [LIMIT], each="tag.language")
    assert [(one.slice, one.outcome) for one in gate.findings][1] == ("(none)", "undecided")
    assert gate.outcome == "undecided"


@pytest.mark.parametrize("each", ["language", "tag.", "principal"])
def test_only_a_tag_makes_slices(each: str) -> None:
    with pytest.raises(ConfigError, match="--each"):
        tag_of(each)


@pytest.mark.slow
def test_a_limit_that_one_slice_breaks_passes_at_most_as_often_as_said_and_no_slice_is_named_more_often() -> None:
    rng, repeats, passed, named = np.random.default_rng(0), 2000, 0, 0
    which = np.arange(600) % 6
    slices = {str(i): which == i for i in range(6)}
    for _ in range(repeats):
        right = (rng.random(600) < np.where(which == 0, 0.8999, 0.97)).astype(float)
        found = judge_slices("t", Criterion("min_accuracy", 0.9), right, None, slices, delta=0.1, delta_fail=0.1)
        passed += all(one.outcome == "pass" for one in found)
        at_limit = (rng.random(600) < 0.8999).astype(float)
        found = judge_slices("t", Criterion("min_accuracy", 0.9), at_limit, None, slices, delta=0.1, delta_fail=0.1)
        named += any(one.holds_by_name for one in found)
    assert passed / repeats <= 0.1 + 3.0 * np.sqrt(0.09 / repeats)
    assert named / repeats <= 0.1 + 3.0 * np.sqrt(0.09 / repeats)
