"""What processes keep for each other in their store: the floor of a session holds whichever process goes on with it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cascade import Cascade, Ladder, Rung, Settings
from cascade.clients.scripted import ScriptedClient, scripted
from cascade.guards.limits import Limits
from cascade.guards.shared.lease_store import open_store
from tests.cascade.guards.shared.stores import redis, shared
from tests.cascade.log.conftest import postgresql, server_of_postgresql

__all__ = ["postgresql", "redis", "server_of_postgresql", "shared"]

pytestmark = [
    pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning"),
    pytest.mark.filterwarnings("ignore::cascade.settings.LadderWarning"),
]

CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
MESSAGE = {"role": "assistant", "content": None, "tool_calls": [CALL]}
TOOLS = {"tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]}
ASKED = [{"role": "user", "content": "Look, please."}]
ANSWERED = [*ASKED, MESSAGE, {"role": "tool", "tool_call_id": "call_1", "content": "a cat"}]


def app_of(where: str, mode: Any = "exchange", **scripts: Any) -> Cascade:
    ladder = Ladder(Rung("a/s", name="small"), Rung("a/m", name="middle"), Rung("a/l", name="large"))
    client = ScriptedClient({"small": "Seen.", "middle": "Seen.", "large": "Seen.", **scripts})
    settings = Settings(session_floor=mode)
    return Cascade(ladder, client=client, verify=["refusal", "schema"], settings=settings, limits=Limits(shared=where))


def test_a_value_is_there_for_other_processes_until_another_takes_its_place(shared: str) -> None:
    async def run() -> None:
        one, other = open_store(shared), open_store(shared)
        await one.put({"a": "1", "b": "ü"}, 60.0)
        await other.put({"a": "2"}, 60.0)
        assert await one.get(["a", "nothing", "b"]) == ["2", None, "ü"]
        for store in (one, other):
            await store.aclose()

    asyncio.run(run())


def test_a_count_is_raised_by_all_processes_and_a_name_is_claimed_by_one(shared: str) -> None:
    async def run() -> None:
        stores = [open_store(shared) for _ in range(3)]
        counted = await asyncio.gather(*(store.increase("n", 60.0) for store in stores * 5))
        assert sorted(counted) == list(range(15))
        claimed = await asyncio.gather(*(store.claim("c", str(i), 60.0) for i, store in enumerate(stores)))
        [winner] = [i for i, held in enumerate(claimed) if held is None]
        assert {held for held in claimed if held is not None} == {str(winner)}
        await stores[0].put({"c": ""}, 0.0)
        assert await stores[1].claim("c", "again", 0.2) is None, "dropped"
        await asyncio.sleep(0.4)
        assert await stores[2].get(["c"]) == [None], "expired"
        assert await stores[2].claim("c", "after", 60.0) is None
        for store in stores:
            await store.aclose()

    asyncio.run(run())


def test_the_floor_of_a_session_holds_in_another_process(shared: str) -> None:
    refused = scripted("I'm sorry, I can't help with that.")
    calling = scripted("", tool_calls=(CALL,), finish_reason="tool_calls", message=MESSAGE)
    with app_of(shared, small=refused, middle=calling) as first, app_of(shared) as second:
        assert first.run(messages=ASKED, params=TOOLS, session="s", principal="ann").rung == "middle"
        went_on = second.run(messages=ANSWERED, session="s", principal="ann")
        assert (went_on.rung, went_on.skipped) == ("middle", {"small": "session_floor"})
        assert "session_floor_unknown" not in went_on.flags
        for session, principal in (("other", "ann"), ("s", "bob")):
            unknown = second.run(messages=ANSWERED, session=session, principal=principal)
            assert (unknown.rung, "session_floor_unknown" in unknown.flags) == ("small", True)


def test_the_highest_rung_of_a_session_holds_in_another_process(shared: str) -> None:
    refused = scripted("I'm sorry, I can't help with that.")
    with app_of(shared, "always", small=refused) as first, app_of(shared, "always") as second:
        assert second.run(messages=ASKED, session="s").rung == "small"
        assert first.run(messages=ASKED, session="s").rung == "middle"
        assert second.run(messages=ASKED, session="s").rung == "middle"


def test_while_the_store_is_away_requests_of_sessions_go_on_and_say_that_the_floor_is_not_known() -> None:
    with app_of("redis://127.0.0.1:9/0") as app:
        result = app.run(messages=ANSWERED, session="s")
    assert (result.rung, "session_floor_unknown" in result.flags) == ("small", True)
