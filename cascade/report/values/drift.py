"""Drift: what a task's traffic shows, without labels, against the samples of its policy.

Four streams share one average run length (ARL) until a false alarm, each with four times as much: how often the first
rung escalates, its confidences, the lengths of its answers, and how often the reference, where it is asked too, says
the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from cascade.report.values.parts import CONFIDENCES, ESCALATION, LENGTHS, SAMENESS, Drift, DriftStream
from cascade.report.values.tally import ConfidenceTally, Course, Promise, Tally, WatchTally
from cascade.stats.change_detector import ARL
from cascade.stats.rank_monitor import RankMonitor
from cascade.stats.rate_monitor import RateMonitor, first_alarm, null_band
from cascade.stats.watched_certificate import judged_by

if TYPE_CHECKING:
    from numpy.typing import NDArray

STREAMS = 4
"""Streams that share the ARL."""

SHARED_ARL = STREAMS * ARL
"""ARL of each stream, so that one false alarm of any comes after `ARL` requests or more, in the mean."""


def drift_of(tally: Tally, sha256: str | None, promise: Promise) -> Drift | None:
    """Return what the streams of one policy show; None where it promises nothing that could be compared with."""
    streams = [
        one
        for one in (
            _escalations(tally.courses.get(sha256), promise),
            *_ranked(_latest(tally, sha256), promise),
            _sameness(tally.watched.get(sha256), promise),
        )
        if one is not None
    ]
    if not streams:
        return None
    return Drift(streams=tuple(streams), unwatched=bool(_climbs(promise) and not promise.confidences))


def rank_monitors(promise: Promise) -> tuple[RankMonitor | None, RankMonitor | None]:
    """Return the detectors of a policy's confidences and of its answers' lengths; None where the policy keeps none."""
    confidences, lengths = (
        RankMonitor(kept["values"], kept["n"], arl=SHARED_ARL) if kept else None
        for kept in (promise.confidences, promise.lengths)
    )
    return confidences, lengths


def firsts(groups: Sequence[int], seen: set[int]) -> Iterator[bool]:
    """Yield for each row whether it is the first of its group, or has none; `seen` is added to."""
    for group in groups:
        yield group == 0 or group not in seen
        seen.add(group)


def _climbs(promise: Promise) -> bool:
    """Return whether a point of the policy asks more than one rung."""
    points = promise.measured.get("points")
    return isinstance(points, list) and any(len(one.get("rungs") or ()) > 1 for one in points)


def _latest(tally: Tally, sha256: str | None) -> ConfidenceTally | None:
    """Return the confidences at the share that the policy decided last."""
    found = [one for (of, _), one in tally.confidences.items() if of == sha256 and len(one.at_ms)]
    return max(found, key=lambda one: max(one.at_ms), default=None)


def _escalations(course: Course | None, promise: Promise) -> DriftStream | None:
    if course is None or promise.rate is None or not 0.0 <= promise.rate <= 1.0:
        return None
    at_ms, order = _in_order(course.at_ms)
    steps = np.asarray(course.escalated)[order]
    low, high = promise.band or (promise.rate, promise.rate)
    return _stream(ESCALATION, at_ms, first_alarm(steps, promise.rate, (low, high), arl=SHARED_ARL))


def _ranked(tally: ConfidenceTally | None, promise: Promise) -> Iterator[DriftStream]:
    """Yield the streams of confidences and lengths that the policy's samples can be compared with."""
    if tally is None:
        return
    at_ms, order = _in_order(tally.at_ms)
    kept = _of_groups(np.asarray(tally.group)[order])
    streams = ((CONFIDENCES, tally.confidence), (LENGTHS, tally.length))
    for (name, values), monitor in zip(streams, rank_monitors(promise), strict=True):
        if monitor is not None:
            monitor.watch(np.asarray(values)[order][kept])
            yield _stream(name, at_ms[kept], monitor.alarm_at)


def _sameness(tally: WatchTally | None, promise: Promise) -> DriftStream | None:
    """Return the stream of whether the reference says the same, where the reader of answers told it of the samples."""
    told = promise.measured.get("disagreement")
    value, n = (told.get(name) if isinstance(told, dict) else None for name in ("value", "n"))
    if tally is None or not isinstance(value, float) or not n or judged_by(promise.certificate) is not None:
        return None
    at_ms, order = _in_order(tally.at_ms)
    same = np.asarray(tally.same)[order]
    kept = _of_groups(np.asarray(tally.group)[order]) & ~np.isnan(same)
    off = 1.96 * math.sqrt(max(value * (1.0 - value), 1.0 / n) / n)
    low, high = null_band(value)
    monitor = RateMonitor((max(0.0, low - off), min(1.0, high + off)), arl=SHARED_ARL)
    monitor.watch(1.0 - same[kept])
    return _stream(SAMENESS, at_ms[kept], monitor.alarm_at)


def _in_order(at_ms: Sequence[float]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    found = np.asarray(at_ms, dtype=np.float64)
    order = np.argsort(found, kind="stable")
    return found[order], order


def _of_groups(groups: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which rows count: of those that share a group, the first."""
    if not groups.any():
        return np.ones(len(groups), dtype=bool)
    return np.fromiter(firsts(groups.tolist(), set()), dtype=bool, count=len(groups))


def _stream(name: str, at_ms: NDArray[np.float64], after: int | None) -> DriftStream:
    at = None if after is None else datetime.fromtimestamp(at_ms[after - 1] / 1000, tz=UTC).isoformat()
    return DriftStream(name=name, n=len(at_ms), alarm_at=at, alarm_after=after)
