"""LivePiece: what one event of a provider's stream adds to an answer, in no dialect's form."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCall:
    """What is added to one tool call."""

    index: int
    """Which of the answer's calls, from 0."""

    id: str = ""
    """Its id, where the call begins."""

    name: str = ""
    """The function's name, where the call begins."""

    arguments: str = ""
    """A part of its arguments, which are JSON once they are whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePiece:
    """What is added to an answer."""

    text: str = ""
    """A part of its text."""

    thinking: str = ""
    """A part of the thinking that is shown."""

    refusal: str = ""
    """A part of the model's own refusal."""

    calls: tuple[LiveCall, ...] = ()
    """Parts of tool calls."""

    def __bool__(self) -> bool:
        return bool(self.text or self.thinking or self.refusal or self.calls)
