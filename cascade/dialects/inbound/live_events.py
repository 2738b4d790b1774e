"""Live events: an answer's pieces, as they come, as the events of each dialect's stream; a result ends it.

Joined, the events are what the dialect's `write` says of the result, but for texts that a provider marked as thinking
only after they had gone out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol

from cascade.dialects.inbound import chat, messages, responses
from cascade.dialects.inbound.answer import answer_of
from cascade.dialects.inbound.extension import FIELD, summary
from cascade.dialects.inbound.inbound import Inbound
from cascade.dialects.inbound.structured import call_of
from cascade.dialects.live_piece import LiveCall, LivePiece
from cascade.result import Result
from cascade.usage import Usage

Event = dict[str, Any]


class LiveEvents(Protocol):
    """The events of one stream."""

    def piece(self, piece: LivePiece) -> Iterator[Event]:
        """Yield the events of a piece; before those of the first one, the stream's beginning."""
        ...

    def end(self, result: Result[Any]) -> Iterator[Event]:
        """Yield the events that end the stream.

        Raises:
            RunError: the result holds no answer.
        """
        ...


def live_events(dialect: object, inbound: Inbound, *, decision_id: str, model: str, created: int) -> LiveEvents:
    """Return the events of a stream in a dialect.

    Args:
        dialect: the dialect's module.
        inbound: what was asked.
        decision_id: the decision's id.
        model: the model that answers, as its provider calls it.
        created: when it was made, in Unix seconds.
    """
    model = model.rpartition("/")[2] or model
    if dialect is messages:
        return _Messages(inbound, decision_id, model)
    if dialect is responses:
        return _Responses(inbound, decision_id, model, created)
    return _Chat(inbound, decision_id, model, created)


def can_go_live(inbound: Inbound) -> bool:
    """Return whether a request's answer can be sent in pieces that no result is known of yet.

    Log-probabilities, custom tools and functions of the older form are sent once they are whole.
    """
    params = inbound.request.params
    tools = params.get("tools")
    custom = isinstance(tools, list) and any(isinstance(one, Mapping) and one.get("type") == "custom" for one in tools)
    return inbound.stream and not params.get("logprobs") and "functions" not in params and not custom


def _as_asked(piece: LivePiece, inbound: Inbound, decision_id: str, *, begins: bool) -> LivePiece:
    """Return a piece with its text as that of the call which the client forces."""
    if inbound.tool is None or not piece.text:
        return piece
    identity = call_of(inbound.tool, "", decision_id)["id"] if begins else ""
    call = LiveCall(index=0, id=identity, name=inbound.tool if begins else "", arguments=piece.text)
    return replace(piece, text="", calls=(call,))


class _Chat:
    """Chunks of Chat Completions."""

    def __init__(self, inbound: Inbound, decision_id: str, model: str, created: int) -> None:
        self._inbound, self._decision_id = inbound, decision_id
        head = {"id": f"chatcmpl-{decision_id}", "object": "chat.completion.chunk", "created": created, "model": model}
        self._head: Event = head | ({"usage": None} if inbound.include_usage else {})
        self._begun = self._called = False

    def piece(self, piece: LivePiece) -> Iterator[Event]:
        piece = _as_asked(piece, self._inbound, self._decision_id, begins=not self._called)
        if not self._begun:
            self._begun = True
            yield self._chunk({"role": "assistant", "content": "" if piece.text else None, "refusal": None})
        self._called = self._called or bool(piece.calls)
        given = (("reasoning_content", piece.thinking), ("content", piece.text), ("refusal", piece.refusal))
        for name, value in given:
            if value:
                yield self._chunk({name: value})
        for call in piece.calls:
            begins = {"id": call.id, "type": "function"} if call.id or call.name else {}
            function = {"name": call.name} if call.name else {}
            told = {"index": call.index, **begins, "function": {**function, "arguments": call.arguments}}
            yield self._chunk({"tool_calls": [told]})

    def end(self, result: Result[Any]) -> Iterator[Event]:
        answer = answer_of(result, self._inbound)
        sent = {"role", "content", "refusal", "tool_calls", "function_call", "reasoning_content"}
        if further := {name: value for name, value in answer.message.items() if name not in sent and value is not None}:
            yield self._chunk(further)
        yield {**self._chunk({}, answer.finish_reason), FIELD: summary(result)}
        if self._inbound.include_usage:
            yield {**self._head, "choices": [], "usage": chat.usage_of(answer.usage), FIELD: summary(result)}

    def _chunk(self, delta: Mapping[str, Any], finish: str | None = None) -> Event:
        return {**self._head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]}


class _Messages:
    """Events of Messages."""

    def __init__(self, inbound: Inbound, decision_id: str, model: str) -> None:
        self._inbound, self._decision_id, self._model = inbound, decision_id, model
        self._begun, self._blocks, self._open = False, 0, ""
        self._calls: dict[int, int] = {}

    def piece(self, piece: LivePiece) -> Iterator[Event]:
        piece = _as_asked(piece, self._inbound, self._decision_id, begins=not self._calls)
        if not self._begun:
            self._begun = True
            begun: Event = {
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": messages.usage_of(Usage()),
            }
            head = {"id": f"msg_{self._decision_id}", "type": "message", "role": "assistant", "model": self._model}
            yield {"type": "message_start", "message": {**head, **begun}}
        if piece.thinking:
            yield from self._switched("thinking", {"type": "thinking", "thinking": "", "signature": ""})
            yield self._delta(self._blocks - 1, {"type": "thinking_delta", "thinking": piece.thinking})
        if text := piece.text + piece.refusal:
            yield from self._switched("text", {"type": "text", "text": "", "citations": None})
            yield self._delta(self._blocks - 1, {"type": "text_delta", "text": text})
        for call in piece.calls:
            if call.index not in self._calls:
                block = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
                yield from self._switched(f"call {call.index}", block)
                self._calls[call.index] = self._blocks - 1
            if call.arguments:
                delta = {"type": "input_json_delta", "partial_json": call.arguments}
                yield self._delta(self._calls[call.index], delta)

    def end(self, result: Result[Any]) -> Iterator[Event]:
        answer = answer_of(result, self._inbound)
        yield from self._closed()
        for block in self._calls.values():
            yield {"type": "content_block_stop", "index": block}
        delta = {"stop_reason": messages.stop_reason(answer), "stop_sequence": None}
        yield {
            "type": "message_delta", "delta": delta, "usage": messages.usage_of(answer.usage), FIELD: summary(result),
        }  # fmt: skip
        yield {"type": "message_stop"}

    def _switched(self, kind: str, block: Event) -> Iterator[Event]:
        """Begin a block, unless one of its kind is open."""
        if self._open == kind:
            return
        yield from self._closed()
        self._open = kind
        yield {"type": "content_block_start", "index": self._blocks, "content_block": block}
        self._blocks += 1

    def _closed(self) -> Iterator[Event]:
        """End the block that is open; those of calls stay open, since calls may come side by side."""
        if self._open == "thinking":
            yield self._delta(self._blocks - 1, {"type": "signature_delta", "signature": ""})
        if self._open in {"thinking", "text"}:
            yield {"type": "content_block_stop", "index": self._blocks - 1}
        self._open = ""

    @staticmethod
    def _delta(block: int, delta: Event) -> Event:
        return {"type": "content_block_delta", "index": block, "delta": delta}


class _Responses:
    """Numbered events of Responses."""

    def __init__(self, inbound: Inbound, decision_id: str, model: str, created: int) -> None:
        self._inbound, self._decision_id, self._model, self._created = inbound, decision_id, model, created
        self._number = 0
        self._items: list[Event] = []
        self._open: int | None = None  # the item of thinking or text that is open; those of calls stay open
        self._calls: dict[int, int] = {}
        self._text: list[str] = []  # of the part that is open
        self._arguments: dict[int, list[str]] = {}  # by the item's place

    def piece(self, piece: LivePiece) -> Iterator[Event]:
        piece = _as_asked(piece, self._inbound, self._decision_id, begins=not self._calls)
        for event in self._piece(piece):
            yield self._numbered(event)

    def end(self, result: Result[Any]) -> Iterator[Event]:
        whole = responses.write(result, self._inbound, created=self._created)
        for event in self._rest(whole["status"]):
            yield self._numbered(event)
        name = "response.completed" if whole["status"] == "completed" else "response.incomplete"
        yield self._numbered({"type": name, "response": {**whole, "output": self._items or whole["output"]}})

    def _numbered(self, event: Event) -> Event:
        self._number += 1
        return {**event, "sequence_number": self._number - 1}

    def _piece(self, piece: LivePiece) -> Iterator[Event]:
        if not self._number:
            begun = responses.begun(self._inbound, self._decision_id, self._model, self._created)
            yield {"type": "response.created", "response": begun}
            yield {"type": "response.in_progress", "response": begun}
        if piece.thinking:
            yield from self._added("reasoning", "summary_text", piece.thinking)
        if piece.text:
            yield from self._added("message", "output_text", piece.text)
        if piece.refusal:
            yield from self._added("message", "refusal", piece.refusal)
        for call in piece.calls:
            yield from self._call(call)

    def _added(self, kind: str, part_kind: str, text: str) -> Iterator[Event]:
        """Add a text to an item's last part; begin them where another kind is open."""
        if self._open is None or self._items[self._open]["type"] != kind:
            yield from self._closed("completed")
            self._open = len(self._items)
            prefix = "rs" if kind == "reasoning" else "msg"
            named = sum(item["type"] == kind for item in self._items)
            item: Event = {"id": f"{prefix}_{self._decision_id}{f'_{named}' if named else ''}", "type": kind}
            item |= {"summary": []} if kind == "reasoning" else {**_MESSAGE, "content": []}
            yield from self._item(item)
        item, parts = self._items[self._open], _PARTS[kind]
        if not item[parts] or item[parts][-1]["type"] != part_kind:
            yield from self._part_done()
            field = _FIELDS[part_kind]
            beside: Event = {"annotations": [], "logprobs": []} if part_kind == "output_text" else {}
            item[parts] = [*item[parts], {"type": part_kind, field: "", **beside}]
            yield {"type": f"{_NAMES[part_kind][0]}.added", **self._within(), "part": dict(item[parts][-1])}
        self._text.append(text)
        beside = {"logprobs": []} if part_kind == "output_text" else {}
        yield {"type": f"{_NAMES[part_kind][1]}.delta", **self._within(), "delta": text, **beside}

    def _call(self, call: LiveCall) -> Iterator[Event]:
        if call.index not in self._calls:
            yield from self._closed("completed")
            self._calls[call.index] = len(self._items)
            yield from self._item({
                "id": f"fc_{self._decision_id}_{call.index}", "type": "function_call", "call_id": call.id,
                "status": "in_progress", "name": call.name, "arguments": "",
            })  # fmt: skip
        place = self._calls[call.index]
        item = self._items[place]
        self._arguments.setdefault(place, []).append(call.arguments)
        if call.arguments:
            within = {"item_id": item["id"], "output_index": place}
            yield {"type": "response.function_call_arguments.delta", **within, "delta": call.arguments}

    def _item(self, item: Event) -> Iterator[Event]:
        self._items.append(item)
        yield {"type": "response.output_item.added", "output_index": len(self._items) - 1, "item": dict(item)}

    def _within(self) -> Event:
        assert self._open is not None  # noqa: S101 - asked for while an item is open
        item = self._items[self._open]
        parts = item[_PARTS[item["type"]]]
        named = "summary_index" if item["type"] == "reasoning" else "content_index"
        return {"item_id": item["id"], "output_index": self._open, named: max(0, len(parts) - 1)}

    def _part_done(self) -> Iterator[Event]:
        if self._open is None or not (parts := self._items[self._open][_PARTS[self._items[self._open]["type"]]]):
            return
        part = parts[-1]
        part[_FIELDS[part["type"]]], self._text = "".join(self._text), []
        begun, name = _NAMES[part["type"]]
        field = _FIELDS[part["type"]]
        beside: Event = {"logprobs": []} if part["type"] == "output_text" else {}
        yield {"type": f"{name}.done", **self._within(), field: part[field], **beside}
        yield {"type": f"{begun}.done", **self._within(), "part": dict(part)}

    def _closed(self, status: str) -> Iterator[Event]:
        """End the item of thinking or text that is open."""
        if self._open is None:
            return
        yield from self._part_done()
        place, self._open = self._open, None
        item = self._items[place]
        item |= {"status": status} if "status" in item else {}
        yield {"type": "response.output_item.done", "output_index": place, "item": dict(item)}

    def _rest(self, status: str) -> Iterator[Event]:
        yield from self._closed(status)
        for place in self._calls.values():
            item = self._items[place]
            within = {"item_id": item["id"], "output_index": place}
            item["arguments"] = "".join(self._arguments.get(place, ()))
            told = {"name": item["name"], "arguments": item["arguments"]}
            yield {"type": "response.function_call_arguments.done", **within, **told}
            item["status"] = status
            yield {"type": "response.output_item.done", "output_index": place, "item": dict(item)}


_MESSAGE: Mapping[str, Any] = {"role": "assistant", "status": "in_progress"}
_PARTS = {"message": "content", "reasoning": "summary"}
"""Where an item holds its parts."""

_FIELDS = {"output_text": "text", "summary_text": "text", "refusal": "refusal"}
"""Where a part holds its text."""

_NAMES = {
    "output_text": ("response.content_part", "response.output_text"),
    "refusal": ("response.content_part", "response.refusal"),
    "summary_text": ("response.reasoning_summary_part", "response.reasoning_summary_text"),
}
"""Names of a part's events: of the part, and of its text."""

__all__ = ["LiveEvents", "can_go_live", "live_events"]
