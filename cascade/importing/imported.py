"""Imported: one recorded answer to one request, as a reader of a foreign format found it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cascade.exchange import EMPTY


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """One recorded answer with what was asked. Untrusted: nothing of it has been validated."""

    messages: Sequence[Mapping[str, Any]]
    """The chat that was sent, in the form of Chat Completions."""

    model: str
    """The model, as the source names it."""

    other_names: tuple[str, ...] = ()
    """What else the source calls the model: its alias at a gateway, the snapshot that the provider reported."""

    content: str
    """The answer's text; '' where there is none (a tool call)."""

    params: Mapping[str, Any] = EMPTY
    """Parameters of the call that a request may set, in the form of Chat Completions."""

    tool_calls: Sequence[Mapping[str, Any]] = ()
    """Tool calls of the answer, in OpenAI's form."""

    finish_reason: str | None = None
    """Why the model stopped, in OpenAI's words where there is one."""

    logprobs: Sequence[float] | None = None
    """Log-probabilities of the answer's tokens; None without."""

    samples: Sequence[str] = ()
    """Further answers of the same call."""

    usage: Mapping[str, int] = EMPTY
    """Token counts under the names of a samples line."""

    cost_usd: float | None = None
    """US dollars that the source says the answer cost; None if it does not."""

    latency_s: float | None = None
    """Seconds from request to whole answer; None if unknown."""

    at: str | None = None
    """When it was asked, UTC, ISO 8601; None if unknown."""

    source_id: str | None = None
    """The source's own id of the answer (custom_id, request id, observation id, span id)."""

    session: str | None = None
    """The conversation that the request belongs to."""

    group: str | None = None
    """What makes requests dependent beside a session: a trace, a test case."""

    tags: Mapping[str, str] = EMPTY
    """Labels of the user's own."""

    gold: Any = None
    """The gold answer; None if unknown."""

    correct: float | None = None
    """How right the answer is, in [0, 1]; None if unlabelled."""

    label_source: str | None = None
    """Source of the label; None if unlabelled."""
