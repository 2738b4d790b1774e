"""Reading: what an answer says, in parts that are computed when they are asked for."""

from __future__ import annotations

from functools import cached_property, lru_cache

from cascade.reading.amounts import numbers_of
from cascade.reading.answer import TAIL, answer_of_json, answer_of_text
from cascade.reading.json_answer import find_json
from cascade.reading.plain import normal, plain
from cascade.reading.strict_json import Located, NotJson
from cascade.reading.thinking import split_thinking
from cascade.reading.values import Answer, Number, Text, Unsure

VERSION = "6"
"""Version of the reader. It rises with every change after which two answers may compare otherwise than before: what was
certified by another version is about another sameness."""


class Reading:
    """What an answer says. Its parts are pure functions of the text, computed at first use."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def said(self) -> str:
        """What is said to the user: the text without thinking and the marks around it."""
        start, end = split_thinking(self.text)
        return self.text if (start, end) == (0, len(self.text)) else self.text[start:end]

    @cached_property
    def thinking(self) -> str:
        """What stands before what is said; empty without thinking."""
        return self.text[: split_thinking(self.text)[0]]

    @property
    def json(self) -> Located:
        """The JSON value, tolerantly read, with the repairs that it took; see `cascade.reading.json_answer`.

        Raises:
            NotJson: there is none, or more than one.
        """
        found = self._json
        if isinstance(found, NotJson):
            raise found
        return found

    @cached_property
    def _json(self) -> Located | NotJson:
        try:
            return find_json(self.text, tolerant=True)
        except NotJson as error:
            return error.with_traceback(None)

    @cached_property
    def answer(self) -> Answer:
        """The final answer, typed; unsure where it cannot be told."""
        said = self.said
        if "{" in said or "[" in said or '"' in said:
            found = self._json
            if isinstance(found, Located) and self._is_answer(found):
                return answer_of_json(found.value, said[-TAIL:])
        return answer_of_text(said)

    @cached_property
    def number(self) -> Number | Unsure:
        """The number that the answer arrives at, where it is known to be one; unsure without one or with several."""
        answer = self.answer
        if isinstance(answer, Text):
            answer = answer.complement if isinstance(answer.complement, Number) else answer.number or answer
        if isinstance(answer, Number | Unsure):
            return answer
        found = numbers_of(plain(self.said[-TAIL:]))
        if len(found) == 1:
            return found[0]
        return Unsure(reason="it holds several numbers" if found else "it holds no number")

    @cached_property
    def normal(self) -> str:
        """What is said, in normal form: see `cascade.reading.plain.normal`."""
        return normal(self.said)

    def _is_answer(self, found: Located) -> bool:
        """Return whether JSON is the answer, and not an aside: whole, fenced, or an object in the prose."""
        return "prose" not in found.repairs or isinstance(found.value, dict)


@lru_cache(maxsize=64)  # of one request, each answer is compared with every other, in calibration on every sub-ladder
def read(text: str) -> Reading:
    """Return the reading of an answer."""
    return Reading(text)
