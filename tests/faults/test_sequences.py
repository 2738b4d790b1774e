"""A connection as a state machine: sequences of answers, strays and ends, through both clients over real sockets."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cascade.clients import Client
from cascade.clients.answered import is_unique
from cascade.clients.direct import DirectClient
from cascade.clients.litellm import LiteLLMClient
from cascade.exchange import ModelCall, Response
from cascade.failure import CallFailure
from cascade.guards.retry import ask_with_retry
from cascade.usage import Price
from tests.faults.scripted import ScriptedServer, Step

PRICE = Price(input_usd=1e-6, output_usd=2e-6)
Reply = Response | CallFailure

whole = st.builds(
    Step,
    form=st.sampled_from(["length", "chunked", "interim"]),
    extra=st.sampled_from(["", "", "answer", "garbage", "408"]),
    after=st.sampled_from(["", "", "close", "half-close", "answer", "garbage", "408"]),
)
broken = st.sampled_from([Step(form=form) for form in ("end", "drop", "reset", "cut", "error")])
sequences = st.lists(st.tuples(st.one_of(whole, whole, broken), st.booleans()), min_size=1, max_size=7)


@pytest.fixture(params=[DirectClient, LiteLLMClient])
def make(request: pytest.FixtureRequest) -> Callable[[], Client]:
    return request.param


def call(server: ScriptedServer, text: str) -> ModelCall:
    message = {"role": "user", "content": text}
    fields = {"api_base": server.url, "api_key": "k", "price": PRICE, "timeout_s": 20.0}
    return ModelCall(rung="r", model="openai/m", messages=(message,), **fields)


def play(
    make: Callable[[], Client], steps: Sequence[tuple[Step, bool]], asks: int, **options: Any
) -> tuple[list[Reply], ScriptedServer]:
    """Ask one after the other; between two asks comes what the script has for after an answer, seen by then or not."""

    async def run() -> tuple[list[Reply], ScriptedServer]:
        client, replies = make(), []
        waits = [wait for _, wait in steps] + [False] * asks
        async with ScriptedServer(deque(step for step, _ in steps), **options) as server:
            for number in range(asks):
                replies.append(await client.ask(call(server, f"question {number}")))
                await server.go_on(wait=waits[number])
            await client.aclose()
            return replies, server

    return asyncio.run(run())


@settings(max_examples=200)
@given(steps=sequences)
def test_no_sequence_on_a_connection_of_ours_gives_a_request_what_is_not_its_own(steps) -> None:
    hold(DirectClient, steps)


@settings(max_examples=12)
@given(steps=sequences)
def test_no_sequence_on_a_connection_below_litellm_gives_a_request_what_is_not_its_own(steps) -> None:
    hold(LiteLLMClient, steps)


@pytest.mark.parametrize("form", ["drop", "reset"])
def test_a_kept_connection_is_replaced_once_a_call_however_many_are_kept(make, form) -> None:
    async def run() -> tuple[Reply, list[str]]:
        client = make()
        async with ScriptedServer(deque([Step(), Step(), *[Step(form=form)] * 4])) as server:
            await asyncio.gather(*(client.ask(call(server, f"kept {number}")) for number in range(2)))
            await server.go_on(wait=False)
            asked = replace(call(server, "question"), request_id="r-1")
            reply = await ask_with_retry(client, asked, left_s=lambda: 20.0, jitter=lambda: 0.0)
            await client.aclose()
            return reply, [seen.text for seen in server.seen]

    reply, seen = asyncio.run(run())
    assert isinstance(reply, CallFailure)
    assert (reply.kind, reply.tries) == ("dropped", 2)
    assert seen.count("question") == 3, "two tries, one of them on a connection that was found closed"


def hold(make: Callable[[], Client], steps: Sequence[tuple[Step, bool]]) -> None:
    replies, server = play(make, steps, len(steps) + 1)
    assert not [seen for seen in server.seen if seen.spoiled]
    asked = Counter(seen.text for seen in server.seen)
    for number, reply in enumerate(replies):
        *before, last = [seen for seen in server.seen if seen.text == f"question {number}"]
        # Sent again only where a kept connection ended without a byte, and then on a fresh one.
        assert asked[last.text] <= 2
        assert all(first.kept and first.step.form in {"drop", "reset"} and not last.kept for first in before)
        if make is LiteLLMClient and last.step.extra == "garbage" and isinstance(reply, CallFailure):
            continue  # aiohttp's parser drops the answer before what it cannot read
        if last.step.answers:
            assert isinstance(reply, Response)
            assert (reply.text, reply.flags) == (f"question {number}", ())
        else:
            assert isinstance(reply, CallFailure)
            kinds = {"drop": "dropped", "reset": "dropped", "cut": "bad_body", "error": "server"}
            assert reply.kind == kinds[last.step.form]


def test_a_server_that_closes_at_every_second_request_costs_no_failure(make) -> None:
    replies, server = play(make, [], 6, one_answer_each=True)
    assert [reply.text for reply in replies] == [f"question {number}" for number in range(6)]
    assert not [reply for reply in replies if reply.tries > 1]
    assert [seen for seen in server.seen if seen.step.form == "drop"]


def test_a_fresh_connection_that_closes_is_a_failure_that_may_be_billed(make) -> None:
    (reply,), server = play(make, [(Step(form="drop"), False)], 1)
    assert (reply.kind, reply.maybe_charged, len(server.seen)) == ("dropped", True, 1)


@pytest.mark.parametrize("wait", [True, False])
def test_a_second_answer_that_comes_late_serves_nobody(make, wait) -> None:
    replies, server = play(make, [(Step(after="answer"), wait)] * 10, 10)
    assert [reply.text for reply in replies] == [f"question {number}" for number in range(10)]
    assert len(server.seen) == 10


def test_an_error_is_acted_upon_though_its_body_hangs() -> None:
    replies, _ = play(lambda: DirectClient(error_body_s=0.05), [(Step(form="hang-error"), False)], 1)
    assert (replies[0].kind, replies[0].status) == ("server", 500)


UNIQUE = "chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG"


def test_an_id_that_answered_another_request_is_misbehaved(make) -> None:
    replies, _ = play(make, [], 2, answer_id=UNIQUE)
    assert isinstance(replies[0], Response)
    assert (replies[1].kind, replies[1].maybe_charged) == ("misbehaved", True)


def test_an_id_that_comes_again_to_the_same_request_is_a_cache(make) -> None:
    async def run() -> list[Reply]:
        client = make()
        async with ScriptedServer(deque(), answer_id=UNIQUE) as server:
            replies = [await client.ask(call(server, "the same")) for _ in range(3)]
            await client.aclose()
        return replies

    assert [reply.text for reply in asyncio.run(run())] == ["the same"] * 3


@pytest.mark.parametrize(
    ("answer_id", "unique"),
    [
        (UNIQUE, True),
        ("chatcmpl-4f9a8b7c6d5e4f3a8b2c1d0e9f8a7b6c", True),
        ("gen-1732600000-b8Kx2LmNpQrStUvWxYz0", True),
        ("0195b2c4-7d7e-7b3a-9a51-2f7f0c1d9e33", True),
        *((plain, False) for plain in ("c1", "", "chatcmpl-1", "chatcmpl-123", "chatcmpl-local-model-response")),
        ("chatcmpl-000000000000000000000001", False),
    ],
)
def test_an_id_is_evidence_only_where_it_looks_drawn(answer_id, unique) -> None:
    assert is_unique(answer_id) == unique
