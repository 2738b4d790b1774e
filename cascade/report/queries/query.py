"""Query: aggregates a decision log into tallies, mostly in the database."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, case, func, select

from cascade.log.tables import attempts, decisions, labels, losses, policies, verdicts
from cascade.report.queries.case_query import pick_cases
from cascade.report.queries.confidence_query import collect_confidences
from cascade.report.queries.flag_query import count_flags
from cascade.report.queries.judge_scores import collect_proxies
from cascade.report.queries.label_query import count_joint_labels, find_thresholds
from cascade.report.queries.observation_query import count_observations
from cascade.report.queries.part_query import count_parts
from cascade.report.queries.period_query import count_periods
from cascade.report.queries.scope import Scope, counted, streamed
from cascade.report.queries.void_query import count_void
from cascade.report.queries.watch_query import count_watched
from cascade.report.values.tally import (
    Course,
    LabelTally,
    Promise,
    Promises,
    Rate,
    RungTally,
    Spent,
    Tally,
    VerifierTally,
    tally_by_task,
)


def promises(connection: Connection) -> Promises:
    """Read the promises of the policies in use."""
    found: Promises = {}
    for sha256, text in connection.execute(select(policies.c.sha256, policies.c.tasks)):
        tasks = json.loads(text)
        certified = sum(bool((content.get("certificate") or {}).get("certified")) for content in tasks.values())
        for task, content in tasks.items():
            found[sha256, task] = Promise(
                reference=content.get("reference"),
                rungs=tuple(content.get("rungs") or ()),
                target=content.get("target") or {},
                measured=content.get("measured") or {},
                certificate=content.get("certificate") or {},
                error_usd=content.get("error_usd") or 0.0,
                confidences=content.get("confidences") or {},
                lengths=content.get("lengths") or {},
                tasks=max(certified, 1),
            )
    return found


def tallies(connection: Connection, scope: Scope, known: Promises, *, step_ms: int) -> dict[str, Tally]:
    """Count everything that a report needs, by task."""
    found = tally_by_task()
    _decisions(connection, scope, known, found)
    count_periods(connection, scope, known, found, step_ms)
    count_parts(connection, scope, found)
    count_flags(connection, scope, found)
    count_observations(connection, scope, found)
    count_watched(connection, scope, found)
    count_void(connection, known, found)
    collect_confidences(connection, scope, known, found)
    _attempts(connection, scope, found)
    _verdicts(connection, scope, found)
    _one_by_one(connection, scope, known, found)
    if connection.execute(select(labels.c.decision_id).limit(1)).scalar() is not None:
        _labels(connection, scope, found)
        _scores(connection, scope, found)
        collect_proxies(connection, scope, found)
        count_joint_labels(connection, scope, found)
    find_thresholds(connection, scope, found)
    pick_cases(connection, scope, found)
    return dict(sorted(found.items()))


def tasks(connection: Connection) -> list[str]:
    """Return the tasks in the log."""
    return list(connection.execute(select(decisions.c.task).distinct().order_by(decisions.c.task)).scalars())


def lost(connection: Connection, scope: Scope) -> int:
    """Count the lost decisions recorded by the log in the period, over all tasks."""
    query = select(func.coalesce(func.sum(losses.c.n), 0))
    if scope.since_ms is not None:
        query = query.where(losses.c.at_ms >= scope.since_ms)
    if scope.until_ms is not None:
        query = query.where(losses.c.at_ms < scope.until_ms)
    return int(connection.execute(query).scalar_one())


def _decisions(connection: Connection, scope: Scope, known: Promises, found: defaultdict[str, Tally]) -> None:
    c = decisions.c
    priced = c.saved_usd.is_not(None)
    top = c.cost_usd + c.saved_usd
    sums = {
        "n": func.count(), "first_answered": counted(c.first_answered), "escalated": counted(c.escalated),
        "cost_usd": func.sum(c.cost_usd), "cost_squares": func.sum(c.cost_usd * c.cost_usd),
        "answers_usd": func.sum(c.answers_usd), "verifiers_usd": func.sum(c.verifiers_usd),
        "input_tokens": func.sum(c.input_tokens), "output_tokens": func.sum(c.output_tokens),
        "last_ms": func.max(c.at_ms), "priced": func.count(c.saved_usd), "cost": func.sum(case((priced, c.cost_usd))),
        "top": func.sum(top), "cost_cost": func.sum(case((priced, c.cost_usd * c.cost_usd))),
        "top_top": func.sum(top * top), "cost_top": func.sum(c.cost_usd * top),
    }  # fmt: skip
    keys = (c.task, c.policy_sha256, c.outcome, c.rung, c.calibrated, c.saved_how)
    columns = [*keys, *(value.label(name) for name, value in sums.items())]
    for row in connection.execute(scope.select(decisions, *columns).group_by(*keys)):
        task, sha256, outcome, rung, calibrated, how = row[: len(keys)]
        value: Mapping[str, Any] = {name: row[len(keys) + i] or 0 for i, name in enumerate(sums)}
        tally = found[task]
        for name in ("n", "first_answered", "escalated", "cost_usd", "cost_squares", "answers_usd", "verifiers_usd",
                     "input_tokens", "output_tokens"):  # fmt: skip
            setattr(tally, name, getattr(tally, name) + value[name])
        tally.calibrated += value["n"] if calibrated else 0
        tally.outcomes[outcome] += value["n"]
        tally.answered_by[rung] += value["n"]
        tally.policies.setdefault(sha256, Rate()).add(_rate(value))
        tally.saved_how[how or "unknown"] += value["priced"]
        tally.saved_how["unknown"] += value["n"] - value["priced"]
        against = tally.against
        against.n += value["priced"]
        for name in ("cost", "top", "cost_cost", "top_top", "cost_top"):
            setattr(against, name, getattr(against, name) + value[name])
        promise = known.get((sha256, task))
        if promise is not None and how == "fitted on samples":
            against.noise += value["priced"] * promise.error_usd**2


def _rate(value: Mapping[str, Any]) -> Rate:
    return Rate(**{name: value[name] for name in Rate.__dataclass_fields__})


def _attempts(connection: Connection, scope: Scope, found: defaultdict[str, Tally]) -> None:
    c = attempts.c
    keys = (c.task, c.rung, c.model, c.action, c.reason, c.failure)
    query = scope.select(
        attempts, *keys, func.count(), func.sum(c.position), func.sum(c.answer_usd), func.sum(c.verifiers_usd),
        func.sum(c.input_tokens), func.sum(c.output_tokens),
    ).group_by(*keys)  # fmt: skip
    for task, name, model, action, reason, failure, n, places, answers, verifiers, ins, outs in connection.execute(
        query
    ):
        rung = found[task].rungs.setdefault(name, RungTally())
        rung.n += n
        rung.positions += places
        rung.models[model] += n
        found[task].spending.setdefault(("model", model), Spent()).add(Spent(calls=n, usd=answers))
        rung.actions[action] += n
        rung.answers_usd += answers
        rung.verifiers_usd += verifiers
        rung.input_tokens += ins
        rung.output_tokens += outs
        if failure is not None:
            rung.failures[failure] += n
        else:
            rung.answered_usd += answers
        if action == "escalate":
            rung.reasons[reason] += n


def _verdicts(connection: Connection, scope: Scope, found: defaultdict[str, Tally]) -> None:
    c = verdicts.c
    keys = (c.task, c.rung, c.verifier)
    query = scope.select(
        verdicts, *keys, func.count(), func.sum(c.place), func.count(c.score), func.coalesce(func.sum(c.score), 0.0),
        counted(c.abstained), counted(c.veto), counted(c.failed), func.sum(c.cost_usd), func.sum(c.calls),
    ).group_by(*keys)  # fmt: skip
    names = ("n", "places", "scored", "score", "abstained", "vetoed", "failed", "cost_usd", "calls")
    for task, rung, verifier, *values in connection.execute(query):
        tally = VerifierTally(**dict(zip(names, values, strict=True)))
        found[task].verifiers[rung, verifier] = tally
        if tally.calls or tally.cost_usd:
            spent = Spent(calls=tally.calls or tally.n, usd=tally.cost_usd)
            found[task].spending.setdefault(("verifier", verifier), Spent()).add(spent)


def _one_by_one(connection: Connection, scope: Scope, known: Promises, found: defaultdict[str, Tally]) -> None:
    """Collect the latency of each request, and the outcome of each first answer under a policy with a promised rate."""
    courses: defaultdict[tuple[str, str | None], Course] = defaultdict(Course)
    c = decisions.c
    whole = {task: tally.latencies.append for task, tally in found.items()}
    columns = (c.task, c.latency_s, c.policy_sha256, c.first_answered, c.escalated, c.at_ms)
    for task, latency_s, sha256, answered, escalated, at_ms in streamed(connection, scope.select(decisions, *columns)):
        whole[task](latency_s)
        if answered and (sha256, task) in known:
            course = courses[task, sha256]
            course.at_ms.append(at_ms)
            course.escalated.append(escalated)
    for (task, sha256), course in courses.items():
        found[task].courses[sha256] = course
    a = attempts.c
    parts = {(task, name): rung.latencies.append for task, tally in found.items() for name, rung in tally.rungs.items()}
    for task, rung, latency_s in streamed(connection, scope.select(attempts, a.task, a.rung, a.latency_s)):
        parts[task, rung](latency_s)


def _labels(connection: Connection, scope: Scope, found: defaultdict[str, Tally]) -> None:
    """Count labelled answers by decision and cost."""
    given = scope.labelled().subquery()
    d, a, later = decisions.c, attempts.c, attempts.alias("later")
    above = (
        select(func.coalesce(func.sum(later.c.answer_usd + later.c.verifiers_usd), 0.0))
        .where(later.c.decision_id == given.c.decision_id, later.c.position > a.position)
        .scalar_subquery()
    )
    asked = (a.decision_id == given.c.decision_id) & (a.rung == given.c.rung) & a.failure.is_(None)
    correct = given.c.correct
    keys = (d.task, given.c.rung, d.rung, a.action)
    query = (
        select(
            *keys, func.count(), func.sum(correct), func.sum(correct * correct),
            func.coalesce(func.sum(correct * above), 0.0), func.sum((1.0 - correct) * d.cost_usd),
        )
        .select_from(given.join(decisions, d.decision_id == given.c.decision_id).outerjoin(attempts, asked))
        .where(given.c.rung.is_not(None))
        .group_by(*keys)
    )  # fmt: skip
    names = ("n", "correct", "squares", "spent_above_usd", "spent_wrongly_usd")
    for task, rung, answered_by, action, *values in connection.execute(query):
        found[task].labels[rung, answered_by, action] = LabelTally(**dict(zip(names, values, strict=True)))


def _scores(connection: Connection, scope: Scope, found: defaultdict[str, Tally]) -> None:
    """Collect verifiers' scores with the labels of the judged answers."""
    given = scope.labelled().subquery()
    v = verdicts.c
    score = case((v.veto, 0.0), else_=v.score)
    query = (
        select(v.task, v.rung, v.verifier, score, given.c.correct)
        .select_from(given.join(verdicts, (v.decision_id == given.c.decision_id) & (v.rung == given.c.rung)))
        .where(score.is_not(None))
    )
    for task, rung, verifier, value, correct in streamed(connection, query):
        tally = found[task].verifiers[rung, verifier]
        tally.scores.append(value)
        tally.correct.append(correct)
