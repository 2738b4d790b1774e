"""Void policies: where the ladder, or a task's system prompt, is no longer what a policy was fitted for.

The safest policy serves then: the reference alone. With `observe.on_changed: renew` its requests are observed, so that
`cascade renew` can certify anew; see `cascade.stats.renewal` for how many that takes.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cascade.engine.served import Served
from cascade.exchange import Request
from cascade.ladder import Ladder
from cascade.log import Log
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
"""Field of a task's measured figures in a safest policy that stands for a void one: which one, why, what it bounds."""

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
    about = {
        "policy_sha256": policy.sha256,
        "why": why,
        "what": what,
        "target": task.target,
        "rows": renewal_rows(task),
    }
    alone = TaskPolicy(
        reference=reference,
        points=(OperatingPoint(rungs=(reference,), thresholds=()),),
        measured={VOID: about},
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


def void_served(served: Served, policy: Policy, what: str) -> Served:
    """Return the snapshot that serves where a policy does not fit the ladder: the safest policy; says so in the log."""
    _log.warning(
        "The policy %s is void, and the reference serves: %s Its requests are observed, and `cascade renew` certifies "
        "it again.", policy.sha256[:12], what,
    )  # fmt: skip
    return replace(served, policy=safest(policy, served.ladder, LADDER_CHANGED, what), void=LADDER_CHANGED)


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

    def served(self, request: Request, served: Served) -> tuple[Served, str | None]:
        """Return what a request runs by, and why its policy is void, as a flag; None where it is not."""
        task = None if served.policy is None else served.policy.tasks.get(request.task)
        if served.void is not None:
            return served, None if task is None else served.void
        if served.policy is None or task is None or not task.prompts:
            return served, None
        prompt = prompt_print(request.messages)
        if prompt in task.prompts:
            return served, None
        sha256 = served.policy.sha256
        self._say(sha256, request.task, prompt)
        if self.on_changed == "alarm":
            return served, PROMPT_CHANGED
        if sha256 not in self._made:
            policy = safest(served.policy, served.ladder, PROMPT_CHANGED)
            if self.log is not None and not self.log.read_only:
                self.log.remember_policy(policy)
            self._made = {sha256: served.with_policy(policy)}
        return self._made[sha256], PROMPT_CHANGED

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
