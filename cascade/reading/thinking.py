"""Thinking: where an answer's reasoning ends and what is said to the user begins, for every vendor's marks."""

from __future__ import annotations

import re

_TAGS = (
    "think|thinking|thought|thoughts|reasoning|reflection|scratchpad|analysis|internal_reasoning|seed:think|"
    "budget:thinking"
)
_BLANKS = re.compile(r"[ \t\r\n]*+")
_OPEN = re.compile(
    rf"(?:<({_TAGS})>|(\[THINK\])|(◁think▷)|(<\|begin_of_thought\|>)|(<\|START_THINKING\|>)|(<unused94>)"
    r"|(<\|channel>thought))",
    re.IGNORECASE,
)
"""Marks that open thinking; the number of the group names its closing mark."""
_CLOSE = ("[/THINK]", "◁/think▷", "<|end_of_thought|>", "<|END_THINKING|>", "<unused95>", "<channel|>")
_LONE = re.compile(
    rf"<(?=[/|u])(?:/(?=[tirsab])(?:{_TAGS})>|\|end_of_thought\|>|\|END_THINKING\|>|unused95>)|\[/THINK\]|◁/think▷",
    re.IGNORECASE,
)
_CLOSED = re.compile(rf"(?:{_LONE.pattern}|<channel\|>)\Z", re.IGNORECASE)
_LONGEST_MARK = 40
_MARKS = re.compile(
    rf"(?:{_OPEN.pattern}|{_LONE.pattern}|<channel\|>|<\|channel\|>\s*\w+<\|message\|>|<\|end\|>|<\|start\|>assistant)",
    re.IGNORECASE,
)
_CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)[^<]{0,200}<\|message\|>")
_CHANNEL_END = re.compile(r"<\|(?:end|return|call|start)\|>")
_STRIPPED = re.compile(r"analysis(?=[A-Z\s])")
_GRANITE = re.compile(r"Here(?: is|'s) my thought process:")
_RESPONSE = "Here is my response:"
_WRAPPERS = (
    ("<|begin_of_solution|>", "<|end_of_solution|>"),
    ("<|START_RESPONSE|>", "<|END_RESPONSE|>"),
    ("<response>", "</response>"),
)
"""Marks around what is said after thinking."""


def split_thinking(text: str) -> tuple[int, int]:
    """Return the span of what is said to the user: everything but thinking at the beginning and marks around the rest.

    Thinking that is not closed leaves nothing (an empty span at the end). Later tags are kept, since they may stand
    in a JSON string; but all before a lone closing mark is thinking, where the text does not begin as JSON does.
    """
    channels = _CHANNEL.search(text) if "<|channel|>" in text else None
    if channels is not None and text[: channels.start()].strip() in ("", "<|start|>assistant", "<|assistant|>"):
        return _final_channel(text)
    start = _after_marks(text)
    for opening, closing in _WRAPPERS:
        begun = len(text) - len(text[start:].lstrip()) if start else 0
        if start and text.startswith(opening, begun):
            ended = text.find(closing, begun)
            return begun + len(opening), ended if ended >= 0 else len(text)
    return start, len(text)


def answer_start(text: str) -> int:
    """Return where the answer begins in a text that may hold thinking; 0 where the thinking is not closed."""
    start = split_thinking(text)[0]
    return start if start < len(text) or _CLOSED.search(text[-_LONGEST_MARK:]) else 0


def without_marks(thinking: str) -> str:
    """Return thinking without the marks that open and close it."""
    return _MARKS.sub("", thinking).strip()


def _after_marks(text: str) -> int:
    start = 0
    while opened := _OPEN.match(text, begun := _after_blanks(text, start)):
        kind = opened.lastindex or 1
        closing = f"</{opened[1]}>" if kind == 1 else _CLOSE[kind - 2]
        closed = _find(text, closing, opened.end())
        if closed < 0:
            return len(text)
        start = closed + len(closing)
    if _GRANITE.match(text, begun):
        said = text.find(_RESPONSE, start)
        return len(text) if said < 0 else said + len(_RESPONSE)
    if not start and _STRIPPED.match(text, begun) and (final := text.rfind("assistantfinal")) >= 0:
        return final + len("assistantfinal")
    if text[begun : begun + 1] not in ("{", "[", '"') and any(mark in text for mark in "<[◁"):
        lone = _LONE.search(text, begun)
        if lone is not None and _opening_of(text, lone, start):
            return lone.end()
    return start


def _after_blanks(text: str, start: int) -> int:
    """Return where the first sign that is not blank stands; looked for once, since there may be megabytes of them."""
    blanks = _BLANKS.match(text, start)
    return blanks.end() if blanks is not None else start


def _find(text: str, closing: str, start: int) -> int:
    """Return the first place of a closing mark as it was opened, else in any case; -1 if absent."""
    closed = text.find(closing, start)
    if closed < 0:
        other = re.compile(re.escape(closing), re.IGNORECASE).search(text, start)
        closed = -1 if other is None else other.start()
    return closed


def _opening_of(text: str, lone: re.Match[str], start: int) -> bool:
    """Return whether a closing mark has no opening mark before it, or one at the beginning of a line."""
    opening = lone[0].replace("/", "", 1)
    opened = text.find(opening, start, lone.start())
    return opened < 0 or opened == 0 or text[opened - 1] == "\n"


def _final_channel(text: str) -> tuple[int, int]:
    """Return the span of the final channel (OpenAI's harmony format); empty if there is none."""
    span = len(text), len(text)
    for channel in _CHANNEL.finditer(text):
        if channel[1] == "final":
            ended = _CHANNEL_END.search(text, channel.end())
            span = channel.end(), ended.start() if ended else len(text)
    return span
