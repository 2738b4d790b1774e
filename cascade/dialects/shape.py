"""Shape: what a completion's JSON holds, counted on its bytes before any parser sees it.

A JSON parser holds the interpreter for as long as a body is long: seven megabytes of tool calls stop every request of a
process for seconds. So a long body is first scanned, in slices between which other requests run, and refused where it
holds more than was asked for. The scan notes too where a body can be taken apart: the log-probabilities' entries, and
texts of some length; what is left is small (`pieces.py`).

The scan knows strings, brackets and the few names below. It does not judge whether the rest is JSON: the parser does.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Literal, NamedTuple

from cascade.failure import FailureKind

SHORT = 64 << 10
"""Bytes up to which a body is parsed at once."""

MOST_DEPTH = 200
MOST_TOOL_CALLS = 512
MOST_ENTRIES = 1 << 17
"""The most log-probability entries of a choice where the call sets no `max_tokens`."""

MOST_ALTERNATIVES = 20
"""The most alternatives of a token that any provider gives."""

MOST_BRACKETS = 1_000_000
"""The most objects and arrays; a body of 8 MiB whose tokens all come with alternatives has 700,000."""

_SPARE_ENTRIES = 64  # tokens that end an answer or belong to its form
WINDOW = 64 << 10
"""Bytes of a slice: between two slices other requests run."""

_TOKENS_A_TURN = 4096
_NAMES = b"choices|tool_calls|logprobs|content"
_TOKEN = re.compile(
    # Whatever changes nothing: texts that are no name below before a bracket, and what stands between texts.
    rb'((?:"(?!(?:' + _NAMES + rb')"[ \t\r\n]{0,16}+:[ \t\r\n]{0,16}+[\[{])(?:[^"\\]++|\\.)*+"|[^"\[\]{}]++)++)'
    rb'|"(' + _NAMES + rb')"[ \t\r\n]{0,16}+:[ \t\r\n]{0,16}+([\[{])'
    rb"|([\[{])|([\]}])"
    rb'|(")',
    re.DOTALL,
)
_INSIDE = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_BRACKETS = bytes(sign for sign in range(256) if sign not in b"[]{}")
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


class ShapeError(ValueError):
    """A body holds more than was asked for, or is nested too deep."""

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeLimits:
    """What a body may hold."""

    choices: int = 1
    """Choices: as many as were asked for."""

    entries: int = MOST_ENTRIES
    """Log-probability entries of one choice: as many as tokens were allowed."""

    tool_calls: int = MOST_TOOL_CALLS
    """Tool calls, of all choices."""

    alternatives: int = 0
    """Alternatives of a token that are read; more of them are passed over."""

    depth: int = MOST_DEPTH
    """Arrays and objects inside one another."""

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> ShapeLimits:
        """Return what a call with these parameters may be answered with."""
        tokens = _whole(params.get("max_completion_tokens")) or _whole(params.get("max_tokens"))
        entries = MOST_ENTRIES if tokens is None else tokens + _SPARE_ENTRIES
        return cls(
            choices=max(_whole(params.get("n")) or 1, _whole(params.get("best_of")) or 1),
            entries=entries,
            alternatives=min(_whole(params.get("top_logprobs")) or 0, MOST_ALTERNATIVES),
        )


class Hole(NamedTuple):
    """A part of a body that is read for itself."""

    kind: Literal["entries", "text"]
    start: int
    end: int
    starts: tuple[int, ...]
    """Where each entry starts, of the first choice only: the others' are not read."""


@dataclass(slots=True)
class _Open:
    """An array or object that has begun."""

    name: str
    start: int
    items: int = 0
    starts: list[int] = field(default_factory=list)


def is_deep(body: bytes, most: int = MOST_DEPTH) -> bool:
    """Tell whether a short body may be nested deeper than `most`; brackets in its texts count too."""
    if body.count(b"[") + body.count(b"{") <= most:
        return False
    signs = body.translate(None, delete=_BRACKETS)
    return max(accumulate(map(_STEP.__getitem__, signs))) > most


def scan(body: bytes, limits: ShapeLimits, window: int = WINDOW) -> Generator[None, None, tuple[Hole, ...]]:
    """Count what a body holds, yielding after each slice; return the parts that can be read for themselves.

    Args:
        body: the body.
        limits: what it may hold.
        window: bytes of a slice; texts longer than half of it are parts for themselves.

    Raises:
        ShapeError: it holds more than the limits allow.
    """
    counted = _Scan(limits)
    position, size, text_from = 0, len(body), -1
    while position < size:
        end = min(size, position + window)
        if text_from >= 0:
            position = _INSIDE.match(body, position, end).end()  # type: ignore[union-attr]
            if position < end and body[position] == ord('"'):
                position += 1
                if 2 * (position - text_from) >= window:
                    counted.holes.append(Hole("text", text_from, position, ()))
                text_from = -1
            elif position < end and end == size:
                break  # it ends in an escape
            elif position < end and end - position < 2:
                end = min(size, end + 2)  # an escape stands on the border of two slices
                position = _INSIDE.match(body, position, end).end()  # type: ignore[union-attr]
            yield
            continue
        position, text_from = yield from _tokens(body, position, end, counted)
        yield
    return tuple(counted.holes)


def _tokens(body: bytes, position: int, end: int, counted: _Scan) -> Generator[None, None, tuple[int, int]]:
    """Go through one slice; return where to go on, and where a text began that goes beyond it (-1: none did)."""
    begun, last = position, end == len(body)
    for number, found in enumerate(_TOKEN.finditer(body, position, end), start=1):
        kind = found.lastindex
        if kind == 1:
            if found.end() == end and not last and found.start() > begun:
                return found.start(), -1  # a name may stand on the border of two slices
        elif kind == 3:
            counted.begin(found[2].decode("ascii"), found.end(), found[3])
        elif kind == 4:
            counted.begin("", found.end(), found[4])
        elif kind == 5:
            counted.finish(found.start())
        else:  # a text that goes beyond the slice, or a name that does
            if found.start() > begun and not last:
                return found.start(), -1
            return found.end(), found.start()
        if number % _TOKENS_A_TURN == 0:
            yield
    return end, -1


class _Scan:
    """What was counted so far."""

    def __init__(self, limits: ShapeLimits) -> None:
        self.holes: list[Hole] = []
        self._limits = limits
        self._open: list[_Open] = []
        self._brackets = self._tool_calls = self._choice = 0

    def begin(self, name: str, start: int, bracket: bytes) -> None:
        """Enter an array or object."""
        self._brackets += 1
        above = self._open[-1] if self._open else None
        if above is not None:
            above.items += 1
            if above.name:
                self._count(above, start - 1)
        if self._brackets > MOST_BRACKETS:
            raise ShapeError(FailureKind.TOO_BIG, f"The body holds more than {MOST_BRACKETS:,} objects and arrays")
        if len(self._open) >= self._limits.depth:
            raise ShapeError(FailureKind.BAD_BODY, f"The body is nested deeper than {self._limits.depth}")
        self._open.append(_Open(self._meaning(name, bracket, above), start))

    def finish(self, end: int) -> None:
        """Leave one."""
        if not self._open:
            return
        done = self._open.pop()
        if done.name == "entries" and done.items:
            while self.holes and self.holes[-1].start >= done.start:
                self.holes.pop()  # a token of some length is read with its entry
            self.holes.append(Hole("entries", done.start, end, tuple(done.starts)))

    def _meaning(self, name: str, bracket: bytes, above: _Open | None) -> str:
        """Return what an array or object is, as far as it is counted; '' for all others."""
        if name == "choices" and bracket == b"[" and len(self._open) == 1:
            return "choices"
        if name == "tool_calls" and bracket == b"[":
            return "tool_calls"
        if name == "logprobs" and bracket == b"{":
            return "logprobs"
        return "entries" if name == "content" and bracket == b"[" and above and above.name == "logprobs" else ""

    def _count(self, above: _Open, start: int) -> None:
        limits = self._limits
        if above.name == "choices":
            self._choice = above.items
            if above.items > limits.choices:
                _refuse("choices", limits.choices)
        elif above.name == "tool_calls":
            self._tool_calls += 1
            if self._tool_calls > limits.tool_calls:
                _refuse("tool calls", limits.tool_calls)
        elif above.name == "entries":
            if above.items > limits.entries:
                _refuse("log-probability entries", limits.entries)
            if self._choice <= 1:
                above.starts.append(start)


def _refuse(what: str, most: int) -> None:
    raise ShapeError(FailureKind.TOO_BIG, f"The body holds more than {most:,} {what}")


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
