"""What a log says about a cascade's worth: costs for certain, quality as far as it is labelled, and what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from calibration.assess.log_assessment import LEVEL, LogAssessment, assess_report
from cascade.log import open_log
from cascade.report import report
from tests.cascade.log.decisions import decided


def assessed(
    path: Path,
    *,
    accepted: int,
    escalated: int,
    saved_usd: float,
    labels: dict[str, Callable[[int], bool]] | None = None,
) -> LogAssessment:
    """Assess a log of so many decisions; `labels` say of each rung which requests it answers rightly."""
    with open_log(path) as log:
        for i in range(accepted + escalated):
            texts = ("0.9",) if i < accepted else ("0.1", "0.9")
            log.write(*decided(f"a{i}", *texts, saved_usd=saved_usd if i < accepted else -0.001))
        for rung, right in (labels or {}).items():
            log.labels([(f"a{i}", float(right(i))) for i in range(accepted + escalated)], rung=rung)
        ((name, task),) = report(log, level=LEVEL).tasks.items()
        return assess_report(name, task)


def test_without_labels_a_log_tells_costs_and_says_what_it_lacks(tmp_path: Path) -> None:
    found = assessed(tmp_path / "log.db", accepted=150, escalated=50, saved_usd=0.009)
    assert found.verdict == "cannot tell"
    assert any("was saved" in sentence for sentence in found.tells)
    assert any("no answer is labelled" in sentence for sentence in found.lacks)
    assert any("cascade explore" in sentence for sentence in found.lacks)


def test_a_cascade_that_costs_more_than_its_top_is_not_worth_it(tmp_path: Path) -> None:
    found = assessed(tmp_path / "log.db", accepted=20, escalated=180, saved_usd=-0.001)
    assert found.verdict == "not worth it"
    assert "always asking large" in found.why


def test_labels_of_both_models_tell_that_it_saves_against_a_lot(tmp_path: Path) -> None:
    labels = {"small": lambda i: i < 750, "large": lambda i: i % 50 > 0}
    found = assessed(tmp_path / "log.db", accepted=750, escalated=250, saved_usd=0.009, labels=labels)
    assert found.verdict == "worth it"
    assert found.net_usd > 0
    assert len(found.tells) >= 5


def test_a_rung_that_is_as_good_alone_makes_it_not_worth_it(tmp_path: Path) -> None:
    labels = {"small": lambda i: i % 10 > 0, "large": lambda i: i % 10 > 0}
    found = assessed(tmp_path / "log.db", accepted=400, escalated=400, saved_usd=0.009, labels=labels)
    assert found.verdict == "not worth it"
    assert "small alone" in found.why


def test_few_decisions_say_nothing(tmp_path: Path) -> None:
    found = assessed(tmp_path / "log.db", accepted=10, escalated=5, saved_usd=0.009)
    assert (found.verdict, found.n) == ("cannot tell", 15)
    assert json.dumps(found.to_json())


@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_escalating_by_lot_is_told_from_a_cascade_that_knows(tmp_path: Path, kept: float) -> None:
    # Which answers go up has nothing to do with whether they are right: mixing without verifiers is cheaper.
    labels = {"small": lambda i: (7 * i) % 10 < 6, "large": lambda i: (3 * i) % 20 > 0}
    n = 1000
    found = assessed(
        tmp_path / "log.db", accepted=round(kept * n), escalated=n - round(kept * n), saved_usd=0.009, labels=labels
    )
    assert found.verdict != "worth it"
