"""Served: the snapshot that one request runs by, from its first call to its row in the log."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cascade.guards.limits import Limits
from cascade.ladder import Ladder
from cascade.policy.known import remember
from cascade.policy.policy import Policy
from cascade.prices import PriceBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Snapshot of ladder, policy, limits and prices, taken once when a request begins.

    A request keeps the one that it began with, whatever is served meanwhile; so no decision mixes two policies.
    """

    ladder: Ladder
    """The rungs, with their verifiers looked up."""

    policy: Policy | None
    """What calibrate fitted; None: pass marks."""

    limits: Limits
    """What all requests together may spend, and how many may step upwards."""

    prices: PriceBook
    """Where prices come from."""

    def __post_init__(self) -> None:
        """Check that its parts belong together.

        Raises:
            PolicyMismatch: the policy was fitted for another ladder.
            ConfigError: the policy's ordinary traffic would reach the escalation cap.
        """
        if self.policy is not None:
            self.policy.require(self.ladder)
            self.limits.require_room_for(self.policy)
            remember(self.policy)

    def with_policy(self, policy: Policy | None) -> Served:
        """Return the snapshot with another policy, checked against ladder and cap."""
        return replace(self, policy=policy)
