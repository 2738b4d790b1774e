"""Refusal verifier: rejects answers that are empty, refused, truncated, or stopped by a content filter."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any, ClassVar

from cascade.exchange import Exchange
from cascade.finish_reason import CUT_OFF, FILTERED
from cascade.hashing import content_id
from cascade.reading import NotJson, read
from cascade.verdict import Verdict, Verifier
from verifiers.language import NEUTRAL, READ, language_of, not_read
from verifiers.refusal_phrases import RefusalPhrases, Refused, refusal_phrases, tolerated
from verifiers.tokens import own_words
from verifiers.trivial import SILENT, instructions_of
from verifiers.trivial import trivial as trivial_reason

COMPLETE = frozenset({"stop", "end_turn", "stop_sequence", "eos", "eos_token", "complete", "completed", "finished"})
COMPLETE |= {"tool_calls", "tool_use", "function_call"}
"""Finish reasons of a complete answer, as providers write them, lower case."""
REFUSED = frozenset(("refusal",))
"""Finish reasons of a refusal."""

GOES_ON = 100
"""Words after a refusal beyond which the answer goes on to other things: half an answer."""
MAX_CHARS = 4_000
"""Characters at the beginning and at the end of an answer that tell its language."""

_EMPTY_JSON = ("{", '"', "null")
"""What stands in every JSON value that is empty."""
_SILENT = frozenset(".,:;…。、，：；·\"'`*_-–—")


class Refusal(Verifier):
    """Vetoes an answer that is empty, refused, truncated or filtered; 0.0 if its words refuse; else 1.0.

    - vetoed: a finish reason that means cut off, filtered or refused; the provider's own refusal field; nothing but
      thinking, white space, invisible characters or punctuation; without a schema also `{}`, `""`, `null` and an empty
      fence (with one, the schema decides);
    - 0.0: the answer opens as refusals do, after an apology or thanks, in the first person; 0.5 if more than 100 words
      follow it; without a schema, one that says nothing (N/A, "Solution:", "The answer is correct."; see
      `verifiers.trivial`); an unknown finish reason (flagged), since the answer may be incomplete. A missing finish
      reason is ignored;
    - 1.0 all the same: quotations; idioms ("I can't recommend it enough"); refusals that the request asked for (a
      letter that declines, a translation);
    - abstains: the answer is tool calls only, or in a language that is not read, flagged `language:th`
      (`language:unknown` where no language stands out).

    Languages: de, en, es, fr, it, ja, ko, pt, ru, zh. Measured worth: benchmarks/RESULTS/languages.md. On recorded
    answers English only: on wildbench 3 % are caught by their words; it misleads where a refusal is the truthful answer
    (mz_truthfulqa). The others are measured on made sentences, and unmeasured on recorded answers.

    Args:
        phrases: further ways in which refusals begin, for other languages or models; `verifiers.phrases` says how they
            are written. In scripts without spaces they are found by characters.
        languages: ISO 639-1 codes of further languages that `phrases` cover.
        trivial: False where answers such as "N/A" or "The answer is correct." are legitimate.
        name: names the verifier in policies and logs.
        pass_at: the pass mark: the score from which on it passes an answer.
    """

    version: ClassVar[str] = "3"
    inline: ClassVar[bool] = True
    reads_earlier: ClassVar[bool] = False

    def __init__(
        self,
        *,
        phrases: Iterable[str] = (),
        languages: Iterable[str] = (),
        trivial: bool = True,
        name: str = "refusal",
        pass_at: float = 0.5,
    ) -> None:
        self.name = name
        self.pass_at = pass_at
        self.trivial = trivial
        self.phrases = frozenset(phrases)
        self.languages = frozenset(READ).union(languages)
        self._own = RefusalPhrases(None, self.phrases) if self.phrases else None
        # Word lists are read and compiled here, and not by the first check, which may run on an event loop.
        trivial_reason("Here it is", "Which?")
        self._judge_words("Here it is", "Write a letter: no, thank you?")

    def settings(self) -> dict[str, Any]:
        """Return the hash of the user's phrases, the languages, and whether trivial answers are caught."""
        return {
            "phrases": content_id(sorted(self.phrases)),
            "languages": sorted(self.languages),
            "trivial": self.trivial,
        }

    def check(self, exchange: Exchange) -> Verdict:
        """Judge the answer's finish reason, its content, and its first words."""
        response = exchange.response
        finish = (response.finish_reason or "").casefold()
        for reasons, what in ((FILTERED, "stopped by a content filter"), (REFUSED, "refused"), (CUT_OFF, "cut off")):
            if finish in reasons:
                return Verdict.against(f"{what} (finish_reason {finish})")
        if response.refusal and response.refusal.strip():
            return Verdict.against("refused (the provider says so)")
        text = read(response.text).said
        if response.tool_calls:
            return Verdict.abstain("calls tools")
        if not text.strip() or _is_silent(text, but=frozenset() if exchange.request.schema is not None else _SILENT):
            return Verdict.against("empty" if text == response.text else "thinking without an answer")
        if exchange.request.schema is None and _is_empty_value(text):
            return Verdict.against("empty")
        if finish and finish not in COMPLETE:
            why = f"finish_reason {finish[:40]!a} is unknown"
            return Verdict(score=0.0, reason=why, flags=("unknown_finish_reason",))
        request = exchange.request
        if self.trivial and request.schema is None:
            why_not = trivial_reason(text, request.prompt, instructions_of(request))
            if why_not not in (None, SILENT):
                return Verdict(score=0.0, reason=f"the answer {why_not}")
        if len(text) > 2 * MAX_CHARS:
            text = text[:MAX_CHARS] + "\n" + text[-MAX_CHARS:]
        words = own_words(text)
        return self._judge_words(words if words.strip(" .") else text, request.prompt)

    def _judge_words(self, text: str, request: str) -> Verdict:
        language = language_of(text, request)
        refused = self._find(text, language)
        if refused is not None and refused.strength > tolerated(request):
            if refused.rest > GOES_ON:
                return Verdict(score=0.5, reason="the words refuse, and go on")
            return Verdict(score=0.0, reason="the words refuse")
        if refused is None and language != NEUTRAL and language not in self.languages:
            return not_read(language)
        return Verdict(score=1.0, reason="an answer" if refused is None else "a refusal that was asked for")

    def _find(self, text: str, language: str | None) -> Refused | None:
        # Short texts in Latin letters may be taken for a neighbour's language; their phrases tell them apart.
        own_script = ("ja", "ko", "ru", "zh")
        known = (language, "en") if language in own_script else [code for code in READ if code not in own_script]
        sources = [refusal_phrases(code) for code in known if code is not None]
        for source in (*sources, *filter(None, (self._own,))):
            if (found := source.find(text)) is not None:
                return found
        return None


def _is_silent(text: str, but: frozenset[str] = _SILENT) -> bool:
    """Return whether a text has only spaces, invisible characters and punctuation."""
    return all(  # the head first: for nearly every answer it is enough, and fast
        character in but or unicodedata.category(character)[0] in "CZ"
        for part in (text[:1000], text)
        for character in set(part)
    )


def _is_empty_value(text: str) -> bool:
    if len(text) > 200:
        return False
    if any(sign in text for sign in _EMPTY_JSON):  # to find no JSON takes a third of the whole check
        try:
            value = read(text).json.value
        except NotJson:
            pass
        else:
            return value is None or (isinstance(value, str) and _is_silent(value)) or value == {}
    return _is_silent(text.casefold().strip("`\r\n\t ").removeprefix("json"))
