"""Metrics: totals in Prometheus's text format; dashboards and alerts use the names defined here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from cascade.extras import require_extra
from cascade.serve.totals import Buckets, Totals

if TYPE_CHECKING:
    from prometheus_client import Metric

NAMES: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "cascade_decisions": ("counter", ("task", "outcome"), "Requests that ended."),
    "cascade_escalations": ("counter", ("task", "rung", "reason"), "Answers that were escalated for quality."),
    "cascade_failures": ("counter", ("task", "rung", "kind"), "Rungs that failed to answer."),
    "cascade_cost_usd": ("counter", ("task", "part"), "US dollars; add maybe_charged for the upper bound."),
    "cascade_tokens": ("counter", ("task", "direction"), "Tokens of rungs' own calls."),
    "cascade_verdicts": (
        "counter",
        ("task", "rung", "verifier", "kind"),
        "Verdicts: scored, vetoed, abstained, failed.",
    ),
    "cascade_log_lost": ("counter", (), "Decisions that could not be logged."),
    "cascade_rung_latency_seconds": ("histogram", ("task", "rung"), "Seconds of a rung's call and its verifiers'."),
    "cascade_verifier_score": ("histogram", ("task", "rung", "verifier"), "Scores of verifiers."),
    "cascade_saved_usd": ("gauge", ("task",), "US dollars saved against always-top; may fall."),
    "cascade_escalation_rate": ("gauge", ("task",), "Share of the last 1,000 first answers that were escalated."),
    "cascade_escalation_target": ("gauge", ("task",), "Target escalation rate of the serving policy."),
    "cascade_escalation_alarm": ("gauge", ("task",), "1 once the rate has left the calibrated interval."),
    "cascade_confidence_alarm": ("gauge", ("task",), "1 once confidences are no longer like the samples'."),
    "cascade_certificate_refuted": (
        "gauge",
        ("task",),
        "1 once watching has refuted a certificate.",
    ),
    "cascade_watched_answers": ("gauge", ("task",), "Answers that watch the serving policy's certificate."),
    "cascade_last_decision_timestamp_seconds": ("gauge", (), "When the last request ended, Unix seconds."),
    "cascade_other_tasks": ("gauge", (), "Tasks beyond the first ones, shown together as task `other`."),
}
"""Every metric: type, labels, help; counters are shown with `_total`, histograms as `_bucket`, `_sum`, `_count`."""

MOST_TASKS = 50
"""Tasks with series of their own, the first that were counted; a thousand would be 35,000 series and more."""

OTHER = "other"


def exposition(totals: Totals | Callable[[], Iterable[Metric]], accept: str = "") -> tuple[bytes, str]:
    """Return the body of `/metrics`, and its content type.

    Args:
        totals: the totals to expose, or what gives their metrics.
        accept: the request's Accept header; OpenMetrics if requested, else Prometheus's text format.
    """
    require_extra("serve", "prometheus_client", use="/metrics")
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import choose_encoder
    from prometheus_client.registry import Collector

    class Counted(Collector):
        def collect(self) -> Iterable[Metric]:
            return families(totals) if isinstance(totals, Totals) else totals()

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Counted())
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


def families(totals: Totals) -> Iterator[Metric]:
    """Yield every metric with its samples, in the order of `NAMES`."""
    require_extra("serve", "prometheus_client", use="/metrics")
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    held = _values(totals)
    for name, (kind, labels, said) in NAMES.items():
        if kind == "histogram":
            histogram = HistogramMetricFamily(name, said, labels=labels)
            for key, buckets in held[name].items():
                histogram.add_metric([*key], _cumulated(buckets), sum_value=buckets.total)
            yield histogram
            continue
        family = (CounterMetricFamily if kind == "counter" else GaugeMetricFamily)(name, said, labels=labels)
        for key, value in held[name].items():
            family.add_metric([*key], float(value))
        yield family


def _values(totals: Totals) -> dict[str, Mapping[Any, Any]]:
    tasks = list(dict.fromkeys(task for task, _ in totals.decisions))
    named = frozenset(tasks[:MOST_TASKS])
    courses = {(task,): course for task, course in totals.courses.items() if task in named}
    alarms = {
        (task if task in named else OTHER,): False
        for task, course in totals.courses.items()
        if course.monitor is not None
    }
    for task, course in totals.courses.items():
        if course.monitor is not None:
            alarms[task if task in named else OTHER,] |= course.monitor.alarmed
    parts = {key: usd for key, usd in totals.usd.items() if key[1] != "saved"}
    saved = {(task,): usd for (task, part), usd in totals.usd.items() if part == "saved"}
    last = {} if totals.last_ms is None else {(): totals.last_ms / 1000}
    return {
        "cascade_decisions": _summed(totals.decisions, named),
        "cascade_escalations": _summed(totals.escalations, named),
        "cascade_failures": _summed(totals.failures, named),
        "cascade_cost_usd": _summed(parts, named),
        "cascade_tokens": _summed(totals.tokens, named),
        "cascade_verdicts": _summed(totals.verdicts, named),
        "cascade_log_lost": {(): totals.lost},
        "cascade_rung_latency_seconds": _together(totals.latency, named),
        "cascade_verifier_score": _together(totals.scores, named),
        "cascade_saved_usd": _summed(saved, named),
        "cascade_escalation_rate": {
            key: sum(course.recent) / len(course.recent) for key, course in courses.items() if course.recent
        },
        "cascade_escalation_target": {
            key: course.target for key, course in courses.items() if course.target is not None
        },
        "cascade_escalation_alarm": alarms,
        "cascade_confidence_alarm": {
            (task if task in named else OTHER,): float(alarmed)
            for task, alarmed in sorted(totals.drifted.items(), key=lambda item: item[1])
        },
        "cascade_certificate_refuted": {
            (task if task in named else OTHER,): float(watch.state == "refuted")
            for task, watch in sorted(totals.watches.items(), key=lambda item: item[1].state == "refuted")
        },
        "cascade_watched_answers": {(task,): watch.n for task, watch in totals.watches.items() if task in named},
        "cascade_last_decision_timestamp_seconds": last,
        "cascade_other_tasks": {(): max(0, len(tasks) - MOST_TASKS)},
    }


def _summed(counts: Mapping[Any, float], named: frozenset[str]) -> dict[Any, float]:
    """Sum counts by key, whose first part is the task; tasks without series of their own are one."""
    found: defaultdict[Any, float] = defaultdict(float)
    for (task, *rest), count in counts.items():
        found[task if task in named else OTHER, *rest] += count
    return found


def _together(histograms: Mapping[Any, Buckets], named: frozenset[str]) -> dict[Any, Buckets]:
    found: dict[Any, Buckets] = {}
    for (task, *rest), buckets in histograms.items():
        key = (task if task in named else OTHER, *rest)
        found.setdefault(key, Buckets(bounds=buckets.bounds)).add_counts(buckets.counts, buckets.total)
    return found


def _cumulated(buckets: Buckets) -> list[tuple[str, float]]:
    bounds = [*(f"{bound:g}" for bound in buckets.bounds), "+Inf"]
    return list(zip(bounds, map(float, accumulate(buckets.counts)), strict=True))
