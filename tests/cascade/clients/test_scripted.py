"""The public test double says what its script says, and remembers what it was asked."""

from __future__ import annotations

import asyncio

import pytest

from cascade.clients.scripted import ScriptedClient, scripted
from cascade.errors import ConfigError
from cascade.exchange import ModelCall
from cascade.failure import CallFailure, FailureKind
from cascade.usage import Price


def call(rung="small", model="openai/a", **fields):
    return ModelCall(rung=rung, model=model, messages=({"role": "user", "content": "hi"},), **fields)


def ask(client, *calls):
    async def each():
        return [await client.ask(one) for one in calls]

    return asyncio.run(each())


def test_a_text_is_said_each_time():
    client = ScriptedClient({"small": "yes"})
    assert [reply.text for reply in ask(client, call(), call())] == ["yes", "yes"]


def test_a_list_is_said_one_by_one_and_its_end_is_an_error():
    client = ScriptedClient({"small": ["a", scripted("b")]})
    assert [reply.text for reply in ask(client, call(), call())] == ["a", "b"]
    with pytest.raises(ConfigError, match="at its end"):
        ask(client, call())


def test_an_iterator_may_be_endless():
    client = ScriptedClient({"small": (str(n) for n in iter(int, 1))})
    assert [reply.text for reply in ask(client, call(), call())] == ["0", "0"]


def test_a_function_sees_the_call_and_may_be_async():
    async def later(asked):
        return asked.model

    client = ScriptedClient({"small": lambda asked: asked.rung, "top": later})
    assert [reply.text for reply in ask(client, call(), call(rung="top"))] == ["small", "openai/a"]


def test_failures_are_returned_and_exceptions_raised():
    failure = CallFailure(kind=FailureKind.SERVER, message="down")
    client = ScriptedClient({"small": failure, "top": RuntimeError("broken client")})
    assert ask(client, call()) == [failure]
    with pytest.raises(RuntimeError, match="broken"):
        ask(client, call(rung="top"))


def test_a_verifier_is_looked_up_by_its_own_name_and_model_first():
    client = ScriptedClient({"small": "answer", "openai/judge": "verdict", "agreement": "sample"})
    judged, sampled = call(model="openai/judge", verifier="judge"), call(verifier="agreement")
    assert [reply.text for reply in ask(client, call(), judged, sampled)] == ["answer", "verdict", "sample"]


def test_what_has_no_script_gets_the_default_or_an_error():
    assert ask(ScriptedClient(default="anything"), call())[0].text == "anything"
    with pytest.raises(ConfigError, match="No script for 'small' or 'openai/a'"):
        ask(ScriptedClient({"top": "x"}), call())


def test_every_call_is_remembered():
    client = ScriptedClient(default="x")
    ask(client, call(), call(rung="top"))
    assert [asked.rung for asked in client.calls] == ["small", "top"]


def test_the_hook_runs_before_each_answer():
    seen = []

    async def before(asked):
        seen.append(asked.rung)

    ask(ScriptedClient(default="x", before=before), call(), call())
    assert seen == ["small", "small"]


def test_a_text_is_priced_by_the_call():
    (reply,) = ask(ScriptedClient(default="abcd"), call(price=Price(input_usd=0.0, output_usd=1.0)))
    assert reply.cost_usd == 1.0


def test_the_short_way_to_a_response():
    reply = scripted("yes", logprobs=[-0.1, -0.2], cost_usd=0.5, finish_reason="length")
    assert [token.logprob for token in reply.logprobs] == [-0.1, -0.2]
    assert (reply.text, reply.cost_usd, reply.finish_reason) == ("yes", 0.5, "length")
    assert reply.message == {"role": "assistant", "content": "yes"}


def test_a_script_of_something_else_is_an_error():
    with pytest.raises(ConfigError, match="42"):
        ask(ScriptedClient(default=42), call())
