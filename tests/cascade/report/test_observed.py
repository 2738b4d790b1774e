"""A report shows what was enforced beside what was observed, and what the cascade would have done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cascade.log import Log, open_log
from cascade.log.export import export
from cascade.observation import Observation
from cascade.report import report
from cascade.report.tables.table import key_figures, mode_table
from tests.cascade.log.decisions import decided

NOON_S = 1_800_014_400


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with open_log(tmp_path / "decisions.db") as log:
        yield log


def observe(log: Log, identity: str, *texts: str, propensity: float = 1.0) -> None:
    """Log a request that the top (`large`) answered, with what the cascade would have made of these answers."""
    would, request = decided(identity, *texts)
    served = replace(
        would, mode="observe", decision_id=f"d-{identity}", rung="large", attempts=(would_top(identity),),
        calibrated=False, policy_sha256=None, saved_usd=0.0, saved_how="top answered", latency_s=2.0,
    )  # fmt: skip
    log.write(served, request, at_s=NOON_S)
    attempts = (*would.attempts, *(() if would.rung == "large" else served.attempts))
    log.write_observation(
        Observation(
            decision_id=served.decision_id, propensity=propensity, would=replace(would, mode="observe", latency_s=0.5),
            attempts=attempts, cost_usd=0.001,
        ),
        request,
    )  # fmt: skip


def would_top(identity: str):  # type: ignore[no-untyped-def]
    """Return the top's attempt: it answers 0.9."""
    result, _ = decided(identity, "0.1", "0.9")
    return result.attempts[-1]


def test_the_modes_stand_side_by_side_with_what_would_have_been(log: Log) -> None:
    for number in range(4):
        log.write(*decided(f"e-{number}", "0.9"), at_s=NOON_S)
    for number in range(6):
        observe(log, f"a-{number}", "0.9")
    for number in range(2):
        observe(log, f"b-{number}", "0.8")
    for number in range(2):
        observe(log, f"c-{number}", "0.1", "0.9")
    task = report(log).tasks["default"]
    assert {mode.mode: mode.n for mode in task.modes} == {"enforce": 4, "observe": 10}
    seen = task.observed
    assert (seen.n, seen.escalation_rate.value, seen.same.value) == (10, pytest.approx(0.2), pytest.approx(0.8))
    assert seen.cost_vs_top.value == pytest.approx((8 * 0.001 + 2 * 0.011) / (10 * 0.01))
    assert seen.latency_s.p50 == 0.5
    assert seen.paid_usd == pytest.approx(0.01)
    assert (seen.disagreement.value, seen.disagreement.low) == (pytest.approx(0.2), 1.0 - (seen.same.high or 0.0))
    assert dict(key_figures(task))["disagreement"].startswith("20.0 % (")
    assert task.escalation_rate.n == 4, "what the top answered as ever has no first answer to escalate"
    assert task.calibrated == 1.0
    assert "Against the top: p50 " in mode_table(task).note
    assert "first piece comes after" in mode_table(task).note
    assert [row[0] for row in mode_table(task).rows] == [
        "the cascade, enforced", "the top, as ever", "the cascade, observed",
    ]  # fmt: skip


def test_each_observation_counts_by_its_propensity(log: Log) -> None:
    observe(log, "often", "0.9", propensity=1.0)
    observe(log, "seldom", "0.1", "0.9", propensity=0.25)
    seen = report(log).tasks["default"].observed
    assert seen.escalation_rate.value == pytest.approx(4 / 5)
    assert seen.cost_vs_top.value == pytest.approx((0.001 + 4 * 0.011) / (0.01 + 4 * 0.01))


def test_what_was_dropped_is_said_by_reason(log: Log) -> None:
    observe(log, "a", "0.9")
    log.write_unobserved({(1_800_010_800_000, "default", "queue"): 3, (1_800_014_400_000, "default", "budget"): 1})
    made = report(log)
    assert dict(made.tasks["default"].observed.dropped) == {"budget": 1, "queue": 3}
    assert any("80.0 % of the requests that were to be observed were dropped" in one for one in made.findings)


def test_a_log_without_observations_says_nothing_of_them(log: Log) -> None:
    log.write(*decided("e", "0.9"), at_s=NOON_S)
    made = report(log)
    task = made.tasks["default"]
    assert (task.modes, task.observed.n) == ((), 0)
    assert not mode_table(task).rows


def test_an_export_holds_what_was_observed_and_what_was_dropped(log: Log, tmp_path: Path) -> None:
    observe(log, "a", "0.1", "0.9")
    log.write_unobserved({(1_800_010_800_000, "default", "queue"): 3})
    log.flush()
    rows = export(log, tmp_path, "csv")
    assert [rows[name] for name in ("observations", "observed_attempts", "unobserved")] == [1, 2, 1]
    assert export(log, tmp_path / "later", "csv", since_ms=1_900_000_000_000)["observed_attempts"] == 0


def test_where_the_top_answered_as_ever_no_second_policy_was_in_use(log: Log) -> None:
    def told() -> str:
        return " ".join(report(log).notes)

    for number in range(4):
        log.write(*decided(f"e-{number}", "0.9"), at_s=NOON_S)
        observe(log, f"a-{number}", "0.9")
    assert "policies were in use" not in told()
    result, request = decided("p", "0.9")
    log.write(replace(result, decision_id="d-p", policy_sha256=None), request, at_s=NOON_S)
    assert "2 policies were in use" in told()
