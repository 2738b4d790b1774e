"""A report says what was logged: counts that add up, shares with exact intervals, dollars, and what is odd."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cascade.clients.scripted import scripted
from cascade.errors import ConfigError, DataError
from cascade.failure import FailureKind
from cascade.ladder import Ladder
from cascade.log import Log, open_log
from cascade.policy.policy import Policy, ReferenceCost
from cascade.report import Report, report
from cascade.result import Result
from cascade.stats.intervals import proportion_interval
from tests.cascade.log.decisions import POLICY, decided, failed
from tests.drawn import examples
from tests.opinions import Says, Vetoes, ladder, policy

NOON_S = 1_800_014_400  # 2027-01-15 12:00 UTC
THREE = ladder("small", "middle", "large")
DOWN = failed(FailureKind.SERVER)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with open_log(tmp_path / "decisions.db") as log:
        yield log


def fill(log: Log, accepted: int, escalated: int, **about: Any) -> None:
    """Log requests of which the first rung's answer was accepted, and others that were escalated."""
    for number in range(accepted):
        log.write(*decided(f"a-{number}", "0.9", **about), at_s=NOON_S)
    for number in range(escalated):
        log.write(*decided(f"e-{number}", "0.1", "0.9", **about), at_s=NOON_S)


def aiming(rate: float, low: float, high: float, fitted: Policy = POLICY) -> Policy:
    """Return a policy that was fitted for an escalation rate."""
    task = replace(
        fitted.tasks["default"],
        target={"kind": "escalation_rate", "value": rate},
        measured={"escalation_rate": {"expected": rate, "low": low, "high": high}},
        reference_cost=ReferenceCost(constant=0.01, error_usd=0.002),
    )
    return replace(fitted, tasks={"default": task})


def says(made: Report, words: str) -> bool:
    """Tell whether a finding or a footnote has these words."""
    return any(words in sentence for sentence in (*made.findings, *made.notes))


def test_a_rate_stands_with_its_exact_interval_and_n(log: Log) -> None:
    fill(log, 150, 50)
    rate = report(log).tasks["default"].escalation_rate
    assert (rate.value, rate.n) == (0.25, 200)
    assert (rate.low, rate.high) == proportion_interval(50, 200, 0.9)
    wider = report(log, level=0.99).tasks["default"].escalation_rate
    assert wider.low is not None
    assert rate.low is not None
    assert wider.low < rate.low


def test_each_rung_says_who_reached_it_and_what_became_of_them(log: Log) -> None:
    fitted = policy(THREE, (0.5, 0.0), (0.5, 0.0))
    about = {"rungs": THREE, "fitted": fitted}
    log.remember_policy(fitted)
    for number, answers in enumerate((("0.9",), ("0.1", "0.9"), ("0.1", "0.1", "0.1"), (DOWN, "0.9"))):
        log.write(*decided(f"r-{number}", *answers, **about))
    task = report(log).tasks["default"]
    small, middle, large = task.rungs
    assert [rung.reached for rung in task.rungs] == [4, 3, 1]
    assert task.reach == (1.0, 0.75, 0.25)
    assert (small.answered, small.accepted, small.escalated, small.failed_over) == (3, 1, 2, 1)
    assert (middle.escalation_rate.value, middle.escalation_rate.n) == (pytest.approx(1 / 3), 3)
    assert (large.accepted, large.escalation_rate.value, task.reference) == (1, 0.0, "large")
    assert (task.escalation_rate.value, task.escalation_rate.n) == (pytest.approx(2 / 3), 3), "fail-overs are outside"
    assert (dict(task.failures), dict(small.failures)) == ({"server": 1}, {"server": 1})
    assert dict(task.reasons) == {"confidence": 3}


def test_a_rung_that_nobody_reached_is_still_part_of_the_ladder(log: Log) -> None:
    log.remember_policy(POLICY)
    fill(log, 3, 0)
    task = report(log).tasks["default"]
    assert [(rung.rung, rung.reached) for rung in task.rungs] == [("small", 3), ("large", 0)]


def test_without_a_policy_rungs_stand_in_the_order_in_which_they_were_asked(log: Log) -> None:
    log.write(*decided("r", "0.1", "0.1", "0.9", rungs=THREE, fitted=None))
    made = report(log)
    assert [rung.rung for rung in made.tasks["default"].rungs] == ["small", "middle", "large"]
    assert made.tasks["default"].calibrated == 0.0
    assert says(made, "100.0 % of decisions were made by pass marks")


@pytest.mark.parametrize(("escalated", "words"), [(120, "above 50 %"), (6, "below 5 %"), (50, None)])
def test_a_rate_beyond_reason_is_said_in_words(log: Log, escalated: int, words: str | None) -> None:
    fill(log, 200 - escalated, escalated)
    made = report(log)
    assert [says(made, "above 50 %"), says(made, "below 5 %")] == [words == "above 50 %", words == "below 5 %"]


@pytest.mark.parametrize(
    ("rate", "low", "high", "on_target", "words"),
    [
        (0.25, 0.2, 0.3, True, None),
        (0.33, 0.24, 0.42, False, "overlaps that of the samples"),
        (0.6, 0.5, 0.7, False, "Recalibrate on recent ones"),
    ],
)
def test_a_rate_is_held_against_what_the_policy_aimed_at(
    log: Log, rate: float, low: float, high: float, *, on_target: bool, words: str | None
) -> None:
    fitted = aiming(rate, low, high)
    log.remember_policy(fitted)
    fill(log, 150, 50, fitted=fitted)
    made = report(log)
    (use,) = made.tasks["default"].policies
    assert (use.sha256, use.promised, use.on_target) == (fitted.sha256, rate, on_target)
    assert says(made, "the target") == (words is not None)
    assert words is None or says(made, words)


def test_a_given_policy_speaks_for_itself_where_the_log_does_not_know_it(log: Log) -> None:
    fitted = aiming(0.25, 0.2, 0.3)
    fill(log, 150, 50, fitted=fitted)
    assert report(log).tasks["default"].policies[0].promised is None
    assert report(log, policy=fitted).tasks["default"].policies[0].promised == 0.25


def test_two_policies_in_one_period_are_told_apart(log: Log) -> None:
    other = policy(ladder("small", "large"), (0.05, 0.0))
    log.write(*decided("r-1", "0.1", "0.9"), at_s=NOON_S)
    log.write(*decided("r-2", "0.1", "0.9", fitted=other), at_s=NOON_S + 1)
    made = report(log)
    assert [(use.sha256, use.escalation_rate.value) for use in made.tasks["default"].policies] == [
        (other.sha256, 0.0),
        (POLICY.sha256, 1.0),
    ]
    assert says(made, "2 policies were in use")


def test_savings_are_counted_with_how_they_are_known(log: Log) -> None:
    fill(log, 3, 0, saved_usd=0.009)
    fill(log, 0, 1, saved_usd=-0.001)
    log.write(*decided("unknown", "0.9"))
    made = report(log)
    task = made.tasks["default"]
    assert task.saved.usd == pytest.approx(3 * 0.009 - 0.001)
    assert task.cost_vs_top == pytest.approx((3 * 0.001 + 0.011) / 0.04)
    assert task.saved.share.value == pytest.approx(1 - 0.014 / 0.04)
    assert dict(task.saved.how) == {"fitted on samples": 4, "unknown": 1}
    assert task.cost_usd == pytest.approx(4 * 0.001 + 0.011)
    assert task.cost_usd_per_request == pytest.approx(0.015 / 5)


def test_an_estimate_that_is_itself_rough_widens_the_savings_interval(log: Log) -> None:
    fitted = aiming(0.25, 0.2, 0.3)
    fill(log, 30, 10, fitted=fitted, saved_usd=0.005)
    sharp = report(log).tasks["default"].saved.share
    log.remember_policy(fitted)
    rough = report(log).tasks["default"].saved.share
    assert (sharp.value, sharp.n) == (rough.value, rough.n)
    assert rough.low is not None
    assert sharp.low is not None
    assert rough.low < sharp.low


def test_a_cascade_that_costs_more_than_its_top_says_so(log: Log) -> None:
    fill(log, 0, 20, saved_usd=-0.001)
    assert says(report(log), "more than always asking large")


def test_accuracy_is_the_mean_of_labels_of_what_was_returned(log: Log) -> None:
    fill(log, 10, 10)
    log.labels([(f"a-{number}", number < 6) for number in range(10)])
    log.labels([("e-0", 1.0), ("e-1", 0.5)])
    log.label("e-0", 0.0, rung="small")
    made = report(log)
    task = made.tasks["default"]
    assert (task.accuracy.value, task.n_labelled, task.n) == (pytest.approx(7.5 / 12), 12, 20)
    assert task.error_accepted == pytest.approx(0.4)
    assert [rung.accuracy.n for rung in task.rungs] == [11, 2]
    assert task.accuracy_weighted.value == pytest.approx(0.5 * 0.6 + 0.5 * 0.75)
    assert says(made, "weighted by traffic")


def test_labels_of_several_sources_are_averaged(log: Log) -> None:
    fill(log, 1, 0)
    log.label("a-0", 1.0, source="ann")
    log.label("a-0", 0.0, source="ben")
    assert report(log).tasks["default"].accuracy.value == 0.5


def test_wasted_escalations_and_missed_errors_are_counted_with_their_dollars(log: Log) -> None:
    fill(log, 20, 10)
    log.labels([(f"e-{number}", number < 3) for number in range(5)], rung="small")
    log.labels([(f"a-{number}", number >= 2) for number in range(10)])
    small, large = report(log).tasks["default"].rungs
    right, wrong = small.right_but_escalated, small.wrong_but_accepted
    assert (right.share.value, right.share.n, right.usd) == (pytest.approx(0.6), 5, pytest.approx(0.6 * 10 * 0.01))
    assert (wrong.share.value, wrong.share.n, wrong.usd) == (pytest.approx(0.2), 10, pytest.approx(0.2 * 20 * 0.001))
    assert large.wrong_but_accepted.usd is None, "the top accepts for want of better"


def label_all(log: Log, number: int, identity: str, rungs: dict[str, Callable[[int], bool]]) -> None:
    for rung, right in rungs.items():
        log.labels([(f"{identity}-{i}", right(i)) for i in range(number)], rung=rung)


def test_a_cascade_that_a_single_model_beats_says_so(log: Log) -> None:
    fill(log, 10, 10, saved_usd=-0.002)
    label_all(log, 10, "a", {"small": lambda i: i < 5, "large": lambda i: True})
    label_all(log, 10, "e", {"small": lambda i: False, "large": lambda i: True})
    made = report(log)
    task = made.tasks["default"]
    assert [(single.rung, single.accuracy.value) for single in task.singles] == [("small", 0.25), ("large", 1.0)]
    assert (task.best_single, task.dominated_by) == ("large", "large")
    assert task.accuracy_weighted.value == pytest.approx(0.75)
    assert task.accuracy_top == 1.0
    assert made.findings[0].startswith("Below the hull of single models: always large")


def test_a_cascade_as_good_as_its_top_and_cheaper_is_not_dominated(log: Log) -> None:
    fill(log, 10, 10, saved_usd=0.002)
    label_all(log, 10, "a", {"small": lambda i: True, "large": lambda i: True})
    label_all(log, 10, "e", {"small": lambda i: False, "large": lambda i: True})
    made = report(log)
    assert made.tasks["default"].dominated_by is None
    assert not says(made, "does not beat")


def test_a_model_that_is_labelled_on_hard_requests_only_is_not_compared(log: Log) -> None:
    fill(log, 10, 10)
    label_all(log, 10, "a", {"small": lambda i: True})
    label_all(log, 10, "e", {"small": lambda i: False, "large": lambda i: True})
    task = report(log).tasks["default"]
    assert [single.rung for single in task.singles] == ["small"]
    assert task.accuracy_top is None


def test_verifiers_are_told_apart_by_rung_with_what_they_are_worth(log: Log) -> None:
    checks = (Vetoes("bad"), Says(lambda text: None if text == "mute" else 0.0 if text == "bad" else float(text)))
    rungs = ladder("small", "large", verify=checks)
    fitted = policy(rungs, (0.5, 0.0))
    for number, text in enumerate(("0.9", "0.6", "0.2", "bad", "mute")):
        log.write(*decided(f"r-{number}", text, "0.9", rungs=rungs, fitted=fitted))
    log.labels([("r-0", 1), ("r-1", 0), ("r-2", 1), ("r-3", 0)], rung="small")
    made = {(item.rung, item.verifier): item for item in report(log).tasks["default"].verifiers}
    vetoes, scores = made["small", "vetoes"], made["small", "says"]
    assert (vetoes.n, vetoes.vetoed, vetoes.abstained) == (5, 0.2, 0.0)
    assert (scores.n, scores.abstained, scores.mean_score) == (4, 0.25, pytest.approx(1.7 / 3))
    assert (scores.auroc.value, scores.auroc.n) == (0.5, 3)
    assert (vetoes.auroc.value, vetoes.auroc.n) == (0.75, 4)
    assert list(made) == [("small", "vetoes"), ("small", "says"), ("large", "vetoes"), ("large", "says")]


def test_latencies_are_quantiles_of_all_that_was_measured(log: Log) -> None:
    for number in range(101):
        log.write(*decided(f"r-{number}", "0.9", latency_s=number / 10))
    task = report(log).tasks["default"]
    assert (task.latency_s.p50, task.latency_s.p95, task.latency_s.n) == (pytest.approx(5.0), pytest.approx(9.5), 101)
    assert task.rungs[0].latency_s.p50 == pytest.approx(0.5)


def test_time_limits_hold_for_attempts_verdicts_and_labels_too(log: Log) -> None:
    for hour in range(4):
        log.write(*decided(f"r-{hour}", "0.1", "0.9"), at_s=NOON_S + 3600 * hour)
        log.label(f"r-{hour}", 1.0)
    noon = datetime.fromtimestamp(NOON_S, tz=UTC)
    made = report(log, since=noon + timedelta(hours=1), until=noon + timedelta(hours=3), by_time="hour")
    task = made.tasks["default"]
    assert (task.n, task.n_labelled, task.rungs[1].reached, task.verifiers[0].n, task.latency_s.n) == (2, 2, 2, 2, 2)
    assert [step.at for step in task.series] == ["2027-01-15T13:00:00+00:00", "2027-01-15T14:00:00+00:00"]
    assert (made.since, made.until) == ("2027-01-15T13:00:00+00:00", "2027-01-15T15:00:00+00:00")


def test_tasks_stand_apart_and_together(log: Log) -> None:
    fill(log, 2, 1)
    for number in range(3):
        log.write(*decided(f"o-{number}", "0.9", task="other"))
    made = report(log)
    assert {name: task.n for name, task in made.tasks.items()} == {"default": 3, "other": 3}
    assert made.total.n == 6
    assert made.total.escalation_rate.value == pytest.approx(1 / 6)
    assert report(log, task="other").total.n == 3
    with pytest.raises(DataError, match=r"'third'.*default, other"):
        report(log, task="third")


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("feature", {"x": 2, "y": 1, None: 1}),
        ("tag:model", {"mine": 1, None: 3}),
        ("principal", {"acme": 2, None: 2}),
        ("rung", {"small": 3, "large": 1}),
    ],
)
def test_segments_divide_by_tags_and_columns(log: Log, by: str, expected: dict[str | None, int]) -> None:
    log.write(*decided("r-1", "0.1", "0.9", tags={"feature": "x"}, principal="acme"))
    log.write(*decided("r-2", "0.9", tags={"feature": "x", "model": "mine"}, principal="acme"))
    log.write(*decided("r-3", "0.9", tags={"feature": "y"}))
    log.write(*decided("r-4", "0.9"))
    log.label("r-1", 0.0)
    made = report(log, by=by)
    assert {segment.value: segment.n for segment in made.segments} == expected
    assert sum(segment.cost_usd for segment in made.segments) == pytest.approx(made.total.cost_usd)
    assert [segment.accuracy.n for segment in made.segments] == [1] + [0] * (len(expected) - 1), "the dearest first"


def test_rows_that_were_lost_are_the_first_thing_said(log: Log) -> None:
    fill(log, 1, 0)
    result, request = decided("odd", "0.9")
    log.write(replace(result, tags=None), request)  # type: ignore[arg-type]
    fill(log, 1, 0)
    made = report(log)
    assert made.lost == 1
    assert made.findings[0].startswith("1 decisions could not be logged")


def test_an_empty_log_is_said_to_be_empty(log: Log) -> None:
    made = report(log)
    assert (made.total.n, dict(made.tasks)) == (0, {})
    assert says(made, "no decision in this period")


def test_a_failing_provider_is_named(log: Log) -> None:
    for number in range(10):
        log.write(*decided(f"r-{number}", DOWN, "0.9"))
    made = report(log)
    assert says(made, "small failed on 10 of 10 requests: server")
    assert made.tasks["default"].escalation_rate.value is None


def test_json_has_the_names_that_replay_has_too(log: Log) -> None:
    fill(log, 3, 1, saved_usd=0.001)
    log.label("a-0", 1.0)
    content = json.loads(json.dumps(report(log, by="feature").to_json(), allow_nan=False))
    task = content["tasks"]["default"]
    known = {"n", "n_labelled", "escalation_rate", "reach", "accuracy", "accuracy_top", "error_accepted",
             "cost_usd_per_request", "cost_vs_top", "verifier_cost_usd_per_request"}  # fmt: skip
    assert known <= set(task)
    assert known <= set(content["total"])
    assert set(task["escalation_rate"]) == {"value", "low", "high", "n"}
    assert task["reach"] == [1.0, 0.25]


@pytest.mark.parametrize("wrong", [{"level": 1.0}, {"level": 0.0}, {"by_time": "week"}])
def test_options_out_of_range_are_configuration_errors(log: Log, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="was expected"):
        report(log, **wrong)


SCORE = st.sampled_from(["0.0", "0.3", "0.5", "0.7", "1.0"])
REPLY = st.one_of(SCORE, st.sampled_from([DOWN, failed(FailureKind.TIMEOUT), scripted("0.4", cost_usd=0.02)]))


@settings(max_examples=examples(25))
@given(st.lists(st.tuples(st.sampled_from(["x", "y"]), REPLY, REPLY, REPLY), min_size=1, max_size=12))
def test_counts_add_up_to_what_was_logged(requests: list[tuple[Any, ...]]) -> None:
    results: list[Result[Any]] = []
    with TemporaryDirectory() as folder, open_log(f"{folder}/log.db") as log:
        for number, (task, *replies) in enumerate(requests):
            rungs: Ladder = THREE
            fitted = policy(rungs, (0.5, 0.5), (0.5, 0.5), task=task)
            result, request = decided(f"r-{number}", *replies, rungs=rungs, fitted=fitted, task=task)
            results.append(result)
            log.write(result, request)
        made = report(log, by="task")
    attempts = [attempt for result in results for attempt in result.attempts]
    total, tasks = made.total, made.tasks.values()
    assert total.n == sum(task.n for task in tasks) == len(results)
    assert sum(total.outcomes.values()) == total.n
    assert total.cost_usd == pytest.approx(sum(result.cost_usd for result in results))
    assert total.cost_usd == pytest.approx(sum(rung.answers_usd + rung.verifiers_usd for rung in total.rungs))
    assert sum(rung.reached for rung in total.rungs) == len(attempts)
    for rung in total.rungs:
        assert rung.reached == rung.accepted + rung.escalated + rung.failed_over + rung.stopped
        assert rung.reached == rung.answered + sum(rung.failures.values())
    assert sum(total.reasons.values()) == sum(attempt.decision.action == "escalate" for attempt in attempts)
    assert sum(verifier.n for verifier in total.verifiers) == sum(len(attempt.verdicts) for attempt in attempts)
    assert sum(step.n for step in total.series) == sum(segment.n for segment in made.segments) == total.n
    asked = [result for result in results if result.attempts[0].response is not None]
    assert total.escalation_rate.n == len(asked)
    if asked:
        assert total.escalation_rate.value == pytest.approx(sum(result.escalated for result in results) / len(asked))


def flagged(log: Log, number: int, *flags: str) -> None:
    for one in range(number):
        result, request = decided(f"{'-'.join(flags)}-{one}", "0.9")
        log.write(replace(result, flags=(*result.flags, *flags)), request, at_s=NOON_S)


def test_what_was_not_verified_is_a_row_and_a_finding(log: Log) -> None:
    flagged(log, 4, "unchecked:schema")
    flagged(log, 2, "language:ko", "unchecked:schema", "unchecked:schema")
    flagged(log, 1, "allow:region")
    flagged(log, 93)
    made = report(log)
    task = made.tasks["default"]
    assert dict(task.flags) == {"unchecked:schema": 6, "language:ko": 2, "allow:region": 1}
    assert says(made, "6.0 % of answers were not checked by schema")
    assert says(made, "2.0 % of answers are in a language (ko)")
    assert not says(made, "region")


def test_what_bypassed_the_cascade_is_a_finding(log: Log) -> None:
    flagged(log, 3, "bypassed")
    flagged(log, 97)
    assert says(report(log), "3.0 % of requests went to the reference alone, since the cascade failed")


def test_a_log_where_everything_was_verified_says_nothing_of_it(log: Log) -> None:
    flagged(log, 3)
    made = report(log)
    assert not made.tasks["default"].flags
    assert not says(made, "checked by")
