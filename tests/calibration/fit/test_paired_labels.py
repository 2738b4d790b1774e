"""Certified with labels only where answers differ: learnt from them, walked down with flagged rows, audited."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration import Best, calibrate
from calibration.certify.looks import Looks, level
from calibration.fit.paired.fit import LabelBudget, PairedOptions, fix_draws
from calibration.fit.paired.task import PairedTask
from calibration.pages.blocks import block
from calibration.samples.audit import Audit, audit_size
from calibration.samples.layout import Layout, lay_out_tasks
from calibration.samples.recorded import recorded_ladder
from calibration.samples.sameness import Sameness
from calibration.stats.risk import choose_stake, staked_p
from calibration.targets.bound import MaxDisagreement, MaxLoss
from cascade.clients.scripted import scripted
from cascade.errors import DataError
from cascade.exchange import Request
from cascade.policy.policy import TaskPolicy
from cascade.samples.sample import Recording, Sample
from cascade.verdict import Verdict

RUNGS = ("small", "large")


def traffic(
    n: int, *, seed: int = 0, same: float = 0.8, conflict: float = 0.0, session: int = 0, grades: bool = False
) -> Iterator[Sample]:
    """Yield labelled recordings: where the two differ, `sure` is low and the small one is mostly wrong."""
    rng = np.random.default_rng(seed)
    for i in range(n):
        alike = bool(rng.random() < same)
        right = bool(rng.random() < (0.9 if alike else 0.7))
        own = right if alike else bool(rng.random() < 0.25)
        other = alike and bool(rng.random() < conflict)
        sure = float(np.clip(rng.normal(0.75 if alike else 0.4, 0.12), 0.0, 1.0))
        labels = {"small": float(own != other), "large": float(right)}
        if grades and not alike:
            labels = {"small": float(rng.uniform(0.0, 0.6)), "large": float(rng.uniform(0.3, 1.0))}
        yield Sample(
            request=Request.of(
                f"What is {i} + {seed}?", id=f"r-{seed}-{i}", task="sums",
                session=f"s-{i // session}" if session else None,
            ),
            recordings={
                rung: Recording(
                    rung=rung, model=f"test/{rung}", response=scripted(text, cost_usd=usd), correct=labels[rung],
                    label_source="human", verdicts={"sure": Verdict(name="sure", score=sure, source="recorded")},
                )
                for rung, text, usd in (("small", "7" if alike else "8", 0.001), ("large", "The answer is 7.", 0.01))
            },
        )  # fmt: skip


def laid(samples: list[Sample]) -> Layout:
    ladder = recorded_ladder(samples, RUNGS, ["sure"])
    return lay_out_tasks(samples, ladder, {"sums": len(samples)}, {}, sameness=Sameness(), contents=True)["sums"]


def options(eps: float = 0.05, labels: int = 60, **more: object) -> PairedOptions:
    return PairedOptions(
        bound=MaxLoss(eps), sameness=Sameness(), budget=LabelBudget(labels=labels, **more)  # type: ignore[arg-type]
    )  # fmt: skip


def labelled(task: PairedTask, truth: np.ndarray, *, untold: float = 0.0) -> dict[str, int]:
    """Answer a task's queues until they are empty; of `untold` rows nobody can tell. Return the rows by part."""
    known, asked, counts = np.full_like(truth, np.nan), np.zeros(truth.shape, dtype=bool), {}
    rng = np.random.default_rng(3)
    while (queue := task.queue(asked)) is not None:
        for part, n in queue.parts.items():
            counts[part] = counts.get(part, 0) + n
        told = queue.cells & (rng.random(len(truth)) >= untold)[:, None]
        known, asked = np.where(told, truth, known), asked | queue.cells
        task.label(known)
    return counts


def worked(layout: Layout, looks: Looks | None = None, *, untold: float = 0.0, **more: object) -> tuple[
    TaskPolicy, dict[str, int]
]:  # fmt: skip
    truth = layout.table.correct
    hidden = replace(layout, table=layout.table.relabelled(np.full_like(truth, np.nan)))
    task = PairedTask(hidden, options(**more), Looks() if looks is None else looks)  # type: ignore[arg-type]
    counts = labelled(task, truth, untold=untold)
    return task.certify(), counts


@pytest.fixture(scope="module")
def rows() -> Layout:
    return laid(list(traffic(900)))


def test_a_few_labels_where_answers_differ_certify_a_cheaper_policy(rows: Layout) -> None:
    policy, counts = worked(rows)
    assert policy.certified is True
    assert policy.measured["cost_vs_top"] < 0.6
    assert policy.confidence_means == "P(no harm)"
    assert ("confidence", "P(no harm): the answer is no less right than the reference's") in block(policy)
    assert counts["learn"] == 30
    assert counts["learn"] + counts.get("certify", 0) <= 60
    assert policy.certificate is not None
    assert policy.certificate["delta"] == pytest.approx(level(0.1, 1))
    assert policy.certificate["pairs"]["audit"]["labelled"] == 40


def test_all_labels_at_hand_certify_the_same_policy_as_the_labels_that_were_asked_for(rows: Layout) -> None:
    asked, _ = worked(rows)
    given_all = PairedTask(rows, options(), Looks()).certify()
    assert given_all.points == asked.points


def test_what_nobody_can_tell_counts_as_harmed_and_is_said(rows: Layout) -> None:
    policy, _ = worked(rows, untold=0.3)
    whole, _ = worked(rows)
    assert policy.certificate is not None
    assert whole.certificate is not None
    steps = zip(policy.certificate["tests"], whole.certificate["tests"], strict=False)
    assert any(one["unlabelled"] > 0 for one, _ in steps)
    none, _ = worked(rows, untold=0.97)
    assert none.certified is False or "count as harmed" in json.dumps(none.certificate)


def test_quality_comes_from_the_audit_and_below_thirty_rows_it_is_unknown(rows: Layout) -> None:
    few, _ = worked(rows, audit=20)
    assert few.measured["accuracy"]["value"] is None
    assert few.measured["accuracy_top"] is None
    some, _ = worked(rows, audit=200)
    truth = float(rows.table.correct[:, -1].mean())
    assert some.measured["accuracy_top"] == pytest.approx(truth, abs=0.08)


def test_the_same_value_with_another_label_refuses_the_certificate() -> None:
    policy, _ = worked(laid(list(traffic(900, conflict=0.2))))
    assert policy.certified is False
    assert policy.why is not None
    assert "another label" in policy.why


def test_its_place_against_the_hull_of_single_models_is_that_of_the_audit(rows: Layout) -> None:
    few, _ = worked(rows, audit=20)
    assert few.measured["hull"] is None
    some, _ = worked(rows, audit=200)
    hull = some.measured["hull"]
    assert hull["n"] == some.measured["audit"]["n"]
    assert hull["accuracy"] == pytest.approx(some.measured["accuracy"]["value"])
    right = {one["rung"]: one["accuracy"]["value"] for one in some.measured["singles"]}
    assert hull["mix_accuracy"] == pytest.approx(sum(share * right[rung] for rung, share in hull["mix"].items()))


def test_the_audits_bound_is_taken_off_and_takes_hundreds_of_labels(rows: Layout) -> None:
    assert audit_size(0.05, 0.01) == 182
    short, _ = worked(rows, audit_bound=True)
    assert short.certified is False
    policy, _ = worked(rows, audit=400, audit_bound=True, eps=0.06)
    assert policy.certificate is not None
    assert policy.certificate["pairs"]["tested_bound"] < 0.06
    assert policy.certificate["delta"] == pytest.approx(0.8 * level(0.1, 1))


def test_other_candidates_on_the_same_rows_are_a_further_look(rows: Layout) -> None:
    looks = Looks()
    for _ in range(2):
        worked(rows, looks)
    assert len(looks.tasks["sums"]) == 1
    policy, _ = worked(rows, looks, labels=90)
    assert policy.certificate is not None
    assert policy.certificate["pairs"]["look"] == 2


def test_graded_labels_are_bet_on_at_a_stake_that_is_fixed_before() -> None:
    policy, _ = worked(laid(list(traffic(900, grades=True))))
    assert policy.certificate is not None
    assert "stake" in policy.certificate["method"]


def test_a_session_counts_once() -> None:
    policy, _ = worked(laid(list(traffic(900, session=3))))
    assert policy.certificate is not None
    assert policy.certificate["unit"] == "group"
    assert policy.certificate["n"] < 250


def test_calibrate_takes_the_same_way_where_a_budget_is_given() -> None:
    samples = list(traffic(500))
    policy = calibrate(samples, RUNGS, target=MaxLoss(0.08), verifiers=["sure"], budget=LabelBudget(labels=60))
    task = policy.tasks["sums"]
    assert task.certified is True
    assert task.certificate is not None
    assert task.certificate["label_sources"] == ["human"]
    twice = calibrate(samples, RUNGS, target=MaxDisagreement(0.1), verifiers=["sure"], budget=LabelBudget(labels=60))
    assert "pairs" not in (twice.tasks["sums"].certificate or {})


def test_the_best_accuracy_at_the_references_cost_learns_from_all_labels_and_certifies_nothing(rows: Layout) -> None:
    asked = replace(options(labels=40), bound=Best())
    truth = rows.table.correct
    task = PairedTask(
        replace(rows, table=rows.table.relabelled(np.full_like(truth, np.nan))), asked, looks := Looks()
    )  # fmt: skip
    counts = labelled(task, truth)
    policy = task.certify()
    assert counts["learn"] == 40
    assert "certify" not in counts
    assert (policy.certified, policy.certificate, looks.tasks) == (None, None, {})
    assert policy.measured["cost_vs_top"] <= 1.0 + 1e-9
    assert policy.measured["audit"]["n"] == 40
    given_all = calibrate(
        list(traffic(300)), RUNGS, target=Best(), verifiers=["sure"], budget=LabelBudget(labels=40), choose_rungs=True
    )
    assert given_all.tasks["sums"].confidence_means == "P(no harm)"


def test_labels_of_a_judge_are_never_called_a_loss() -> None:
    samples = [
        replace(one, recordings={
            name: replace(recording, label_source="judge:gpt-x") for name, recording in one.recordings.items()
        })
        for one in traffic(300)
    ]  # fmt: skip
    policy = calibrate(samples, RUNGS, target=MaxLoss(0.1), verifiers=["sure"], budget=LabelBudget(labels=60))
    certificate = policy.tasks["sums"].certificate
    assert certificate is not None
    assert "as gpt-x judges" in certificate["pairs"]["bounds"]


def test_without_any_label_it_says_which_are_missing() -> None:
    bare = [
        replace(one, recordings={
            name: replace(recording, correct=None, label_source=None) for name, recording in one.recordings.items()
        })
        for one in traffic(300)
    ]  # fmt: skip
    with pytest.raises(DataError, match="cascade certify"):
        calibrate(bare, RUNGS, target=MaxLoss(0.1), verifiers=["sure"], budget=LabelBudget(labels=60))


@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]), min_size=1, max_size=40), st.data())
def test_a_staked_p_value_never_grows_when_a_row_turns_out_less_harmed(
    losses: list[float], data: st.DataObject
) -> None:
    x = np.array(losses)
    better = x.copy()
    better[data.draw(st.integers(0, len(x) - 1))] -= data.draw(st.sampled_from([0.0, 0.5]))
    better = np.maximum(better, -1.0)
    stake = choose_stake(x, 0.02, low=-1.0)
    assert staked_p(better, 0.02, stake=stake, low=-1.0) <= staked_p(x, 0.02, stake=stake, low=-1.0) + 1e-12


def test_the_draws_are_as_many_as_the_labels_suffice_for_nine_times_of_ten() -> None:
    assert fix_draws(20, 200, 30, 10_000) < 300
    assert fix_draws(0, 200, 30, 1_000) == 1_000
    assert fix_draws(200, 200, 0, 50) == 1
    rng = np.random.default_rng(0)
    draws = fix_draws(20, 200, 30, 10_000)
    flagged = rng.binomial(draws, rng.beta(20.5, 180.5, 4000))
    assert float((flagged <= 30).mean()) == pytest.approx(0.9, abs=0.03)


def test_two_conflicts_of_forty_are_too_many_and_one_is_not() -> None:
    assert Audit(drawn=40, labelled=40, compared=40, conflicts=1).refuses is False
    assert Audit(drawn=40, labelled=40, compared=40, conflicts=3).refuses is True
