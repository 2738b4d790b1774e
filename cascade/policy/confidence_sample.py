"""ConfidenceSample: the first rung's confidences on rows not fitted on, to watch for drift without labels."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.errors import ConfigError
from cascade.policy.feature_sample import FeatureSample


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidenceSample(FeatureSample):
    """What confidences of the first rung are like where traffic is like the samples: shares, in [0, 1]."""

    def __post_init__(self) -> None:
        """Refuse what is no sample of shares."""
        FeatureSample.__post_init__(self)
        if self.values[0] < 0.0 or self.values[-1] > 1.0:
            message = (
                f"The confidences of rung {self.rung!r} run from {self.values[0]:g} to {self.values[-1]:g}; sorted "
                "shares were expected."
            )
            raise ConfigError(message)
