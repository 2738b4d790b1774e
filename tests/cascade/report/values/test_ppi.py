"""Few labels and scores of all answers tell more than the labels alone, and the report says how it is known."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from cascade.log import open_log
from cascade.report import Report, report
from cascade.stats.ppi import combine, estimate_mean
from tests.cascade.log.decisions import decided


def reported(path: Path, *, answers: int, labels: int, telling: bool, seed: int = 0) -> tuple[Report, float]:
    """Report on accepted answers of which some are labelled; returns how right all of them are, too."""
    rng = np.random.default_rng(seed)
    right = rng.random(answers) < 0.8
    score = np.clip(rng.normal(np.where(right & telling, 0.9, 0.65), 0.1), 0.51, 1.0)
    with open_log(path) as log:
        for i in range(answers):
            result, request = decided(f"a{i}", f"{score[i]:.6f}")
            log.write(result, request)
        for i in range(labels):
            log.label(f"a{i}", float(right[i]))
        return report(log), float(right.mean())


def test_scores_that_tell_make_labels_worth_more(tmp_path: Path) -> None:
    made, truth = reported(tmp_path / "log.db", answers=600, labels=80, telling=True)
    (task,) = made.tasks.values()
    found = task.accuracy_sharpened
    assert found.low <= truth <= found.high
    assert found.high - found.low < task.accuracy.high - task.accuracy.low
    assert (found.n, found.n_labelled) == (600, 80)
    assert found.label_worth > 1.2
    assert dict(found.proxies) == {"small": "confidence"}
    console = Console(width=200, record=True, file=StringIO())
    console.print(made)
    assert "asymptotic" in console.export_text()
    assert made.to_json()["tasks"]["default"]["accuracy_sharpened"]["method"] == "PPI++, asymptotic"


def test_scores_that_tell_nothing_cost_nothing(tmp_path: Path) -> None:
    made, truth = reported(tmp_path / "log.db", answers=600, labels=80, telling=False)
    (task,) = made.tasks.values()
    found = task.accuracy_sharpened
    assert found.low <= truth <= found.high
    assert found.value == pytest.approx(task.accuracy.value, abs=0.03)


def test_a_handful_of_labels_is_not_sharpened(tmp_path: Path) -> None:
    made, _ = reported(tmp_path / "log.db", answers=60, labels=5, telling=True)
    assert made.tasks["default"].accuracy_sharpened.value is None


def test_strata_that_were_labelled_apart_are_weighed_as_traffic_is() -> None:
    rng = np.random.default_rng(0)
    held, repeats = 0, 300
    for _ in range(repeats):
        low, high = ((rng.random(n) < p).astype(float) for n, p in ((800, 0.9), (200, 0.5)))
        parts = (estimate_mean(np.r_[right[:40], [np.nan] * (len(right) - 40)]) for right in (low, high))
        found = combine(list(zip((0.8, 0.2), parts, strict=True)))
        held += found.low <= 0.8 * 0.9 + 0.2 * 0.5 <= found.high
    assert held / repeats >= 0.86
