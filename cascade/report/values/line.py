"""Line: a report in one line, above all else: what is saved, what is promised, what it adds in time, how much to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cascade.display.numbers import signed
from cascade.report.values.content import Line, TaskReport, Tone
from cascade.report.values.finding import Finding
from cascade.report.values.format_numbers import count, duration
from cascade.report.values.parts import ESCALATION, RungReport
from cascade.report.values.renewal import Renewal
from cascade.stats.watched_certificate import judged_by

MOSTLY = 0.5
"""Share of failed calls from which a rung is said to have failed in the line itself."""

MOST_NAMED = 2
"""Failing rungs that are named."""

_NOTHING = Line(text="No decision in this period.", tone="plain")


def line_of(total: TaskReport, tasks: Mapping[str, TaskReport], findings: list[Finding]) -> Line:
    """Return a report's line.

    Args:
        total: all tasks together.
        tasks: the tasks.
        findings: the findings, footnotes left out.
    """
    if not total.n:
        return _NOTHING
    below = [name for name, task in tasks.items() if task.hull is not None and task.hull.below]
    first = []
    if broken := refuted(tasks):
        first.append("the certificate is refuted" if len(tasks) == 1 else f"certificate refuted in {_names(broken)}")
    if void := [name for name, task in tasks.items() if _renewal(task) is not None]:
        one = _renewal(tasks[void[0]])
        first.append(one.in_short() if one is not None and len(tasks) == 1 else f"policy void in {_names(void)}")
    if below:
        where = "" if len(tasks) == 1 else f" in {_names(below)}"
        first.append(f"below the hull of single models{where}")
    failed = _failed(rung for task in tasks.values() for rung in task.rungs if _fails(rung))
    first += failed if len(failed) <= MOST_NAMED else [f"{count(len(failed))} rungs failed on most of their requests"]
    observed = list(_observed(tasks))
    parts = [*first, *(observed or [_saved(total), *_quality(tasks), *_rates(tasks), *_added(tasks)])]
    to_do = len(findings)
    parts.append(f"{count(to_do)} thing{'' if to_do == 1 else 's'} to do" if to_do else "nothing to do")
    text = "; ".join([", ".join(parts[:-1]), parts[-1]])
    return Line(text=f"{text[0].upper()}{text[1:]}.", tone=_tone(total, tasks, alarmed=bool(first)), to_do=to_do)


def _renewal(task: TaskReport) -> Renewal | None:
    """Return the renewal of what serves a task now; None where its policy is not void."""
    found = task.policies[0].renewal if task.policies else None
    return None if found is None or found.minor else found


def certified(task: TaskReport) -> str | None:
    """Return what the certificate of a task's policy promises, in a few words; None where nothing is certified."""
    return promise_words(task.policies[0].certificate) if task.policies else None


def promise_words(certificate: Mapping[str, Any]) -> str | None:
    """Return what a certificate promises, in a few words; None where nothing is certified."""
    if not certificate.get("certified"):
        return None
    bound: Mapping[str, Any] = certificate.get("bound") or {}
    parts = bound.get("value") if bound.get("kind") == "together" else [bound]
    words = " and ".join(map(_bound, parts if isinstance(parts, list) else [])) + as_judged(certificate)
    return f"{words} (certified, {_whole(confidence_of(certificate))})"


def as_judged(certificate: Mapping[str, Any]) -> str:
    """Return the same as the end of a sentence, " as NAME judges"; empty for the reader's."""
    by = judged_by(certificate)
    return "" if by is None else f" as {by.removeprefix('judge:')} judges"


def confidence_of(certificate: Mapping[str, Any]) -> float:
    """Return the confidence of a certificate: of one look among several, that which all of them have together."""
    looked = "pairs" in certificate or "disagreement" in certificate
    return float(certificate["bound"]["confidence"] if looked else 1.0 - certificate.get("delta", 0.0))


def quality_tone(task: TaskReport) -> Tone:
    """Return how the quality of a task is to be read: bad where it is worse than the reference beyond its interval."""
    watch = task.policies[0].watch if task.policies else None
    if watch is not None and watch.state == "refuted":
        return "bad"
    if task.hull is not None and (task.hull.below or (task.hull.loss.low or 0.0) > 0.0):
        return "good" if not task.hull.below and certified(task) is not None else "bad"
    return "good" if certified(task) is not None else "plain"


def refuted(tasks: Mapping[str, TaskReport]) -> list[str]:
    """Return the tasks whose certificate is refuted by watching it."""
    uses = {name: task.policies[0].watch for name, task in tasks.items() if task.policies}
    return [name for name, watch in uses.items() if watch is not None and watch.state == "refuted"]


def _watch(task: TaskReport) -> str:
    watch = task.policies[0].watch
    return "" if watch is None else f": {watch.state}"


def _bound(bound: Mapping[str, Any]) -> str:
    value = bound.get("value")
    if not isinstance(value, int | float):
        return "a bound"
    points = f"{100.0 * value:.3g} point{'' if value == 0.01 else 's'}"
    where = f" in {bound['dimension']}" if bound.get("dimension") else ""
    words = {
        "max_loss": f"at most {points} worse{where}",
        "max_error": f"at most {_whole(value)} of accepted answers wrong{where}",
        "max_disagreement": f"at most {_whole(value)} answered otherwise",
    }
    return words.get(str(bound.get("kind")), f"risk at most {_whole(value)}{where}")


def _observed(tasks: Mapping[str, TaskReport]) -> Iterator[str]:
    """Yield what observing tells, where the top answered every request as ever; nothing where the cascade decides."""
    if not tasks or any(
        not task.modes or any(mode.mode != "observe" for mode in task.modes) for task in tasks.values()
    ):
        return
    yield "observed only: the top answered everything"
    seen = [task.observed for task in tasks.values() if task.observed.n]
    if len(seen) == 1 and (same := seen[0].same.value) is not None:
        cost = seen[0].cost_vs_top.value
        saved = "" if cost is None else f" and saved {_whole(round(1.0 - cost, 3))}"
        yield f"the cascade would have answered the same in {_whole(round(same, 3))}{saved}"


def _saved(total: TaskReport) -> str:
    share = total.saved.share
    if share.value is None or share.low is None or share.high is None:
        return "saving unknown"
    if share.high < 0.0:
        return f"costs {_span(-share.high, -share.low)} more than always asking the top"
    if share.low <= 0.0 and share.high <= 0.0:
        return "saves nothing"
    if share.low <= 0.0 and f"{share.high:.2f}" == "0.00":
        return "saves nothing"
    if share.low <= 0.0:
        return f"saves {_ends(share.low, share.high)}, which may be nothing"
    return f"saves {_span(share.low, share.high)}"


def _whole(value: float | None) -> str:
    return "unknown" if value is None else f"{100.0 * value:.3g} %"


def _ends(low: float, high: float) -> str:
    return f"{signed(100.0 * low, '.0f')} to {signed(100.0 * high, '.0f')} %"


def _span(low: float, high: float) -> str:
    near, far = f"{100.0 * low:.0f}", f"{100.0 * high:.0f}"
    return f"{near} %" if near == far else f"{near}–{far} %"


def _quality(tasks: Mapping[str, TaskReport]) -> Iterator[str]:
    if len(tasks) > 1:
        states = [task.policies[0].watch for task in tasks.values() if certified(task) is not None]
        held = sum(watch is not None and watch.state == "holds" for watch in states)
        shown = f", of which {count(held)} shown to hold" if held else ""
        yield f"{count(len(states))} of {count(len(tasks))} tasks certified{shown}"
        worse = [name for name, task in tasks.items() if quality_tone(task) == "bad"]
        if worse:
            yield f"worse than the reference in {_names(worse)}"
        return
    for task in tasks.values():
        promise = certified(task)
        if promise is not None:
            yield f"{promise}{_watch(task)}"
        loss = None if task.hull is None else task.hull.loss
        if loss is not None and loss.low is not None and loss.high is not None:
            if loss.low > 0.0:
                yield f"{100.0 * loss.low:.1f} to {100.0 * loss.high:.1f} points worse than {task.reference} by labels"
            elif promise is None:
                yield f"within chance of {task.reference} by labels"
        elif promise is None:
            yield "quality unknown" if not task.n_labelled else f"{_whole(task.accuracy.value)} right by labels"


def _rates(tasks: Mapping[str, TaskReport]) -> Iterator[str]:
    drifted = [name for name, task in tasks.items() if _drifts(task)]
    if drifted:
        yield "traffic has drifted" if len(tasks) == 1 else f"traffic has drifted in {_names(drifted)}"
    missed = _missed(tasks)
    if missed:
        yield "rate missed" if len(tasks) == 1 else f"rate missed in {_names(missed)}"
    elif any(task.policies and task.policies[0].promised is not None for task in tasks.values()):
        yield "rate kept"


def _drifts(task: TaskReport) -> bool:
    """Return whether confidences or sameness have an alarm; that of the rate is said as missed."""
    drift = task.policies[0].drift if task.policies else None
    return drift is not None and any(one.alarm_at and one.name != ESCALATION for one in drift.streams)


def _missed(tasks: Mapping[str, TaskReport]) -> list[str]:
    uses = {name: task.policies[0] for name, task in tasks.items() if task.policies}
    return [name for name, use in uses.items() if _alarmed(use) or use.missed]


def _alarmed(use: Any) -> bool:
    """Return whether the escalation rate has an alarm."""
    streams = () if use.drift is None else use.drift.streams
    return any(one.alarm_at is not None and one.name == ESCALATION for one in streams)


def _added(tasks: Mapping[str, TaskReport]) -> Iterator[str]:
    known = [task.added_p95_s for task in tasks.values() if task.added_p95_s is not None]
    if known:
        most = max(known, key=abs)
        yield f"adds {duration(most)} at p95" if most >= 0.0 else f"answers {duration(-most)} sooner at p95"


def _fails(rung: RungReport) -> bool:
    return bool(rung.reached) and sum(rung.failures.values()) / rung.reached > MOSTLY


def _failed(rungs: Iterable[RungReport]) -> list[str]:
    """Return which rungs failed, over all tasks, and of what; an open breaker is what other failures led to."""
    kinds: dict[str, Counter[str]] = {}
    reached: Counter[str] = Counter()
    for rung in rungs:
        kinds.setdefault(rung.rung, Counter()).update(rung.failures)
        reached[rung.rung] += rung.reached
    causes = {name: Counter({kind: n for kind, n in own.items() if kind != "breaker"}) for name, own in kinds.items()}
    return [
        f"{name} failed on {count(own.total())} of {count(reached[name])}: {(causes[name] or own).most_common(1)[0][0]}"
        for name, own in kinds.items()
    ]


def _tone(total: TaskReport, tasks: Mapping[str, TaskReport], *, alarmed: bool) -> Tone:
    share = total.saved.share
    tones = [quality_tone(task) for task in tasks.values()]
    if (
        alarmed
        or _missed(tasks)
        or any(map(_drifts, tasks.values()))
        or "bad" in tones
        or (share.high is not None and share.high < 0.0)
    ):
        return "bad"
    saves = share.low is not None and share.low > 0.0
    return "good" if saves and all(tone == "good" for tone in tones) else "plain"


def _names(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{count(len(names))} tasks"
