"""`cascade worth`: what verifiers add, and what an imagined one would buy."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from calibration.assess.imagined import imagine_verdicts
from calibration.combine.held_out import hold_out
from calibration.samples.recorded import recorded_ladder
from calibration.samples.table import lay_out
from cascade.samples.jsonl import sample_line
from tests.cascade.cli.conftest import write_lines
from tests.recordings import recorded_samples


@pytest.fixture
def asked(folder, cli):
    write_lines(folder / "samples.jsonl", [sample_line(one) for one in recorded_samples(300, seed=1)])
    return lambda *more: cli("worth", "samples.jsonl", "--rungs", "small,large", *more)


def test_each_verifier_is_shown_and_imagined_ones_by_what_they_may_cost(asked) -> None:
    ended = asked()
    assert ended.exit_code == 0, ended.stderr
    assert "adds to the others" in ended.stdout
    assert "none, as it is" in ended.stdout
    assert "AUROC 0.9" in ended.stdout
    assert "nothing of it is certified" in ended.stderr


def test_json_has_both_and_a_better_verdict_never_buys_less(asked) -> None:
    (task,) = json.loads(asked("--json", "--loss", "0.02").stdout)["tasks"].values()
    assert {one["rung"] for one in task["verifiers"]} == {"small"}
    assert [one["auroc"] for one in task["imagined"]] == [None, 0.7, 0.8, 0.9]
    costs = [one["cost_vs_top"] for one in task["imagined"]]
    assert costs == sorted(costs, reverse=True)
    assert all(one["saves_usd_per_request"] >= 0 for one in task["imagined"])


def test_a_verdict_at_chance_buys_nothing_and_a_perfect_one_what_an_oracle_does() -> None:
    rows = recorded_samples(300, seed=2)
    table = lay_out("sums", rows, recorded_ladder(rows, ("small", "large"), None))
    confidences = hold_out(table, seed=0)["small"]
    now, chance, perfect = imagine_verdicts(table, "small", confidences, loss=0.0, aurocs=(0.5, 0.999999), seed=0)
    assert chance.cost_vs_top == pytest.approx(now.cost_vs_top)
    right = table.correct[:, 0] >= table.correct[:, 1]
    dear, paid = table.answer_usd[:, 1], table.answer_usd[:, 0] + table.verifier_usd[:, 0]
    accepted = right & ~table.forced[:, 0]
    oracle = (paid.sum() + dear[~accepted].sum()) / dear.sum()
    assert perfect.cost_vs_top == pytest.approx(oracle, abs=0.12)
    assert np.isfinite(perfect.saves_usd_per_request)


def test_without_labels_of_both_rungs_nothing_is_imagined() -> None:
    rows = recorded_samples(50, seed=2)
    table = lay_out("sums", rows, recorded_ladder(rows, ("small", "large"), None))
    unknown = np.full(len(table), np.nan)
    assert imagine_verdicts(table, "small", unknown, loss=0.01, aurocs=(0.8,)) == ()


def test_samples_without_labels_are_one_sentence(folder, cli) -> None:
    bare = [
        replace(one, recordings={name: replace(r, correct=None) for name, r in one.recordings.items()}, gold=None)
        for one in recorded_samples(30, seed=1)
    ]
    write_lines(folder / "bare.jsonl", [sample_line(one) for one in bare])
    ended = cli("worth", "bare.jsonl", "--rungs", "small,large")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "has no labels of both classes" in ended.stderr
