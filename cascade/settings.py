"""Settings: options for how requests end, for a whole cascade or one task; and the warnings of a cascade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


class UncalibratedWarning(UserWarning):
    """A task runs by pass marks because no policy was fitted for it; warned once per task and Cascade."""


class LadderWarning(UserWarning):
    """A ladder is doubtful: a judge of the judged model's family, an order against the prices."""


class SilentVerifierWarning(UserWarning):
    """A verifier that a policy leans on has stopped scoring; given once for each verifier and rung."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How requests end, for a whole cascade or for one task."""

    on_uncalibrated: Literal["pass_marks", "top", "error"] = "pass_marks"
    """How a task without a policy runs."""

    on_exhausted: Literal["answer", "abstain"] = "answer"
    """Whether an answer that the top's verifiers vetoed is returned, flagged, or withheld."""

    on_refusal: Literal["escalate", "accept"] = "escalate"
    """Whether a model's refusal escalates once, or is accepted."""

    on_content_filter: Literal["raise", "escalate"] = "raise"
    """Whether a request that a provider's content filter refused raises, or goes on to the next rung."""

    on_other_model: Literal["flag", "raise"] = "flag"
    """Whether an answer by another model than the one asked, as the provider reports it, is flagged or raises."""

    on_deadline: Literal["raise", "best"] = "raise"
    """Whether a passed deadline raises or returns the best answer so far."""

    on_budget: Literal["raise", "best"] = "raise"
    """Whether a spent budget raises or returns the best answer so far."""

    session_floor: Literal["exchange", "never", "always"] = "exchange"
    """Whether a request of a session starts no lower than the rung that made its open tool calls, or (`always`) than
    the highest rung that answered in the session."""

    deadline_s: float | None = None
    """Default deadline of a request, in seconds."""

    max_cost_usd: float | None = None
    """Default budget of a request, in US dollars."""

    schema: Any = None
    """Default JSON Schema, or type, of answers."""

    answer_field: str | None = None
    """Default JSON pointer of the field that holds the answer, for comparisons (`answer` in cascade.yaml)."""
