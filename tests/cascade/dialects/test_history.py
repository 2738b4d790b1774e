"""A conversation crosses providers: each gets what it understands, and what was left out is said."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.dialects.families import family_of
from cascade.dialects.history import for_receiver, without_new_thinking
from cascade.dialects.origin import with_origin
from cascade.exchange import ModelCall

USER = {"role": "user", "content": "Weather?"}
CALL = {"id": "toolu_01A", "type": "function", "function": {"name": "f", "arguments": "{}"}}
SIGNED = [{"type": "thinking", "thinking": "hm", "signature": "sig"}]
STANDARD = {"role", "content", "tool_calls", "tool_call_id", "name", "refusal", "function_call"}


def call(model="openai/gpt-4o", *messages, base=None, **params):
    return ModelCall(rung="r", model=model, messages=(USER, *messages), params=params, api_base=base)


def sent(model, *messages, **fields):
    written, flags = for_receiver(call(model, *messages, **fields))
    return [dict(message) for message in written][1:], flags


def answered(model, **message):
    return with_origin({"role": "assistant", "content": "Sunny.", **message}, call(model))


FOREIGN = {
    "thinking": {"reasoning_content": "hm"},
    "signed thinking": {"thinking_blocks": SIGNED, "reasoning_content": "hm"},
    "reasoning": {"reasoning": "hm", "reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]},
    "images": {"images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]},
    "own fields": {"provider_specific_fields": {"thought_signatures": ["t"], "x": 1}},
    "parts": {"content": [*SIGNED, {"type": "text", "text": "Sunny.", "citations": []}]},
    "server tools": {
        "content": [
            {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}},
            {"type": "web_search_tool_result", "content": []},
            {"type": "text", "text": "Sunny."},
        ]
    },
    "citations": {"annotations": [{"type": "url_citation"}], "executed_tools": [{"type": "search"}]},
    "a dumped object": {"id": "msg_1", "type": "message", "model": "m", "usage": {"input_tokens": 1}},
}


@pytest.mark.parametrize("fields", FOREIGN.values(), ids=list(FOREIGN))
@pytest.mark.parametrize("receiver", ["openai/gpt-4o", "groq/llama", "mistral/m", "openai/m"])
def test_another_provider_is_sent_openais_form_only_and_what_is_left_out_is_flagged(receiver, fields):
    message = {"role": "assistant", "content": "Sunny.", **fields}
    (written,), flags = sent(receiver, message, base="http://h/v1" if receiver == "openai/m" else None)
    assert written.keys() <= STANDARD
    assert written["content"] == "Sunny."
    assert flags
    assert all(flag.startswith("dropped:") for flag in flags)


@pytest.mark.parametrize(
    ("fields", "flags"),
    [
        ({"reasoning_content": "hm"}, {"dropped:thinking"}),
        ({"thinking_blocks": SIGNED, "images": ["x"]}, {"dropped:thinking", "dropped:images"}),
        ({"provider_specific_fields": {"thought_signatures": ["t"]}}, {"dropped:signatures"}),
        ({"annotations": [], "reasoning_content": "", "images": None}, set()),
    ],
)
def test_what_was_left_out_is_named_and_what_is_empty_is_not(fields, flags):
    assert set(sent("groq/llama", {"role": "assistant", "content": "x", **fields})[1]) == flags


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("anthropic/claude-haiku-4-5", {"thinking_blocks": SIGNED, "reasoning_content": "hm"}),
        ("deepseek/deepseek-reasoner", {"reasoning_content": "hm"}),
        ("openrouter/anthropic/claude", {"reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]}),
        ("gemini/gemini-3-pro", {"provider_specific_fields": {"thought_signatures": ["t"]}}),
        ("groq/compound", {"executed_tools": [{"type": "search"}], "reasoning": "hm"}),
    ],
)
def test_an_answer_goes_back_to_its_own_family_as_it_came(model, message):
    (written,), flags = sent(model, answered(model, **message))
    assert {key: written[key] for key in message} == message
    assert flags == ()


def test_claude_is_one_family_wherever_it_runs():
    families = {
        family_of(call(name))
        for name in (
            "anthropic/claude-opus-5",
            "bedrock/us.anthropic.claude-opus-5-v1:0",
            "vertex_ai/claude-opus-5",
            "claude-opus-5",
        )
    }
    assert families == {"anthropic"}
    assert family_of(call("openai/qwen3", base="http://a")) == family_of(call("hosted_vllm/qwen3", base="http://b"))


def test_thinking_of_one_maker_does_not_go_to_another_behind_one_gateway():
    message = answered("openrouter/anthropic/claude", reasoning_details=[{"type": "reasoning.encrypted", "data": "x"}])
    assert sent("openrouter/openai/gpt-5", message)[1] == ("dropped:thinking",)


LOOP = [
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "toolu_01A", "content": "sunny"},
]


@pytest.mark.parametrize(
    "identity", ["toolu_01A", "call_" + "x" * 60, "call_1__thought__c2ln", "functions.f:0", "x y/é"]
)
@pytest.mark.parametrize("receiver", ["mistral/m", "openai/gpt-4o", "anthropic/claude", "gemini/g", "groq/l"])
def test_a_call_and_its_result_keep_one_id_that_the_receiver_takes(receiver, identity):
    asked = {**CALL, "id": identity}
    messages = [
        {"role": "assistant", "content": None, "tool_calls": [asked]},
        {"role": "tool", "tool_call_id": identity, "content": "sunny"},
    ]
    (first, second), _ = sent(receiver, *messages)
    given = first["tool_calls"][0]["id"]
    assert second["tool_call_id"] == given
    if receiver == "mistral/m":
        assert len(given) == 9
        assert given.isalnum()
    assert len(given) <= 64
    assert ("__thought__" in given) == (receiver == "gemini/g" and "__thought__" in identity)


def test_results_of_several_calls_with_empty_ids_find_their_calls_in_order():
    calls = [{**CALL, "id": ""}, {**CALL, "id": "", "function": {"name": "g", "arguments": "{}"}}]
    messages = [
        {"role": "assistant", "content": "", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "", "content": "1"},
        {"role": "tool", "tool_call_id": "", "content": "2"},
    ]
    (first, *results), _ = sent("openai/gpt-4o", *messages)
    assert [one["id"] for one in first["tool_calls"]] == [one["tool_call_id"] for one in results]
    assert len({one["tool_call_id"] for one in results}) == 2


def test_the_older_form_becomes_todays_unless_the_call_itself_is_in_the_older_form():
    older = [
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "sunny"},
    ] * 2
    (first, second, third, fourth), _ = sent("openai/gpt-4o", *older)
    assert second == {"role": "tool", "tool_call_id": first["tool_calls"][0]["id"], "content": "sunny"}
    assert fourth["tool_call_id"] == third["tool_calls"][0]["id"] != second["tool_call_id"]
    kept, _ = sent("openai/gpt-4o", *older, functions=[{"name": "f"}])
    assert kept[0]["function_call"] == {"name": "f", "arguments": "{}"}
    assert kept[1]["role"] == "function"


def test_blocks_of_anthropics_form_become_calls_results_and_pictures():
    source = {"type": "base64", "media_type": "image/png", "data": "AA"}
    messages = [
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Let me look."},
                {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "sunny"}]},
                {"type": "text", "text": "And this?"},
                {"type": "image", "source": source},
            ],
        },
    ]
    (asked, result, user), flags = sent("groq/llama", *messages)
    assert asked["content"] == "Let me look."
    assert json.loads(asked["tool_calls"][0]["function"]["arguments"]) == {"a": 1}
    assert result == {"role": "tool", "tool_call_id": "t1", "content": "sunny"}
    assert user["content"][1] == {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}
    assert flags == ()


def test_calls_that_the_provider_answered_itself_stay_with_it():
    search = {"id": "srvtoolu_1", "type": "function", "function": {"name": "web_search", "arguments": "{}"}}
    message = answered("anthropic/claude", tool_calls=[search], provider_specific_fields={"web_search_results": [1]})
    (written,), flags = sent("openai/gpt-4o", message)
    assert "tool_calls" not in written
    assert flags == ("dropped:server_tools",)
    assert sent("anthropic/claude", message)[0][0]["tool_calls"] == [search]


def test_deepseek_and_moonshot_get_the_thinking_that_they_insist_on():
    (first, _), _ = sent("deepseek/deepseek-chat", *LOOP)
    assert first["reasoning_content"].isspace()
    (first, _), _ = sent("moonshot/kimi-k2", *LOOP)
    assert first["reasoning_content"].isspace()
    assert "reasoning_content" not in sent("groq/llama", *LOOP)[0][0]


def test_claude_does_not_think_within_a_tool_exchange_that_another_model_began():
    asked = call("anthropic/claude-opus-5", *LOOP, thinking={"type": "enabled", "budget_tokens": 1024}, seed=1)
    written, _ = for_receiver(asked)
    messages, params, flags = without_new_thinking(written, dict(asked.params), asked)
    assert (dict(params), flags) == ({"seed": 1}, ("dropped:thinking",))
    assert [message["role"] for message in messages] == ["user", "assistant", "tool"]
    own = [{**LOOP[0], "thinking_blocks": SIGNED}, LOOP[1]]
    assert without_new_thinking(own, asked.params, asked)[1:] == (asked.params, ())
    later = [*LOOP, {"role": "assistant", "content": "Sunny."}, USER]
    assert without_new_thinking(later, asked.params, asked)[1:] == (asked.params, ())


def test_marks_for_a_prompt_cache_go_to_those_that_take_them():
    marked = {"role": "user", "content": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}]}
    assert sent("anthropic/claude", marked) == ([marked], ())
    (written,), flags = sent("groq/llama", marked)
    assert written["content"] == [{"type": "text", "text": "x"}]
    assert flags == ("dropped:cache_control",)


def test_a_developers_message_is_the_systems_for_others_than_openai():
    message = {"role": "developer", "content": "Be brief."}
    assert sent("openai/gpt-5", message)[0][0]["role"] == "developer"
    assert sent("groq/llama", message)[0][0]["role"] == "system"


def test_plain_messages_are_sent_as_they_are():
    plain = call("openai/gpt-4o", {"role": "assistant", "content": "Sunny."}, {"role": "user", "content": "And now?"})
    assert for_receiver(plain) == (plain.messages, ())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [*sorted(STANDARD - {"role"}), "reasoning_content", "thinking_blocks", "provider_specific_fields"]
)
MESSAGES = st.lists(
    st.builds(
        lambda role, fields: {"role": role, **fields},
        st.sampled_from(["assistant", "user", "tool", "function", "developer"]),
        st.dictionaries(KEYS, JSON, max_size=4),
    ),
    max_size=4,
)


@given(MESSAGES, st.sampled_from(["openai/gpt-4o", "anthropic/claude", "gemini/g", "mistral/m", "deepseek/d"]))
def test_any_history_is_written_and_writing_it_again_changes_nothing(messages, receiver):
    written, _ = for_receiver(call(receiver, *messages))
    again, flags = for_receiver(ModelCall(rung="r", model=receiver, messages=tuple(written)))
    assert [dict(one) for one in again] == [dict(one) for one in written]
    assert flags == ()
