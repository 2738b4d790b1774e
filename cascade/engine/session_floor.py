"""SessionFloors: which rung made the tool calls of a conversation, so that no lower one goes on with them."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from cascade.exchange import Message, Request
from cascade.flow.decide import FLOOR
from cascade.guards.shared.shared_values import SharedValues
from cascade.ladder import Ladder, Rung
from cascade.result import Result

UNKNOWN = "session_floor_unknown"
"""Flag of a request that answers tool calls of which this process does not know the rung."""

MOST_REMEMBERED = 100_000
"""Tool calls and sessions that are remembered; the oldest are forgotten first."""

KEPT_S = 86_400.0
"""Seconds for which processes that share a store know of each other's."""

Mode: TypeAlias = Literal["exchange", "never", "always"]
Lacks: TypeAlias = Callable[[Rung], str | None]
Key: TypeAlias = tuple[str | None, str, str | None]


@dataclass(slots=True)
class SessionFloors:
    """Rungs of tool calls by session and call id, and the highest rung of each session.

    In this process only, unless there are values that processes share: those are asked for what is not known here.

    Ids are compared within a principal's session, since several providers count them from 0.
    """

    most: int = MOST_REMEMBERED
    """Entries kept."""

    values: SharedValues | None = None
    """Where processes keep them for each other for a day; None: this process keeps its own alone."""

    _rungs: OrderedDict[Key, str] = field(default_factory=OrderedDict)

    async def fetch(self, request: Request, ladder: Ladder, mode: Mode) -> None:
        """Learn from the other processes what a request's floor needs and this one does not know."""
        if self.values is None or mode == "never" or request.session is None:
            return
        keys = {
            _text(key): key for call in open_calls(request.messages) if (key := _key(request, call)) not in self._rungs
        }
        session = _key(request, None)
        if mode == "always":
            keys[_text(session)] = session
        places = {rung.name: place for place, rung in enumerate(ladder)}
        for text, rung in (await self.values.get(list(keys))).items():
            known = self._rungs.get(keys[text], "")
            if places.get(rung, -1) > places.get(known, -1):
                self._keep(keys[text], rung)

    async def publish(self, request: Request, result: Result[Any], mode: Mode) -> None:
        """Tell the other processes which rung gave a result, before its client can go on with it."""
        if self.values is None or mode == "never" or request.session is None or result.rung is None:
            return
        keys = [_key(request, _name(call)) for call in result.tool_calls]
        keys += [_key(request, None)] if mode == "always" else []
        told = {
            _text(key): self._rungs[key] for key in keys if key in self._rungs
        }  # a bypassed answer is not remembered
        await self.values.put(told, ttl_s=KEPT_S)

    def lacks(self, request: Request, ladder: Ladder, mode: Mode, unfit: Lacks) -> tuple[Lacks, bool]:
        """Return what rungs lack for a request, the floor included, and whether its tool calls are not known.

        Args:
            request: the request; without a session it has no floor.
            ladder: the ladder of its task.
            mode: `exchange`: the floor is the highest rung that made one of the tool calls of the exchange that the
                conversation is in; `always`: also the highest rung that answered in the session; `never`: none.
            unfit: returns what a rung lacks otherwise. A floor above every rung that can answer is none.
        """
        if mode == "never" or request.session is None:
            return unfit, False
        calls = tuple(open_calls(request.messages))
        keys = [_key(request, call) for call in calls] + ([_key(request, None)] if mode == "always" else [])
        places = {rung.name: place for place, rung in enumerate(ladder)}
        known = [places[name] for key in keys if (name := self._rungs.get(key)) in places]
        if not known or not any(unfit(rung) is None for rung in ladder.rungs[max(known) :]):
            return unfit, bool(calls) and not known
        below = {rung.name for rung in ladder.rungs[: max(known)]}
        return lambda rung: unfit(rung) or (FLOOR if rung.name in below else None), False

    def remember(self, request: Request, result: Result[Any], ladder: Ladder) -> None:
        """Remember which rung gave a result."""
        if request.session is None or result.rung is None:
            return
        for call in result.tool_calls:
            self._keep(_key(request, _name(call)), result.rung)
        places = {rung.name: place for place, rung in enumerate(ladder)}
        session = _key(request, None)
        if places.get(result.rung, -1) >= places.get(self._rungs.get(session, ""), -1):
            self._keep(session, result.rung)

    def _keep(self, key: Key, rung: str) -> None:
        self._rungs[key] = rung
        self._rungs.move_to_end(key)
        while len(self._rungs) > self.most:
            self._rungs.popitem(last=False)


def _text(key: Key) -> str:
    return "floor:" + json.dumps(key)


def open_calls(messages: tuple[Message, ...]) -> Iterator[str]:
    """Yield the ids of the tool calls of the exchange that a conversation is in; none where it is in none.

    An exchange ends with the assistant's next message without tool calls. A user's message in between, as of a picture
    that a tool made, does not end it.
    """
    for message in reversed(messages):
        calls = list(_calls(message))
        if message.get("role") == "assistant" and not calls:
            return
        yield from calls


def _calls(message: Message) -> Iterator[str]:
    calls = message.get("tool_calls")
    parts = message.get("content")
    for call in calls if isinstance(calls, list | tuple) else ():
        yield _name(call)
    if isinstance(message.get("function_call"), Mapping):
        yield _name(message["function_call"])
    for part in parts if isinstance(parts, list | tuple) else ():
        if isinstance(part, Mapping) and part.get("type") == "tool_use":
            yield _name(part)


def _name(call: Any) -> str:
    """Return a call's id; the older `function_call` has none, and is known by its function."""
    if not isinstance(call, Mapping):
        return ""
    function = call.get("function")
    inner = function.get("name") if isinstance(function, Mapping) else call.get("name")
    return str(call.get("id") or inner or "")


def _key(request: Request, call: str | None) -> Key:
    return request.principal, request.session or "", call
