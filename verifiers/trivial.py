"""Trivial-answer gate: catches answers without content, which judges are known to pass, before a judge is called.

"Solution", a lone colon or "Let's solve this problem step by step." made judges answer *correct* in up to 80 % of cases
(Zhao et al. 2025, One Token to Fool LLM-as-a-Judge, arXiv 2507.08794). The gate is strict: it also stops legitimate
short answers without a letter or digit (∅, ?!) and bare verdicts ("The answer is correct."), so a task with such
answers must switch it off.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from cascade.exchange import Request, text_of
from verifiers.phrases import compile_phrases, joined
from verifiers.tokens import STOPS, tokens_of
from verifiers.word_lists import word_lists

MAX_CHARS = 400
"""Characters beyond which an answer is not trivial."""

_WORD = re.compile(r"\w+(?:['’]\w+)*")

_LETTER = re.compile(r"[^\W_]")
_LETTERS = re.compile(r"[^\W_]{1,1000}")  # bounded: one run of letters may be as long as the answer
_LONG_PADDING = re.compile(r"[\W_]{16,}")
_LISTS = word_lists("trivial.txt")
_CLAIMING = _LISTS["filler"] | _LISTS["claims"]

CAPITALISED = frozenset(("Na", "Undefined"))
"""Written so, they are words (sodium; 1/0); as stand-ins they are written NA, na, N/A, undefined."""

_GOES_ON = frozenset("!,:！，：、…")
"""Signs after which something is still to come; `Sure.` may be an answer, `Sure!` and `Sure,` are none."""
_OR = r"or|and|oder|und|ou|et|o|y|e|или|и|或者|或|和|または|または|もしくは|か|と|또는|혹은|및"
_LAST = re.compile(
    rf"(?:^|[,/|;:(\[{{\"'`“‘«「（，、；：\n*•–—=-]|(?:(?<=[\s,])|(?<=[\u3000-\uffff]))(?:{_OR}))[\s\"'`*“‘(\[]*$"
)
_NEXT = re.compile(rf"[\s\"'`*”’)\]]*(?:$|[,/|;:)\]}}\"'`”’»」），、；。\n.*?=–—-]|(?:{_OR})(?![^\W_a-z]*[a-z]))")
_JOINED = "或者|或|和|または|もしくは"
_QUOTED = r"[\"'`*“”‘’]{0,4}"
_FIRST = re.compile(
    rf"{_QUOTED}\s{{0,4}}(?:[,/|、]|{_JOINED})\s{{0,4}}{_QUOTED}\w{{1,40}}?(?:[ /-]\w{{1,40}})?{_QUOTED}"
    rf"(?:\s{{0,4}}[,/|、]|\s{{1,4}}(?:{_OR})\s|{_JOINED})"
    rf"|{_QUOTED}\s{{1,4}}(?:{_OR})\s{{1,4}}{_QUOTED}(?:\w{{1,4}}\s)?\w{{1,40}}{_QUOTED}\s{{0,4}}(?:$|[.?!:;\n)])"
)
"""What follows the first entry of a list: a further one and then a sign or word of lists; or the only other one."""

SILENT = "has neither letter nor digit"
ANNOUNCES = "only announces an answer"
STAND_IN = "is a stand-in for an answer"
CLAIMS = "only claims to be right"
REPEATS = "repeats the prompt"


def instructions_of(request: Request) -> str:
    """Return the text of a request's messages other than the last: what it is told to do with the last one."""
    return "\n".join(text_of(message.get("content")) for message in request.messages[:-1])


def trivial(answer: str, prompt: str = "", instructions: str = "") -> str | None:
    """Return why an answer is trivial; None if it is not.

    Compared after NFKC normalisation, without invisible characters, spaces and punctuation. Trivial are: a text without
    letter or digit; an announcement of an answer in one of ten languages (Solution; Sure, here it is:), bare consent
    ("好的，") unless it answers a yes-or-no question; a stand-in (N/A, null, {}); a claim to be right; the prompt.
    Not trivial are words that the prompt offers as choices (question, problem or task), and a prompt that the
    instructions say to correct, translate or extract from: it may be right as it is.

    Args:
        answer: what is said, without thinking.
        prompt: the text of the request's last message.
        instructions: the text of the messages before it.
    """
    if _LETTER.search(answer) is None:
        return None if answer.strip("` \t\r\n") == "[]" else SILENT  # an empty list says: there are none
    if len(answer) > MAX_CHARS:
        if _is_long(answer):
            return REPEATS if answer.strip() == prompt.strip() else None
        answer = _LONG_PADDING.sub(" ", answer)  # the rest is short
    text = plain(answer)
    words = _WORD.findall(text)
    why = _emptiness(answer, text, words, prompt)
    if why is not None:
        return None if _is_offered(answer, prompt) else why
    if text == plain(prompt[: 4 * MAX_CHARS]) and not _found(_patterns()["transforms"], instructions):
        return REPEATS
    return None


def _emptiness(answer: str, text: str, words: list[str], prompt: str) -> str | None:
    """Return why the words themselves say nothing."""
    joint = " ".join(words)
    if joint == "json" and "`" not in answer:
        return None  # the name of a format; in a fence, what it should have held is missing
    if joint in _LISTS["answers"] or answer.strip("` \t\r\n\"'*.") in CAPITALISED:
        return None
    if joint in _LISTS["openers"] or text in _LISTS["openers"]:
        return ANNOUNCES
    rest = words
    while rest and rest[0] in _LISTS["filler"] and " ".join(rest) not in _LISTS["nothing"]:
        rest = rest[1:]
    if " ".join(rest) in _LISTS["nothing"]:
        return STAND_IN
    distinct = set(words)
    if distinct <= _CLAIMING and distinct & _LISTS["claims"] and distinct & _LISTS["subjects"]:
        return CLAIMS
    if distinct <= _LISTS["filler" if len(words) > 1 else "alone"]:
        return ANNOUNCES
    if set(words[:-1]) <= _LISTS["filler"] and words[-1].isdecimal() and words[-2:-1] in (["step"], ["part"]):
        return ANNOUNCES
    return ANNOUNCES if _announces(answer, prompt) else None


def _announces(answer: str, prompt: str) -> bool:
    """Return whether an answer is made of nothing but openers and consent."""
    line = joined(token for token in tokens_of(answer) if token not in STOPS)
    patterns = _patterns()
    if not _begins(line, (patterns["announcements"], patterns["consent"])):
        return False
    rest = patterns["announcements"].sub("", line)
    announced = len(rest) < len(line)
    if not _LISTS["filler"].union("^").issuperset(patterns["consent"].sub("", rest).split()):
        return False
    if announced and len(line.split()) > 3:  # one word between the edges may be an answer: Hello
        return True
    # Consent alone: an answer where it could be one, or where it ends as answers do.
    return answer.rstrip()[-1:] in _GOES_ON and not _asks_yes_or_no(prompt)


def _begins(line: str, patterns: tuple[re.Pattern[str], ...]) -> bool:
    """Return whether a line begins with one of the phrases, after nothing but filler: for nearly no answer it does."""
    start = 1
    for word in line.split():
        if any(pattern.match(line, start) for pattern in patterns):
            return True
        if word != "^" and word not in _LISTS["filler"]:
            return False
        start += len(word) + 1
    return True  # filler alone


def _asks_yes_or_no(prompt: str) -> bool:
    question = prompt.rstrip(" \n\"'*)")
    if _found(_patterns()["yes or no"], prompt):
        return True
    return question.endswith(("?", "？", "؟")) and not _found(_patterns()["interrogatives"], question[-MAX_CHARS:])


def _is_offered(answer: str, prompt: str) -> bool:
    """Return whether the prompt lists an answer among others: between commas, slashes, quotes or words such as *or*."""
    if len(prompt) > 10 * MAX_CHARS:
        prompt = prompt[: 5 * MAX_CHARS] + "\n" + prompt[-5 * MAX_CHARS :]
    prompt, text = (unicodedata.normalize("NFKC", each).casefold() for each in (prompt, answer))
    text = text.strip(" \t\r\n\"'`*.:“”")
    start = prompt.find(text) if text else -1
    while start >= 0:
        before, after = prompt[max(0, start - 12) : start], prompt[start + len(text) :][:80]
        if not before[-1:].isalnum() and not after[:1].isalnum() and _lists(before, after):
            return True
        start = prompt.find(text, start + 1)
    return False


def _lists(before: str, after: str) -> bool:
    """Return whether what stands around a word makes it one of a list."""
    if _FIRST.match(after):
        return True
    left, right = _LAST.search(before), _NEXT.match(after)
    # A colon alone may introduce the whole task: `Solution:`.
    return left is not None and right is not None and (left[0] + right[0]).strip() not in ("", ":", ".", "::")


def _found(pattern: re.Pattern[str], text: str) -> bool:
    return pattern.search(joined(tokens_of(text[: 10 * MAX_CHARS]))) is not None


@lru_cache(maxsize=1)
def _patterns() -> dict[str, re.Pattern[str]]:
    titles = ("announcements", "consent", "yes or no", "interrogatives", "transforms")
    ordered = {title: sorted(_LISTS[title], key=lambda phrase: (-len(phrase), phrase)) for title in titles}
    return {
        title: pattern
        for title, phrases in ordered.items()
        if (pattern := compile_phrases(phrases, _LISTS)) is not None
    }


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
