"""Assistant messages in the forms in which providers write them."""

from __future__ import annotations

import pytest

from cascade.dialects.logprobs import choice_logprobs, read_logprobs
from cascade.dialects.message import is_message, read_message
from cascade.dialects.native import as_chat, native_finish, server_call_ids
from cascade.reading.thinking import answer_start


def said(**fields):
    return read_message({"role": "assistant", "content": "Paris", **fields})


@pytest.mark.parametrize(
    "content",
    [
        "Paris is it.",
        [{"type": "text", "text": "Paris is it."}],
        [{"type": "text", "text": "Paris "}, {"type": "text", "text": "is it."}],
        ["Paris ", {"text": "is it."}],
        [{"type": "output_text", "text": "Paris is it.", "annotations": []}],
        [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "Paris is it."}],
        [{"type": "reasoning", "text": "hm"}, {"type": "text", "text": "Paris is it."}],
    ],
)
def test_text_is_text_in_whatever_parts_it_comes(content):
    assert said(content=content).text == "Paris is it."


@pytest.mark.parametrize(
    "content", [7, {"text": "x"}, [7], True, [{"type": []}], [{"type": {}, "text": "x"}], [{"type": 7}]]
)
def test_what_is_neither_text_nor_parts_is_no_message(content):
    assert not is_message({"content": content})


@pytest.mark.parametrize(
    "fields",
    [
        {"reasoning_content": "hm"},
        {"reasoning": "hm"},
        {"thinking": "hm"},
        {"reasoning_details": [{"type": "reasoning.text", "text": "hm", "format": "x"}]},
        {"reasoning_details": [{"type": "reasoning.summary", "summary": "hm"}, {"type": "reasoning.encrypted"}]},
        {"thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "s"}]},
        {"reasoning_content": "hm", "thinking_blocks": [{"type": "thinking", "thinking": "hm"}]},
        {"content": "<think>hm</think>Paris"},
        {"content": "hm</think>Paris"},
        {"content": "\n[THINK]hm[/THINK]Paris"},
        {"content": "◁think▷hm◁/think▷Paris"},
        {
            "content": "<|channel|>analysis<|message|>hm<|end|><|start|>assistant"
            "<|channel|>final<|message|>Paris<|return|>"
        },
        {"content": [{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "Paris"}]},
    ],
)
def test_thinking_is_told_from_the_answer_in_every_place(fields):
    read = said(**fields)
    assert (read.text, read.thinking) == ("Paris", "hm")


@pytest.mark.parametrize("text", ["<think>never closed", "see <think>x</think>", "Paris"])
def test_what_is_not_closed_or_not_at_the_beginning_stays_in_the_text(text):
    read = said(content=text)
    assert (read.text, read.thinking) == (text, "")


def test_an_answer_begins_behind_a_lone_closing_mark_but_not_inside_json():
    assert answer_start("hm, so…</think>Paris") == len("hm, so…</think>")
    assert answer_start('{"a": "</think>"}') == 0


CALL = {"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def test_calls_of_the_client_and_of_the_provider_are_told_apart():
    search = {"id": "srvtoolu_1", "type": "function", "function": {"name": "web_search", "arguments": "{}"}}
    other = {"id": "x", "type": "web_search", "web_search": {}}
    read = said(tool_calls=[CALL, search, other])
    assert read.tool_calls == (CALL,)
    assert read.server_tools == ("web_search",)
    named = {**CALL, "id": "s9"}
    assert read_message({"content": "x", "tool_calls": [named]}, frozenset({"s9"})).tool_calls == ()


@pytest.mark.parametrize(
    ("fields", "tool"),
    [
        ({"executed_tools": [{"type": "search", "arguments": "{}", "output": "…"}]}, "search"),
        ({"annotations": [{"type": "url_citation", "url_citation": {"url": "u"}}]}, "web_search"),
        (
            {"content": [{"type": "server_tool_use", "name": "code_execution"}, {"type": "text", "text": "x"}]},
            "code_execution",
        ),
    ],
)
def test_tools_that_the_provider_ran_are_named_and_are_no_calls(fields, tool):
    read = said(**fields)
    assert (read.tool_calls, read.server_tools) == ((), (tool,))


def test_the_older_form_of_a_call_is_a_call_with_an_id_of_its_content():
    read = said(content=None, function_call={"name": "f", "arguments": '{"a": 1}'})
    (call,) = read.tool_calls
    assert call["function"] == {"name": "f", "arguments": '{"a": 1}'}
    assert said(content=None, function_call={"name": "f", "arguments": '{"a": 1}'}).tool_calls == read.tool_calls
    assert said(content=None, function_call={"name": "f", "arguments": '{"a": 2}'}).tool_calls[0]["id"] != call["id"]
    assert said(function_call=None).tool_calls == ()


def test_blocks_of_tool_use_are_calls():
    block = {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}
    assert said(content=[block]).tool_calls[0]["function"] == {"name": "f", "arguments": '{"a":1}'}


def test_a_refusal_is_read_from_its_field_and_from_its_part():
    assert said(refusal="no").refusal == "no"
    assert said(content=[{"type": "refusal", "refusal": "no"}]).refusal == "no"


@pytest.mark.parametrize(
    "reported",
    [
        {"content": [{"token": "Par", "logprob": -0.1, "top_logprobs": [{"token": "Lon", "logprob": -2.5}]}]},
        [{"token": "Par", "logprob": -0.1, "top_logprobs": [{"token": "Lon", "logprob": -2.5}]}],
        {"tokens": ["Par"], "token_logprobs": [-0.1], "top_logprobs": [{"Lon": -2.5}], "text_offset": [0]},
        {"tokens": ["<s>", "Par"], "token_logprobs": [None, -0.1], "top_logprobs": [None, {"Lon": -2.5}]},
        {
            "chosenCandidates": [{"token": "Par", "logProbability": -0.1}],
            "topCandidates": [{"candidates": [{"token": "Lon", "logProbability": -2.5}]}],
        },
    ],
)
def test_log_probabilities_are_read_in_every_form(reported):
    (token,) = read_logprobs(reported, 5)
    assert (token.token, token.logprob, token.top) == ("Par", -0.1, (("Lon", -2.5),))


def test_llama_cpps_older_form_gives_probabilities_beside_the_choices():
    body = {"completion_probabilities": [{"content": "Par", "probs": [{"tok_str": "Par", "prob": 0.5}]}]}
    (token,) = read_logprobs(choice_logprobs({}, body), 5)
    assert token.token == "Par"
    assert token.logprob == pytest.approx(-0.6931, abs=1e-4)


def test_only_so_many_log_probabilities_are_read_as_the_call_may_have():
    assert len(read_logprobs({"tokens": ["a"] * 9, "token_logprobs": [-1] * 9}, most=3)) == 3


@pytest.mark.parametrize(
    ("body", "finish"),
    [
        ({"choices": [{"finish_reason": "stop"}]}, ("stop", True)),
        ({"choices": [{"finish_reason": None}]}, (None, True)),
        (
            {"type": "message", "content": [{"input": {"stop_reason": "safety"}}], "stop_reason": "tool_use"},
            ("tool_use", True),
        ),
        ({"candidates": [{"finishReason": "SAFETY"}]}, ("SAFETY", True)),
        ({"promptFeedback": {"blockReason": "OTHER"}}, ("OTHER", True)),
        ({"stopReason": "guardrail_intervened", "output": {}}, ("guardrail_intervened", True)),
        ({"message": {"content": '"finish_reason": "length"'}}, (None, False)),
    ],
)
def test_the_reason_for_stopping_is_read_from_its_own_field_only(body, finish):
    assert native_finish(body) == finish


@pytest.mark.parametrize("kind", [[], {}, 7])
def test_a_block_whose_type_is_no_text_is_no_answer(kind):
    claude = {"type": "message", "content": [{"type": kind, "text": "Paris"}], "stop_reason": "end_turn"}
    assert as_chat(claude) is None
    assert server_call_ids(claude) == frozenset()


def test_an_answer_of_anthropic_or_gemini_without_usage_is_an_answer():
    search = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}}
    thinking = {"type": "thinking", "thinking": "hm", "signature": "s"}
    content = [thinking, {"type": "text", "text": "Paris"}, search]
    claude = {"type": "message", "content": content, "stop_reason": "end_turn"}
    chat = as_chat(claude)
    assert chat["usage"] is None
    read = read_message(chat["choices"][0]["message"], server_call_ids(claude))
    assert (read.text, read.thinking, read.tool_calls, read.server_tools) == ("Paris", "hm", (), ("web_search",))
    called = {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "sig"}
    parts = [{"text": "hm", "thought": True}, {"text": "Paris"}, called]
    gemini = {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}
    read = read_message(as_chat(gemini)["choices"][0]["message"])
    assert (read.text, read.thinking) == ("Paris", "hm")
    assert read.tool_calls[0]["function"] == {"name": "f", "arguments": '{"a": 1}'}
    assert read.tool_calls[0]["provider_specific_fields"] == {"thought_signature": "sig"}
