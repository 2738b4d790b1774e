"""AnsweredIds: which answers were given already, so that an answer to one request never serves another."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from cascade.clients.wire import Wire

MOST_IDS = 4096
"""How many answers are remembered."""

_FEWEST_SIGNS = 16
_FEWEST_DISTINCT = 10
_FEWEST_DIGITS = 2


class AnsweredIds:
    """The ids of answers that were given, each with the request that it answered.

    An id is evidence only where it was drawn to be unique: `c1`, `chatcmpl-1`, '' and Ollama's `chatcmpl-123` come
    again by design. A gateway's cache gives one id again to the same request, so only another request makes it a stray.
    An equal body under such a plain id proves nothing: two questions may have the answer `yes` within one second.
    """

    def __init__(self) -> None:
        self._asked: OrderedDict[tuple[str, str], int] = OrderedDict()

    def stray(self, endpoint: str, answer_id: Any, wire: Wire) -> bool:
        """Tell whether an answer was given to another request before, and remember it."""
        if not isinstance(answer_id, str) or not is_unique(answer_id):
            return False
        key = (endpoint, answer_id)
        before = self._asked.setdefault(key, wire.asked)
        self._asked.move_to_end(key)
        if len(self._asked) > MOST_IDS:
            self._asked.popitem(last=False)
        return before != wire.asked


def is_unique(answer_id: str) -> bool:
    """Tell whether an id looks as if it was drawn at random, so that it comes once."""
    signs = [sign for sign in answer_id.rpartition("cmpl-")[2] if sign.isalnum()]
    digits = sum(sign.isdigit() for sign in signs)
    return len(signs) >= _FEWEST_SIGNS and len(set(signs)) >= _FEWEST_DISTINCT and digits >= _FEWEST_DIGITS
