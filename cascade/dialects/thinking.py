"""Inline thinking: reasoning that a model writes into its text between marks, told apart from the answer."""

from __future__ import annotations

from typing import NamedTuple

MARKS: tuple[tuple[str, str], ...] = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<budget:thinking>", "</budget:thinking>"),
    ("<seed:think>", "</seed:think>"),  # ByteDance
    ("[THINK]", "[/THINK]"),  # Mistral
    ("◁think▷", "◁/think▷"),  # Kimi
    ("<|START_THINKING|>", "<|END_THINKING|>"),  # Cohere
    ("<|channel|>analysis<|message|>", "<|end|>"),  # OpenAI's gpt-oss
)
"""Opening and closing marks of thinking."""

_FINAL = "<|channel|>final<|message|>"
_ENDS = ("<|return|>", "<|end|>")
_OPENS = ("<|start|>assistant", "<|START_RESPONSE|>")
"""Marks that some templates put between the thinking and the answer."""


class Parts(NamedTuple):
    """A text, taken apart."""

    thinking: str | None
    """What stood between the marks; None: the text begins with none."""

    answer: str
    """What follows, as it stands."""


def split_thinking(text: str) -> Parts:
    """Split off the closed thinking at the beginning of a text, in linear time.

    Thinking that is not closed is left in its place: the answer was cut off, or never came, and that is for others to
    judge. A mark further on in a text belongs to the answer.
    """
    found: list[str] = []
    rest = text
    while (step := _first(rest)) is not None:
        thinking, rest = step
        found.append(thinking)
    if not found:
        return Parts(None, text)
    for opening in _OPENS:
        rest = rest.removeprefix(opening)
    if rest.startswith(_FINAL):
        rest = rest.removeprefix(_FINAL)
        for closing in _ENDS:
            rest = rest.removesuffix(closing)
    return Parts("\n".join(found), rest)


def answer_start(text: str) -> int:
    """Return where the answer begins in a text that may hold thinking, behind a closing mark alone too.

    Some templates open the thinking in the prompt, so that a text holds the closing mark only. It counts where nothing
    before it looks like an answer in JSON.
    """
    thinking, answer = split_thinking(text)
    if thinking is not None:
        return len(text) - len(answer) if text.endswith(answer) else text.rfind(answer)
    if text.lstrip()[:1] in {"{", "[", '"'}:
        return 0
    lone = max((_lone(text, *mark) for mark in MARKS[:-1]), default=0)
    return max(lone, 0)


def _lone(text: str, opening: str, closing: str) -> int:
    end = text.find(closing)
    return end + len(closing) if end >= 0 and text.find(opening, 0, end) < 0 else 0


def _first(text: str) -> tuple[str, str] | None:
    start = len(text) - len(text.lstrip())
    for mark in _OPENS[:1]:
        if text.startswith(mark, start):
            start += len(mark)
    for opening, closing in MARKS:
        if text.startswith(opening, start):
            inside = start + len(opening)
            end = text.find(closing, inside)
            return None if end < 0 else (text[inside:end], text[end + len(closing) :])
    return None
