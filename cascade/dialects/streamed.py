"""Streamed: a stream of Chat Completions, untrusted bytes, as pieces to pass on and as the completion they make.

Bounds are those of a body: what an event, the texts together, choices, calls and log-probabilities may be.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from cascade.dialects.error_body import holds_error
from cascade.dialects.live_piece import LiveCall, LivePiece
from cascade.dialects.shape import MOST_DEPTH, ShapeError, ShapeLimits, is_deep
from cascade.exchange import EMPTY
from cascade.failure import FailureKind
from cascade.reading.thinking import answer_start, split_thinking

MOST_EVENT_BYTES = 1 << 20
"""The longest event, as it is given to a parser at once."""

MOST_TEXT = 8 << 20
"""Characters of all texts of an answer together, thinking and arguments included."""

STREAMED: Mapping[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
"""Parameters that ask for a stream which ends with its usage."""

_MAY_THINK = frozenset("<[◁")
_LONGEST_MARK = 40
_CLOSING = frozenset(">]▷")
_MOST_OPENING = 64 << 10  # a longer thinking between marks is passed over whole, at the end
_THINKING = ("reasoning_content", "reasoning", "thinking", "reasoning_text")
_APART = frozenset({"role", "content", "refusal", "tool_calls", "function_call", *_THINKING})


class StreamedCompletion:
    """A completion that comes as events."""

    def __init__(self, limits: ShapeLimits, *, is_stray: Callable[[Any], bool] = lambda _: False) -> None:
        """Take its bounds, and what tells by an answer's id whether it was given to another request before."""
        self._limits, self._is_stray = limits, is_stray
        self._rest, self._data = b"", b""
        self._head: dict[str, Any] = {}
        self._choices: dict[int, dict[str, Any]] = {}
        self._length = 0
        self._opening: str | None = ""  # of the first choice's text, until it is known that it does not begin to think
        self._thought = False
        self.ended = False
        """Whether the provider said that its answer is whole (`[DONE]`, or an error)."""
        self.overrun = False
        """Whether something came after that: it belongs to no answer."""
        self.error: Any = None
        """The event that told an error; None: none did."""
        self.stray = False
        """Whether it is an answer that was given to another request before."""

    @property
    def whole(self) -> bool:
        """Whether it came to its end."""
        return self.ended or (bool(self._choices) and all(one["finish_reason"] for one in self._choices.values()))

    @property
    def model(self) -> str | None:
        """The model that answers, as the provider reports it; None: it does not."""
        reported = self._head.get("model")
        return reported if isinstance(reported, str) else None

    def feed(self, data: bytes) -> list[LivePiece]:
        """Read on, and return what is to be passed on.

        Raises:
            ShapeError: it holds more than its bounds allow.
        """
        found: list[LivePiece] = []
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            self._line(line.removesuffix(b"\r"), found)
        if len(self._rest) + len(self._data) > MOST_EVENT_BYTES:
            raise ShapeError(FailureKind.TOO_BIG, f"An event is longer than {MOST_EVENT_BYTES:,} bytes")
        return found

    def close(self) -> list[LivePiece]:
        """Read what stands after the last line's end; call it once, when the body has ended."""
        found: list[LivePiece] = []
        self._line(self._rest.removesuffix(b"\r"), found)
        self._line(b"", found)
        self._rest = b""
        return found

    def body(self) -> dict[str, Any] | None:
        """Return the completion as a body that is no stream; None where no choice came."""
        if not self._choices:
            return None
        choices = []
        for index, told in sorted(self._choices.items()):
            texts = {name: "".join(parts) for name, parts in told["texts"].items()}
            message = {"role": "assistant", "content": None, **told["message"], **texts}
            if told["calls"]:
                message["tool_calls"] = [
                    {
                        **_without_place(call),
                        "function": {name: "".join(parts) for name, parts in call["function"].items()},
                    }
                    for call in told["calls"].values()
                ]
            choice = {**told["beside"], "index": index, "message": message, "finish_reason": told["finish_reason"]}
            choices.append(choice | ({"logprobs": {"content": told["entries"]}} if told["entries"] else {}))
        return {**self._head, "choices": choices}

    def _line(self, line: bytes, found: list[LivePiece]) -> None:
        if line:
            name, _, value = line.partition(b":")
            if name == b"data":
                self._data += (b"\n" if self._data else b"") + value.removeprefix(b" ")
            return
        data, self._data = self._data, b""
        if not data:
            return
        if self.ended:
            self.overrun = True
        elif data.strip() == b"[DONE]":
            self.ended = True
        else:
            self._event(data, found)

    def _event(self, data: bytes, found: list[LivePiece]) -> None:
        if len(data) > MOST_EVENT_BYTES or is_deep(data):
            kind = FailureKind.TOO_BIG if len(data) > MOST_EVENT_BYTES else FailureKind.BAD_BODY
            raise ShapeError(kind, f"An event is longer than {MOST_EVENT_BYTES:,} bytes or deeper than {MOST_DEPTH}")
        try:
            told = json.loads(data)
        except (ValueError, RecursionError):
            raise ShapeError(FailureKind.BAD_BODY, "An event of the stream is no JSON") from None
        if holds_error(told):
            self.error, self.ended = told, True
            return
        if not isinstance(told, Mapping):
            raise ShapeError(FailureKind.BAD_BODY, "An event of the stream is no object")
        if not self._choices and self._is_stray(told.get("id")):
            self.stray = self.ended = True
            return
        self._head |= {
            name: value for name, value in told.items()
            if name not in {"choices", "object"} and value and (name == "usage" or name not in self._head)
        }  # fmt: skip
        for choice in _mappings(told.get("choices")):
            self._choice(choice, found)

    def _choice(self, choice: Mapping[str, Any], found: list[LivePiece]) -> None:
        index = choice.get("index") or 0
        if not isinstance(index, int) or not 0 <= index < self._limits.choices:
            raise ShapeError(FailureKind.TOO_BIG, f"The stream has a choice {index!r:.20}, and one was asked for")
        held = self._choices.setdefault(
            index, {"message": {}, "texts": {}, "calls": {}, "entries": [], "beside": {}, "finish_reason": None}
        )
        if held["finish_reason"]:  # nothing belongs to an answer that has ended
            self.overrun = self.overrun or bool(_mapping(choice.get("delta")).get("content"))
            return
        piece = self._delta(_mapping(choice.get("delta")), held)
        entries = _mappings(_mapping(choice.get("logprobs")).get("content"))
        held["entries"] += entries
        if len(held["entries"]) > self._limits.entries:
            raise ShapeError(FailureKind.TOO_BIG, f"The stream holds over {self._limits.entries:,} log-probabilities")
        apart = {"index", "delta", "logprobs", "finish_reason"}
        held["beside"] |= {name: value for name, value in choice.items() if name not in apart and value is not None}
        held["finish_reason"] = choice.get("finish_reason")
        if index == 0 and (shown := self._shown(piece)):
            found.append(shown)

    def _delta(self, delta: Mapping[str, Any], held: dict[str, Any]) -> LivePiece:
        message = held["message"]
        text, thinking = _content(delta.get("content"))
        thinking += next((value for name in _THINKING if isinstance(value := delta.get(name), str) and value), "")
        refusal = delta.get("refusal") if isinstance(delta.get("refusal"), str) else ""
        for name, value in (("content", text), ("reasoning_content", thinking), ("refusal", refusal)):
            if value:
                held["texts"].setdefault(name, []).append(value)
        for name, value in delta.items():
            if name in _APART or value is None:
                continue
            earlier = message.get(name)
            joins = isinstance(value, list) and isinstance(earlier, list)
            message[name] = [*earlier, *value][: self._limits.tool_calls] if joins else value
        calls = tuple(self._call(call, held["calls"]) for call in _mappings(delta.get("tool_calls")))
        if older := _mapping(delta.get("function_call")):
            function = message.setdefault("function_call", {"name": "", "arguments": ""})
            for name in function:
                function[name] += older[name] if isinstance(older.get(name), str) else ""
        self._length += len(text) + len(thinking) + len(refusal or "") + sum(len(call.arguments) for call in calls)
        if self._length > MOST_TEXT:
            raise ShapeError(FailureKind.TOO_BIG, f"The stream is longer than {MOST_TEXT:,} characters")
        return LivePiece(text=text, thinking=thinking, refusal=refusal or "", calls=calls)

    def _call(self, call: Mapping[str, Any], calls: dict[int, dict[str, Any]]) -> LiveCall:
        index, identity = call.get("index"), call.get("id")
        if not isinstance(index, int):  # some servers number none: each that has an id begins one
            begins = bool(identity) or not calls
            index = len(calls) if begins else max(calls)
        if index not in calls and len(calls) >= self._limits.tool_calls:
            raise ShapeError(FailureKind.TOO_BIG, f"The stream holds over {self._limits.tool_calls:,} tool calls")
        begun = index not in calls
        held = calls.setdefault(
            index, {"place": len(calls), "type": "function", "function": {"name": [], "arguments": []}}
        )
        said = _mapping(call.get("function"))
        name, arguments = (value if isinstance(value := said.get(key), str) else "" for key in ("name", "arguments"))
        held |= {key: value for key, value in call.items() if key not in {"index", "function", "place"} and value}
        held["function"]["name"].append(name)
        held["function"]["arguments"].append(arguments)
        return LiveCall(index=held["place"], id=str(identity or "") if begun else "", name=name, arguments=arguments)

    def _shown(self, piece: LivePiece) -> LivePiece:
        """Return a piece without text that may be thinking between marks, until that is known."""
        if self._opening is None or not piece.text:
            return piece
        self._opening += piece.text
        begun = self._opening.lstrip()
        text = ""
        if begun and self._thought:
            text, self._opening = begun, None
        elif begun and begun[0] not in _MAY_THINK:
            text, self._opening = self._opening, None
        elif _LONGEST_MARK < len(begun) < _MOST_OPENING and (
            len(begun) - len(piece.text) <= _LONGEST_MARK or not _CLOSING.isdisjoint(piece.text)
        ):
            start = split_thinking(self._opening)[0]
            if start == 0:
                text, self._opening = self._opening, None
            elif answer_start(self._opening):
                text, self._thought = self._opening[start:].lstrip(), True
                self._opening = None if text else ""
        return LivePiece(text=text, thinking=piece.thinking, refusal=piece.refusal, calls=piece.calls)


def _content(value: Any) -> tuple[str, str]:
    """Return text and thinking of a delta's content: a text, or parts."""
    if isinstance(value, str):
        return value, ""
    text = thinking = ""
    for part in _mappings(value):
        said = part.get("text")
        if isinstance(said, str) and part.get("type", "text") == "text":
            text += said
        for inner in _mappings(part.get("thinking")):
            thinking += str(inner.get("text") or "")
    return text, thinking


def _without_place(call: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in call.items() if name != "place"}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else EMPTY


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
