"""A wrapped client's stream that is passed on as it comes: the library's own events, errors and hang-ups."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import cascade
from cascade.engine.cascade import Cascade
from cascade.ladder import Ladder, Rung
from cascade.settings import Settings
from tests.cascade.drop_in.conftest import PRICE, OwnModel
from tests.faults.streams import CUT, FINE, StreamServer, chunk

openai = pytest.importorskip("openai")
HI: list[Any] = [{"role": "user", "content": "fine"}]
TOOL_CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
SCRIPTS = {"cut": [*FINE[:2], CUT], "down": (500, b"{}"), "call": [chunk({"tool_calls": [TOOL_CALL]}, "tool_calls")]}


@pytest.fixture
def provider() -> Iterator[StreamServer]:
    with StreamServer(**SCRIPTS) as made:
        yield made


@pytest.fixture
def app(provider: StreamServer, tmp_path: Path) -> Iterator[Cascade]:
    where: dict[str, Any] = {"api_base": provider.url, "api_key": "k", "price": PRICE, "timeout_s": 5.0, "verify": []}
    ladder = Ladder(Rung("openai/small", name="small", **where), Rung("openai/top", name="top", **where))
    settings = Settings(on_stream="top_live", mode="observe")
    with Cascade(ladder, settings=settings, log=tmp_path / "log.db") as made:
        yield made


def outcomes(folder: Path) -> list[Any]:
    with closing(sqlite3.connect(folder / "log.db")) as connection:
        return connection.execute("SELECT outcome, first_piece_s > 0 FROM decisions ORDER BY sequence").fetchall()


def test_a_program_gets_the_first_piece_while_the_provider_holds_the_rest(
    client: Any, app: Cascade, provider: StreamServer, tmp_path: Path
) -> None:
    wrapped = cascade.wrap(client, app=app)
    texts: list[str] = []
    for event in wrapped.chat.completions.create(model="gpt-4o", messages=HI, stream=True):
        texts += [event.choices[0].delta.content or ""] if event.choices else []
        if "It is" in texts:
            provider.go_on()
    assert "".join(texts) == "It is fine."
    with wrapped.responses.stream(model="gpt-4o", input="call") as stream:
        (item,) = stream.get_final_response().output
    assert (item.call_id, item.name, item.arguments) == ("call_1", "f", '{"a": 1}')
    app.close()
    assert outcomes(tmp_path) == [("accepted", 1)] * 2


def test_an_async_program_too_and_where_it_hangs_up_the_call_is_broken_off(
    async_client: Any, app: Cascade, provider: StreamServer, tmp_path: Path
) -> None:
    async def go() -> None:
        stream = await cascade.wrap(async_client, app=app).chat.completions.create(
            model="gpt-4o", messages=HI, stream=True
        )
        async for event in stream:
            if event.choices[0].delta.content:
                break
        await stream.close()
        assert await asyncio.to_thread(provider.broken.wait, 10)

    asyncio.run(go())
    app.close()
    assert outcomes(tmp_path) == [("cancelled", 1)]


def test_what_breaks_after_the_first_piece_is_the_librarys_error_and_goes_to_no_other_model(
    client: Any, own: OwnModel, app: Cascade, provider: StreamServer, tmp_path: Path
) -> None:
    wrapped = cascade.wrap(client, app=app)
    cut = wrapped.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "cut"}], stream=True)
    texts = [next(cut).choices[0].delta.content for _ in range(2)]
    with pytest.raises(openai.APIError, match="connection broke"):
        next(cut)
    with pytest.raises(openai.InternalServerError):
        wrapped.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "down"}], stream=True)
    assert ("".join(texts), own.bodies) == ("It is", [])
    app.close()
    assert outcomes(tmp_path) == [("failed", 1), ("failed", None)]
