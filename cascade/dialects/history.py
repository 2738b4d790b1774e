"""History: a conversation, written anew for the provider that receives it.

An answer is handed back unchanged to the provider that gave it: thinking, signatures and all. To any other provider
it goes in OpenAI's form, without what that has no word for; each kind of what was left out is a flag (`dropped:…`).
Blocks of Anthropic's form (`tool_use`, `tool_result`, `image`) and the older `function_call` are put into today's
form for all of them; litellm writes them for Anthropic again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from cascade.dialects.families import (
    ANTHROPIC,
    CACHE_CONTROL_TAKERS,
    GOOGLE,
    OPENAI,
    THINKING_DEMANDED,
    THINKING_TAKERS,
    belongs,
    family_of,
    id_for,
)
from cascade.dialects.message import block_call, is_server_call, older_call
from cascade.dialects.origin import BESIDE, FAMILY, FORM, PLAIN, SIGNED, extras_of, mapping, mappings, origin_of
from cascade.dialects.parts import assistant_parts, result_contents, user_parts, without_cache_marks
from cascade.exchange import EMPTY, Message, ModelCall
from cascade.hashing import content_id

DROPPED = "dropped:"
"""Flag of a response, followed by what its request's history was sent without: thinking, signatures, images, …"""

_WHAT: Mapping[str, str] = {
    **dict.fromkeys(
        ("thinking_blocks", "reasoning_content", "reasoning", "reasoning_details", "reasoning_items", "thinking"),
        "thinking",
    ),
    **dict.fromkeys(("annotations", "citations", "search_results"), "citations"),
    **dict.fromkeys(("executed_tools", "web_search_results", "tool_results"), "server_tools"),
    **dict.fromkeys(("thought_signatures", "thought_signature", "extra_content"), "signatures"),
    **{name: name for name in ("images", "audio", "cache_control")},
}
"""What a field is called in the flag; any other is `fields`."""

_TAKERS: Mapping[str, frozenset[str]] = {
    **THINKING_TAKERS,
    "cache_control": CACHE_CONTROL_TAKERS,
    "audio": frozenset({OPENAI}),
    "images": frozenset({"openrouter"}),
    "prefix": frozenset({"deepseek", "mistral", "model"}),
    "partial": frozenset({"moonshot", "dashscope"}),
    BESIDE: frozenset({ANTHROPIC, GOOGLE}),
}
"""Families that take a field of a message whose provider is unknown."""


_THINKING_PARAMETERS = ("thinking", "reasoning_effort")


class _Awaited(NamedTuple):
    """A call whose result is to follow."""

    given: str
    """Its id in the history."""

    sent: str
    """Its id as it is sent."""

    name: str
    """The function's name."""


def for_receiver(call: ModelCall) -> tuple[Sequence[Message], tuple[str, ...]]:
    """Return a call's messages as the provider that it asks takes them, and flags for what they were sent without."""
    family = family_of(call)
    if family not in THINKING_DEMANDED and all(map(_is_plain, call.messages)):
        return call.messages, ()
    writer = _Writer(family, older=bool(call.params.get("functions")))
    written = [made for place, message in enumerate(call.messages) for made in writer.write(message, place)]
    return written, tuple(f"{DROPPED}{what}" for what in dict.fromkeys(writer.dropped))


def without_new_thinking(
    messages: Sequence[Message], params: dict[str, Any], call: ModelCall
) -> tuple[Sequence[Message], dict[str, Any], tuple[str, ...]]:
    """Return what Claude is asked within a tool exchange that another model began: without thinking, and flagged.

    It refuses to think where the call that is being answered came without its own signed thinking.
    """
    wanted = [name for name in _THINKING_PARAMETERS if params.get(name) not in (None, "none")]
    if not wanted or family_of(call) != ANTHROPIC or not messages or messages[-1].get("role") != "tool":
        return messages, params, ()
    asked = next((message for message in reversed(messages) if message.get("role") == "assistant"), EMPTY)
    if asked.get("thinking_blocks") or any(map(_is_thinking, mappings(asked.get("content")))):
        return messages, params, ()
    written = [
        {key: value for key, value in message.items() if key not in {"thinking_blocks", "reasoning_content"}}
        for message in messages
    ]
    kept = {name: value for name, value in params.items() if name not in wanted}
    return written, kept, (f"{DROPPED}{wanted[0]}",)


def _is_thinking(part: Mapping[str, Any]) -> bool:
    return part.get("type") in {"thinking", "redacted_thinking"}


def _is_plain(message: Message) -> bool:
    return (
        message.keys() <= PLAIN
        and isinstance(message.get("content"), str)
        and message.get("role") not in {"developer", "function"}
    )


class _Writer:
    """Writes the messages of one conversation, in order."""

    def __init__(self, family: str, *, older: bool) -> None:
        self.dropped: list[str] = []
        self._family, self._older = family, older
        self._awaited: list[_Awaited] = []
        self._used: set[str] = set()

    def write(self, message: Message, place: int) -> Iterator[dict[str, Any]]:
        """Yield what is sent for one message: one, or more where it holds answers to several calls."""
        role = message.get("role")
        if role == "assistant":
            yield self._assistant(message, place)
        elif role == "tool" or (role == "function" and not self._older):
            yield self._result(message)
        elif role == "function":
            yield self._fields(message)
        else:
            yield from self._other(message)

    def _assistant(self, message: Message, place: int) -> dict[str, Any]:
        origin = origin_of(message)
        own = origin == self._family
        parts = assistant_parts(message.get("content"), blocks=self._family == ANTHROPIC, own=own)
        self.dropped += parts.dropped
        calls = [*mappings(message.get("tool_calls")), *map(block_call, parts.calls)]
        older = None if calls or self._older else older_call(message.get("function_call"))
        calls += [] if older is None else [older]
        signed = own or (origin is None and self._family == GOOGLE)
        made_calls = [self._call(call, [place, nth], own=own, signed=signed) for nth, call in enumerate(calls)]
        sent = [call for call in made_calls if call is not None]
        made = self._fields(message, origin, own=own)
        if older is not None or not self._older:
            made.pop("function_call", None)
        made.pop("tool_calls", None)
        if "content" in message:
            # Text that is none says nothing beside calls, and some refuse it there.
            made["content"] = None if sent and parts.calls and not parts.content else parts.content
        made |= {"tool_calls": sent} if sent else {}
        only_with_calls = THINKING_DEMANDED.get(self._family)
        if only_with_calls is not None and not made.get("reasoning_content") and (sent or not only_with_calls):
            made["reasoning_content"] = " "
        return made

    def _call(self, call: Mapping[str, Any], place: list[int], *, own: bool, signed: bool) -> dict[str, Any] | None:
        """Return a call as it is sent; None where only the provider that ran it can read it."""
        if is_server_call(call):
            if not own:
                self.dropped.append("server_tools")
            return dict(call) if own else None
        function = mapping(call.get("function") or call.get("custom"))
        identity = call.get("id")
        given = identity if isinstance(identity, str) else ""
        named = given or id_for(self._family, f"call_{content_id([place, str(function)])[:24]}")
        if own:
            made = {**call, "id": named}
        else:
            made = {"id": self._id(named), "type": "function", "function": self._function(call, function)}
            extras = extras_of(call)
            made |= extras if signed else {}
            self.dropped += [] if signed else [what for item in extras.items() for what in _whats(*item)]
            if call.get("type") == "custom" and self._family == OPENAI:
                made = {"id": made["id"], "type": "custom", "custom": dict(function)}
        if made["id"] in self._used:  # some number the calls of each turn anew
            made["id"] = id_for(self._family, f"call_{content_id([place, named])[:24]}")
        self._used.add(made["id"])
        self._awaited.append(_Awaited(given, made["id"], str(function.get("name"))))
        return made

    def _function(self, call: Mapping[str, Any], function: Mapping[str, Any]) -> dict[str, Any]:
        arguments = function.get("arguments")
        if call.get("type") == "custom":
            arguments = {"input": function.get("input")}
        if not isinstance(arguments, str):
            arguments = "{}" if arguments is None else json.dumps(arguments, ensure_ascii=False)
        return {"name": function.get("name"), "arguments": arguments or "{}"}

    def _id(self, given: str) -> str:
        bare, mark, _ = given.partition(SIGNED)
        if mark and self._family != GOOGLE:
            self.dropped.append("signatures")
        return given if mark and self._family == GOOGLE else id_for(self._family, bare)

    def _result(self, message: Message) -> dict[str, Any]:
        made = self._fields(message)
        identity = self._answered(message.get("tool_call_id"), message.get("name"))
        if message.get("role") == "function":
            made.pop("name", None)
        content = self._unmarked(message.get("content"))
        return {**made, "role": "tool", "tool_call_id": identity, "content": content}

    def _answered(self, given: Any, name: Any) -> str:
        """Return the id, as it is sent, of the call that a result answers."""
        identity = given if isinstance(given, str) else ""
        waiting = [one for one in self._awaited if one.given == identity]
        if not identity:
            waiting = [one for one in self._awaited if one.name == name] or waiting
        if not waiting:
            return self._id(identity or f"call_{content_id(str(name))[:24]}")
        self._awaited.remove(waiting[0])
        return waiting[0].sent

    def _other(self, message: Message) -> Iterator[dict[str, Any]]:
        made = self._fields(message)
        if made.get("role") == "developer" and not belongs(self._family, frozenset({OPENAI, "openrouter"})):
            made["role"] = "system"
        content = self._unmarked(message.get("content"))
        if not isinstance(content, list | tuple):
            yield made | ({"content": content} if "content" in message else {})
            return
        parts = user_parts(content)
        shown = list(parts.rest)
        for result in parts.results:
            text, beside = result_contents(result)
            shown = [*beside, *shown]
            yield {"role": "tool", "tool_call_id": self._answered(result.get("tool_use_id"), None), "content": text}
        if shown or not parts.results:
            yield {**made, "content": shown}

    def _unmarked(self, content: Any) -> Any:
        if belongs(self._family, CACHE_CONTROL_TAKERS):
            return content
        content, marked = without_cache_marks(content)
        self.dropped += ["cache_control"] if marked else []
        return content

    def _fields(self, message: Message, origin: str | None = None, *, own: bool = False) -> dict[str, Any]:
        """Return the fields of a message that its receiver takes, calls and content as they are."""
        made = {key: value for key, value in message.items() if key in FORM}
        for key, value in message.items():
            if key in FORM or not value:
                continue  # what is empty says nothing, and some refuse it
            if key == BESIDE:
                made |= self._beside(message, mapping(value), origin, own=own)
            elif own or (origin is None and self._takes(key)):
                made[key] = value
            else:
                self.dropped.append(_what(key))
        return made

    def _beside(self, message: Message, given: Mapping[str, Any], origin: str | None, *, own: bool) -> dict[str, Any]:
        """Return what stands beside OpenAI's form in litellm's place for it: only its translators read that place."""
        told = {name: item for name, item in given.items() if name != FAMILY and item}
        if not told or (own and not self._takes(BESIDE)):
            return {name: item for name, item in told.items() if name in _WHAT and name not in message}
        if own or (origin is None and self._takes(BESIDE)):
            return {BESIDE: told}
        self.dropped += map(_what, told)
        return {}

    def _takes(self, key: str) -> bool:
        family = "model" if self._family.startswith("model:") else self._family
        return belongs(family, _TAKERS.get(key, frozenset()))


def _whats(key: str, value: Any) -> list[str]:
    """Return what a field is called in flags: what stands inside is named for itself."""
    return [_what(name) for name, item in value.items() if item] if key == BESIDE else [_what(key)]


def _what(key: str) -> str:
    return _WHAT.get(key, "fields")
