"""Many requests as a stream: read as they are begun, yielded one by one, in order or as they finish."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade import Cascade, ConfigError, DataError, Ladder, Request, Rung, ScriptedClient
from cascade.clients import Client
from cascade.clients.scripted import scripted
from cascade.engine.gather import AHEAD, stream_bounded
from cascade.exchange import ModelCall, Response
from verifiers import Refusal

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
LADDER = Ladder(Rung("m/small", name="small", verify=(Refusal(),)))


def requests() -> Iterator[Request]:
    return (Request.of(f"question {i}", id=f"q{i}") for i in itertools.count())


class Held(Client):
    """Answers all but the first request, which waits to be let go."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()
        self.asked: list[str] = []
        self.cancelled, self.enough = threading.Event(), threading.Event()

    async def ask(self, call: ModelCall) -> Response:
        self.asked.append(call.request_id)
        if len(self.asked) == AHEAD * 2:
            self.enough.set()
        if call.request_id == "q0":
            try:
                await self.let_go.wait()
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        return scripted("Fine.")


def test_results_come_in_the_order_of_the_requests_and_no_more_are_read_than_needed() -> None:
    read: list[int] = []

    def reading() -> Iterator[Request]:
        for i, request in enumerate(requests()):
            read.append(i)
            yield request

    with Cascade(LADDER, client=ScriptedClient(default="Fine.")) as app:
        results = app.stream_many(reading(), concurrency=3)
        found = [next(results).request_id for _ in range(10)]
        results.close()
    assert found == [f"q{i}" for i in range(10)]
    assert len(read) <= 10 + 2 * AHEAD * 3


def test_as_finished_a_slow_one_holds_up_no_other() -> None:
    client = Held()
    with Cascade(LADDER, client=client) as app:
        results = app.stream_many(requests(), concurrency=2, order="as-finished")
        found = [next(results).request_id for _ in range(50)]
        results.close()
    assert found == [f"q{i}" for i in range(1, 51)]


def test_in_order_those_behind_a_slow_one_wait_and_no_further_ones_begin() -> None:
    client = Held()

    async def first() -> str:
        results = app.astream_many(requests(), concurrency=2)
        task = asyncio.ensure_future(anext(results))
        await asyncio.to_thread(client.enough.wait)
        app._loop_thread._loop.call_soon_threadsafe(client.let_go.set)
        found = await task
        await results.aclose()
        return found.request_id

    with Cascade(LADDER, client=client) as app:
        assert asyncio.run(first()) == "q0"
    assert client.asked[: AHEAD * 2] == [f"q{i}" for i in range(AHEAD * 2)]
    assert len(client.asked) <= AHEAD * 2 * 2


def test_ending_the_iteration_cancels_what_is_in_flight() -> None:
    client = Held()
    with Cascade(LADDER, client=client) as app:
        for _ in app.stream_many(requests(), concurrency=2, order="as-finished"):
            break
        assert client.cancelled.wait(30)


def test_a_request_that_cannot_be_read_ends_it_after_those_that_were_begun() -> None:
    def broken() -> Iterator[Request]:
        yield from itertools.islice(requests(), 5)
        message = "line 6: it is not JSON"
        raise DataError(message)

    found: list[str] = []
    with Cascade(LADDER, client=ScriptedClient(default="Fine.")) as app, pytest.raises(DataError, match="line 6"):
        found.extend(result.request_id for result in app.stream_many(broken(), concurrency=2))
    assert found == [f"q{i}" for i in range(5)]


@pytest.mark.parametrize("options", [{"order": "sorted"}, {"concurrency": 0}])
def test_what_cannot_be_used_is_an_error(options: dict) -> None:
    with Cascade(LADDER, client=ScriptedClient(default="Fine.")) as app, pytest.raises(ConfigError, match="expected"):
        next(app.stream_many(requests(), **options))


@given(turns=st.lists(st.integers(0, 5), max_size=30), concurrency=st.integers(1, 5), ordered=st.booleans())
def test_every_item_is_worked_on_once_and_at_most_so_many_at_once(turns, concurrency, ordered) -> None:
    at_work = most = 0

    async def work(index: int, n: int) -> int:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        for _ in range(n):
            await asyncio.sleep(0)
        at_work -= 1
        return index

    async def collected() -> list[tuple[int, int]]:
        stream = stream_bounded(work, turns, concurrency, ordered=ordered)
        return [one async for batch in stream for one in batch]

    found = asyncio.run(collected())
    assert sorted(found) == [(i, i) for i in range(len(turns))]
    assert not ordered or found == sorted(found)
    assert most <= concurrency
