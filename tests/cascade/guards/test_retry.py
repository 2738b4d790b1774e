"""The one retry loop: how often, how long, at whose cost, and never beyond the time that is left."""

from __future__ import annotations

import asyncio
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.clients.litellm import LiteLLMClient
from cascade.clients.scripted import ScriptedClient, scripted
from cascade.exchange import ModelCall
from cascade.failure import TREATMENTS, CallFailure, FailureKind
from cascade.guards.endpoint_pool import EndpointPool
from cascade.guards.retry import MOST_RETRY_AFTER_S, ask_with_retry
from cascade.usage import Price, Usage
from tests.faults.server import Server

CALL = ModelCall(rung="small", model="openai/a", messages=({"role": "user", "content": "hi"},), timeout_s=5.0)


def failure(kind=FailureKind.SERVER, **fields):
    return CallFailure(kind=kind, message="down", **fields)


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self, left_s=None):
        self.now, self.left, self.slept = 0.0, left_s, []

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds

    def run(self, client, call=CALL, jitter=0.5):
        def left_s():
            return None if self.left is None else self.left - self.now

        pool = EndpointPool(clock=lambda: self.now)
        ways = {"pool": pool, "sleep": self.sleep, "jitter": lambda: jitter}
        return asyncio.run(ask_with_retry(client, call, left_s=left_s, **ways))


def test_a_passing_failure_is_asked_again_and_the_costs_are_summed():
    lost = failure(cost_usd=0.25, latency_s=1.0, usage=Usage(input_tokens=3))
    client = ScriptedClient(
        {"small": [lost, scripted("yes", cost_usd=0.5, latency_s=2.0, usage=Usage(input_tokens=3))]}
    )
    reply = Clock().run(client)
    assert (reply.text, reply.tries, reply.cost_usd, reply.usage.input_tokens) == ("yes", 2, 0.75, 6)
    assert reply.latency_s == 1.0 + 0.25 + 2.0


@pytest.mark.parametrize("kind", FailureKind)
def test_each_kind_is_tried_as_often_as_its_treatment_says(kind):
    client = ScriptedClient({"small": failure(kind)})
    reply = Clock().run(client)
    assert (reply.kind, reply.tries) == (kind, 1 + TREATMENTS[kind].retries)
    assert len(client.calls) == reply.tries


def test_the_provider_s_patience_is_honoured():
    clock = Clock()
    clock.run(ScriptedClient({"small": failure(FailureKind.RATE_LIMITED, retry_after_s=7.0)}))
    assert clock.slept == [7.0 + 0.25, 7.0 + 0.5]


@pytest.mark.parametrize(("asked", "left"), [(7.0, 7.0), (MOST_RETRY_AFTER_S + 1, None), (86400.0, 1e9)])
def test_a_wait_that_is_too_long_is_not_begun(asked, left):
    clock = Clock(left)
    reply = clock.run(ScriptedClient({"small": failure(FailureKind.RATE_LIMITED, retry_after_s=asked)}))
    assert (clock.slept, reply.tries, reply.kind) == ([], 1, "rate_limited")


@given(st.floats(0, 1, exclude_max=True), st.none() | st.floats(0, 100), st.none() | st.floats(0, 200))
def test_waiting_never_passes_the_deadline(jitter, left, asked):
    clock = Clock(left)
    clock.run(ScriptedClient({"small": failure(retry_after_s=asked)}), jitter=jitter)
    assert sum(clock.slept) <= (math.inf if left is None else left)


def test_a_try_gets_the_time_that_is_left():
    client = ScriptedClient({"small": "yes"})
    Clock(left_s=2.0).run(client)
    Clock(left_s=60.0).run(client)
    assert [call.timeout_s for call in client.calls] == [2.0, 5.0]


def test_with_no_time_left_nobody_is_asked():
    client = ScriptedClient({"small": "yes"})
    reply = Clock(left_s=0.0).run(client)
    assert (reply.kind, reply.tries, client.calls) == ("deadline", 0, [])


async def forever(_):
    await asyncio.Event().wait()


def test_a_client_that_never_returns_is_a_timeout_each_time():
    client = ScriptedClient({"small": "yes"}, before=forever)
    reply = Clock().run(client, ModelCall(rung="small", model="m", messages=CALL.messages, timeout_s=0.01))
    assert (reply.kind, reply.tries) == ("timeout", 2)


def test_a_client_that_outlasts_the_deadline_is_no_fault_of_the_provider():
    reply = Clock(left_s=0.01).run(ScriptedClient({"small": "yes"}, before=forever))
    assert (reply.kind, reply.tries) == ("deadline", 1)


def test_a_client_s_own_timeout_error_is_not_swallowed():
    with pytest.raises(TimeoutError, match="mine"):
        Clock().run(ScriptedClient({"small": TimeoutError("mine")}))


def test_a_recording_without_a_cost_stays_without():
    assert Clock().run(ScriptedClient({"small": scripted("yes", cost_usd=None)})).cost_usd is None


@pytest.mark.parametrize(
    ("script", "hits", "text"),
    [
        (["ok"], 1, "fine"),
        (["server-error", "ok"], 2, "fine"),
        (["truncated", "ok"], 2, "fine"),
        (["unauthorized"], 1, None),
    ],
)
def test_over_http_the_hits_are_the_tries(script, hits, text):
    async def once(url):
        client = LiteLLMClient()
        price = Price(input_usd=1e-6, output_usd=1e-6)
        call = ModelCall(
            rung="small", model="openai/x", messages=CALL.messages, api_base=url, api_key="sk-test-123456", price=price
        )
        try:
            return await ask_with_retry(client, call, left_s=lambda: None, jitter=lambda: 0.0)
        finally:
            await client.aclose()

    with Server() as server:
        server.script(*script)
        reply = asyncio.run(once(server.url))
        assert (len(server.hits), reply.tries) == (hits, hits)
    assert getattr(reply, "text", None) == text
