"""Rows of a void policy: what was answered by the reference in its place, and observed since, on the way to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

LATEST = 50
"""Requests whose system prompts are those that a policy is renewed for: what was tried before is no longer asked."""

RECENT = 100
"""Requests of a task among which its former system prompt has to be rare."""

OUTSIDE = ("failed", "deadline", "budget", "cancelled")
"""Outcomes that no certificate is about."""

_HOUR_MS = 3_600_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidRows:
    """What a log holds of one task since its policy is void."""

    task: str
    """The task."""

    sha256: str
    """Hash of the safest policy that stands for the void one."""

    requests: int
    """Requests that the reference answered in its place."""

    prompts: tuple[str, ...] = ()
    """Fingerprints of the system prompts of the latest ones."""

    observed: int = 0
    """Observed requests with these prompts: those that a renewal can use."""

    paid_usd: float = 0.0
    """What observing these cost, in US dollars."""

    hours: float = 0.0
    """Hours between the first of these and the last."""

    former: float = 0.0
    """Share of the task's latest `RECENT` requests that the void policy itself decided: its prompt is still in use."""

    def remaining(self, rows: int) -> tuple[float | None, float | None]:
        """Return hours and US dollars of observing until `rows` are there; None where that cannot be told yet."""
        left = max(rows - self.observed, 0)
        if self.observed < 2 or self.hours <= 0.0:
            return (0.0, 0.0) if not left else (None, None)
        return left * self.hours / (self.observed - 1), left * self.paid_usd / self.observed


def void_rows(connection: Connection, task: str, sha256: str, void_sha256: str) -> VoidRows:
    """Read what a log holds of a task since its policy is void.

    Args:
        connection: of the log.
        task: the task, as it is stored.
        sha256: hash of the safest policy that stands for the void one.
        void_sha256: hash of the void one.
    """
    from sqlalchemy import func, select

    from cascade.log.tables import decisions, observations

    d, o = decisions.c, observations.c
    own = (d.task == task) & (d.policy_sha256 == sha256)
    requests = connection.execute(select(func.count()).where(own)).scalar_one()
    if not requests:
        return VoidRows(task=task, sha256=sha256, requests=0)
    latest = connection.execute(select(d.prompt).where(own).order_by(d.sequence.desc()).limit(LATEST)).scalars()
    prompts = tuple(sorted({one for one in latest if one is not None}))
    recent = select(d.policy_sha256).where(d.task == task).order_by(d.sequence.desc()).limit(RECENT)
    served = list(connection.execute(recent).scalars())
    joined = decisions.join(observations, o.decision_id == d.decision_id)
    counted = select(func.count(), func.sum(o.paid_usd), func.min(d.at_ms), func.max(d.at_ms)).select_from(joined)
    observed, paid, first, last = connection.execute(
        counted.where(own, d.prompt.in_(prompts), d.outcome.not_in(OUTSIDE))
    ).one()
    return VoidRows(
        task=task, sha256=sha256, requests=int(requests), prompts=prompts, observed=int(observed),
        paid_usd=float(paid or 0.0), hours=(last - first) / _HOUR_MS if observed else 0.0,
        former=served.count(void_sha256) / len(served),
    )  # fmt: skip
