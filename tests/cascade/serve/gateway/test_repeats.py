"""The same request twice is paid once: joined while it runs, given again for a minute, refused where it is another."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from cascade.dialects.inbound.error_bodies import Refusal
from cascade.result import Result
from cascade.serve.gateway.rendering import Rendering
from cascade.serve.gateway.repeats import KEPT_S, MOST_KEPT, Repeats
from cascade.serve.gateway.sameness import Sameness
from tests.cascade.serve.gateway.served import HI, Gate, Reply, cascade_of, gate
from tests.faults.server import Server

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
openai = pytest.importorskip("openai")
CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def open_gate(_server: Server) -> Iterator[Gate]:
    with gate(cascade_of(_server)) as made:
        yield made


def body(text: str, **fields: Any) -> dict[str, Any]:
    return {"model": "cascade/default", "messages": [{"role": "user", "content": text}], **fields}


def at_once(made: Gate, server: Server, *asked: tuple[dict[str, Any], dict[str, str]]) -> list[Reply]:
    """Ask all while the provider holds its answers back, then let it answer."""
    server.hold(after=0)
    replies: list[Reply] = []
    threads = [
        threading.Thread(target=lambda one=one, headers=headers: replies.append(made.post(CHAT, one, **headers)))
        for one, headers in asked
    ]
    for thread in threads:
        thread.start()
    while made.serving.lifecycle.in_flight < len(asked):
        time.sleep(0.005)
    time.sleep(0.1)
    server.release()
    for thread in threads:
        thread.join()
    return replies


@pytest.mark.parametrize("stream", [False, True])
def test_the_same_request_joins_the_one_that_runs(open_gate: Gate, server: Server, *, stream: bool) -> None:
    same = (body("joined", stream=stream), {})
    replies = at_once(open_gate, server, same, same, same)
    assert len(server.hits) == 1
    assert {one.status for one in replies} == {200}
    assert sorted(one.headers.get("x-cascade-replayed", "") for one in replies) == ["", "1", "1"]
    assert len({one.headers["x-request-id"] for one in replies}) == 1
    costs = sorted(float(one.headers["x-cascade-cost-usd"]) for one in replies)
    assert costs[:2] == [0.0, 0.0]
    assert costs[2] > 0


def test_what_the_client_names_otherwise_does_not_join(open_gate: Gate, server: Server) -> None:
    first, second = {"idempotency_key": "a"}, {"idempotency_key": "b"}
    replies = at_once(open_gate, server, (body("named"), first), (body("named"), second))
    assert ([one.status for one in replies], len(server.hits)) == ([200, 200], 2)


def test_a_repetition_is_answered_from_memory_and_an_equal_request_is_not(open_gate: Gate, server: Server) -> None:
    first = open_gate.post(CHAT, body("again"), x_stainless_retry_count="0")
    again = open_gate.post(CHAT, body("again"), x_stainless_retry_count="1")
    other = open_gate.post(CHAT, body("again"))
    assert len(server.hits) == 2
    assert (again.headers["x-cascade-replayed"], again.headers["x-cascade-cost-usd"]) == ("1", "0")
    assert again.json()["cascade"]["cost_usd"] == 0
    assert again.json()["id"] == first.json()["id"] != other.json()["id"]
    assert "x-cascade-replayed" not in other.headers


def test_an_idempotency_key_is_for_one_body(open_gate: Gate, server: Server) -> None:
    named = {"idempotency_key": "mine"}
    first, again = (open_gate.post(CHAT, body("one"), **named) for _ in range(2))
    other = open_gate.post(CHAT, body("two"), **named)
    assert (first.status, again.headers["x-cascade-replayed"], len(server.hits)) == (200, "1", 1)
    assert (other.status, other.code, other.headers["x-should-retry"]) == (409, "idempotency_key_reused", "false")
    assert open_gate.post("/v1/responses", {"model": "cascade", "input": "one"}, **named).status == 200


def test_a_failure_is_not_given_again(server: Server) -> None:
    with gate(cascade_of(server, "unauthorized", "unauthorized")) as made:
        statuses = [made.post(CHAT, body("x"), idempotency_key="k").status for _ in range(2)]
    assert (statuses, len(server.hits)) == ([401, 401], 4)


def test_a_client_that_times_out_and_asks_again_pays_once(open_gate: Gate, server: Server) -> None:
    """Its library hangs up in the middle: what runs goes on for its repetition."""
    server.hold(after=0)
    releasing = threading.Timer(1.0, server.release)
    with openai.OpenAI(api_key="none", base_url=f"{open_gate.url}/v1", max_retries=3) as client:
        # The transport gives up earlier than the library says that it waits.
        sent: list[Any] = []
        client._client.event_hooks["request"].append(lambda request: _short(request, sent))
        releasing.start()
        answer = client.chat.completions.create(model="cascade/default", messages=HI, timeout=30.0)
    assert answer.choices[0].message.content == "fine"
    assert len(sent) >= 2
    assert len(server.hits) == 1


def _short(request: Any, sent: list[Any]) -> None:
    if not sent:
        request.extensions["timeout"] = {"connect": 5.0, "read": 0.3, "write": 5.0, "pool": 5.0}
    sent.append(request)


def test_a_library_that_waits_too_short_is_told_before_and_asks_no_more(open_gate: Gate, server: Server) -> None:
    server.mode = "hang"
    with (
        openai.OpenAI(api_key="none", base_url=f"{open_gate.url}/v1", max_retries=3) as client,
        pytest.raises(openai.InternalServerError) as error,
    ):
        client.chat.completions.create(model="cascade/default", messages=body("slow")["messages"], timeout=3)
    assert (error.value.status_code, len(server.hits)) == (504, 1)


def same(text: str, **fields: Any) -> Sameness:
    return Sameness(owner="", path=CHAT, body=text, seal=b"", **fields)


async def decided() -> Result[Any]:
    return Result(request_id="r", decision_id="d", task="default", outcome="accepted", answer="yes")


def rendered(result: Result[Any]) -> Rendering:
    return Rendering({}, str(result.answer).encode())


def test_memory_ends_after_a_minute_and_is_bounded() -> None:
    async def run() -> None:
        now = [0.0]
        repeats = Repeats(clock=lambda: now[0])
        for number in range(MOST_KEPT + 50):
            await repeats.answer(same(str(number)), decided, rendered)
        assert (await repeats.answer(same("3", again=True), decided, rendered)).replayed is False
        assert (await repeats.answer(same(str(MOST_KEPT), again=True), decided, rendered)).replayed is True
        now[0] += KEPT_S + 1
        assert (await repeats.answer(same(str(MOST_KEPT), again=True), decided, rendered)).replayed is False

    asyncio.run(run())


def test_work_is_cancelled_once_nobody_waits_and_not_before() -> None:
    async def run() -> None:
        repeats, begun, ended = Repeats(), asyncio.Event(), []

        async def slow() -> Result[Any]:
            begun.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                ended.append("cancelled")
                raise
            return await decided()

        waiters = [asyncio.create_task(repeats.answer(same("a"), slow, rendered)) for _ in range(2)]
        await begun.wait()
        waiters[0].cancel()
        await asyncio.wait(waiters[:1])
        assert (repeats.running, ended) == (1, [])
        waiters[1].cancel()
        await asyncio.wait(waiters[1:])
        await asyncio.sleep(0)
        assert ended == ["cancelled"]

    asyncio.run(run())


def test_the_end_of_the_server_is_told_to_who_still_waits() -> None:
    async def run() -> None:
        repeats = Repeats()
        waiting = asyncio.create_task(repeats.answer(same("a"), _never, rendered))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        repeats.cancel()
        with pytest.raises(Refusal, match="shutting down"):
            await waiting

    asyncio.run(run())


async def _never() -> Result[Any]:
    await asyncio.Event().wait()
    return await decided()
