"""OpenAI's Responses as clients speak them: what they send is read, nothing that they read is lost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given

from cascade.dialects.inbound import responses
from cascade.dialects.inbound.server_sent_events import dumps, encode
from cascade.errors import DataError, UnsupportedParameter
from tests.cascade.dialects.inbound.drawn_responses import RESPONSES
from tests.cascade.dialects.inbound.recorded_clients import recorded, response_of, result_of

RECORDED = recorded("/v1/responses")
SCHEMA = {"type": "object", "properties": {"item": {"type": "string"}}, "required": ["item"]}
TOOL = {"type": "function", "name": "Invoice", "description": "An invoice.", "parameters": SCHEMA, "strict": True}
CALL = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "Invoice", "arguments": "{}"}


def read(**fields: Any) -> responses.Inbound:
    return responses.read({"model": "gpt-5", "input": "hi", **fields})


@pytest.mark.parametrize("client", RECORDED, ids=lambda client: client.name)
def test_every_recorded_client_is_understood(client):
    inbound = responses.read(client.body)
    assert inbound.request.task == "orders"
    assert inbound.stream == client.body.get("stream", False)
    assert "hi" in {
        message["content"] if isinstance(message["content"], str) else message["content"][0]["text"]
        for message in inbound.request.messages
        if message["content"]
    }
    written = responses.write(result_of(response_of('{"item": "a lamp", "qty": 1}')), inbound)
    assert written["status"] == "completed"
    assert {item["type"] for item in written["output"]} <= {"message", "function_call"}


def test_a_tool_loop_of_items_is_a_chat():
    items = [
        {"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "So."}]},
        CALL,
        {**CALL, "call_id": "call_2"},
        {"type": "function_call_output", "call_id": "call_1", "output": "one"},
        {"type": "function_call_output", "call_id": "call_2", "output": [{"type": "input_text", "text": "two"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Done."}]},
    ]
    request = read(input=items, instructions="Be kind.", tools=[TOOL]).request
    function = {"name": "Invoice", "arguments": "{}"}
    calls = [{"id": f"call_{n}", "type": "function", "function": function} for n in (1, 2)]
    assert request.messages == (
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "hi"}]},
        {"role": "assistant", "content": None, "reasoning_content": "So.", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "call_1", "content": "one"},
        {"role": "tool", "tool_call_id": "call_2", "content": [{"type": "text", "text": "two"}]},
        {"role": "assistant", "content": "Done."},
    )
    told = {name: value for name, value in TOOL.items() if name != "type"}
    assert request.params["tools"] == [{"type": "function", "function": told}]


def test_pictures_and_files_are_parts_of_a_chat():
    parts = [
        {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "low"},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="},
    ]
    (message,) = read(input=[{"role": "user", "content": parts}]).request.messages
    assert message["content"] == [
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="}},
    ]


def test_a_format_is_the_schema():
    form = {"type": "json_schema", "name": "Invoice", "schema": SCHEMA, "strict": True}
    assert read(text={"format": form}).request.schema == SCHEMA
    assert read(text={"format": {"type": "json_object"}}).request.schema == {"type": "object"}
    assert read(text={"format": {"type": "text"}}).request.schema is None
    with pytest.raises(DataError, match="json_schema"):
        read(text={"format": {"type": "json_schema"}})


@pytest.mark.parametrize("choice", ["required", {"type": "function", "name": "Invoice"}])
def test_a_forced_tool_is_asked_for_as_json_and_answered_as_its_call(choice):
    inbound = read(tools=[TOOL], tool_choice=choice)
    assert inbound.request.schema == {"description": "An invoice.", **SCHEMA}
    (item,) = responses.write(result_of(response_of('{"item": "a lamp"}')), inbound)["output"]
    assert (item["type"], item["name"], item["arguments"]) == ("function_call", "Invoice", '{"item": "a lamp"}')


def test_what_the_request_said_is_repeated_and_nothing_is_kept():
    inbound = read(temperature=0.5, metadata={"a": "1"}, store=True, max_output_tokens=9, reasoning={"effort": "low"})
    written = responses.write(result_of(response_of()), inbound, created=7)
    assert inbound.request.tags == {"a": "1"}
    assert inbound.request.params == {"temperature": 0.5, "max_tokens": 9, "reasoning_effort": "low"}
    assert (written["temperature"], written["metadata"], written["store"]) == (0.5, {"a": "1"}, False)
    assert written["created_at"] == 7


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("previous_response_id", "resp_1", "send the conversation"),
        ("conversation", "c", "send the conversation"),
        ("background", True, "without `background`"),
        ("tools", [{"type": "web_search"}], "run by OpenAI"),
        ("tool_choice", {"type": "file_search"}, "function was expected"),
        ("truncation", "auto", "larger window"),
        ("include", ["file_search_call.results"], "was expected"),
        ("input", [{"type": "item_reference", "id": "x"}], "only OpenAI can read"),
        ("temprature", 1, "did you mean 'temperature'"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name_in_one_sentence(field, value, says):
    with pytest.raises(UnsupportedParameter, match=says) as raised:
        read(**({"tools": [TOOL], field: value}))
    status, body = responses.error(raised.value)
    assert (status, body["error"]["type"]) == (400, "invalid_request_error")
    assert body["error"]["message"].count(". ") == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"input": []},
        {"input": None},
        {"input": ["hi"]},
        {"input": [{"role": "robot", "content": "hi"}]},
        {"input": [{"role": "user", "content": 3}]},
        {"instructions": 3},
        {"tools": [TOOL], "tool_choice": "some"},
    ],
)
def test_a_body_that_is_no_request_is_the_clients_mistake(fields):
    with pytest.raises(DataError):
        read(**fields)


def test_an_answer_that_was_cut_off_is_incomplete():
    written = responses.write(result_of(response_of("Fi", finish_reason="length")), read())
    assert (written["status"], written["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})


# Nothing that a client reads is lost


@given(RESPONSES)
def test_a_response_says_what_the_result_does(response):
    inbound = read(include=["message.output_text.logprobs"])
    body = json.loads(dumps(responses.write(result_of(response), inbound)))
    parts = [part for item in body["output"] if item["type"] == "message" for part in item["content"]]
    texts = [part for part in parts if part["type"] == "output_text"]
    assert "".join(part["text"] for part in texts) == response.text
    assert [part["refusal"] for part in parts if part["type"] == "refusal"] == [
        *([] if response.refusal is None else [response.refusal])
    ]
    calls = [item for item in body["output"] if item["type"] == "function_call"]
    assert [(one["call_id"], one["name"], one["arguments"]) for one in calls] == [
        (one["id"], one["function"]["name"], one["function"]["arguments"]) for one in response.tool_calls
    ]
    if texts:
        assert [one["token"] for one in texts[0]["logprobs"]] == [one.token for one in response.logprobs]
    shown = [part["text"] for item in body["output"] if item["type"] == "reasoning" for part in item["summary"]]
    assert shown == [*filter(None, [response.message.get("reasoning_content")])]
    assert body["usage"]["input_tokens_details"]["cached_tokens"] == response.usage.cached_tokens
    assert body["usage"]["output_tokens_details"]["reasoning_tokens"] == response.usage.reasoning_tokens
    assert body["cascade"]["decision_id"] == "d1"
    assert len({item["id"] for item in body["output"]}) == len(body["output"])


@given(RESPONSES)
def test_events_joined_are_the_response(response):
    inbound, result = read(stream=True), result_of(response)
    whole, sent = responses.write(result, inbound), list(responses.chunks(result, inbound))
    assert [event["sequence_number"] for event in sent] == [*range(len(sent))]
    assert sent[-1]["response"] == whole
    assert _joined(sent) == [
        part for item in whole["output"] for part in item.get("content", item.get("summary", [item]))
    ]


def test_events_are_named_by_their_type():
    events = [*encode(responses.chunks(result_of(response_of()), read(stream=True)), named=True)]
    assert events[0].startswith(b"event: response.created\ndata: {")
    assert events[-1].startswith(b"event: response.completed\ndata: {")


def _joined(sent: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return every part and call, joined from deltas and compared with what `done` says."""
    parts: list[dict[str, Any]] = []
    for event in sent:
        kind = event["type"]
        if kind in {"response.content_part.added", "response.reasoning_summary_part.added"}:
            parts.append(dict(event["part"]))
        elif kind == "response.output_item.added" and event["item"]["type"] == "function_call":
            parts.append(dict(event["item"]))
        elif kind.endswith(".delta"):
            field = next(name for name in ("arguments", "refusal", "text") if name in parts[-1])
            parts[-1][field] += event["delta"]
        elif kind in {"response.content_part.done", "response.reasoning_summary_part.done"}:
            field = "refusal" if "refusal" in event["part"] else "text"
            assert parts[-1][field] == event["part"][field]
            parts[-1] = event["part"]
        elif kind == "response.output_item.done" and event["item"]["type"] == "function_call":
            assert parts[-1]["arguments"] == event["item"]["arguments"]
            parts[-1] = event["item"]
    return parts
