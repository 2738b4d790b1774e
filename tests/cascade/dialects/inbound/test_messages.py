"""Anthropic's Messages as clients speak them: what they send is read, nothing that they read is lost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given

from cascade.dialects import chat as provider
from cascade.dialects.inbound import messages
from cascade.dialects.inbound.server_sent_events import dumps, encode
from cascade.dialects.native import as_chat
from cascade.errors import BudgetExceeded, DataError, UnsupportedParameter
from cascade.exchange import ModelCall
from cascade.usage import Price
from tests.cascade.dialects.inbound.drawn_responses import RESPONSES
from tests.cascade.dialects.inbound.recorded_clients import recorded, response_of, result_of

RECORDED = recorded("/v1/messages")
HI = [{"role": "user", "content": "hi"}]
SCHEMA = {"type": "object", "properties": {"item": {"type": "string"}}, "required": ["item"]}
TOOL = {"name": "Invoice", "description": "An invoice.", "input_schema": SCHEMA}


def read(**fields: Any) -> messages.Inbound:
    return messages.read({"model": "claude-opus", "max_tokens": 9, "messages": HI, **fields})


@pytest.mark.parametrize("client", RECORDED, ids=lambda client: client.name)
def test_every_recorded_client_is_understood(client):
    inbound = messages.read(client.body)
    assert inbound.request.task == "orders"
    assert inbound.stream == client.body.get("stream", False)
    assert inbound.request.params["max_tokens"] == client.body["max_tokens"]
    assert inbound.request.messages[-1] == client.body["messages"][-1]
    assert len(inbound.request.messages) == len(client.body["messages"]) + ("system" in client.body)
    assert messages.write(result_of(response_of()), inbound)["content"][0]["text"] == "Fine."


def test_system_is_the_first_message_with_its_marks():
    marked = [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}]
    assert read(system="s").request.messages[0] == {"role": "system", "content": "s"}
    assert read(system=marked).request.messages[0]["content"] == marked


def test_tools_and_their_choice_are_openais():
    params = read(tools=[TOOL, {"name": "look_up"}], tool_choice={"type": "any", "disable_parallel_tool_use": True})
    function = {"name": "Invoice", "description": "An invoice.", "parameters": SCHEMA}
    assert params.request.params["tools"][0] == {"type": "function", "function": function}
    assert params.request.params["tool_choice"] == "required"
    assert params.request.params["parallel_tool_calls"] is False


@pytest.mark.parametrize("choice", [{"type": "any"}, {"type": "tool", "name": "Invoice"}])
def test_a_forced_tool_is_asked_for_as_json_and_answered_as_its_call(choice):
    inbound = read(tools=[TOOL], tool_choice=choice)
    assert inbound.request.schema == {"description": "An invoice.", **SCHEMA}
    written = messages.write(result_of(response_of('{"item": "a lamp"}')), inbound)
    (block,) = written["content"]
    assert (block["type"], block["name"], block["input"]) == ("tool_use", "Invoice", {"item": "a lamp"})
    assert written["stop_reason"] == "tool_use"


def test_a_format_is_the_schema_and_an_effort_the_models():
    asked = read(output_config={"format": {"type": "json_schema", "schema": SCHEMA}, "effort": "low"}).request
    assert asked.schema == SCHEMA
    assert asked.params["reasoning_effort"] == "low"
    with pytest.raises(DataError, match="json_schema"):
        read(output_config={"format": {"type": "xml"}})


def test_the_user_is_the_principal_and_no_tag():
    request = read(
        metadata={"user_id": "u", "feature": "x"}, stop_sequences=["."], thinking={"type": "disabled"}
    ).request
    assert request.principal == "u"
    assert request.tags == {"feature": "x"}
    assert request.params == {"max_tokens": 9, "stop": ["."]}


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("tools", [{"type": "web_search_20250305", "name": "web_search"}], "run by Anthropic"),
        ("mcp_servers", [{}], "run by Anthropic"),
        ("context_management", {}, "shorten it"),
        ("service_tier", "priority", "params"),
        ("temprature", 1, "did you mean 'temperature'"),
        ("cascade", {"qualty": "x"}, "did you mean 'quality'"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(field, value, says):
    with pytest.raises(UnsupportedParameter, match=says) as raised:
        read(**{field: value})
    status, body = messages.error(raised.value)
    assert (status, body["type"], body["error"]["type"]) == (400, "error", "invalid_request_error")


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": []},
        {"messages": [{"role": "tool", "content": "x"}]},
        {"messages": [{"role": "user"}]},
        {"messages": ["hi"]},
        {"system": 3},
        {"system": ["s"]},
        {"tools": [TOOL], "tool_choice": {"type": "some"}},
    ],
)
def test_a_body_that_is_no_request_is_the_clients_mistake(fields):
    with pytest.raises(DataError):
        read(**fields)


def test_errors_have_anthropics_form():
    assert messages.error(BudgetExceeded("No money.")) == (
        429,
        {"type": "error", "error": {"type": "rate_limit_error", "message": "No money."}},
    )


def test_a_refusal_is_told_as_one():
    written = messages.write(result_of(response_of("", refusal="No.")), read())
    assert written["stop_reason"] == "refusal"
    assert [block["text"] for block in written["content"]] == ["No."]


# Nothing that a client reads is lost


def told(response: Any) -> list[Any]:
    """Return what the calls of a response say, as Messages can: arguments are an object there."""
    said = []
    for call in response.tool_calls:
        given = call["function"]["arguments"]
        try:
            value = json.loads(given) if given else {}
        except ValueError:
            value = None
        said.append((call["id"], call["function"]["name"], value if isinstance(value, dict) else {"arguments": given}))
    return said


@given(RESPONSES)
def test_a_message_says_what_the_result_does(response):
    """Its reader on the providers' side, which has been held to what Anthropic writes, finds all of it again."""
    body = json.loads(dumps(messages.write(result_of(response), read())))
    call = ModelCall(rung="r", model="anthropic/claude-opus", messages=tuple(HI))
    again = provider.read_body(as_chat(body), call=call, price=Price(input_usd=0, output_usd=0))
    texts = [block["text"] for block in body["content"] if block["type"] == "text"]
    assert texts == [text for text in (response.text, response.refusal) if text]
    assert [
        (one["id"], one["function"]["name"], json.loads(one["function"]["arguments"])) for one in again.tool_calls
    ] == told(response)
    assert again.message.get("reasoning_content") == response.message.get("reasoning_content")
    usage = body["usage"]
    assert usage["input_tokens"] + usage["cache_read_input_tokens"] == response.usage.input_tokens
    assert usage["output_tokens"] == response.usage.output_tokens
    assert usage["output_tokens_details"]["thinking_tokens"] == response.usage.reasoning_tokens
    assert body["cascade"]["decision_id"] == "d1"


@given(RESPONSES)
def test_events_joined_are_the_message(response):
    inbound, result = read(stream=True), result_of(response)
    whole, sent = messages.write(result, inbound), list(messages.chunks(result, inbound))
    joined = _joined(sent)
    assert joined == {**whole, "usage": whole["usage"]}


def test_events_are_named_by_their_type():
    events = [*encode(messages.chunks(result_of(response_of()), read(stream=True)), named=True)]
    assert events[0].startswith(b"event: message_start\ndata: {")
    assert events[-1] == b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


def _joined(sent: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    message: dict[str, Any] = {}
    for event in sent:
        kind = event["type"]
        if kind == "message_start":
            message = dict(event["message"])
        elif kind == "content_block_start":
            message["content"].append({**event["content_block"], "partial": ""})
        elif kind == "content_block_delta":
            (name,) = [key for key in event["delta"] if key != "type"]
            block = message["content"][event["index"]]
            field = "partial" if name == "partial_json" else name
            block[field] = block[field] + event["delta"][name]
        elif kind == "content_block_stop":
            block = message["content"][event["index"]]
            partial = block.pop("partial")
            if block["type"] == "tool_use":
                block["input"] = json.loads(partial)
        elif kind == "message_delta":
            message |= {**event["delta"], "usage": event["usage"], "cascade": event["cascade"]}
    return message
