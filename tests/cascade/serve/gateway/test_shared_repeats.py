"""A repetition that reaches another process is paid once: it waits for what runs there, or gets what ended there."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from hashlib import sha256
from typing import Any

import pytest

from cascade.guards.shared.lease_store import open_store
from cascade.serve.gateway import shared_repeats
from cascade.serve.gateway.rendering import Rendering
from cascade.serve.gateway.sameness import Sameness
from cascade.serve.gateway.shared_repeats import SharedRepeats
from tests.cascade.guards.shared.stores import redis, shared
from tests.cascade.log.conftest import postgresql, server_of_postgresql
from tests.cascade.serve.gateway.served import Gate, Reply, cascade_of, gate
from tests.faults.server import Server

__all__ = ["postgresql", "redis", "server_of_postgresql", "shared"]

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
openai = pytest.importorskip("openai")
CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"
FIRST, AGAIN = {"x_stainless_retry_count": "0"}, {"x_stainless_retry_count": "1"}


@contextmanager
def two(server: Server, where: str | None, **models: str) -> Iterator[tuple[Gate, Gate]]:
    """Serve one cascade by two gateways that share a store, each with connections of its own as two processes have."""
    with ExitStack() as stack:
        made = [stack.enter_context(gate(cascade_of(server, **models), shared=where)) for _ in range(2)]
        yield made[0], made[1]


def body(text: str, **fields: Any) -> dict[str, Any]:
    return {"model": "cascade/default", "messages": [{"role": "user", "content": text}], **fields}


def told() -> None:
    """Wait until what has ended was told to the store: no answer waits for it."""
    time.sleep(4 * shared_repeats.TELL_S)


def is_replay(reply: Reply) -> bool:
    return (reply.headers.get("x-cascade-replayed"), reply.headers.get("x-cascade-cost-usd")) == ("1", "0")


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        (CHAT, body("ended")),
        (CHAT, body("ended", stream=True, stream_options={"include_usage": True})),
        (RESPONSES, {"model": "cascade", "input": "ended", "stream": True}),
        (MESSAGES, body("ended", max_tokens=50)),
    ],
)
def test_what_has_ended_in_one_process_is_given_again_by_the_other(
    server: Server, shared: str, path: str, asked: Any
) -> None:
    with two(server, shared) as (one, other):
        first = one.post(path, asked, **FIRST)
        told()
        again = other.post(path, asked, **AGAIN)
        assert other.serving.repeats.replayed == 1
    assert (first.status, again.status, len(server.hits)) == (200, 200, 1)
    assert is_replay(again)
    assert not is_replay(first)
    assert again.headers["x-request-id"] == first.headers["x-request-id"]
    assert b"fine" in again.body
    if not asked.get("stream"):
        ours, theirs = again.json(), first.json()
        assert ours.pop("cascade") == {**theirs.pop("cascade"), "cost_usd": 0.0, "replayed": True}
        assert {**ours, "created": 0} == {**theirs, "created": 0}


def test_a_client_that_times_out_is_answered_by_the_process_that_its_repetition_reaches(
    server: Server, shared: str
) -> None:
    """An unmodified library, whose repetition goes to the other process while the first still works."""
    server.hold(after=0)
    with two(server, shared) as (one, other):
        ports = iter([one.port, other.port])
        with openai.OpenAI(api_key="none", base_url=f"{one.url}/v1", max_retries=1) as client:

            def routed(request: Any) -> None:
                request.url = request.url.copy_with(port=next(ports))
                if request.url.port == one.port:
                    request.extensions["timeout"] = {"connect": 5.0, "read": 0.5, "write": 5.0, "pool": 5.0}

            client._client.event_hooks["request"].append(routed)
            threading.Timer(4.0, server.release).start()  # beyond the grace: the first process hears that it is awaited
            answer = client.chat.completions.create(**body("slow"), timeout=30.0)
    assert answer.choices[0].message.content == "fine"
    assert answer.model_extra["cascade"]["replayed"] is True
    assert len(server.hits) == 1


def test_an_idempotency_key_is_claimed_by_one_process_and_is_for_one_body(server: Server, shared: str) -> None:
    server.hold(after=0)
    with two(server, shared) as (one, other), ThreadPoolExecutor() as pool:
        asked = [pool.submit(made.post, CHAT, body("named"), idempotency_key="k") for made in (one, other, one, other)]
        while one.serving.lifecycle.in_flight + other.serving.lifecycle.in_flight < 4:
            time.sleep(0.01)
        time.sleep(0.3)
        server.release()
        replies = [one.result() for one in asked]
        told()
        differs = [made.post(CHAT, body("another"), idempotency_key="k") for made in (one, other)]
    assert len(server.hits) == 1
    assert sorted(map(is_replay, replies)) == [False, True, True, True]
    assert len({one.headers["x-request-id"] for one in replies}) == 1
    assert [(one.status, one.code) for one in differs] == [(409, "idempotency_key_reused")] * 2


def test_what_failed_in_one_process_is_decided_by_the_other(server: Server, shared: str) -> None:
    with two(server, shared, small="unauthorized", top="unauthorized") as (one, other):
        assert one.post(CHAT, body("x"), idempotency_key="k").status == 401
        told()
        assert other.post(CHAT, body("x"), idempotency_key="k").status == 401
    assert len(server.hits) == 4


def test_an_equal_request_that_repeats_nothing_is_decided_for_itself(server: Server, shared: str) -> None:
    with two(server, shared) as (one, other):
        replies = [one.post(CHAT, body("equal"), **FIRST)]
        told()
        replies.append(other.post(CHAT, body("equal"), **FIRST))
    assert ([is_replay(reply) for reply in replies], len(server.hits)) == ([False, False], 2)


@pytest.mark.parametrize("where", ["not shared", "away"])
def test_without_a_store_a_repetition_is_decided_again_and_the_error_says_so(
    server: Server, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    address = None if where == "not shared" else "redis://127.0.0.1:9/0"
    with caplog.at_level(logging.ERROR), two(server, address) as (one, other):
        replies = [one.post(CHAT, body("away"), **FIRST)]
        told()
        replies.append(other.post(CHAT, body("away"), **AGAIN))
    assert ([reply.status for reply in replies], len(server.hits)) == ([200, 200], 2)
    assert ("a repeated request that reaches another process is paid again" in caplog.text) is (where == "away")


def same(text: str = "b", key: str | None = "k") -> Sameness:
    seal = sha256(text.encode()).digest()
    return Sameness(owner="", path=CHAT, body=text, seal=seal, idempotency_key=key, again=True, retries=True)


def test_what_runs_in_a_killed_process_is_decided_by_another_within_seconds(
    shared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_repeats, "MARK_S", 1.0)

    async def run() -> None:
        killed, lives = (SharedRepeats(open_store(shared)) for _ in range(2))
        assert await killed.claim(same()) is None
        # It is never told again that it runs.
        assert await lives.claim(same()) is None
        for one in (killed, lives):
            await one.aclose()

    asyncio.run(asyncio.wait_for(run(), 20))


def test_what_runs_is_told_again_so_that_nobody_else_begins_it(shared: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_repeats, "MARK_S", 2.0)
    monkeypatch.setattr(shared_repeats, "RENEW_S", 0.2)
    made = Rendering({"x-request-id": "r"}, "ü\ud83d".encode("utf-8", "surrogatepass"))

    async def run() -> None:
        runs, waits = (SharedRepeats(open_store(shared)) for _ in range(2))
        assert await runs.claim(same()) is None
        runs.begin(same())
        waiting = asyncio.create_task(waits.claim(same()))
        await asyncio.sleep(2.8)  # longer than a mark that is not renewed
        assert not waiting.done()
        assert await runs.is_wanted(same())
        assert not await runs.is_wanted(same(key="other"))
        runs.end(same(), made)
        assert await waiting == made
        for one in (runs, waits):
            await one.aclose()

    asyncio.run(asyncio.wait_for(run(), 20))


def test_who_reads_the_store_reads_no_answer_and_who_writes_it_makes_none(
    redis: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept: dict[str, str] = {}

    async def run() -> None:
        store = open_store(redis)
        put = store.put

        async def seen(values: Any, ttl_s: float) -> None:
            kept.update(values)
            await put(values, ttl_s)

        monkeypatch.setattr(store, "put", seen)
        repeats = SharedRepeats(store)
        repeats.begin(same("prompt"))
        repeats.end(same("prompt"), Rendering({"x-request-id": "secret"}, b"secret"))
        await asyncio.sleep(4 * shared_repeats.TELL_S)
        [(name, text)] = kept.items()
        assert "secret" not in name + text
        assert await repeats.claim(same("prompt")) == ({"x-request-id": "secret"}, b"secret")
        other = Sameness(**{**asdict(same("prompt")), "seal": bytes(32)})
        assert await repeats.claim(other) is None, "sealed by another request"
        await repeats.aclose()

    asyncio.run(run())
    assert "cannot be decrypted" in caplog.text


def test_the_store_is_told_of_many_answers_in_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    class Store:
        def __init__(self) -> None:
            self.calls: list[tuple[int, float]] = []

        async def put(self, values: Any, ttl_s: float) -> None:
            self.calls.append((len(values), ttl_s))

        async def aclose(self) -> None: ...

    async def run() -> None:
        store = Store()
        repeats = SharedRepeats(store)  # type: ignore[arg-type]
        for number in range(100):
            repeats.begin(same(key=str(number)))
            repeats.end(same(key=str(number)), Rendering({}, json.dumps(number).encode()))
        await asyncio.sleep(4 * shared_repeats.TELL_S)
        assert store.calls == [(100, shared_repeats.SHARED_S)]
        await repeats.aclose()

    asyncio.run(run())
