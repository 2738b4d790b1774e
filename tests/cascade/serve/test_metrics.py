"""Metrics: the same figures whether counted as results come or from the log, in a format that Prometheus reads."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cascade.failure import FailureKind
from cascade.log import open_log
from cascade.log.purge import purge
from cascade.serve.log_totals import LogTotals
from cascade.serve.metrics import MOST_TASKS, NAMES, exposition
from cascade.serve.totals import Totals
from tests.cascade.log.decisions import RUNGS, decided, failed
from tests.checkout import ROOT
from tests.opinions import policy

PROMISED = policy(RUNGS, (0.5, 0.0))
PROMISED.tasks["default"].target.update({"kind": "escalation_rate", "value": 0.25})
PROMISED.tasks["default"].measured.update({"escalation_rate": {"expected": 0.25, "low": 0.2, "high": 0.3}})

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def results(n: int = 40, every: int = 4):
    """Give results: one in `every` escalates, one fails over, and some are of another task."""
    for number in range(n):
        about = {"latency_s": 0.3, "saved_usd": 0.001 if number % 3 else None, "fitted": PROMISED}
        texts = ("0.2", "0.9") if number % every == 0 else ("0.9",)
        if number == 5:
            texts = (failed(FailureKind.SERVER), "0.9")
        yield decided(f"r-{number}", *texts, **about)
    yield decided("other", "0.75", fitted=None, task="other")


def shown(totals: Totals) -> Samples:
    """Read an exposition as Prometheus does."""
    text, content_type = exposition(totals)
    assert content_type.startswith("text/plain")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, tuple(sorted(labels.items()))]


def counted() -> Totals:
    totals = Totals()
    totals.promise(PROMISED)
    for result, _ in results():
        totals.observe(result, at_ms=2_000_000)
    return totals


def test_every_figure_is_shown() -> None:
    seen = shown(counted())
    assert value(seen, "cascade_decisions_total", task="default", outcome="accepted") == 40
    assert value(seen, "cascade_escalations_total", task="default", rung="small", reason="confidence") == 10
    assert value(seen, "cascade_failures_total", task="default", rung="small", kind="server") == 1
    assert value(seen, "cascade_cost_usd_total", task="default", part="answers") == pytest.approx(
        39 * 0.001 + 11 * 0.01
    )
    assert value(seen, "cascade_rung_latency_seconds_count", task="default", rung="large") == 11
    assert value(seen, "cascade_rung_latency_seconds_bucket", task="default", rung="large", le="0.25") == 0
    assert value(seen, "cascade_rung_latency_seconds_bucket", task="default", rung="large", le="0.5") == 11
    assert value(seen, "cascade_verifier_score_bucket", task="default", rung="small", verifier="says", le="0.2") == 10
    assert value(seen, "cascade_verifier_score_sum", task="default", rung="large", verifier="says") == pytest.approx(
        9.9
    )
    assert value(seen, "cascade_escalation_rate", task="default") == pytest.approx(10 / 39)
    assert value(seen, "cascade_escalation_target", task="default") == 0.25
    assert value(seen, "cascade_escalation_alarm", task="default") == 0
    assert value(seen, "cascade_last_decision_timestamp_seconds") == 2000
    assert not [key for key in seen if key[0] == "cascade_escalation_target" and ("task", "other") in key[1]]


def test_a_log_gives_the_same_figures_whatever_the_scrapes_between(tmp_path: Path) -> None:
    with open_log(tmp_path / "d.db") as log:
        log.remember_policy(PROMISED)
        held = LogTotals(log)
        for number, (result, request) in enumerate(results()):
            log.write(result, request, at_s=2000.0)
            if number in (3, 4, 20):
                held.refresh()
        assert shown(held.refresh()) == pytest.approx(shown(counted()))
        assert shown(LogTotals(log).refresh()) == pytest.approx(shown(counted()))
        assert shown(held.refresh()) == pytest.approx(shown(counted())), "a scrape without news changes nothing"


def test_a_rate_that_has_left_its_promise_raises_the_alarm() -> None:
    totals = Totals()
    totals.promise(PROMISED)
    calm, stormy = (list(results(1_000, every)) for every in (4, 1))
    for result, _ in calm:
        totals.observe(result)
    assert value(shown(totals), "cascade_escalation_alarm", task="default") == 0
    for result, _ in stormy:
        totals.observe(result)
    assert value(shown(totals), "cascade_escalation_alarm", task="default") == 1


def test_results_as_they_come_tell_when_the_last_one_ended() -> None:
    totals = Totals()
    before = time.time()
    for result, _ in results(3):
        totals.observe(result)
    assert before - 1 <= value(shown(totals), "cascade_last_decision_timestamp_seconds") <= time.time() + 1


def test_a_thousand_tasks_have_the_series_of_fifty_and_nothing_of_the_rest_is_lost() -> None:
    totals = Totals()
    for number in range(1_000):
        policy_of_task = PROMISED if number else None
        totals.observe(decided(f"r-{number}", "0.2", "0.9", fitted=policy_of_task, task=f"task-{number}")[0])
    seen = shown(totals)
    assert value(seen, "cascade_other_tasks") == 950
    assert value(seen, "cascade_decisions_total", task="other", outcome="accepted") == 950
    assert value(seen, "cascade_rung_latency_seconds_count", task="other", rung="large") == 950
    for name in ("cascade_decisions_total", "cascade_escalations_total", "cascade_verifier_score_count"):
        assert sum(amount for (found, _), amount in seen.items() if found == name) in (1_000, 2_000)
    assert len(seen) < 51 * 120


def test_an_alarm_of_a_task_without_series_of_its_own_is_raised_for_the_others() -> None:
    totals = Totals()
    for number in range(MOST_TASKS):
        totals.observe(decided(f"r-{number}", "0.9", fitted=None, task=f"task-{number}")[0])
    totals.learn(PROMISED.sha256, "late", target={"kind": "escalation_rate", "value": 0.1}, measured=None)
    totals.decisions["late", "accepted"] += 1_000
    totals.course("late", PROMISED.sha256, [True] * 1_000)
    assert value(shown(totals), "cascade_escalation_alarm", task="other") == 1


def test_a_purge_of_the_newest_decisions_hides_none_that_come_after_it(tmp_path: Path) -> None:
    with open_log(tmp_path / "d.db") as log:
        held = LogTotals(log)
        for number in range(6):
            log.write(*decided(f"r-{number}", "0.9"), at_s=1000.0 + number)
        assert value(shown(held.refresh()), "cascade_decisions_total", task="default", outcome="accepted") == 6
        purge(log, before_ms=1_010_000)
        for number in range(6, 8):
            log.write(*decided(f"r-{number}", "0.9"), at_s=2000.0)
        log.flush()
        assert value(shown(held.refresh()), "cascade_decisions_total", task="default", outcome="accepted") == 8


def test_labels_from_outside_cannot_break_the_format() -> None:
    totals = Totals()
    hostile = 'a"} 1\ncascade_decisions_total{task="forged'
    totals.decisions[hostile, "accepted"] += 1
    assert value(shown(totals), "cascade_decisions_total", task=hostile, outcome="accepted") == 1


def test_nothing_counted_is_no_error_and_openmetrics_is_given_where_asked_for() -> None:
    assert value(shown(Totals()), "cascade_log_lost_total") == 0
    text, content_type = exposition(counted(), "application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert text.endswith(b"# EOF\n")


def test_every_metric_of_the_list_is_shown_and_no_other() -> None:
    text, _ = exposition(counted())
    families = {family.name for family in text_string_to_metric_families(text.decode())}
    assert {name.removesuffix("_total") for name in families} == set(NAMES)


def test_the_grafana_dashboard_refers_to_metrics_and_labels_that_exist() -> None:
    board = json.loads((ROOT / "docs" / "grafana" / "cascade.json").read_text(encoding="utf-8"))
    queries = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    queries += [one["query"] for one in board["templating"]["list"]]
    suffixes = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
    known = {name + suffix: labels for name, (kind, labels, _) in NAMES.items() for suffix in suffixes[kind]}
    used = {name for query in queries for name in re.findall(r"\bcascade_\w+", query)}
    assert used <= set(known)
    for panel in board["panels"]:
        for target in panel["targets"]:
            of_tasks = [name for name in re.findall(r"\bcascade_\w+", target["expr"]) if "task" in known[name]]
            assert target["expr"].count('task=~"$task"') == len(of_tasks), panel["title"]
    for query in queries:
        labels = {label for name in re.findall(r"\bcascade_\w+", query) for label in known[name]} | {"le"}
        grouped = re.findall(r"by \(([\w, ]+)\)", query) + re.findall(r"\{(\w+)=", query)
        assert {label.strip() for group in grouped for label in group.split(",")} <= labels, query
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
