"""The promise of a disagreement that a judge tells, by repetition: what people call the same keeps the bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calibration.certify.looks import Looks
from calibration.fit.paired.fit import PairedOptions
from calibration.fit.paired.task import PairedTask
from calibration.samples.checks import Checks
from calibration.samples.layout import Layout
from calibration.samples.sameness import Sameness
from calibration.stats.risk import binomial_p
from calibration.targets.bound import MaxDisagreement
from tests.calibration.fit.test_paired_validity import drawn, pool, true_loss

DELTA = 0.1


class TwoHundred:
    """Asks for 200 checks; what was said stands in the layout already."""

    wanted = 200

    def said(self, *_: object) -> None:
        """Say nothing."""

    def ask(self, *_: object) -> None:
        """Take nothing."""


def judged(share: float) -> tuple[Layout, Layout]:
    """Return a pool as people see it, and as a judge that calls that share of what differs the same."""
    people = pool()
    assert people.same is not None
    wrong = ~people.same & (np.random.default_rng(4).random(people.same.shape) < share)
    differs = people.table.relabelled(np.where(people.same, 1.0, 0.0))
    same = people.same | wrong
    return replace(people, table=differs), replace(
        people, same=same, alike=np.zeros_like(same), checked=people.same.astype(np.float64)
    )


def broken(share: float, eps: float, draws: int) -> tuple[int, int]:
    """Return in how many draws a certified policy differs on more than the bound as people see it, and is cheaper."""
    people, seen = judged(share)
    assert seen.checked is not None
    # Beside each row stands what people say, so that it is drawn with it.
    both = replace(seen, unsure=None, table=replace(seen.table, correct=seen.checked))
    wrong = cheaper = 0
    for number in range(draws):
        layout = drawn(both, 800, np.random.default_rng(number))
        layout = replace(layout, checked=layout.table.correct)
        options = PairedOptions(
            bound=MaxDisagreement(eps, 1.0 - DELTA), sameness=Sameness(name="judge:made", checks=TwoHundred())
        )
        policy = PairedTask(layout, options, Looks()).certify()
        cheaper += bool(policy.certified)
        wrong += bool(policy.certified) and true_loss(policy, people) > eps
    return wrong, cheaper


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, 0.1, 0.3])
def test_a_judge_that_is_wrong_keeps_the_bound_as_people_see_it(share: float) -> None:
    draws = 200
    wrong, cheaper = broken(share, 0.12, draws)
    assert cheaper > draws / 20 or share > 0.2, "nothing was tested: the policy is always the safest"
    assert wrong / draws <= DELTA + 2.0 * (DELTA * (1.0 - DELTA) / draws) ** 0.5


def test_a_policy_exactly_at_the_bound_passes_no_more_often_than_promised() -> None:
    """Whatever part of the bound is the judge's mistakes: none, half, or all of it but a little."""
    rng, n, eps, draws = np.random.default_rng(7), 600, 0.1, 3000
    for share in (0.0, 0.5, 0.9):
        false, texts = share * eps, 0.7
        wrong = rng.binomial(200, false / texts, draws)
        differing = rng.binomial(900, texts, draws)
        seen = rng.binomial(n, eps - false, draws)
        tops = [
            Checks(
                wanted=200, drawn=200, checked=200, wrong=int(w), missed=0, units=900, differing=int(d)
            ).upper(DELTA / 2)
            for w, d in zip(wrong, differing, strict=True)
        ]  # fmt: skip
        passed = [
            top < eps and float(binomial_p(count, n, eps - top)) <= DELTA / 2
            for count, top in zip(seen, tops, strict=True)
        ]
        assert np.mean(passed) <= DELTA
        assert np.mean([top >= false for top in tops]) >= 1 - DELTA / 2 - 0.01
