"""Judge prompt: builds a judge's question and parses its reply; data is JSON-encoded, a nonce links the two."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from cascade.display.sanitize import json_escape
from cascade.errors import ConfigError
from cascade.exchange import Exchange, Message, text_of
from cascade.hashing import canonical_json
from cascade.reading import NotJson, Number, read
from cascade.reading.phrase import value_of

TEMPLATE = Path(__file__).with_name("judge.md").read_text(encoding="utf-8")
"""The instructions, with `{rubric}` to be filled in."""
TEMPLATE_YES = Path(__file__).with_name("judge_yes.md").read_text(encoding="utf-8")
"""The instructions that ask for one word."""
RUBRIC = Path(__file__).with_name("rubric.md").read_text(encoding="utf-8")
"""The default rubric."""
TOP_SCORE = 10
"""The best score that a judge can give; 0 is the worst."""
MAX_REPLY = 20_000
"""Longest reply of a judge, in characters."""

# < begins the special tokens of nearly every chat template, HTML comments and closing tags; [INST] is Llama's.
# Invisible and direction-changing characters could hide text from readers of the log.
_ESCAPED = re.compile(
    "[<\u007f-\u00a0\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff0-\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
    r"|\[(?=/?INST\]|/?SYS|gMASK)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """A judge's parsed reply."""

    score: float
    """In [0, 1]."""

    reason: str
    """The judge's own words, shortened."""


def load_rubric(rubric: str | Path | None) -> str:
    """Return a rubric's text: None is the default one; a path, or a string that ends in .md or .txt, is read.

    Raises:
        ConfigError: the file cannot be read, or is empty.
    """
    if rubric is None:
        return RUBRIC
    text = str(rubric)
    if isinstance(rubric, Path) or ("\n" not in text and text.lower().endswith((".md", ".txt"))):
        try:
            text = Path(rubric).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"The judge's rubric {text!r:.200} cannot be read: {error}") from None
    if not text.strip():
        raise ConfigError("The judge's rubric is empty; say what a good answer is, or leave it out.")
    return text


def candidate_of(exchange: Exchange) -> str:
    """Return the text to grade: the answer's text, and its tool calls as JSON."""
    response = exchange.response
    if not response.tool_calls:
        return response.text
    calls = canonical_json([call.get("function", call) for call in response.tool_calls]).decode()
    return f"{response.text}\n{calls}".strip()


def conversation_of(messages: Sequence[Message], max_chars: int) -> tuple[list[dict[str, str]], tuple[str, ...]]:
    """Return the conversation as roles and texts, with flags for parts left out."""
    flags = set()
    turns = []
    for message in messages:
        content = message.get("content")
        if isinstance(content, list | tuple) and any(
            not isinstance(part, Mapping) or not isinstance(part.get("text"), str) for part in content
        ):
            flags.add("parts_left_out")
        text = shorten(text_of(content), max_chars)
        if len(text) != len(text_of(content)):
            flags.add("prompt_cut")
        turns.append({"role": str(message.get("role", "user")), "text": text})
    first, last, room = turns[:1], turns[1:], 4 * max_chars
    kept: list[dict[str, str]] = []
    for turn in reversed(last):  # the first turn often holds the rules, the last ones the question
        room -= len(turn["text"])
        if kept and room < 0:
            flags.add("prompt_cut")
            break
        kept.append(turn)
    return [*first, *reversed(kept)], tuple(sorted(flags))


def shorten(text: str, max_chars: int) -> str:
    """Return a text shortened to about `max_chars` characters: head and tail, with a note between."""
    if len(text) <= max_chars:
        return text
    half = max_chars // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half} characters left out …]\n{text[-half:]}"


def make_nonce(content: Any, sample: int) -> str:
    """Return 24 hexadecimal digits that tie a reply to one question.

    A hash of the whole question, so that the same question has the same words again (caches, resumed runs, replays). A
    candidate cannot contain its own nonce, since the nonce depends on the candidate: an attacker would have to try 2^96
    candidates.
    """
    return blake2b(canonical_json([content, sample]), digest_size=12, person=b"cascade-judge").hexdigest()


def encode(value: Any) -> str:
    """Return data as JSON, escaped so that no character can end the data, open a chat turn, or hide text."""
    text = json.dumps(value, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: "".join(map(json_escape, found[0])), text)


def messages_for(
    rubric: str, conversation: Sequence[Mapping[str, str]], candidate: str, nonce: str, *, kind: str = "grade"
) -> tuple[Message, ...]:
    """Return the chat that asks for one grade, or for one word (`p_yes`)."""
    template = TEMPLATE if kind == "grade" else TEMPLATE_YES
    data = encode({"nonce": nonce, "conversation": list(conversation), "candidate": candidate})
    return (
        {"role": "system", "content": template.replace("{rubric}", rubric.strip())},
        {"role": "user", "content": data},
    )


def read_grade(reply: str, nonce: str) -> Grade | str:
    """Parse a judge's reply: one JSON object with our nonce and one score; else return why it is unusable.

    It may stand in a fence or after thinking, have further keys, and write the score as a string.
    """
    if len(reply) > MAX_REPLY:
        return "the judge's reply is too long"
    try:
        located = read(reply).json
    except NotJson as error:
        return f"the judge's reply is not one JSON object: {error}"
    value = located.value
    if set(located.repairs) - {"fence"}:
        return f"the judge's reply is not one JSON object: {', '.join(located.repairs)}"
    if not isinstance(value, dict) or not {"nonce", "score"} <= set(value):
        return "the judge's reply has no nonce or no score"
    if value["nonce"] != nonce:
        return "the judge's reply has another nonce"
    score = value["score"]
    if isinstance(score, str):
        number = value_of(score)
        plain_number = isinstance(number, Number) and number.unit is None and not number.noun and not number.alternative
        score = float(number.value) if isinstance(number, Number) and plain_number else None
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= TOP_SCORE:
        return f"the judge's score is not a number from 0 to {TOP_SCORE}"
    reason = value.get("reason", "")
    return Grade(score=score / TOP_SCORE, reason=reason[:300] if isinstance(reason, str) else "")
