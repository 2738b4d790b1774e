"""Void policies: where the ladder, or a task's system prompt, is no longer what a policy was fitted for.

The safest policy serves then: the reference alone. With `observe.on_changed: renew` its requests are observed, so that
`cascade renew` can certify anew; see `cascade.stats.renewal` for how many that takes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from cascade.engine.served import Served
from cascade.errors import PolicyMismatch
from cascade.exchange import Request
from cascade.ladder import Ladder
from cascade.log import Log
from cascade.policy.answer_fields import require_answer_fields
from cascade.policy.changes import kept_description
from cascade.policy.operating_point import OperatingPoint
from cascade.policy.policy import LadderPrint, Policy, TaskPolicy
from cascade.settings import OnChanged
from cascade.stats.renewal import first_rows
from cascade.stats.watched_certificate import judged_by
from cascade.system_prompt import prompt_print

LADDER_CHANGED = "ladder_changed"
"""Flag of a request whose policy is void since the ladder, or the answer's field, is not what it was fitted for."""

PROMPT_CHANGED = "prompt_changed"
"""Flag of a request whose system prompt is none of those that its policy was fitted under."""

VOID = "void"
"""Field of a task's measured figures in a safest policy that stands for a void one: which one, why, what it bounds; and
`as`, in a policy of which other tasks are renewed already, under which hash the requests of this one are logged."""

_MOST_SAID = 8
_log = logging.getLogger("cascade.observe")


def safest(policy: Policy, ladder: Ladder, why: str, what: str = "") -> Policy:
    """Return the policy that serves where another one is void: the reference alone answers every task of it.

    Args:
        policy: the void one.
        ladder: what serves now.
        why: `LADDER_CHANGED` or `PROMPT_CHANGED`.
        what: what changed, in words.
    """
    return Policy(
        ladder=LadderPrint(
            rungs=ladder.names, fingerprint=ladder.fingerprint(), described=kept_description(ladder.described())
        ),
        tasks={name: _safest(policy, task, ladder.of(name).top.name, why, what) for name, task in policy.tasks.items()},
        created=policy.created,
        seed=policy.seed,
        salt=policy.salt,
    )


def _safest(policy: Policy, task: TaskPolicy, reference: str, why: str, what: str) -> TaskPolicy:
    before = task.measured.get(VOID)  # void once more before it was renewed: what it is to bound stays
    promised = {
        "target": task.target, "rows": renewal_rows(task), "tasks": (task.certificate or {}).get("tasks") or 1,
        "cost_vs_top": task.measured.get("cost_vs_top") if task.certified else None,
    }  # fmt: skip
    if before is not None:
        promised = {name: before.get(name) for name in promised}
    alone = TaskPolicy(
        reference=reference,
        points=(OperatingPoint(rungs=(reference,), thresholds=()),),
        measured={VOID: {"policy_sha256": policy.sha256, "why": why, "what": what, **promised}},
        certified=None if task.certified is None else False,
        why=what or why,
    )
    return replace(alone, dial=dict.fromkeys(task.dial, alone))


def renewal_rows(task: TaskPolicy) -> int | None:
    """Return the recorded rows with which a task's bound is first certified anew; None where that takes labels."""
    target: Mapping[str, Any] = task.target
    certificate = task.certificate or {}
    if target.get("kind") != "max_disagreement" or judged_by(certificate) is not None:
        return None
    return first_rows(target["value"], (1.0 - target["confidence"]) / (certificate.get("tasks") or 1))


def mismatch(policy: Policy, ladder: Ladder, declared: Callable[[str], str | None]) -> str | None:
    """Return why a policy does not fit ladder or answer fields; None if it does.

    Args:
        policy: the policy.
        ladder: the ladder.
        declared: the JSON pointer that a task declares its answer at; None: it does not.
    """
    try:
        require_answer_fields(policy, declared)
        policy.require(ladder)
    except PolicyMismatch as error:
        return str(error)
    return None


def void_served(served: Served, policy: Policy, what: str) -> Served:
    """Return the snapshot that serves where a policy does not fit the ladder: the safest policy; says so in the log."""
    _log.warning(
        "The policy %s is void, and the reference serves: %s Its requests are observed, and `cascade renew` certifies "
        "it again.", policy.sha256[:12], what,
    )  # fmt: skip
    return served.with_policy(safest(policy, served.ladder, LADDER_CHANGED, what))


class Voided(NamedTuple):
    """What a request runs by."""

    served: Served
    """The snapshot; where the policy is void, with the safest one."""

    flag: str | None
    """Why the policy is void for it; None: it is not."""

    sha256: str | None
    """Hash of the safest policy that the decision is logged under; None: that of what decided."""


@dataclass(slots=True, kw_only=True)
class VoidPolicies:
    """Whether the policy of a request is void for it; used on one event loop."""

    on_changed: OnChanged
    """`alarm`: a changed system prompt changes no decision. `reference`, `renew`: the reference serves."""

    log: Log | None
    """The decision log, which remembers the safest policy."""

    _made: dict[str, Served] = field(default_factory=dict)
    _said: set[tuple[str, str, str]] = field(default_factory=set)

    def observes(self, voided: str | None) -> bool:
        """Return whether a request is observed since its policy is void, by the flag that says why; None: it is not."""
        return voided is not None and self.on_changed == "renew"

    def served(self, request: Request, served: Served) -> Voided:
        """Return what a request runs by, and whether its policy is void for it."""
        task = None if served.policy is None else served.policy.tasks.get(request.task)
        if served.policy is None or task is None:
            return Voided(served, None, None)
        sha256 = served.policy.sha256
        if VOID in task.measured:  # it does not fit the ladder, or has been void since another task is renewed
            about = task.measured[VOID]
            return Voided(served, about["why"], about.get("as", sha256))
        if not task.prompts or (prompt := prompt_print(request.messages)) in task.prompts:
            return Voided(served, None, None)
        self._say(sha256, request.task, prompt)
        if self.on_changed == "alarm":
            return Voided(served, PROMPT_CHANGED, None)
        if sha256 not in self._made:
            policy = safest(served.policy, served.ladder, PROMPT_CHANGED)
            if self.log is not None and not self.log.read_only:
                self.log.remember_policy(policy)
            self._made = {sha256: served.with_policy(policy)}
        made = self._made[sha256]
        return Voided(made, PROMPT_CHANGED, None if made.policy is None else made.policy.sha256)

    def _say(self, sha256: str, task: str, prompt: str) -> None:
        key = (sha256, task, prompt)
        if key in self._said or len(self._said) >= _MOST_SAID:
            return
        self._said.add(key)
        done = {
            "alarm": "it is served all the same, and its certificate says nothing of these requests",
            "reference": "the reference serves these requests; certify the new prompt (`cascade certify … --prompt`)",
            "renew": "the reference serves these requests, they are observed, and `cascade renew` certifies it again",
        }[self.on_changed]
        _log.warning(
            "Task %s is asked with another system prompt (%s) than policy %s was fitted under: %s.",
            task, prompt or "none", sha256[:12], done,
        )  # fmt: skip
