"""The policies that this process has served by, so that a result can be explained by its policy's hash."""

from __future__ import annotations

from cascade.policy.policy import Policy

MOST = 16
"""Policies that are remembered; the oldest go first."""

_served: dict[str, Policy] = {}


def remember(policy: Policy) -> None:
    """Remember a policy that is served."""
    _served.pop(policy.sha256, None)
    _served[policy.sha256] = policy
    while len(_served) > MOST:
        _served.pop(next(iter(_served)), None)


def known_policy(sha256: str | None) -> Policy | None:
    """Return the policy of a hash; None where this process does not know it."""
    return None if sha256 is None else _served.get(sha256)
