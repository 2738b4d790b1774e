"""Judge screening: the result of calibrate's probes of a judge, stored in the policy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Le
from pydantic import ConfigDict, TypeAdapter

from cascade.policy.strict import STRICT


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share as counts, with the upper confidence bound of the true share."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    count: Annotated[int, Ge(0)]
    """How often it happened."""

    n: Annotated[int, Ge(0)]
    """Of how many."""

    high: Annotated[float, Ge(0), Le(1)]
    """Upper bound of the true share, with the confidence of the screening."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeScreening:
    """Screening of one judge, and whether a policy may use it."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    judge: str
    """The verifier's name."""

    model: str
    """Its model; '' if unknown."""

    rungs: tuple[str, ...]
    """The rungs whose answers it judges."""

    admitted: bool
    """Whether both upper bounds are within the limits."""

    overridden: bool = False
    """True where it is not admitted, but used all the same (`--admit-judge`)."""

    why: str | None = None
    """Reason why it is not admitted; None if admitted."""

    false_accepts: Share | None = None
    """False accepts: wrong answers that it passed; None if none were shown."""

    by_kind: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Passed and shown, by kind of probe."""

    flips: Share | None = None
    """Flips: answers with inconsistent repeated verdicts, pass and fail; None if none were repeated."""

    times: int = 0
    """How often each of these was shown."""

    abstained: int = 0
    """Probes on which it abstained; these do not pass."""

    gated: int = 0
    """Probes that were stopped as trivial before the judge was asked."""

    n_samples: int = 0
    """Different samples that the probes were made of; where they are few, probes are less independent than counted."""

    pass_at: float = 0.5
    """The score from which on an answer passes."""

    confidence: float = 0.95
    """Of each upper bound."""

    fingerprint: str = ""
    """The hash of its settings: model, prompt, parameters, votes."""

    seed: int = 0
    """Of the choice of probes."""

    cost_usd: float = 0.0
    """What probing cost, in US dollars."""

    @property
    def may_serve(self) -> bool:
        """Whether a policy may use it: admitted, or overridden."""
        return self.admitted or self.overridden

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, as it stands in a policy."""
        found: dict[str, Any] = _ADMISSION.dump_python(self, mode="json")
        return found


_ADMISSION = TypeAdapter(JudgeScreening)
