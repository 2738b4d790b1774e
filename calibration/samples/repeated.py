"""Further answers of the reference to the same request: in its recording, and to copies of the request."""

from __future__ import annotations

from cascade.exchange import Response
from cascade.samples.sample import Recording, answers_again

MOST_KEPT = 10_000
"""Most requests of a task whose reference's answer is kept, to be compared with those to their copies."""


class Repeated:
    """Finds the reference's further answers while the samples of one task come in."""

    def __init__(self) -> None:
        """Start without any."""
        self._first: dict[str, Response] = {}

    def others(self, content: str, top: Recording) -> list[Response]:
        """Return further answers to a request of that content: those in its recording, and that to its first copy."""
        found = answers_again(top)
        if content in self._first:
            found.append(self._first[content])
        elif len(self._first) < MOST_KEPT:
            self._first[content] = top.response
        return found
