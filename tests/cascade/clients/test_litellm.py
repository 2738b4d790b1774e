"""What the litellm client sends, and what it makes of an answer, over real HTTP."""

from __future__ import annotations

import asyncio
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cascade.clients.litellm import LiteLLMClient
from cascade.errors import ConfigError, UnknownPrice
from cascade.exchange import ModelCall, Response
from cascade.usage import Price, Usage

OPEN_FILES = Path("/proc/self/fd")
WISHES = {"logprobs": True, "top_logprobs": 2}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


def test_an_answer_comes_back_with_text_usage_cost_and_time(ask, server):
    reply = ask()
    assert (reply.text, reply.finish_reason, reply.tries, reply.flags) == ("fine", "stop", 1, ())
    assert reply.usage == Usage(input_tokens=3, output_tokens=1)
    assert reply.cost_usd == pytest.approx(3e-6 + 2e-6)
    assert reply.latency_s > 0
    assert reply.message == {"role": "assistant", "content": "fine"}
    assert len(server.hits) == 1


def test_messages_and_parameters_pass_through_unchanged(ask, server):
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;,A"}},
    ]
    messages = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": parts})
    params = {"seed": 7, "stop": ["\n"], "temperature": 0.3, "max_tokens": 5, "n": 2, "frobnicate": {"own": 1}}
    ask(messages=messages, params=params)
    sent = server.hits[0].body
    assert sent["messages"] == list(messages)
    assert {name: sent[name] for name in params} == params
    assert set(sent) == {"messages", "model", *params}


@pytest.mark.parametrize(
    ("model", "params", "sent"),
    [
        ("anthropic/claude-of-tomorrow", {}, 4096),
        ("anthropic/claude-haiku-4-5", {}, 4096),
        ("anthropic/claude-haiku-4-5", {"max_tokens": 50}, 50),
        ("anthropic/claude-haiku-4-5", {"thinking": {"type": "enabled", "budget_tokens": 2000}}, 6096),
    ],
)
def test_a_limit_that_must_be_sent_and_is_not_set_is_ours_and_not_the_librarys(ask, server, model, params, sent):
    ask(model=model, params=params)
    assert server.hits[0].body["max_tokens"] == sent


def test_what_the_caller_gave_is_not_changed(ask):
    messages = ({"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}]},)
    tools = [{**TOOL}]
    before = repr((messages, tools))
    ask(messages=messages, params={"tools": tools})
    assert repr((messages, tools)) == before


def test_tool_calls_come_back_as_tool_calls(ask, server):
    reply = ask(params={"tools": [TOOL], "tool_choice": "auto"})
    (tool_call,) = reply.tool_calls
    assert tool_call["function"] == {"name": "weather", "arguments": '{"city": "Lyon"}'}
    assert (reply.text, reply.finish_reason, tool_call["id"]) == ("", "tool_calls", "call_1")
    assert reply.message["tool_calls"][0]["id"] == "call_1"
    assert server.hits[0].body["tools"] == [TOOL]


def test_a_response_format_is_sent_and_its_answer_is_text(ask, server):
    schema = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}, "strict": True}}
    assert ask(params={"response_format": schema}).text == '{"format": "json_schema"}'
    assert server.hits[0].body["response_format"] == schema


def test_further_answers_of_one_call_are_samples(ask):
    reply = ask(params={"n": 3})
    assert (reply.text, reply.samples) == ("fine", ("fine", "fine"))
    assert reply.usage.output_tokens == 3


def test_wished_log_probabilities_come_back(ask, server):
    reply = ask(wishes=WISHES)
    assert [(token.token, token.logprob, token.top) for token in reply.logprobs] == [("fine", -0.1, (("fine", -0.1),))]
    assert server.hits[0].body["top_logprobs"] == 2


def test_without_a_wish_no_log_probability_is_asked_for(ask, server):
    assert ask().logprobs is None
    assert "logprobs" not in server.hits[0].body


def test_a_wish_that_the_table_rules_out_is_dropped(ask, server):
    reply = ask("gpt-5-nano", wishes=WISHES)
    assert isinstance(reply, Response)
    assert "logprobs" not in server.hits[0].body


def test_a_wish_that_the_server_refuses_is_dropped_and_remembered(call, server):
    async def twice():
        client = LiteLLMClient()
        replies = [await client.ask(call("no-logprobs", wishes=WISHES)) for _ in range(2)]
        await client.aclose()
        return replies

    first, second = asyncio.run(twice())
    assert (first.text, first.tries, second.text, second.tries) == ("fine", 2, "fine", 1)
    assert ["logprobs" in hit.body for hit in server.hits] == [True, False, False]


def test_a_parameter_that_the_model_does_not_take_is_an_error_not_dropped(ask, server):
    reply = ask("gpt-5-nano", params={"logprobs": True})
    assert reply.kind == "bad_request"
    assert not server.hits


def test_log_probabilities_that_are_no_numbers_pass_as_such(ask):
    figures = [token.logprob for token in ask("bad-logprobs", wishes=WISHES).logprobs]
    assert math.isnan(figures[0])
    assert figures[1:] == [-math.inf, 0.5, -0.25]


def test_an_answer_that_litellm_cannot_read_is_read_from_the_body_as_it_came(ask):
    reply = ask("unreadable-logprobs", wishes=WISHES)
    assert (reply.text, math.isnan(reply.logprobs[0].logprob)) == ("fine", True)
    assert ask("word-usage").flags == ("usage_estimated",)


def test_null_log_probabilities_are_none(ask):
    assert ask("null-logprobs", wishes=WISHES).logprobs is None


def test_a_missing_usage_is_estimated_and_never_free(ask):
    reply = ask("no-usage")
    assert reply.usage.estimated
    assert reply.flags == ("usage_estimated",)
    assert reply.cost_usd > 0


@pytest.mark.parametrize("behaviour", ["negative-usage", "huge-usage"])
def test_an_absurd_usage_is_replaced_by_an_estimate(ask, behaviour):
    reply = ask(behaviour)
    assert reply.flags == ("usage_implausible",)
    assert 0 < reply.cost_usd < 1e-3


def test_cached_and_image_tokens_have_their_own_price(ask):
    price = Price(input_usd=1e-6, output_usd=0.0, cached_usd=1e-7, image_usd=5e-6)
    reply = ask("cached-usage", price=price)
    assert (reply.usage.cached_tokens, reply.usage.image_tokens) == (900, 50)
    assert reply.cost_usd == pytest.approx(900e-7 + 50 * 5e-6 + 50e-6)


def test_reasoning_is_counted_and_kept_in_the_history(ask):
    reply = ask("reasoning", price=Price(input_usd=0.0, output_usd=1e-6, reasoning_usd=3e-6))
    assert (reply.usage.output_tokens, reply.usage.reasoning_tokens) == (9, 8)
    assert reply.message["reasoning_content"] == "thinking aloud"
    assert reply.cost_usd == pytest.approx(1e-6 + 8 * 3e-6)


def test_the_price_follows_the_requested_model_not_the_reported_one(ask):
    reply = ask("other-model")
    assert (reply.model_reported, reply.flags) == ("gpt-4-32k", ("other_model",))
    assert reply.cost_usd == pytest.approx(5e-6)


def test_a_snapshot_of_the_requested_model_is_no_other_model(ask):
    assert ask("dated-model").flags == ()


def test_a_refusal_comes_back_in_its_own_field(ask):
    reply = ask("refuses")
    assert (reply.text, reply.refusal) == ("", "I can't help with that.")


@pytest.mark.parametrize(
    ("behaviour", "reason", "raw", "flags"),
    [
        ("ok", "stop", "stop", ()),
        ("cut-off", "length", "length", ()),
        ("filtered", "content_filter", "content_filter", ()),
        ("odd-finish", "eos_detected", "eos_detected", ("finish_unknown",)),
        ("error-finish", "error", "error", ("finish_unknown",)),
        ("null-finish", None, None, ("finish_null",)),
        ("no-finish", None, None, ("finish_null",)),
        ("null-content", "stop", "stop", ()),
    ],
)
def test_the_reason_for_stopping_is_the_provider_s_own(ask, behaviour, reason, raw, flags):
    reply = ask(behaviour)
    assert (reply.finish_reason, reply.finish_raw, reply.flags) == (reason, raw, flags)


@pytest.mark.parametrize(
    "name", ["api_base", "api_key", "fallbacks", "num_retries", "mock_response", "input_cost_per_token", "stream"]
)
def test_a_parameter_that_would_take_over_litellm_is_refused(call, ask, server, name):
    with pytest.raises(ConfigError, match=name):
        LiteLLMClient().check(call(params={name: 1}))
    with pytest.raises(ConfigError, match=name):
        ask(params={name: 1})
    assert not server.hits


def test_an_unknown_price_is_refused_before_anything_is_paid(call, ask, server):
    with pytest.raises(UnknownPrice, match=r"price: \{input_usd"):
        LiteLLMClient().check(call(price=None))
    with pytest.raises(UnknownPrice):
        ask(price=None)
    assert not server.hits


def test_concurrent_calls_are_one_hit_each(call, server):
    async def many():
        client = LiteLLMClient()
        replies = await asyncio.gather(*(client.ask(call()) for _ in range(20)))
        await client.aclose()
        return replies

    assert {reply.text for reply in asyncio.run(many())} == {"fine"}
    assert len(server.hits) == 20


def test_a_client_can_be_closed_and_another_opened_in_the_same_loop(call):
    async def one_after_the_other():
        texts = []
        for _ in range(3):
            client = LiteLLMClient()
            texts.append((await client.ask(call())).text)
            await client.aclose()
        return texts

    assert asyncio.run(one_after_the_other()) == ["fine", "fine", "fine"]


@pytest.mark.skipif(not OPEN_FILES.is_dir(), reason="only Linux tells which files a process has open")
def test_closing_gives_the_sockets_back(ask):
    ask()
    before = len(list(OPEN_FILES.iterdir()))
    for _ in range(5):
        ask()
    # The server's ends are this process's too, and close when it notices; a socket kept ends in pytest's own timeout.
    while len(list(OPEN_FILES.iterdir())) > before:
        time.sleep(0.01)


def test_a_client_that_was_never_asked_closes_without_importing_litellm():
    script = (
        "import asyncio, sys; from cascade.clients.litellm import LiteLLMClient; "
        "asyncio.run(LiteLLMClient().aclose()); assert 'litellm' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, env={**os.environ, "PYTHONPATH": "."})


def test_a_cancellation_goes_through(call, server):
    async def cancelled():
        client = LiteLLMClient()
        await client.warm_up()
        task = asyncio.create_task(client.ask(call("hang")))
        await asyncio.to_thread(server.arrived.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await client.aclose()

    asyncio.run(cancelled())


def test_the_embedded_models_answer_through_litellm():
    async def once():
        client = LiteLLMClient()
        messages = ({"role": "user", "content": "could you send 5 red chairs to Lyon by 4 May"},)
        call = ModelCall(rung="small", model="embedded/small", messages=messages, wishes=WISHES)
        reply = await client.ask(call)
        await client.aclose()
        return reply

    reply = asyncio.run(once())
    assert isinstance(reply, Response)
    assert reply.logprobs
    assert reply.cost_usd > 0
