"""Extension: the field `cascade` of bodies of every dialect, what clients set in it and what they read from it."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from cascade.errors import UnsupportedParameter
from cascade.result import Result

FIELDS: Mapping[str, str] = {
    **dict.fromkeys(("task", "quality", "session", "group"), "a text"),
    **dict.fromkeys(("deadline_s", "max_cost_usd"), "a number"),
    "tags": "an object of texts",
}
"""What a client may set in `cascade` of a request's body, and what is expected there."""

FIELD = "cascade"
"""The field's name."""

HEADER = "x-cascade-"
"""Prefix of our response headers."""


def read_extension(given: Any) -> dict[str, Any]:
    """Return the options of a request that its body's `cascade` sets.

    Raises:
        UnsupportedParameter: it is no object, names an unknown option, or holds a value of another type.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise UnsupportedParameter(f"cascade is {given!r:.80}; an object was expected.", parameter="cascade")
    for name, value in given.items():
        if name not in FIELDS:
            near = get_close_matches(str(name), FIELDS, n=1, cutoff=0.5)
            meant = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(FIELDS)}."
            raise UnsupportedParameter(
                f"cascade has an unknown option {name!r:.80}; {meant}", parameter=f"cascade.{name}"
            )
        if value is not None and not _fits(value, FIELDS[name]):
            message = f"cascade.{name} is {value!r:.80}; {FIELDS[name]} was expected."
            raise UnsupportedParameter(message, parameter=f"cascade.{name}")
    return {str(name): value for name, value in given.items() if value is not None}


def _fits(value: Any, expected: str) -> bool:
    if expected == "a number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if expected == "a text":
        return isinstance(value, str)
    return isinstance(value, Mapping) and all(isinstance(each, str) for each in value.values())


def summary(result: Result[Any]) -> dict[str, Any]:
    """Return what a response's body says in `cascade`: how the answer was decided, and what it cost.

    `usage_paid` is the sum over all rungs that were asked; the body's own `usage` is the answer's.
    """
    return {
        "decision_id": result.decision_id,
        "rung": result.rung,
        "model": result.model,
        "confidence": result.confidence,
        "calibrated": result.calibrated,
        "outcome": result.outcome,
        "cost_usd": result.cost_usd,
        "saved_usd": result.saved_usd,
        "usage_paid": {"input_tokens": result.usage.input_tokens, "output_tokens": result.usage.output_tokens},
        "reasons": list(result.reasons),
        "flags": list(result.flags),
    }


def headers(result: Result[Any]) -> dict[str, str]:
    """Return the same as response headers (`x-cascade-decision-id`, …), but for the sentences and the sum of tokens."""
    apart = {"reasons", "usage_paid"}
    said = {name: value for name, value in summary(result).items() if name not in apart and value is not None}
    return {f"{HEADER}{name.replace('_', '-')}": _header(value) for name, value in said.items()}


def _header(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = ",".join(value) if isinstance(value, list) else f"{value:.9g}" if isinstance(value, float) else str(value)
    return "".join(c if " " <= c <= "~" else ascii(c)[1:-1] for c in text)
