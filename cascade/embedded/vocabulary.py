"""Tokenizer of the embedded models: word pieces by greedy longest match.

A piece that starts a word has the mark `▁`; it is decoded with a space before it, except at the start of a value.
Spaces, capitals and accents of a prompt are lost: the answer is lower case.
"""

import json
import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

WORD_START: Final = "▁"
UNKNOWN: Final = "<unknown>"
ANSWER: Final = "<answer>"
"""Separator between the sentence and its answer."""
NULL: Final = "null"
END: Final = "}"
"""The last token of every answer."""
FRAME: Final = (
    '{"item":"', '{"item":null', ',"qty":', NULL, ',"color":"', ',"color":null', ',"city":"', ',"city":null',
    ',"date":"', ',"date":null', '"', END, *(f"{month:02d}-" for month in range(1, 13)),
)  # fmt: skip
"""Tokens of the answer's JSON other than words."""
MARKS: Final = (" ", *".,;:!?-()'/&#+")
"""Single characters of a prompt; a space only between two digits."""
DIGITS: Final = tuple("0123456789")

PROMPT_UNITS: Final = re.compile(r"[a-z]+|(?<=\d)\s+(?=\d)|\S")
"""Words and single characters of a prompt in lower case."""
ANSWER_UNITS: Final = re.compile(
    "|".join(re.escape(token) for token in sorted(FRAME, key=len, reverse=True)) + r"|[a-z]+|\d|\S"
)
"""Frame, words and single characters of an answer."""


class Vocabulary:
    """The tokens in the order of their numbers."""

    def __init__(self, tokens: Iterable[str]) -> None:
        """Take the tokens in the order of their numbers."""
        self.tokens: Final = tuple(tokens)
        self.numbers: Final = {token: number for number, token in enumerate(self.tokens)}
        self._longest = max(len(token) for token in self.tokens)
        self._word = lru_cache(maxsize=4096)(self._pieces)

    def prompt(self, sentence: str) -> list[int]:
        """Return the tokens of a sentence and the separator before the answer."""
        plain = unicodedata.normalize("NFKD", sentence).lower()
        plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
        return [*self._encode(PROMPT_UNITS.findall(plain)), self.numbers[ANSWER]]

    def answer(self, gold: str) -> list[int]:
        """Return the tokens of an answer in the canonical form of `cascade.embedded.language`."""
        return self._encode(ANSWER_UNITS.findall(gold))

    def text(self, number: int, previous: int) -> str:
        """Return the text of a token in an answer after the token `previous`."""
        token = self.tokens[number]
        if not token.startswith(WORD_START):
            return token
        opens_value = self.tokens[previous].endswith('"') or previous == self.numbers[ANSWER]
        return token[1:] if opens_value else " " + token[1:]

    def _encode(self, units: Iterable[str]) -> list[int]:
        found: list[int] = []
        for unit in units:
            if unit.isascii() and unit.isalpha() and unit != NULL:
                found += self._word(WORD_START + unit)
            else:
                found.append(self.numbers.get(" " if unit.isspace() else unit, self.numbers[UNKNOWN]))
        return found

    def _pieces(self, word: str) -> tuple[int, ...]:
        found, start = [], 0
        while start < len(word):
            end = min(len(word), start + self._longest)
            while word[start:end] not in self.numbers:
                end -= 1
            found.append(self.numbers[word[start:end]])
            start = end
        return tuple(found)


@cache
def shipped() -> Vocabulary:
    """Return the vocabulary that the shipped weights were trained with."""
    text = files("cascade.embedded").joinpath("weights", "vocabulary.json").read_text(encoding="utf-8")
    return Vocabulary(json.loads(text)["tokens"])
