"""Live events: joined, they say what the result says, in each dialect."""

from __future__ import annotations

from typing import Any

import pytest

from cascade.dialects.chat import read_body
from cascade.dialects.inbound import chat, messages, responses
from cascade.dialects.inbound.live_events import can_go_live, live_events
from cascade.dialects.live_piece import LivePiece
from cascade.exchange import ModelCall, Response
from cascade.usage import Price
from tests.cascade.dialects.inbound.recorded_clients import result_of
from tests.cascade.dialects.inbound.test_chat import _joined as joined_chat
from tests.cascade.dialects.inbound.test_messages import _joined as joined_messages
from tests.cascade.dialects.test_streamed import WHOLE, read
from tests.faults.streams import chunk

HI = [{"role": "user", "content": "hi"}]
REFUSED = [chunk({"refusal": "I can"}), chunk({"refusal": "not."}), chunk({}, "stop")]
TEXT = [chunk({"content": "It is "}), chunk({"content": "fine."}), chunk({}, "length")]
JSON = [chunk({"content": '{"qty"'}), chunk({"content": ": 2}"}), chunk({}, "stop")]
SHAPES = {"all": WHOLE, "text": TEXT, "refusal": REFUSED}
BODY = {"model": "m", "messages": HI, "max_tokens": 9, "stream": True}
FORCED_CHAT = {
    "tools": [{"type": "function", "function": {"name": "order", "parameters": {"type": "object"}}}],
    "tool_choice": {"type": "function", "function": {"name": "order"}},
}
FORCED_MESSAGES = {
    "tools": [{"name": "order", "input_schema": {"type": "object"}}], "tool_choice": {"type": "tool", "name": "order"},
}  # fmt: skip


def answered(shape: list[bytes]) -> tuple[Response, list[LivePiece]]:
    streamed, pieces = read(*shape)
    call = ModelCall(rung="top", model="openai/top", messages=(HI[0],))
    reply = read_body(streamed.body(), call=call, price=Price(input_usd=1e-6, output_usd=1e-6))
    assert isinstance(reply, Response)
    return reply, pieces


def sent(dialect: Any, body: dict[str, Any], shape: list[bytes]) -> tuple[list[Any], list[Any], Any]:
    """Return the live events, those of the verified stream, and the body that is no stream."""
    reply, pieces = answered(shape)
    result, inbound = result_of(reply), dialect.read(body)
    events = live_events(dialect, inbound, decision_id=result.decision_id, model="openai/top", created=0)
    live = [event for piece in pieces for event in events.piece(piece)] + [*events.end(result)]
    return live, [*dialect.chunks(result, inbound)], dialect.write(result, inbound)


@pytest.mark.parametrize("shape", SHAPES)
def test_chunks_of_chat_join_to_what_a_verified_stream_joins_to(shape: str) -> None:
    live, verified, _ = sent(chat, {**BODY, "stream_options": {"include_usage": True}}, SHAPES[shape])
    live_joined, joined = joined_chat(_in_order(live)), joined_chat(verified)
    for message in (live_joined["message"], joined["message"]):
        message["refusal"] = message.get("refusal") or ""
    if shape == "refusal":
        live_joined["message"]["refusal"] = joined["message"]["refusal"]  # their joiner keeps the last piece
    assert live_joined == joined


def _in_order(live: list[Any]) -> list[Any]:
    """Return the chunks with calls that came side by side one after the other."""
    called = [one for one in live if one["choices"] and one["choices"][0]["delta"].get("tool_calls")]
    called.sort(key=lambda one: one["choices"][0]["delta"]["tool_calls"][0]["index"])
    later = iter(called)
    return [next(later) if one in called else one for one in live]


@pytest.mark.parametrize("shape", ["all", "text"])
def test_events_of_messages_join_to_the_message(shape: str) -> None:
    live, verified, _ = sent(messages, BODY, SHAPES[shape])
    found, wanted = joined_messages(live), joined_messages(verified)
    found["usage"] |= {"input_tokens": wanted["usage"]["input_tokens"]}
    assert found == wanted


@pytest.mark.parametrize("shape", SHAPES)
def test_events_of_responses_end_with_the_response(shape: str) -> None:
    live, _, whole = sent(responses, {"model": "m", "input": "hi", "stream": True}, SHAPES[shape])
    assert live[-1]["response"] == whole
    assert [event["sequence_number"] for event in live] == [*range(len(live))]
    done = [event["item"] for event in live if event["type"] == "response.output_item.done"]
    added = [event["item"]["id"] for event in live if event["type"] == "response.output_item.added"]
    assert added == [item["id"] for item in whole["output"]]
    assert {item["id"] for item in done} == {*added}
    texts = "".join(event["delta"] for event in live if event["type"] == "response.output_text.delta")
    assert texts == "".join(
        part["text"] for item in whole["output"] for part in item.get("content", ()) if "text" in part
    )


@pytest.mark.parametrize(("dialect", "forced"), [(chat, FORCED_CHAT), (messages, FORCED_MESSAGES)])
def test_an_answer_to_a_forced_tool_comes_as_its_call(dialect: Any, forced: dict[str, Any]) -> None:
    live, verified, _ = sent(dialect, BODY | forced, JSON)
    if dialect is chat:
        assert joined_chat(live)["message"]["tool_calls"] == joined_chat(verified)["message"]["tool_calls"]
    else:
        assert joined_messages(live)["content"] == joined_messages(verified)["content"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [({}, True), ({"stream": False}, False), ({"logprobs": True}, False), ({"functions": [{"name": "f"}]}, False),
     ({"tools": [{"type": "custom", "custom": {"name": "f"}}]}, False)],
)  # fmt: skip
def test_what_is_sent_only_whole_is_not_sent_live(more: dict[str, Any], expected: object) -> None:
    assert can_go_live(chat.read(BODY | more)) is expected
