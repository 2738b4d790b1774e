"""Parameters of a client's body: which go on to the models, which say nothing new, and which are refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from cascade.errors import DataError, UnsupportedParameter
from cascade.exchange import EMPTY

ANYTHING = object()
"""As an accepted value: whatever the client says, it changes nothing here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterTable:
    """What becomes of the fields of one dialect's body."""

    passed: frozenset[str]
    """Go on to the models unchanged."""

    read: frozenset[str]
    """Are read by the dialect itself."""

    accepted: Mapping[str, tuple[Any, ...]] = EMPTY
    """Are dropped where they have one of these values, which ask for nothing else than what is done; else refused."""

    refused: Mapping[str, str] = EMPTY
    """Why others cannot be honoured, and what to do instead."""

    def sort(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters that go on to the models; nulls say nothing.

        Raises:
            UnsupportedParameter: one cannot be honoured, or is unknown.
        """
        found: dict[str, Any] = {}
        for name, value in body.items():
            if value is None or name in self.read:
                continue
            allowed = self.accepted.get(name, ())
            if any(value == one or one is ANYTHING for one in allowed):
                continue
            if name not in self.passed:
                raise UnsupportedParameter(self._problem(str(name), value), parameter=str(name))
            found[name] = value
        return found

    def _problem(self, name: str, value: Any) -> str:
        if name in self.refused:
            return f"The parameter {name!r} ({value!r:.60}) cannot be honoured: {self.refused[name]}."
        known = sorted(self.passed | self.read | self.accepted.keys())
        near = get_close_matches(name, known, n=1, cutoff=0.7)
        meant = (
            f"did you mean {near[0]!r}?" if near else "set what your own server understands in `params` of its rung."
        )
        return f"The parameter {name[:60]!r} is unknown; {meant}"


def object_body(body: Any) -> Mapping[str, Any]:
    """Return a body that is an object.

    Raises:
        DataError: it is none.
    """
    if not isinstance(body, Mapping):
        raise DataError(f"The body is {body!r:.80}; a JSON object was expected.")
    return body
