"""Request options of `run` and `arun`, typed: a request's own fields, and provider parameters known by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypedDict


class ProviderOptions(TypedDict, total=False):
    """Provider parameters that may be given by name; any other stands in `params={…}`."""

    audio: Mapping[str, Any]
    frequency_penalty: float
    function_call: str | Mapping[str, Any]
    functions: Sequence[Mapping[str, Any]]
    logit_bias: Mapping[str, float]
    logprobs: bool
    max_completion_tokens: int
    max_tokens: int
    metadata: Mapping[str, Any]
    min_p: float
    modalities: Sequence[str]
    n: int
    parallel_tool_calls: bool
    prediction: Mapping[str, Any]
    presence_penalty: float
    reasoning_effort: str
    repetition_penalty: float
    response_format: Any
    safety_identifier: str
    seed: int
    service_tier: str
    stop: str | Sequence[str]
    store: bool
    temperature: float
    thinking: Mapping[str, Any]
    tool_choice: str | Mapping[str, Any]
    tools: Sequence[Mapping[str, Any]]
    top_k: int
    top_logprobs: int
    top_p: float
    user: str
    verbosity: str
    web_search_options: Mapping[str, Any]


class RequestOptions(ProviderOptions, total=False):
    """Options of one request."""

    task: str
    """The kind of work, which has its own policy; `default` unless given."""

    quality: str
    """An operating point of the policy's dial."""

    deadline_s: float | None
    """Seconds that the whole request may take, verifiers included."""

    max_cost_usd: float | None
    """US dollars that the whole request may cost, verifiers included."""

    principal: str | None
    """On whose behalf it is made, for caps and budgets."""

    session: str | None
    """The conversation that it belongs to."""

    group: str | None
    """Requests that are not independent of each other share one."""

    tags: Mapping[str, str]
    """Labels for reports."""

    id: str
    """Names it in every hashed choice; a hash of its content unless given."""

    params: Mapping[str, Any]
    """Provider parameters by any name; they are passed on unchanged."""


PROVIDER = frozenset(ProviderOptions.__annotations__)
"""Names of provider parameters that may stand beside a request's own options."""

OWN = frozenset(RequestOptions.__annotations__) - PROVIDER | {"schema"}
"""Names of a request's own options."""


def refuse_unknown(function: str, unknown: Iterable[str], known: Iterable[str], hint: str = "") -> None:
    """Reject unknown options: a limit under a misspelt name would be ignored.

    Raises:
        TypeError: names the first unknown option, and the nearest known one.
    """
    for name in unknown:
        known = sorted(known)
        near = get_close_matches(name, known, n=1, cutoff=0.5)
        meant = f"; did you mean {near[0]!r}?" if near else f"; expected one of {', '.join(known)}."
        raise TypeError(f"{function}() got an unexpected option {name!r}{meant}{hint}")
