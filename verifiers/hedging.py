"""Hedging verifier: scores how much an answer's own words express doubt, by a weighted lexicon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from cascade.exchange import Exchange
from cascade.hashing import content_id
from cascade.reading import NotJson, read
from cascade.verdict import Verdict, Verifier
from verifiers.hedging_lexicon import HedgingLexicon, shipped, shipped_lexicon, shipped_negators
from verifiers.language import READ, language_of, not_read
from verifiers.tokens import length_of, own_words, tokens_of, weight_of

EDGE = 0.2
"""Share of the words at the beginning, and at the end, where a phrase counts in full."""
SHORT = 40
"""Words up to which the whole answer is beginning and end."""
MIDDLE = 0.5
"""Weight of a phrase elsewhere: long answers hedge on side issues."""
MAX_CHARS = 50_000
"""Characters read, half from the beginning and half from the end; longer JSON is read as text."""


class Hedging(Verifier):
    """Scores how little an answer hedges: 1.0 for no hedging, towards 0.0 the more it hedges.

    score = Π (1 − wᵢ pᵢ) over the lexicon's phrases that occur, each once: wᵢ its weight, pᵢ 1.0 near the answer's
    beginning or end and 0.5 between (the best of its occurrences). A phrase shortly after a negation in the same
    sentence does not count (no doubt). Code, quotations and block quotes are left out; of a JSON answer, the string
    values are read. Abstains without words, and in a language that is not read, flagged `language:th`
    (`language:unknown` where no language stands out and nothing hedges).

    Languages: de, en, es, fr, it, ja, ko, pt, ru, zh; each has its phrases in `verifiers/lexicons/`.

    Measured worth: little. Over 53 pairs of a recorded model and a data set (wildbench, lifeeval_mcq, zeroeval,
    csqa_reread, mz_truthfulqa, GSM8K, dates) its AUROC for right against wrong lies between 0.45 and 0.59, median 0.51:
    models rarely hedge where they are wrong. Best on lifeeval_mcq (0.53 to 0.59); worse than chance on mz_truthfulqa
    (0.45 to 0.49), where a cautious answer tends to be the true one. Let calibration weigh it; alone it decides little.
    Of the languages other than English it is known which made sentences count as hedged
    (benchmarks/RESULTS/languages.md); their worth on recorded answers is unmeasured.

    Args:
        lexicon: phrases and weights in [0, 1], matched word by word, whatever their case, and by characters in scripts
            without spaces; a last word may end in `*`. It is applied to every language. None: the lexicon of the
            answer's language.
        negators: words that cancel a phrase; None: those of the answer's language, of English for a lexicon of yours.
        name: names the verifier in policies and logs.
        pass_at: the pass mark: the score from which on it passes an answer.

    Raises:
        ConfigError: a weight is not a number in [0, 1], or a phrase has no words.
    """

    version: ClassVar[str] = "3"
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
        self._negators = negators
        self._own = (
            None
            if lexicon is None
            else HedgingLexicon(lexicon, negators if negators is not None else shipped_negators("en"))
        )
        # Word lists are read and compiled here, and not by the first check, which may run on an event loop.
        language_of("Maybe it is 4")
        if self._own is None:
            for code in (None, *READ):
                shipped_lexicon(code, negators)

    def settings(self) -> dict[str, Any]:
        """Return the hash of the lexicon and the negators; of the shipped ones, the languages."""
        if self._own is not None:
            return {"lexicon": content_id([dict(self._own.weights), sorted(self._own.negators)])}
        known = [[code, dict(shipped(code)), sorted(shipped_negators(code))] for code in READ]
        return {"lexicon": content_id([known, sorted(self._negators or ())])}

    def check(self, exchange: Exchange) -> Verdict:
        """Judge the words of the answer."""
        prose = _prose(read(exchange.response.text).said)
        tokens = tokens_of(prose)
        total = length_of(tokens)
        if not total:
            return Verdict.abstain("the answer has no words of its own")
        lexicon, language = self._own, None
        if lexicon is None:
            language = language_of(prose)
            if language and language not in READ:
                return not_read(language)
            lexicon = shipped_lexicon(language or None, self._negators)
        found = _find(lexicon, tokens, total)
        if not found and self._own is None and language_of(prose, exchange.request.prompt) is None:
            return not_read(None)
        score = 1.0
        for loss in found.values():
            score *= 1.0 - loss
        strongest = sorted(found, key=lambda phrase: -found[phrase])[:3]
        reason = f"hedges: {', '.join(strongest)}" if found else "no hedging"
        return Verdict(score=score, reason=reason, signals={"phrases": float(len(found))})


def _find(lexicon: HedgingLexicon, tokens: list[str], total: float) -> dict[str, float]:
    """Return the phrases that occur, each with its greatest weight."""
    found: dict[str, float] = {}
    place, index = 0.0, 0
    while index < len(tokens):
        phrase, size = lexicon.at(tokens, index)
        if phrase and not lexicon.negated(tokens, index):
            edge = total <= SHORT or place < EDGE * total or place >= (1 - EDGE) * total
            found[phrase] = max(found.get(phrase, 0.0), lexicon.weights[phrase] * (1.0 if edge else MIDDLE))
        place += weight_of(tokens[index]) if size == 1 else length_of(tokens[index : index + size])
        index += size
    return found


def _prose(text: str) -> str:
    """Return the answer's own words: the strings of JSON, else the text without code and quotations."""
    stripped = text.lstrip()
    if len(text) <= MAX_CHARS and (stripped[:1] in ("{", "[") or stripped[:7].casefold() == "```json"):
        try:
            return "\n".join(_strings(read(text).json.value))
        except NotJson:
            pass  # then it is read as it stands
    return own_words(_ends(text))


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
