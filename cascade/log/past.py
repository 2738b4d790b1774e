"""Past: one decision as the log holds it, with its attempts, verdicts and labels; read in batches or by id."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cascade.errors import DataError
from cascade.log.label import HUMAN
from cascade.policy.explanation import ExplainedAttempt, ExplainedVerdict, Explanation, explain
from cascade.policy.features import EARLIER, LENGTH
from cascade.policy.operating_point import Threshold
from cascade.policy.policy import Policy

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from cascade.log.log import Log

BATCH = 500
"""Decisions in memory at once."""

ESCALATED = "escalated"
"""Decisions of which a rung was left upwards for quality, beside the outcomes that may be asked for."""

EARLIER_SCHEMA = (
    "The decision is from before schema 4: its features are put together from verdicts and the length of the answer, "
    "and what the next rung would have cost is not known."
)
"""Note on a decision that was logged by an earlier release."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The rows of one decision."""

    decision: Row
    """Its own row."""

    attempts: list[Row] = field(default_factory=list)
    """In the order in which the rungs were asked."""

    verdicts: list[Row] = field(default_factory=list)
    """In the order in which they were given."""

    labels: list[Row] = field(default_factory=list)
    """Of its answers, by rung ('': the answer that was returned) and source."""

    observed: Past | None = None
    """What the cascade would have done where the top answered, with every rung and verdict, reached or not; None where
    the decision was not observed."""

    repeated: bool = False
    """True where the log has other decisions of the same request id, in the same task."""

    def verdicts_at(self, position: int) -> list[Row]:
        """Return the verdicts on the answer of one attempt."""
        return [row for row in self.verdicts if row["position"] == position]

    def features_at(self, position: int) -> dict[str, float | None] | None:
        """Return what the combiner saw at an attempt; None where it has no answer.

        They are put together from verdicts, confidences and the length of the answer. What these do not tell (what a
        tool was given counts as length, too) is stored since schema 4.
        """
        row = self.attempts[position]
        if row["failure"] is not None:
            return None
        found: dict[str, float | None] = {}
        for verdict in self.verdicts_at(position):
            found[verdict["verifier"]] = verdict["score"]
            signals = json.loads(verdict["signals"] or "{}")
            found |= {f"{verdict['verifier']}.{name}": value for name, value in signals.items()}
        found[LENGTH] = math.log1p(row["answer_chars"])
        for one in self.attempts[:position]:
            if one["action"] == "escalate":
                found[EARLIER + one["rung"]] = one["confidence"]
        stored = json.loads(row["features"]) if row["features"] else {}
        if "left_out" in stored:
            return found
        return found | {name: None if value is None else float(value) for name, value in stored.items()}

    def explanation(self, policy: Policy | None) -> Explanation:
        """Return why the decision was made, and what the cascade would have done where it was observed.

        Args:
            policy: the policy that decided; None where it is not known.
        """
        row = self.decision
        given = Explanation(
            decision_id=row["decision_id"], request_id=row["request_id"], task=row["task"], outcome=row["outcome"],
            rung=row["rung"], model=row["model"], cost_usd=row["cost_usd"], saved_usd=row["saved_usd"],
            quality=row["quality"], mode=row["mode"] or "enforce", propensity=row["propensity"] or 1.0,
            policy_sha256=row["policy_sha256"], next_usd=row["next_usd"],
            attempts=tuple(self._explained(position) for position in range(len(self.attempts))),
            notes=() if row["mode"] else (EARLIER_SCHEMA,),
            observed=None if self.observed is None else self.observed.explanation(policy),
        )  # fmt: skip
        return explain(given, policy)

    def _explained(self, position: int) -> ExplainedAttempt:
        row = self.attempts[position]
        return ExplainedAttempt(
            rung=row["rung"], model=row["model"], action=row["action"], reason=row["reason"],
            confidence=row["confidence"], u=row["u"], failure=row["failure"],
            threshold=None if row["t"] is None else Threshold(t=row["t"], g=row["g"] or 0.0),
            verdicts=tuple(
                ExplainedVerdict(
                    verifier=one["verifier"], score=one["score"], veto=bool(one["veto"]), reason=one["reason"],
                    signals=json.loads(one["signals"] or "{}"), cost_usd=one["cost_usd"],
                )
                for one in self.verdicts_at(position)
            ),
            features=self.features_at(position), answer_usd=row["answer_usd"], verifiers_usd=row["verifiers_usd"],
        )  # fmt: skip

    @property
    def drawn(self) -> float:
        """The probability with which it was drawn to be labelled; 1 where it was not drawn."""
        return min((row["propensity"] for row in self.labels if row["propensity"] is not None), default=1.0)

    def people(self, rung: str) -> dict[str, float]:
        """Return the labels that people gave a rung's answer, by their names."""
        mark = f"{HUMAN}:"
        return {
            row["source"].removeprefix(mark): row["correct"]
            for row in self.labels
            if row["source"].startswith(mark) and (row["rung"] or self.decision["rung"]) == rung
        }

    def labels_by_rung(self) -> dict[str, tuple[float, str]]:
        """Return the labels by rung, with their sources: the mean, where several sources gave one."""
        found: dict[str, list[tuple[float, str]]] = {}
        for row in self.labels:
            rung, source = row["rung"] or self.decision["rung"], row["source"]
            if rung:
                source = HUMAN if source.startswith(f"{HUMAN}:") else source
                found.setdefault(rung, []).append((row["correct"], source))
        return {
            rung: (sum(value for value, _ in own) / len(own), "+".join(dict.fromkeys(source for _, source in own)))
            for rung, own in found.items()
        }


def pasts(
    log: Log,
    *,
    tasks: Sequence[str] | None = None,
    since_ms: int | None = None,
    until_ms: int | None = None,
    after: int = -1,
    ids: Collection[str] | None = None,
    only: str | None = None,
) -> Iterator[Past]:
    """Yield decisions in their order, from one snapshot.

    Args:
        log: the log.
        tasks: only these; None: all.
        since_ms: only decisions that ended then or later, Unix milliseconds.
        until_ms: only decisions that ended before.
        after: only decisions after this one, by its `sequence`.
        ids: only these decisions, some thousands at most.
        only: `escalated`, or an outcome: only such decisions. None: all.

    Raises:
        LogUnavailable: the log cannot be read.
    """
    from sqlalchemy import select

    from cascade.log.tables import decisions

    query = select(decisions).order_by(decisions.c.sequence).limit(BATCH)
    if tasks is not None:
        query = query.where(decisions.c.task.in_([log.stored_name(task) for task in tasks]))
    if since_ms is not None:
        query = query.where(decisions.c.at_ms >= since_ms)
    if until_ms is not None:
        query = query.where(decisions.c.at_ms < until_ms)
    if ids is not None:
        query = query.where(decisions.c.decision_id.in_(list(ids)))
    query = query.where(*_such(only))
    with log.reading() as connection:
        while rows := connection.execute(query.where(decisions.c.sequence > after)).mappings().all():
            yield from _whole(connection, list(map(dict, rows)))
            after = rows[-1]["sequence"]


def _such(only: str | None) -> tuple[ColumnElement[bool], ...]:
    """Return the condition on decisions that were escalated, or had an outcome; none for all."""
    from cascade.log.tables import decisions

    if only is None:
        return ()
    return (decisions.c.escalated.is_(True) if only == ESCALATED else decisions.c.outcome == only,)


def last_sequence(log: Log, *, before: int = 0, tasks: Sequence[str] | None = None, only: str | None = None) -> int:
    """Return the sequence after which a log has so many decisions of the kind; -1 where it has no more than these."""
    from sqlalchemy import select

    from cascade.log.tables import decisions

    query = select(decisions.c.sequence).order_by(decisions.c.sequence.desc()).offset(before).limit(1)
    if tasks is not None:
        query = query.where(decisions.c.task.in_([log.stored_name(task) for task in tasks]))
    query = query.where(*_such(only))
    with log.reading() as connection:
        found = connection.execute(query).scalar()
    return -1 if found is None else int(found)


def past_of(log: Log, identity: str) -> Past:
    """Return one decision, by its id or, the last one, by the id of its request.

    Raises:
        DataError: the log has neither.
        LogUnavailable: the log cannot be read.
    """
    from sqlalchemy import select

    from cascade.log.tables import decisions

    known = log.stored_name(identity)
    with log.reading() as connection:
        for column in (decisions.c.decision_id, decisions.c.request_id):
            query = select(decisions).where(column == known).order_by(decisions.c.sequence.desc()).limit(1)
            rows = connection.execute(query).mappings().all()
            if rows:
                return next(_whole(connection, list(map(dict, rows))))
    message = (
        f"The log holds no decision or request {identity!r}; give the decision_id of a result, or one that "
        "`cascade tail LOG` shows."
    )
    raise DataError(message)


def logged_policy(log: Log, sha256: str | None) -> Policy | None:
    """Return a policy that the log has noted; None where it has not, or has noted it before schema 4."""
    from sqlalchemy import select

    from cascade.log.tables import policies

    if sha256 is None:
        return None
    with log.reading() as connection:
        content = connection.execute(select(policies.c.content).where(policies.c.sha256 == sha256)).scalar()
    return None if content is None else Policy.from_json(json.loads(content))


def _whole(connection: Connection, rows: Sequence[Row]) -> Iterator[Past]:
    """Yield decisions with the rows of the other tables."""
    from sqlalchemy import func, select

    from cascade.log.tables import decisions, metadata

    mine = decisions.c.request_id.in_([row["request_id"] for row in rows])
    counted = select(decisions.c.task, decisions.c.request_id).where(mine)
    several = counted.group_by(decisions.c.task, decisions.c.request_id).having(func.count() > 1)
    repeated = {tuple(key) for key in connection.execute(several)}
    found = {
        row["decision_id"]: Past(decision=row, repeated=(row["task"], row["request_id"]) in repeated) for row in rows
    }
    seen: dict[str, Past] = {}
    for name, order in _ORDERS.items():
        table = metadata.tables[name]
        query = select(table).where(table.c.decision_id.in_(list(found)))
        for row in connection.execute(query.order_by(*(table.c[name] for name in order))).mappings():
            identity = row["decision_id"]
            if name == "observations":
                seen[identity] = Past(decision=dict(row), labels=found[identity].labels)
            elif name.startswith("observed_"):
                getattr(seen[identity], name.removeprefix("observed_")).append(dict(row))
            else:
                getattr(found[identity], name).append(dict(row))
    for identity, past in found.items():
        yield replace(past, observed=seen[identity]) if identity in seen else past


_ORDERS = {
    "attempts": ("position",),
    "verdicts": ("position", "place"),
    "labels": ("rung", "at_ms", "source"),
    "observations": ("decision_id",),
    "observed_attempts": ("position",),
    "observed_verdicts": ("position", "place"),
}
"""Tables of which decisions have rows, with the order of these; an observation comes before what was observed."""
