"""Trivial-answer gate: catches answers without content, which judges are known to pass, before a judge is called.

"Solution", a lone colon or "Let's solve this problem step by step." made judges answer *correct* in up to 80 % of cases
(Zhao et al. 2025, One Token to Fool LLM-as-a-Judge, arXiv 2507.08794). The gate is strict: it also stops legitimate
short answers without a letter or digit (∅, ?!) and bare verdicts ("The answer is correct."), so a task with such
answers must switch it off.
"""

from __future__ import annotations

import re
import unicodedata

from verifiers.word_lists import word_lists

MAX_CHARS = 400
"""Characters beyond which an answer is not trivial."""

_WORD = re.compile(r"\w+(?:['’]\w+)*")

_LETTER = re.compile(r"[^\W_]")
_LETTERS = re.compile(r"[^\W_]{1,1000}")  # bounded: one run of letters may be as long as the answer
_LONG_PADDING = re.compile(r"[\W_]{16,}")
_LISTS = word_lists("trivial.txt")
_CLAIMING = _LISTS["filler"] | _LISTS["claims"]

SILENT = "has neither letter nor digit"
ANNOUNCES = "only announces an answer"
STAND_IN = "is a stand-in for an answer"
CLAIMS = "only claims to be right"
REPEATS = "repeats the prompt"


def trivial(answer: str, prompt: str = "") -> str | None:
    """Return why an answer is trivial; None if it is not.

    Compared after NFKC normalisation, without invisible characters, spaces and punctuation. Trivial are: a text without
    letter or digit; an announcement of an answer (Solution; Let's think step by step); a stand-in (N/A, null, {}); a
    claim to be right; the prompt itself.
    """
    if _LETTER.search(answer) is None:
        return None if answer.strip("` \t\r\n") == "[]" else SILENT  # an empty list says: there are none
    if len(answer) > MAX_CHARS:
        if _is_long(answer):
            return REPEATS if answer.strip() == prompt.strip() else None
        answer = _LONG_PADDING.sub(" ", answer)  # the rest is short
    text = plain(answer)
    words = _WORD.findall(text)
    joined = " ".join(words)
    if joined in _LISTS["answers"]:
        return None
    if joined in _LISTS["openers"] or text in _LISTS["openers"]:
        return ANNOUNCES
    rest = words
    while rest and rest[0] in _LISTS["filler"] and " ".join(rest) not in _LISTS["nothing"]:
        rest = rest[1:]
    if " ".join(rest) in _LISTS["nothing"]:
        return STAND_IN
    said = set(words)
    if said <= _CLAIMING and said & _LISTS["claims"] and said & _LISTS["subjects"]:
        return CLAIMS
    if said <= _LISTS["filler" if len(words) > 1 else "alone"]:
        return ANNOUNCES
    if set(words[:-1]) <= _LISTS["filler"] and words[-1].isdecimal() and words[-2:-1] in (["step"], ["part"]):
        return ANNOUNCES
    if text == plain(prompt[: 4 * MAX_CHARS]):
        return REPEATS
    return None


def _is_long(answer: str) -> bool:
    """Return whether an answer is too long to be trivial: fast for nearly every long answer."""
    read = 0
    for letters in _LETTERS.finditer(answer):
        read += letters.end() - letters.start() + 1
        if read > MAX_CHARS:
            return True
    return False


def plain(text: str) -> str:
    """Return a text in NFKC, lower case, without invisible characters, its runs of spaces and punctuation one space."""
    normal = unicodedata.normalize("NFKC", text).replace("’", "'").casefold()
    return " ".join(normal.translate(_PLAIN).split()).strip("'")


class _Plain(dict[int, str]):
    """Translation of each character, computed at first use."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        kind = unicodedata.category(character)
        if kind in ("Cf", "Cc", "Cs", "Co", "Cn") and character not in "\t\r\n":
            kept = ""
        else:
            kept = character if kind[0] not in "ZPSC" or character == "'" else " "
        if code < 0x10000:  # the others are too many to cache
            self[code] = kept
        return kept


_PLAIN = _Plain()
