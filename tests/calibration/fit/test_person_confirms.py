"""A person's labels of a part of the flagged rows: a loss is certified where a judge labelled, whatever it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from calibration.certify.label_walk import wanted_labels
from calibration.certify.looks import Looks
from calibration.certify.paired import PairedTester
from calibration.certify.person_tester import PersonTester, person_share, pick_rows
from calibration.fit.paired.fit import LabelBudget
from calibration.fit.paired.run import PairedRun
from calibration.samples.pairs import Pairs
from calibration.samples.same_split import split_same
from calibration.targets.bound import MaxLoss
from cascade.errors import DataError
from cascade.labelling.annotation import JUDGED
from cascade.policy.operating_point import OperatingPoint, Threshold
from cascade.policy.policy import TaskPolicy
from cascade.samples.sample import Recording, Sample
from tests.calibration.fit.test_paired_labels import RUNGS, traffic
from tests.synthetic import SURE, table_of

EPS, DELTA = 0.05, 0.1
POINT = (OperatingPoint(rungs=("r0", "top"), thresholds=(Threshold(t=0.0, g=0.0),), combiners={"r0": SURE}),)


def passes(draws: int, *, loss: float, share: float, fooled: float = 0.0, untold: float = 0.0, size: int = 400) -> int:
    """Return how often a fixed policy passes whose true loss is `loss`; of harmed rows the judge misses `fooled`."""
    rng, passed = np.random.default_rng(4), 0
    table, none = table_of(np.full((size, 1), 0.5), np.ones((size, 2))), np.zeros((size, 1))

    def pairs_of(outcome: np.ndarray, mark: int, told: np.ndarray | None = None) -> Pairs:
        flagged = outcome > 0
        missing = flagged & ~told[:, None] if told is not None else np.zeros_like(flagged)
        harm, gain = (np.where(missing, np.nan, outcome == kind) for kind in (1, 2))
        return Pairs(
            index=np.arange(size), table=replace(table, ids=tuple(f"{mark}-{i}" for i in range(size))),
            differs=np.hstack([flagged, none > 0]), split=split_same("made", [f"{mark}.{i}" for i in range(size)],
                                                                     [None] * size),
            labelled=True, harm=np.hstack([harm, none]), gain=np.hstack([gain, none]), no_reference=0,
            only_reference=0,
        )  # fmt: skip

    def outcomes() -> tuple[np.ndarray, np.ndarray]:
        truth = rng.choice(4, (size, 1), p=[0.84 - loss, 0.04 + loss, 0.04, 0.08])  # same, harmed, gained, as good
        said = np.where((truth == 1) & (rng.random((size, 1)) < fooled), rng.integers(2, 4, (size, 1)), truth)
        return truth, said

    for mark in range(draws):
        learnt = pairs_of(outcomes()[1], -mark - 1)
        truth, said = outcomes()
        judge = PairedTester(pairs=pairs_of(said, mark), bound=MaxLoss(EPS), eps=EPS, delta=DELTA, salt="s",
                             drawn=np.arange(size))  # fmt: skip
        picked, told = pick_rows(judge.pairs, share), rng.random(size) >= untold
        asked = np.zeros(size, dtype=bool)

        def tester(seen: np.ndarray) -> PersonTester:
            person = replace(judge, pairs=pairs_of(truth, mark, seen))  # noqa: B023 - used in this draw
            return PersonTester(judged=judge, person=person, learnt=learnt, picked=picked, share=share)  # noqa: B023

        while (rows := wanted_labels(tester(asked & told), [POINT], asked=asked, most=size)).size:
            asked[rows] = True
        assert not (asked & ~picked).any(), "only rows that were drawn are asked"
        passed += tester(asked & told).test(POINT).p <= DELTA
    return passed


def test_a_judge_in_the_cascades_favour_does_not_make_a_policy_pass_that_loses_the_bound() -> None:
    assert passes(12, loss=EPS, share=0.5, fooled=0.9) <= 4, "with probability .99 at most 4 of 12"
    assert passes(6, loss=0.0, share=0.7) >= 5, "and a policy that loses nothing passes"
    assert passes(3, loss=0.0, share=0.5, untold=0.7) == 0, "drawn and not told is harmed"


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.3, 0.6, 1.0])
@pytest.mark.parametrize("fooled", [0.0, 1.0])
def test_at_the_bound_the_level_holds_whatever_the_judge_says(share: float, fooled: float) -> None:
    draws = 300
    assert passes(draws, loss=EPS, share=share, fooled=fooled) / draws <= (
        DELTA + 2.0 * (DELTA * (1.0 - DELTA) / draws) ** 0.5
    )


def told_by(who: str, sample: Sample, rungs: Sequence[str], now: Sample, *, bias: float = 0.0) -> Sample:
    """Return a sample with labels of some rungs, as a judge or a person gives them and the command keeps them."""
    own: dict[str, Recording] = dict(now.recordings)
    for rung in rungs:
        right = float(sample.recordings[rung].correct or 0.0)
        old = own[rung]
        if who == "judge":
            said = 1.0 if rung == "small" and np.random.default_rng(len(sample.request.id)).random() < bias else right
            own[rung] = replace(old, correct=said, label_source="judge:m")
        else:
            kept = {JUDGED: {"judge:m": old.correct}} if old.correct is not None else {}
            own[rung] = replace(old, correct=right, label_source="human", extra={**old.extra, **kept})
    return replace(now, recordings=own)


def unsure(n: int, *, same: float = 0.85) -> list[Sample]:
    """Return recordings whose `sure` says little, so that what is served differs now and then."""
    rng = np.random.default_rng(7)
    return [
        replace(one, recordings={name: replace(own, verdicts={"sure": replace(
            own.verdicts["sure"], score=float(np.clip(own.verdicts["sure"].score + noise, 0.0, 1.0)))})  # type: ignore[operator]
            for name, own in one.recordings.items()})
        for one, noise in zip(traffic(n, same=same), rng.normal(0.0, 0.3, n), strict=True)
    ]  # fmt: skip


def worked(samples: Sequence[Sample], person: int, *, bias: float = 0.0) -> tuple[TaskPolicy, int, PairedRun]:
    """Have a judge label what it is asked for, then a person what is left; return how many rows the person labelled."""
    truth = {one.key: one for one in samples}
    bare = [replace(one, recordings={name: replace(own, correct=None, label_source=None)
                                     for name, own in one.recordings.items()}) for one in samples]  # fmt: skip
    run = PairedRun(bare, RUNGS, MaxLoss(0.12), LabelBudget(labels=150, audit=30, person=person), verifiers=["sure"],
                    looks=Looks())  # fmt: skip
    rows = 0
    for who in ("judge", "person"):
        judge = who == "judge"
        while found := run.queue(judge=judge)[1]:
            now = {one.key: one for one in run.samples}
            run.label({
                one.sample.key: told_by(who, truth[one.sample.key], [r for a in one.answers for r in a],
                                        now[one.sample.key], bias=bias)
                for one in found
            })  # fmt: skip
            rows += 0 if judge else len(found)
    return run.policy().tasks["sums"], rows, run


def test_only_after_a_persons_subsample_is_a_loss_printed_and_the_share_was_fixed_before() -> None:
    policy, rows, run = worked(unsure(300, same=0.65), 12)
    certificate = policy.certificate
    assert certificate is not None
    assert policy.certified is True
    assert 0 < rows <= 20
    assert "the accuracy is at most 12 points below" in certificate["pairs"]["bounds"]
    assert certificate["label_sources"] == ["human"]
    assert certificate["pairs"]["person"]["judges"] == ["judge:m"]
    assert any("nowhere taken as right" in one for one in certificate["assumptions"])
    again = run.policy().tasks["sums"].certificate
    assert again == certificate
    assert again["pairs"]["look"] == 1


def test_a_person_cannot_confirm_before_the_judge_has_labelled_its_rows() -> None:
    samples = list(traffic(500))
    run = PairedRun([replace(one, recordings={
        name: replace(own, correct=own.correct if i < 420 else None, label_source="judge:m" if i < 420 else None)
        for name, own in one.recordings.items()}) for i, one in enumerate(samples)], RUNGS, MaxLoss(0.08),
        LabelBudget(labels=200, audit=0, person=30), verifiers=["sure"], looks=Looks())  # fmt: skip

    def all_by_a_person() -> None:
        while found := run.queue()[1]:
            now = {one.key: one for one in run.samples}
            run.label({one.sample.key: told_by("judge", one.sample, RUNGS, now[one.sample.key]) for one in found})

    with pytest.raises(DataError, match="--by judge"):
        all_by_a_person()


def test_all_flagged_rows_are_drawn_where_the_persons_labels_suffice() -> None:
    assert person_share(60, 0.1, 400) == 1.0
    assert person_share(20, 0.1, 400) == pytest.approx(0.5)
    assert person_share(20, 0.0, 400) == 1.0
