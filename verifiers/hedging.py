"""Hedging verifier: scores how much an answer's own words express doubt, by a weighted lexicon."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from cascade.errors import ConfigError
from cascade.exchange import Exchange
from cascade.hashing import content_id
from cascade.reading import NotJson, read
from cascade.verdict import Verdict, Verifier
from verifiers.hedging_lexicon import ENGLISH, NEGATORS

EDGE = 0.2
"""Share of the words at the beginning, and at the end, where a phrase counts in full."""
SHORT = 40
"""Words up to which the whole answer is beginning and end."""
MIDDLE = 0.5
"""Weight of a phrase elsewhere: long answers hedge on side issues."""
REACH = 3
"""Words before a phrase in which a negation cancels it."""
MAX_CHARS = 50_000
"""Characters read, half from the beginning and half from the end; longer JSON is read as text."""

_INLINE_CODE = re.compile(r"`[^`\n]*`")
_CLOSING = {'"': '"', "“": "”", "«": "»"}
_OPENING = re.compile(f"[{''.join(_CLOSING)}]")
_BLOCK_QUOTE = re.compile(r"^[ \t]{0,3}>[^\n]*", re.MULTILINE)
_WORD = re.compile(r"\w+(?:['’-]\w+)*|[.!?;:\n]")
_STOPS = frozenset(".!?;:\n")


class Hedging(Verifier):
    """Scores how little an answer hedges: 1.0 for no hedging, towards 0.0 the more it hedges.

    score = Π (1 − wᵢ pᵢ) over the lexicon's phrases that occur, each once: wᵢ its weight, pᵢ 1.0 near the answer's
    beginning or end and 0.5 between (the best of its occurrences). A phrase shortly after a negation in the same
    sentence does not count (no doubt). Code, quotations and block quotes are left out; of a JSON answer, the string
    values are read. Abstains without words.

    Measured worth: little. Over 53 pairs of a recorded model and a data set (wildbench, lifeeval_mcq, zeroeval,
    csqa_reread, mz_truthfulqa, GSM8K, dates) its AUROC for right against wrong lies between 0.45 and 0.59, median 0.51:
    models rarely hedge where they are wrong. Best on lifeeval_mcq (0.53 to 0.59); worse than chance on mz_truthfulqa
    (0.45 to 0.49), where a cautious answer tends to be the true one. Let calibration weigh it; alone it decides little.

    Args:
        lexicon: phrases (matched word by word, whatever their case) and weights in [0, 1]; None: English.
        negators: words that cancel a phrase; None: English.
        name: names the verifier in policies and logs.
        pass_at: the pass mark: the score from which on it passes an answer.

    Raises:
        ConfigError: a weight is not a number in [0, 1], or a phrase has no words.
    """

    version: ClassVar[str] = "2"
    inline: ClassVar[bool] = True
    reads_earlier: ClassVar[bool] = False

    def __init__(
        self,
        *,
        lexicon: Mapping[str, float] | None = None,
        negators: frozenset[str] | None = None,
        name: str = "hedging",
        pass_at: float = 0.5,
    ) -> None:
        self.name = name
        self.pass_at = pass_at
        self.lexicon = dict(ENGLISH if lexicon is None else lexicon)
        self.negators = NEGATORS if negators is None else frozenset(word.casefold() for word in negators)
        self._weights: dict[tuple[str, ...], float] = {}
        self._lengths: dict[str, list[int]] = {}
        for phrase, weight in self.lexicon.items():
            words = tuple(_words(phrase))
            if not words or isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 1:
                raise ConfigError(f"Hedging phrase {phrase!r:.80} weighs {weight!r}; words, and 0 to 1, were expected.")
            self._weights[words] = float(weight)
        for words in self._weights:
            self._lengths.setdefault(words[0], []).append(len(words))
        for first, lengths in self._lengths.items():
            self._lengths[first] = sorted(set(lengths), reverse=True)  # the longest phrase that fits is meant

    def settings(self) -> dict[str, Any]:
        """Return the hash of the lexicon and the negators."""
        return {"lexicon": content_id([self.lexicon, sorted(self.negators)])}

    def check(self, exchange: Exchange) -> Verdict:
        """Judge the words of the answer."""
        words = _words(_prose(read(exchange.response.text).said))
        total = sum(word not in _STOPS for word in words)
        if not total:
            return Verdict.abstain("the answer has no words of its own")
        found = self._find(words, total)
        score = 1.0
        for loss in found.values():
            score *= 1.0 - loss
        strongest = sorted(found, key=lambda phrase: -found[phrase])[:3]
        reason = f"hedges: {', '.join(map(' '.join, strongest))}" if found else "no hedging"
        return Verdict(score=score, reason=reason, signals={"phrases": float(len(found))})

    def _find(self, words: list[str], total: int) -> dict[tuple[str, ...], float]:
        """Return the phrases that occur, each with its greatest weight."""
        found: dict[tuple[str, ...], float] = {}
        place = index = 0
        while index < len(words):
            word = words[index]
            phrase, weight = self._longest(words, index)
            if phrase and not self._negated(words, index):
                edge = total <= SHORT or place < EDGE * total or place >= (1 - EDGE) * total
                found[phrase] = max(found.get(phrase, 0.0), weight * (1.0 if edge else MIDDLE))
            step = max(1, len(phrase))
            place += step if phrase else word not in _STOPS
            index += step
        return found

    def _longest(self, words: list[str], index: int) -> tuple[tuple[str, ...], float]:
        for length in self._lengths.get(words[index], ()):
            phrase = tuple(words[index : index + length])
            if phrase in self._weights:
                return phrase, self._weights[phrase]
        return (), 0.0

    def _negated(self, words: list[str], index: int) -> bool:
        for word in reversed(words[max(0, index - REACH) : index]):
            if word in _STOPS:
                return False
            if word in self.negators:
                return True
        return False


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold().replace("’", "'"))


def _prose(text: str) -> str:
    """Return the answer's own words: the strings of JSON, else the text without code and quotations."""
    stripped = text.lstrip()
    if len(text) <= MAX_CHARS and (stripped[:1] in ("{", "[") or stripped[:7].casefold() == "```json"):
        try:
            return "\n".join(_strings(read(text).json.value))
        except NotJson:
            pass  # then it is read as it stands
    outside = " ".join(_ends(text).split("```")[::2])
    for left_out in (_INLINE_CODE, _BLOCK_QUOTE):
        outside = left_out.sub(" ", outside)
    return _unquoted(outside)


def _unquoted(text: str) -> str:
    """Remove quotations within one line.

    A regular expression would search a closing mark again from every opening one: quadratic if none is closed.
    """
    kept: list[str] = []
    next_places = dict.fromkeys(("\n", *_CLOSING.values()), -1)
    at = 0

    def place(mark: str, start: int) -> int:
        if next_places[mark] < start:
            found = text.find(mark, start)
            next_places[mark] = found if found >= 0 else len(text)
        return next_places[mark]

    for opening in _OPENING.finditer(text):
        start = opening.start()
        if start >= at and (end := place(_CLOSING[opening[0]], start + 1)) < place("\n", start + 1):
            kept += text[at:start], " "
            at = end + 1
    return "".join([*kept, text[at:]])


def _ends(text: str) -> str:
    half = MAX_CHARS // 2
    return text if len(text) <= MAX_CHARS else f"{text[:half]}\n{text[-half:]}"


def _strings(value: Any) -> list[str]:
    found: list[str] = []
    level = [value]
    while level:
        found += [item for item in level if isinstance(item, str)]
        inner = [item.values() if isinstance(item, dict) else item for item in level if isinstance(item, dict | list)]
        level = [item for items in inner for item in items]
    return found
