"""Refusal verifier: rejects answers that are empty, refused, truncated, or stopped by a content filter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any, ClassVar

from cascade.exchange import Exchange
from cascade.finish_reason import CUT_OFF, FILTERED
from cascade.hashing import content_id
from cascade.verdict import Verdict, Verifier
from verifiers.json_answer import NotJson, find_json
from verifiers.trivial import SILENT, trivial
from verifiers.word_lists import word_lists

COMPLETE = frozenset({"stop", "end_turn", "stop_sequence", "eos", "eos_token", "complete", "completed", "finished"})
COMPLETE |= {"tool_calls", "tool_use", "function_call"}
"""Finish reasons of a complete answer, as providers write them, lower case."""
REFUSED = frozenset(("refusal",))
"""Finish reasons of a refusal."""

MAX_WORDS = 120
"""Words beyond which an answer does not count as a refusal."""
OPENING = 24
"""Words of the first sentence within which a refusal must begin."""

_WORD = re.compile(r"\w+(?:'\w+)*")
_SENTENCE = re.compile(r"[.!?\n。！？]")
_SORRY = frozenset({"sorry", "apologies", "apologize", "apologise", "unfortunately", "regrettably"})
_EMPTY_JSON = ("{", '"', "null")
"""What stands in every JSON value that is empty."""
_SILENT = frozenset(".,:;…。、，：；·\"'`*_-–—")


class Refusal(Verifier):
    """Vetoes an answer that is empty, refused, truncated or filtered; 0.0 if its words refuse; else 1.0.

    - vetoed: a finish reason that means cut off, filtered or refused; the provider's own refusal field; nothing but
      white space, invisible characters or punctuation; without a schema also `{}`, `""`, `null` and an empty
      fence (with one, the schema decides);
    - 0.0: a short answer whose first sentence opens as refusals do; without a schema, one that says nothing (N/A,
      "Solution:", "The answer is correct."; see `verifiers.trivial`); an unknown finish reason (flagged), since the
      answer may be incomplete. A missing finish reason is ignored;
    - abstains: the answer is tool calls only.

    Measured: on wildbench 3 % of the answers are caught by their words; they are worth 0.32 on average, the others
    0.65. It misleads where a refusal is the truthful answer: on mz_truthfulqa 0.88 of the few caught are right.

    Args:
        phrases: further ways in which refusals begin, for other languages or models.
        trivial: False where answers such as "N/A" or "The answer is correct." are legitimate.
        name: names the verifier in policies and logs.
        pass_at: the pass mark: the score from which on it passes an answer.
    """

    version: ClassVar[str] = "1"
    inline: ClassVar[bool] = True
    reads_earlier: ClassVar[bool] = False

    def __init__(
        self, *, phrases: Iterable[str] = (), trivial: bool = True, name: str = "refusal", pass_at: float = 0.5
    ) -> None:
        self.name = name
        self.pass_at = pass_at
        self.trivial = trivial
        self.phrases = frozenset().union(*word_lists("refusal.txt").values(), phrases)
        self._starts: dict[str, set[tuple[str, ...]]] = {}
        for phrase in self.phrases:
            words = tuple(_words(phrase))
            if words:
                self._starts.setdefault(words[0], set()).add(words)

    def settings(self) -> dict[str, Any]:
        """Return the hash of the phrases, and whether trivial answers are caught."""
        return {"phrases": content_id(sorted(self.phrases)), "trivial": self.trivial}

    def check(self, exchange: Exchange) -> Verdict:
        """Judge the answer's finish reason, its content, and its first words."""
        response = exchange.response
        finish = (response.finish_reason or "").casefold()
        for reasons, what in ((FILTERED, "stopped by a content filter"), (REFUSED, "refused"), (CUT_OFF, "cut off")):
            if finish in reasons:
                return Verdict.against(f"{what} (finish_reason {finish})")
        if response.refusal and response.refusal.strip():
            return Verdict.against("refused (the provider says so)")
        text = response.text
        if response.tool_calls:
            return Verdict.abstain("calls tools")
        if not text.strip() or _is_silent(text, but=frozenset() if exchange.request.schema is not None else _SILENT):
            return Verdict.against("empty")
        if exchange.request.schema is None and _is_empty_value(text):
            return Verdict.against("empty")
        if finish and finish not in COMPLETE:
            why = f"finish_reason {finish[:40]!a} is unknown"
            return Verdict(score=0.0, reason=why, flags=("unknown_finish_reason",))
        why_not = trivial(text, exchange.request.prompt) if self.trivial and exchange.request.schema is None else None
        if why_not not in (None, SILENT):
            return Verdict(score=0.0, reason=f"the answer {why_not}")
        if self._refuses(text):
            return Verdict(score=0.0, reason="the words refuse")
        return Verdict(score=1.0, reason="an answer")

    def _refuses(self, text: str) -> bool:
        if len(text) > MAX_WORDS * 12:
            return False
        words = _words(text)
        if len(words) > MAX_WORDS:
            return False
        first = _words(next((part for part in _SENTENCE.split(text) if part.strip()), ""))
        if len(first) < 4 and _SORRY.intersection(first):  # "I'm sorry." continues in the next sentence
            first = words
        for index, word in enumerate(first[:OPENING]):
            if any(tuple(first[index : index + len(phrase)]) == phrase for phrase in self._starts.get(word, ())):
                return True
        return False


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold().replace("’", "'"))


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
            value = find_json(text).value
        except NotJson:
            pass
        else:
            return value is None or (isinstance(value, str) and _is_silent(value)) or value == {}
    return _is_silent(text.casefold().strip("`\r\n\t ").removeprefix("json"))
