"""Never worse than a single model: one chosen on the rows to learn from, or every one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from calibration.certify.looks import Looks
from calibration.fit.paired.fit import LabelBudget
from calibration.fit.paired.run import BEST, EVERY, PairedRun
from calibration.samples.pairs import pairs_against, pairs_of_labels
from calibration.targets.bound import MaxLoss
from cascade.clients.scripted import scripted
from cascade.errors import DataError
from cascade.exchange import Request
from cascade.policy.policy import TaskPolicy
from cascade.samples.sample import Recording, Sample
from cascade.verdict import Verdict

RUNGS = ("small", "medium", "large")
USD = {"small": 0.001, "medium": 0.004, "large": 0.01}


def three(n: int, *, seed: int = 0, right: Sequence[float] = (0.75, 0.95, 0.85)) -> Iterator[Sample]:
    """Yield labelled recordings of three rungs; `right`: how often each one is. Wrong ones may say the same."""
    rng = np.random.default_rng(seed)
    for i in range(n):
        hard = float(rng.random())
        said = {name: "7" if hard < share else str(8 + int(rng.integers(2)))
                for name, share in zip(RUNGS, right, strict=True)}  # fmt: skip
        sure = float(np.clip(rng.normal(0.8 if said["small"] == "7" else 0.3, 0.15), 0.0, 1.0))
        yield Sample(
            request=Request.of(f"What is {i} + {seed}?", id=f"r-{seed}-{i}", task="sums"),
            recordings={
                name: Recording(
                    rung=name, model=f"test/{name}", response=scripted(text, cost_usd=USD[name]),
                    correct=float(text == "7"), label_source="human",
                    verdicts={"sure": Verdict(name="sure", score=sure, source="recorded")},
                )
                for name, text in said.items()
            },
        )  # fmt: skip


def worked(samples: Sequence[Sample], reference: str | None, *, labels: int = 120, eps: float = 0.05) -> tuple[
    TaskPolicy, PairedRun, int
]:  # fmt: skip
    """Go the whole way: label what is asked for, until nothing is; return how many answers were."""
    truth = {one.key: one for one in samples}
    bare = [replace(one, recordings={
        name: replace(own, correct=None, label_source=None) for name, own in one.recordings.items()
    }) for one in samples]  # fmt: skip
    run = PairedRun(bare, RUNGS, MaxLoss(eps), LabelBudget(labels=labels, audit=30), verifiers=["sure"],
                    reference=reference, looks=Looks())  # fmt: skip
    asked = 0
    while found := run.queue()[1]:
        known = {one.key: one for one in run.samples}
        for one in found:
            rungs = [rung for answer in one.answers for rung in answer]
            asked += len(one.answers)
            old, new = known[one.sample.key], truth[one.sample.key].recordings
            known[one.sample.key] = replace(old, recordings={**old.recordings, **{name: new[name] for name in rungs}})
        run.label(known)
    return run.policy().tasks["sums"], run, asked


def test_the_best_single_model_by_the_rows_to_learn_from_is_the_reference_and_is_named() -> None:
    policy, run, _ = worked(list(three(500)), BEST, labels=80)
    assert policy.reference == "medium"
    assert policy.certified is True
    assert all("large" not in point.rungs for point in policy.points)
    [said] = run.choices()
    assert "the reference is medium" in said
    assert "points above large" in said


def test_a_cheapest_rung_that_is_the_best_leaves_nothing_to_certify() -> None:
    with pytest.raises(DataError, match="serve it alone"):
        worked(list(three(500, right=(0.95, 0.7, 0.8))), BEST)


def test_never_worse_than_every_single_model_tests_each_at_the_whole_level() -> None:
    policy, _, _ = worked(list(three(700, right=(0.75, 0.9, 0.92))), EVERY, labels=160, eps=0.06)
    certificate = policy.certificate
    assert policy.certified is True
    assert certificate is not None
    assert certificate["delta"] == pytest.approx(0.05), "not divided by three"
    passed = certificate["tests"][:-1] or certificate["tests"]
    for test in passed:
        assert test["p"] == max(one["p"] for one in test["singles"].values())
    assert list(passed[0]["singles"]) == list(RUNGS)
    assert "any single one of small, medium and large" in certificate["pairs"]["bounds"]


@pytest.mark.slow
def test_a_policy_near_a_last_rung_that_is_not_the_best_is_never_certified_against_every_one() -> None:
    samples = list(three(900))
    right = {rung: np.mean([one.recordings[rung].correct for one in samples]) for rung in RUNGS}
    assert right["medium"] - right["large"] > 0.05
    assert worked(samples, None, labels=200, eps=0.03)[0].certified is True
    every, _, _ = worked(samples, EVERY, labels=200, eps=0.03)
    assert every.certified is False or all("medium" in point.rungs for point in every.points)


def test_a_comparison_with_a_single_model_takes_labels_only_where_something_differs_from_the_reference() -> None:
    run = PairedRun(list(three(200)), RUNGS, MaxLoss(0.05), LabelBudget(labels=60), verifiers=["sure"])
    layout = run.tasks["sums"].layout
    pairs = pairs_of_labels(layout)
    truth = layout.table.correct[pairs.index]
    sparse = replace(layout, table=layout.table.relabelled(
        np.where(np.isin(np.arange(len(layout.table)), pairs.index[pairs.any_differs])[:, None], layout.table.correct,
                 np.nan)))  # fmt: skip
    against = pairs_against(sparse, pairs_of_labels(sparse), 0)
    known = against.gain - against.harm
    assert not np.isnan(known).any()
    assert np.allclose(known, truth - truth[:, [0]])
