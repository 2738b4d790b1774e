"""A report in one line, and the order of what there is to do: by what is at stake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cascade.clients.scripted import ScriptedClient
from cascade.display.numbers import percent, span
from cascade.engine.cascade import Cascade
from cascade.failure import FailureKind
from cascade.log import Log, open_log
from cascade.report import report
from cascade.report.values.content import Report
from cascade.settings import Settings
from tests.cascade.log.decisions import RUNGS, decided, failed
from tests.opinions import policy

DOWN = failed(FailureKind.CONNECT)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with open_log(tmp_path / "decisions.db") as log:
        yield log


def promising(certificate: dict[str, Any] | None = None, rate: float = 0.25) -> Any:
    """Return a policy that aims at a rate, and certifies something."""
    fitted = policy(RUNGS, (0.5, 0.0))
    task = fitted.tasks["default"]
    task.target.update({"kind": "escalation_rate", "value": rate})
    task.measured.update({"escalation_rate": {"expected": rate, "low": rate - 0.1, "high": rate + 0.1}})
    if certificate is not None:
        object.__setattr__(task, "certificate", certificate)
    return fitted


CERTIFIED = {"certified": True, "delta": 0.1, "bound": {"kind": "max_loss", "value": 0.03}, "assumptions": []}


def made(log: Log, n: int = 200, every: int = 4, fitted: Any = None, saved_usd: float = 0.009, **about: Any) -> Report:
    """Write requests of which each `every`-th escalates, and report."""
    if fitted is not None:
        log.remember_policy(fitted)
    for number in range(n):
        texts = ("0.2", "0.9") if number % every == 0 else ("0.9",)
        log.write(*decided(f"r-{number}", *texts, fitted=fitted, saved_usd=saved_usd, **about))
    return report(log)


def test_a_certified_policy_that_keeps_its_rate_and_saves_is_good(log: Log) -> None:
    found = made(log, fitted=promising(CERTIFIED)).line
    assert found.tone == "good"
    assert found.text.startswith("Saves ")
    assert "at most 3 points worse (certified, 90 %)" in found.text
    assert "rate kept" in found.text


def test_what_is_the_matter_in_every_task_is_said_once_and_counts_with_all_of_it(log: Log) -> None:
    for task in range(12):
        for number in range(40 + task):
            log.write(*decided(f"{task}-{number}", "0.9", task=f"t-{task}"))
    for number in range(300):
        log.write(*decided(f"l-{number}", "0.9", fitted=promising()))
    found = report(log)
    unknown = [sentence for sentence in found.findings if "by pass marks" in sentence]
    assert len(unknown) == 1
    assert unknown[0].startswith("t-11: ")
    assert unknown[0].endswith("The same of 11 other tasks: t-10, t-9, t-8, …")
    assert found.line.to_do == len(found.findings) < 6
    assert all(found.tasks[f"t-{number}"].findings for number in range(12)), "each task's own list has it too"


def test_a_rung_that_fails_in_several_tasks_is_named_once_with_what_opened_its_breaker(log: Log) -> None:
    for task in ("a", "b"):
        for number in range(20):
            fell = DOWN if number < 5 else failed(FailureKind.BREAKER)
            log.write(*decided(f"{task}-{number}", fell, "0.9", task=task))
    assert report(log).line.text.startswith("Small failed on 40 of 40: connect,")


def test_less_than_nothing_has_a_minus_sign_and_hardly_anything_is_nothing(log: Log) -> None:
    found = made(log, n=40, saved_usd=-1e-7)
    assert "-" not in found.line.text
    assert percent(-0.0001) == "0.0 %"
    assert percent(-0.05) == "−5.0 %"
    assert span(0.01, -0.02, 0.04) == "1.0 % (−2.0 to 4.0 %)"


def test_without_certificate_and_labels_quality_is_said_to_be_unknown(log: Log) -> None:
    found = made(log).line
    assert "quality unknown" in found.text
    assert "rate" not in found.text
    assert found.tone == "plain"


def test_a_missed_rate_and_a_loss_of_money_are_said(log: Log) -> None:
    found = made(log, every=1, fitted=promising(), saved_usd=-0.005).line
    assert "rate missed" in found.text
    assert "more than always asking the top" in found.text
    assert found.tone == "bad"


def test_a_rung_that_fails_is_said_first(log: Log) -> None:
    for number in range(30):
        log.write(*decided(f"r-{number}", DOWN, "0.9"))
    found = report(log)
    assert found.line.text.startswith("Small failed on 30 of 30: connect, ")
    assert found.line.tone == "bad"


def test_worse_by_labels_is_red_and_how_much_is_said(log: Log) -> None:
    found = made(log, fitted=promising())
    for number in range(200):
        log.label(f"r-{number}", number % 4 == 0, rung="small")
        log.label(f"r-{number}", 1.0, rung="large")
        log.label(f"r-{number}", 1.0 if number % 4 == 0 else 0.0)
    found = report(log)
    assert found.tasks["default"].hull.loss.low > 0.5
    assert "points worse than large by labels" in found.line.text
    assert found.line.tone == "bad"


@pytest.mark.parametrize(("stray", "kept"), [(5, True), (150, False)])
def test_stray_uncalibrated_decisions_do_not_erase_a_target(log: Log, stray: int, kept: bool) -> None:  # noqa: FBT001
    fitted = promising()
    made(log, n=100, fitted=fitted)
    for number in range(stray):
        log.write(*decided(f"stray-{number}", "0.9", fitted=None))
    task = report(log).tasks["default"]
    assert (task.policies[0].promised is not None) == kept


def test_findings_are_ordered_by_what_is_at_stake_and_footnotes_stand_apart(log: Log) -> None:
    for number in range(100):
        texts = (DOWN, "0.9") if number % 3 == 0 else ("0.2", "0.9")
        log.write(*decided(f"r-{number}", *texts, saved_usd=-0.01))
    found = report(log)
    assert found.findings[0].startswith("small failed on 34 of 100 requests: connect")
    assert found.findings[1].startswith("The cascade cost $1.00 more")
    assert found.line.to_do == len(found.findings)
    assert not set(found.findings) & set(found.notes)


def test_what_a_cascade_adds_in_time_is_measured_against_the_reference_alone(log: Log) -> None:
    task = made(log, n=200, every=4, fitted=promising()).tasks["default"]
    large = next(rung for rung in task.rungs if rung.rung == "large")
    assert task.added_p95_s == pytest.approx(task.latency_s.p95 - large.latency_s.p95)
    assert made(log, n=8).line.text, "few calls of the reference tell nothing"


def test_without_a_policy_the_rung_that_happened_to_answer_is_not_called_the_top(log: Log) -> None:
    for number in range(30):
        log.write(*decided(f"r-{number}", "0.9", fitted=None, saved_usd=0.009))
    assert report(log).tasks["default"].reference is None


def test_a_log_that_only_observes_says_what_the_cascade_would_have_done(log: Log) -> None:
    with Cascade(
        RUNGS,
        client=ScriptedClient({"small": "0.9", "large": "0.9"}),
        policy=policy(RUNGS, (0.5, 0.0)),
        log=log,
        settings=Settings(mode="observe"),
    ) as app:
        for number in range(20):
            app.run("How many?", id=f"r-{number}")
    found = report(log).line
    assert "Observed only: the top answered everything, the cascade would have answered the same in 100 %" in found.text
