"""FeatureSample: one feature of the first rung's answers on rows not fitted on, to watch for drift without labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from pydantic import ConfigDict

from cascade.errors import ConfigError
from cascade.policy.strict import STRICT

MOST = 128
"""Most values that are kept: about a kilobyte of the policy."""

DIGITS = 6
"""Decimals of a kept value; what is compared with it is rounded alike, so that equal ones stay equal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSample:
    """What a feature of the first rung's answers is like where traffic is like the samples."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    rung: str
    """The rung."""

    n: int
    """Independent rows behind the values: of those that share a group, one."""

    values: tuple[float, ...]
    """The values, sorted; of more than 128, so many quantiles."""

    def __post_init__(self) -> None:
        """Refuse an empty sample, and one out of order."""
        ordered = all(low <= high for low, high in zip(self.values, self.values[1:], strict=False))
        if not self.values or self.n < 1 or not ordered or not all(map(math.isfinite, self.values)):
            message = (
                f"The {type(self).__name__} of rung {self.rung!r} has {len(self.values)} values of {self.n} rows; "
                "sorted numbers were expected."
            )
            raise ConfigError(message)

    @classmethod
    def of(cls, rung: str, values: Sequence[float], *, n: int) -> Self:
        """Keep the values of a rung, one or more; `n`: independent rows behind them."""
        found = sorted(round(float(one), DIGITS) for one in values)
        size = min(len(found), MOST)
        return cls(rung=rung, n=n, values=tuple(found[(2 * i + 1) * len(found) // (2 * size)] for i in range(size)))
