"""A bound that every value of a tag has to keep: quick shapes, and the promise by repetition."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from calibration import Best, ExpectedLoss, MaxDisagreement, MaxError, MaxLoss, calibrate
from calibration.certify.each_slice import EachSlice
from calibration.certify.hypothesis_tests import Trial
from calibration.certify.joint import _by_slice
from calibration.certify.looks import Looks
from calibration.certify.paired import PairedTester
from calibration.fit.paired.fit import LabelBudget, PairedOptions, part_rows
from calibration.fit.paired.task import PairedTask
from calibration.samples.layout import Layout
from calibration.samples.sameness import Sameness
from calibration.targets.bound import Jointly
from cascade.errors import ConfigError
from cascade.exchange import Response
from cascade.policy.policy import TaskPolicy
from cascade.samples.jsonl import sample_of
from cascade.samples.sample import Sample
from tests.calibration.fit.test_paired_validity import drawn, pool
from tests.cascade.cli.conftest import write_lines
from tests.cascade.conftest import cli, folder  # noqa: F401 - fixtures

EPS, DELTA = 0.1, 0.1
SLICES, ELSE = 6, 0.01
"""Slices of a pool, and the share that differs in those that are not at the bound."""


def rows(n: int, wrong: float, language: str | None, *, seed: int = 0, unsure: float = 0.7) -> list[dict[str, Any]]:
    """Return recordings in one language; the small model is wrong in a share, and hedges most of these."""
    rng, made = np.random.default_rng([seed, n]), []
    for i in range(n):
        errs, number = rng.random() < wrong, 1000 + i  # answers of one length: no feature tells the slices apart
        text = f"The answer is {number + errs}."
        if errs and rng.random() < unsure:
            text = f"I am not sure, but perhaps it is {number + 1}."
        recordings = [
            {"rung": "small", "model": "small", "content": text, "cost_usd": 0.001, "correct": float(not errs)},
            {
                "rung": "large",
                "model": "large",
                "content": f"The answer is {number}.",
                "cost_usd": 0.01,
                "correct": 1.0,
            },
        ]
        line = {"id": f"{language}-{i}", "task": "sums", "prompt": f"{language} {i}", "recordings": recordings}
        made.append(line if language is None else {**line, "tags": {"language": language}})
    return made


def samples(*parts: list[dict[str, Any]]) -> list[Sample]:
    return [sample_of(line) for part in parts for line in part]


def fit(found: list[Sample], target: Any = None, **more: Any) -> TaskPolicy:
    target = MaxDisagreement(EPS) if target is None else target
    return calibrate(found, ("small", "large"), target=target, each="language", **more).tasks["sums"]


def outcomes(task: TaskPolicy) -> dict[str, str]:
    assert task.certificate is not None
    return {name: one["outcome"] for name, one in task.certificate["each"]["slices"].items()}


TARGETS = [MaxDisagreement(EPS), MaxLoss(EPS), MaxError(EPS), Jointly(MaxLoss(EPS), MaxError(EPS))]


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: type(target).__name__)
def test_it_is_certified_where_every_slice_passes_and_the_certificate_has_them_all(target: Any) -> None:
    task = fit(samples(rows(400, 0.1, "en"), rows(300, 0.1, "de", seed=1)), target)
    assert task.certified
    assert outcomes(task) == {"de": "pass", "en": "pass"}
    assert json.loads(json.dumps(task.certificate))["each"]["tag"] == "language"


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: type(target).__name__)
def test_one_slice_that_breaks_the_bound_is_named_though_the_whole_keeps_it(target: Any) -> None:
    found = samples(rows(1200, 0.01, "en"), rows(60, 1.0, "fr", seed=1, unsure=0.0))
    assert calibrate(found, ("small", "large"), target=target).tasks["sums"].certified
    task = fit(found, target)
    assert not task.certified
    assert outcomes(task)["fr"] != "pass"
    assert task.why is not None
    assert "tag.language" in task.why
    assert "fr" in task.why
    assert [point.rungs for point in task.points] == [("large",)]


@pytest.mark.parametrize("n", [1, 5, 20])
@pytest.mark.parametrize("target", TARGETS[:2], ids=lambda target: type(target).__name__)
def test_a_slice_that_is_too_small_is_undecided_and_nothing_is_certified(n: int, target: Any) -> None:
    task = fit(samples(rows(800, 0.05, "en"), rows(n, 0.0, None)), target)
    assert not task.certified
    assert outcomes(task)["(none)"] == "undecided"
    assert "(none) is undecided" in (task.why or "")


def test_naming_slices_divides_delta_over_them() -> None:
    many = [rows(70, 0.02, f"l{i}", seed=i) for i in range(8)]
    task = fit(samples(rows(900, 0.02, "en"), *many))
    assert task.certificate is not None
    slices = task.certificate["each"]["slices"]
    level = task.certificate["delta"]
    assert all(one["holds_by_name"] == (one["p"] <= level / 9) for one in slices.values() if one["outcome"] == "pass")
    assert slices["en"]["holds_by_name"]


def test_a_slice_is_named_only_if_each_of_several_bounds_names_it() -> None:
    """At an earlier step the bound that is tightest at the last one may have passed with ease, and another one not."""

    class Rows:
        drawn = range(500)

    class One:
        rows, bound, delta = Rows(), MaxLoss(EPS), DELTA

    def trial(p: float) -> Trial:
        return Trial(p=p, accepted=0, risk=p)

    # Two slices: en by both bounds, then de by both.
    names, testers = ["en", "de", "en", "de"], [One()] * 4
    steps = [[trial(p) for p in row] for row in ([0.09, 0.001, 0.001, 0.001], [0.001, 0.001, 0.02, 0.002])]
    found = _by_slice(names, testers, steps)  # type: ignore[arg-type]  # what it reads of a tester
    assert {name: one["outcome"] for name, one in found.items()} == {"en": "pass", "de": "pass"}
    assert {name: one["holds_by_name"] for name, one in found.items()} == {"en": False, "de": True}
    assert [found["en"][name] for name in ("p", "risk")] == [0.02, 0.02]


def test_an_aim_has_no_slices() -> None:
    with pytest.raises(ConfigError, match=r"tag\.language"):
        fit(samples(rows(200, 0.1, "en")), ExpectedLoss(0.02))


def test_the_commands_say_it_and_refuse_what_is_no_tag(cli: Any, folder: Any) -> None:  # noqa: F811
    write_lines(folder / "s.jsonl", [*rows(400, 0.1, "en"), *rows(300, 0.1, "de", seed=1)])
    given = ("s.jsonl", "--rungs", "small,large", "--verifiers", "hedging")
    done = cli("calibrate", *given, "--max-disagreement", EPS, "--each", "tag.language")
    assert done.exit_code == 0, done.stderr
    assert "pass: de, en" in done.stdout
    labels = ("--max-loss", EPS, "--labels", 80, "--by", "queue.csv", "--each", "tag.language")
    done = cli("certify", *given, *labels, "--json")
    assert done.exit_code == 0, done.stderr
    certificate = json.loads(done.stdout)["tasks"]["sums"]["certificate"]
    assert set(certificate["each"]["slices"]) == {"de", "en"}
    for more in (("--max-disagreement", EPS, "--each", "language"), ("--target-loss", EPS, "--each", "tag.language")):
        assert cli("calibrate", *given, *more).exit_code == 2
    loss, same = (
        ("certify", *given, *labels),
        ("calibrate", *given, "--max-disagreement", EPS, "--each", "tag.language"),
    )
    for before, more in (
        (loss, ("--person", 40)),
        (loss, ("--audit-bound",)),
        (same, ("--same", "judge", "--judge-model", "judge")),
    ):
        done = cli(*before, *more)
        assert done.exit_code == 2
        assert f"--each was given with {' '.join(map(str, more[:2])).removesuffix(' 40')};" in done.stderr


def test_what_is_bounded_over_all_requests_is_no_bound_in_each_slice() -> None:
    """A share of all rows says little of a slice: it may have all of them."""
    bound, sameness = MaxLoss(EPS), Sameness()
    for more in (
        {"budget": LabelBudget(labels=50, audit_bound=True)},
        {"budget": LabelBudget(labels=50, person=20)},
        {"every": True},
        {"bound": Best()},
        {"sameness": replace(sameness, checks=Checked())},
    ):
        with pytest.raises(ConfigError, match=r"tag\.language, beside .* Leave one of them out"):
            PairedOptions(**{"bound": bound, "sameness": sameness, "each": "language", **more})


class Checked:
    wanted = 50

    def said(self, sample: Sample, rung: str, top: Response) -> float | None:
        return None

    def ask(self, task: str, ids: Sequence[str]) -> None:
        """Nothing is asked."""


def sliced(whole: Layout, hard: float, rng: np.random.Generator) -> Layout:
    """Return a pool in which a quarter of the rows, and a share of those that differ, are the slice `hard`."""
    assert whole.same is not None
    chance = np.where(whole.same[:, 0], 0.25 - 0.25 * hard, 0.25 + 0.75 * hard)
    return replace(whole, slices=tuple(np.where(rng.random(len(chance)) < chance, "hard", "easy").tolist()))


def accepting(policy: TaskPolicy, whole: Layout) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the probability that the small rung serves each row of a pool, ties and mixes in expectation."""
    total = np.zeros(len(whole.table))
    for point in policy.points:
        if point.rungs[0] != whole.table.rungs[0]:
            continue
        accepted = np.ones(len(total))
        if len(point.rungs) > 1:
            found = point.combiners["small"].confidences(whole.table.rows["small"], whole.table.names["small"])
            cut = point.thresholds[0]
            accepted = np.where(found < cut.t, 0.0, np.where(found == cut.t, 1.0 - cut.g, 1.0))
        total += point.weight * accepted
    return total


def worst(policy: TaskPolicy, whole: Layout, values: np.ndarray[Any, Any], slices: Sequence[str]) -> float:
    """Return the greatest mean of what serving the small rung costs, over the slices of a pool."""
    spent, named = accepting(policy, whole) * values, np.array(slices)
    return max(float(spent[named == one].mean()) for one in set(slices))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "eps"), [("same", 0.1), ("loss", 0.06)])
def test_the_whole_way_certifies_no_policy_that_some_slice_does_not_keep_more_often_than_said(
    kind: str, eps: float
) -> None:
    draws, rng = 200, np.random.default_rng(11)
    whole = sliced(pool(), 0.3, rng)
    assert whole.same is not None
    correct = whole.table.correct
    values = 1.0 - whole.same[:, 0] if kind == "same" else correct[:, 1] - correct[:, 0]
    budget = None if kind == "same" else LabelBudget(labels=200, audit=0)
    bound = MaxDisagreement(eps, 1.0 - DELTA) if kind == "same" else MaxLoss(eps, 1.0 - DELTA)
    broken = certified = 0
    for _ in range(draws):
        layout = at_rows(whole, rng.integers(0, len(whole.table), 500), rng)
        options = PairedOptions(bound=bound, sameness=Sameness(), budget=budget, each="language")
        task = PairedTask(layout, options, Looks())
        if budget is not None:
            task.label(layout.table.correct)
        policy = task.certify()
        certified += bool(policy.certified)
        broken += bool(policy.certified) and worst(policy, whole, np.asarray(values), whole.slices) > eps
    assert certified / draws > 0.2, "else nothing is shown"
    assert broken / draws <= DELTA + 3.0 * np.sqrt(DELTA * (1.0 - DELTA) / draws)


def six_slices(at_bound: int) -> tuple[EachSlice, np.ndarray[Any, np.dtype[np.float64]]]:
    """Return a pool's certifying rows in six slices, and how often each row differs; `at_bound` slices are at it."""
    layout = pool()
    layout = replace(layout, slices=tuple(f"s{i % SLICES}" for i in range(len(layout.table))))
    held = part_rows(layout, PairedOptions(bound=MaxDisagreement(EPS), sameness=Sameness())).held
    whole = PairedTester(
        pairs=held, bound=MaxDisagreement(EPS), eps=EPS, delta=DELTA, salt="s", drawn=np.arange(len(held.table))
    )  # fmt: skip
    mine = [layout.slices[int(i)] for i in held.index]
    rate = np.array([EPS * 1.0001 if int(one[1]) < at_bound else ELSE for one in mine])
    return EachSlice.of(whole, "x", mine, sorted(set(mine))), rate


@pytest.mark.slow
@pytest.mark.parametrize("at_bound", [1, 6])
def test_slices_exactly_at_the_bound_pass_and_are_named_no_more_often_than_said(at_bound: int) -> None:
    """Of 3,000 draws; with one slice at the bound all pass in at most δ, with six at it any is named in at most δ."""
    rng, draws = np.random.default_rng(3), 3000
    each, rate = six_slices(at_bound)
    passed = named = 0
    for _ in range(draws):
        losses = (rng.random(len(rate)) < rate).astype(float)
        passed += each.p_value((), losses) <= DELTA
        p = [one.p_value((), losses[rows]) for name, (rows, one) in each.parts.items() if int(name[1]) < at_bound]
        named += min(p) <= DELTA / SLICES
    noise = 3.0 * np.sqrt(DELTA * (1.0 - DELTA) / draws)
    assert passed / draws <= DELTA + noise
    assert named / draws <= DELTA + noise
    if at_bound == 1:
        assert passed / draws > 0.02, "else nothing is shown"


def at_rows(whole: Layout, at: np.ndarray[Any, Any], rng: np.random.Generator) -> Layout:
    """Return rows of a pool as a layout of their own, with their slices."""
    numbered = replace(whole, contents=tuple(map(str, range(len(whole.table)))))
    state = np.random.default_rng(int(rng.integers(1 << 40)))
    found = drawn(numbered, len(at), state)
    return replace(found, slices=tuple(whole.slices[int(one.rpartition("-")[2])] for one in found.contents))
