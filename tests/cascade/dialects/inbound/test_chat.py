"""Chat Completions as clients speak it: what they send is read, nothing that they read is lost."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.dialects import chat as provider
from cascade.dialects.inbound import chat
from cascade.dialects.inbound.answer import ABSTAINED
from cascade.dialects.inbound.server_sent_events import dumps, encode
from cascade.errors import BudgetExceeded, DataError, ProviderError, UnsupportedParameter
from cascade.exchange import ModelCall
from cascade.usage import Price
from tests.cascade.dialects.inbound.drawn_responses import RESPONSES
from tests.cascade.dialects.inbound.recorded_clients import recorded, response_of, result_of

RECORDED = recorded("/v1/chat/completions")
HI = [{"role": "user", "content": "hi"}]
INVOICE = {"type": "object", "properties": {"item": {"type": "string"}}, "required": ["item"]}
TOOL = {"type": "function", "function": {"name": "Invoice", "parameters": INVOICE}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "Invoice", "arguments": '{"item": "a lamp"}'}}


def read(**fields: Any) -> chat.Inbound:
    return chat.read({"model": "gpt-4o", "messages": HI, **fields})


@pytest.mark.parametrize("client", RECORDED, ids=lambda client: client.name)
def test_every_recorded_client_is_understood(client):
    inbound = chat.read(client.body)
    assert len(inbound.request.messages) == len(client.body["messages"])
    assert inbound.stream == client.body.get("stream", False)
    task = "orders" if client.body["model"].startswith("cascade") else "default"
    assert inbound.request.task == task
    written = chat.write(result_of(response_of('{"item": "a lamp", "qty": 1}')), inbound)
    assert written["choices"][0]["finish_reason"] in {"stop", "tool_calls"}


@pytest.mark.parametrize("client", RECORDED, ids=lambda client: client.name)
def test_structured_output_becomes_the_schema_whatever_its_shape(client):
    request = chat.read(client.body).request
    asks = "structured" in client.name.lower() or "output_type" in client.name or "instructor" in client.name
    if not asks or "MD_JSON" in client.name:
        return
    assert request.schema is not None
    json_object = client.body.get("response_format", {}).get("type") == "json_object"
    assert (
        request.schema == {"type": "object"} if json_object else {"item", "qty"} <= request.schema["properties"].keys()
    )


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "Invoice"}}])
def test_a_forced_tool_is_asked_for_as_json_and_answered_as_its_call(choice):
    inbound = read(tools=[TOOL], tool_choice=choice, parallel_tool_calls=False)
    assert inbound.request.schema == INVOICE
    assert not inbound.request.params
    (written,) = chat.write(result_of(response_of('{"item": "a lamp"}')), inbound)["choices"]
    (call,) = written["message"]["tool_calls"]
    assert call["function"] == {"name": "Invoice", "arguments": '{"item": "a lamp"}'}
    assert written["message"]["content"] is None
    assert written["finish_reason"] == "tool_calls"


def test_a_tool_that_is_forced_within_a_loop_stays_a_tool():
    history = [*HI, {"role": "assistant", "content": None, "tool_calls": [CALL]}]
    history.append({"role": "tool", "tool_call_id": "call_1", "content": "no such lamp"})
    inbound = chat.read({"model": "m", "messages": history, "tools": [TOOL], "tool_choice": "required"})
    assert inbound.tool is None
    assert inbound.request.params["tools"] == [TOOL]


def test_one_of_several_tools_is_forced_by_its_name_only():
    other = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
    assert read(tools=[TOOL, other], tool_choice="required").tool is None
    assert (
        read(tools=[other, TOOL], tool_choice={"type": "function", "function": {"name": "Invoice"}}).tool == "Invoice"
    )


def test_our_own_options_metadata_and_user_reach_the_request():
    ours = {"task": "orders", "quality": "strict", "session": "s", "deadline_s": 2, "tags": {"a": "1"}}
    inbound = read(cascade=ours, metadata={"feature": "x", "a": "0"}, user="u1", safety_identifier="s1", store=False)
    request = inbound.request
    assert (request.task, request.quality, request.session, request.deadline_s) == ("orders", "strict", "s", 2)
    assert request.tags == {"feature": "x", "a": "1"}
    assert request.principal == "s1"
    assert not request.params


def test_what_the_body_says_counts_before_the_defaults_but_for_the_principal():
    defaults = {"task": "orders", "principal": "acme", "tags": {"from": "wrap"}, "deadline_s": 9}
    request = chat.read(
        {"model": "cascade/math", "messages": HI, "user": "u1", "metadata": {"a": "b"}}, defaults
    ).request
    assert (request.task, request.principal, request.deadline_s) == ("math", "acme", 9)
    assert request.tags == {"from": "wrap", "a": "b"}


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("n", 3, "one answer is verified"),
        ("store", True, "decision log"),
        ("audio", {"voice": "alloy"}, "only text"),
        ("modalities", ["text", "audio"], "only text"),
        ("temprature", 0.2, "did you mean 'temperature'"),
        ("api_base", "http://elsewhere", "unknown"),
        ("cascade", {"task": 3}, "a text was expected"),
        ("cascade", {"qualty": "strict"}, "did you mean 'quality'"),
        ("cascade", {"principal": "me"}, "unknown option"),
        ("cascade", "strict", "an object was expected"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(field, value, says):
    with pytest.raises(UnsupportedParameter, match=says) as raised:
        read(**{field: value})
    status, body = chat.error(raised.value)
    assert (status, body["error"]["type"]) == (400, "invalid_request_error")
    assert body["error"]["param"].startswith(field)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"model": "m"},
        {"model": "m", "messages": []},
        {"model": "m", "messages": [{"role": "robot", "content": "hi"}]},
        {"model": "m", "messages": ["hi"]},
        {"model": 3, "messages": HI},
        {"model": "m", "messages": HI, "stream": "yes"},
        {"model": "m", "messages": HI, "metadata": "x"},
        {"model": "m", "messages": HI, "user": 3},
        {"model": "cascade/a b", "messages": HI},
        {"model": "m", "messages": HI, "cascade": {"deadline_s": -1}},
    ],
)
def test_a_body_that_is_no_request_is_the_clients_mistake(body):
    with pytest.raises(DataError) as raised:
        chat.read(body)
    assert chat.error(raised.value)[0] == 400


def test_errors_have_the_status_that_client_libraries_make_their_classes_of():
    result = result_of(response_of(), outcome="failed", answer=None, rung=None, model=None, error="small: down")
    with pytest.raises(ProviderError, match="small: down") as raised:
        chat.write(result, read())
    assert raised.value.result is result
    assert chat.error(raised.value)[0] == 502
    assert chat.error(BudgetExceeded("No money."))[1]["error"]["code"] == "budget_exceeded"
    assert chat.error(ValueError("sk-secret-in-here")) == (
        500,
        {
            "error": {
                "message": "An internal error (ValueError).",
                "type": "api_error",
                "param": None,
                "code": "internal_error",
            }
        },
    )


def test_an_answer_that_was_withheld_is_a_refusal():
    written = chat.write(result_of(response_of(), outcome="abstained", answer=None), read())
    assert written["choices"][0]["message"] == {"role": "assistant", "content": None, "refusal": ABSTAINED}


def test_functions_of_old_are_answered_as_such():
    inbound = read(functions=[{"name": "Invoice", "parameters": INVOICE}])
    (choice,) = chat.write(result_of(response_of("", tool_calls=(CALL,), finish_reason="tool_calls")), inbound)[
        "choices"
    ]
    assert choice["finish_reason"] == "function_call"
    assert choice["message"]["function_call"] == CALL["function"]
    assert "tool_calls" not in choice["message"]


# Nothing that a client reads is lost


@given(RESPONSES)
def test_a_completion_says_what_the_result_does(response):
    """Its reader on the providers' side, which has been held to what providers write, finds all of it again."""
    inbound = read(logprobs=True)
    body = json.loads(dumps(chat.write(result_of(response), inbound, created=7)))
    call = ModelCall(rung="r", model="openai/gpt-5-nano", messages=tuple(HI), params={"logprobs": True})
    again = provider.read_body(body, call=call, price=Price(input_usd=0, output_usd=0))
    assert again.tool_calls == response.tool_calls
    assert again.refusal == response.refusal
    tokens = body["choices"][0]["logprobs"]["content"]
    assert [(one["token"], one["logprob"]) for one in tokens] == [
        (one.token, one.logprob if math.isfinite(one.logprob) else -9999.0) for one in response.logprobs
    ]
    assert [[(one["token"], one["logprob"]) for one in entry["top_logprobs"]] for entry in tokens] == [
        list(one.top) for one in response.logprobs
    ]
    message = body["choices"][0]["message"]
    assert (message["content"] or "") == response.text
    assert message.get("reasoning_content") == response.message.get("reasoning_content")
    assert body["usage"]["prompt_tokens"] == response.usage.input_tokens
    assert body["usage"]["completion_tokens_details"]["reasoning_tokens"] == response.usage.reasoning_tokens
    assert body["model"] == "gpt-5-nano"
    assert set(body["cascade"]) == {
        *("decision_id", "rung", "model", "confidence", "calibrated", "outcome", "cost_usd", "saved_usd", "reasons"),
        *("flags", "usage_paid"),
    }
    assert body["cascade"]["usage_paid"]["input_tokens"] >= response.usage.input_tokens


@given(RESPONSES, st.booleans(), st.booleans())
def test_chunks_joined_are_the_completion(response, include_usage, logprobs):
    inbound = read(stream=True, stream_options={"include_usage": include_usage}, logprobs=logprobs)
    result = result_of(response)
    whole, sent = chat.write(result, inbound), list(chat.chunks(result, inbound))
    joined = _joined(sent)
    assert {**joined["message"], "content": joined["message"]["content"] or None} == {
        **whole["choices"][0]["message"],
        "content": whole["choices"][0]["message"]["content"] or None,
    }
    assert joined["finish_reason"] == whole["choices"][0]["finish_reason"]
    assert joined["logprobs"] == whole["choices"][0]["logprobs"]
    assert joined["usage"] == (whole["usage"] if include_usage else None)
    assert joined["cascade"] == whole["cascade"]
    assert all(chunk["id"] == whole["id"] for chunk in sent)


def test_a_stream_ends_as_clients_expect():
    *events, last = encode(chat.chunks(result_of(response_of()), read(stream=True)), named=False)
    assert last == b"data: [DONE]\n\n"
    assert all(event.startswith(b"data: {") and event.endswith(b"}\n\n") for event in events)


def _joined(sent: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    message: dict[str, Any] = {}
    joined: dict[str, Any] = {
        "message": message,
        "finish_reason": None,
        "logprobs": None,
        "usage": None,
        "cascade": None,
    }
    for chunk in sent:
        joined["usage"] = chunk.get("usage") or joined["usage"]
        joined["cascade"] = chunk.get("cascade") or joined["cascade"]
        for choice in chunk["choices"]:
            joined["finish_reason"] = choice["finish_reason"] or joined["finish_reason"]
            joined["logprobs"] = choice["logprobs"] or joined["logprobs"]
            delta = dict(choice["delta"])
            for call in delta.pop("tool_calls", ()):
                calls = message.setdefault("tool_calls", [])
                if call["index"] == len(calls):
                    calls.append(
                        {
                            **{key: value for key, value in call.items() if key != "index"},
                            "function": dict(call["function"]),
                        }
                    )
                else:
                    calls[call["index"]]["function"]["arguments"] += call["function"]["arguments"]
            for name, value in delta.items():
                add = name == "content" and value is not None and message.get(name) is not None
                message[name] = message[name] + value if add else value
    return joined
