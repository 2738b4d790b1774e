"""wrap(): a program of Anthropic's library goes on as it was, and its requests run the cascade."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

import cascade
from cascade.clients.scripted import scripted
from cascade.errors import BudgetExceeded, ConfigError, DeadlineExceeded
from cascade.guards.limits import Limits
from cascade.ladder import Ladder, Rung
from cascade.log import open_log
from cascade.settings import Settings
from tests.cascade.drop_in.conftest import PRICE, cascade_of
from tests.faults.streams import StreamServer

anthropic = pytest.importorskip("anthropic", reason="make clients runs it: it does not share litellm's environment")

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
HI: list[Any] = [{"role": "user", "content": "hi"}]
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
TOOL: Any = {"name": "weather", "input_schema": {"type": "object"}}


def http_of_anthropic() -> Any:
    names = [kind.__module__.partition(".")[0] for kind in type(anthropic.Anthropic(api_key="k")._client).__mro__]
    return import_module(next(name for name in names if name in {"httpx", "httpx2"}))


@pytest.fixture
def sent() -> list[Any]:
    return []


@pytest.fixture
def answers(sent: list[Any]) -> Any:
    http = http_of_anthropic()

    def answer(request: Any) -> Any:
        sent.append((request.url.path, json.loads(request.content)))
        if request.url.path.endswith("/count_tokens"):
            return http.Response(200, json={"input_tokens": 3})
        block, usage = {"type": "text", "text": "By the own model."}, {"input_tokens": 11, "output_tokens": 5}
        head = {"id": "msg", "type": "message", "role": "assistant", "model": "claude", "stop_reason": "end_turn"}
        return http.Response(200, json={**head, "content": [block], "usage": usage, "stop_sequence": None})

    return answer


@pytest.fixture
def client(answers: Any) -> Iterator[Any]:
    http = http_of_anthropic()
    given = http.Client(transport=http.MockTransport(answers))
    with anthropic.Anthropic(api_key="k", http_client=given) as made:
        yield made


@pytest.fixture
def async_client(answers: Any) -> Any:
    http = http_of_anthropic()
    return anthropic.AsyncAnthropic(api_key="k", http_client=http.AsyncClient(transport=http.MockTransport(answers)))


def ask(client: Any, **fields: Any) -> Any:
    return client.messages.create(model="claude-x", max_tokens=50, messages=HI, **fields)


def test_a_wrapped_client_returns_the_librarys_own_message(client, async_client, sent):
    with cascade_of() as app:
        wrapped = cascade.wrap(client, app=app)
        assert type(wrapped) is type(client)
        message = ask(wrapped)
        assert asyncio.run(ask(cascade.wrap(async_client, app=app))).content[0].text == "Fine."
    assert type(message).__name__ == "Message"
    assert (message.content[0].text, message.stop_reason) == ("Fine.", "end_turn")
    assert message.cascade["rung"] == "small"
    assert sent == []


def test_streams_are_what_the_library_makes_of_them(client, async_client):
    async def stream() -> Any:
        async with cascade.wrap(async_client, app=app).messages.stream(model="m", max_tokens=5, messages=HI) as events:
            return await events.get_final_text()

    text = "one two three " * 30
    with cascade_of(text) as app:
        with cascade.wrap(client, app=app).messages.stream(model="m", max_tokens=5, messages=HI) as events:
            assert "".join(events.text_stream) == text
            assert events.get_final_message().content[0].text == text
        assert asyncio.run(stream()) == text
        kinds = [event.type for event in ask(cascade.wrap(client, app=app), stream=True)]
        assert (kinds[0], kinds[-1]) == ("message_start", "message_stop")


def test_a_tool_loop_goes_round(client):
    called = scripted("", tool_calls=(CALL,), finish_reason="tool_calls")
    with cascade_of([called, "It rains."]) as app:
        wrapped = cascade.wrap(client, app=app)
        first = ask(wrapped, tools=[TOOL])
        (use,) = first.content
        assert (first.stop_reason, use.name, use.input) == ("tool_use", "weather", {"city": "Oslo"})
        result = {"type": "tool_result", "tool_use_id": use.id, "content": "rain"}
        chat = [*HI, {"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
        last = wrapped.messages.create(model="m", max_tokens=50, messages=chat, tools=[TOOL])
    assert last.content[0].text == "It rains."


def test_everything_else_goes_to_the_original_client(client, sent):
    with cascade_of() as app:
        assert cascade.wrap(client, app=app).messages.count_tokens(model="m", messages=HI).input_tokens == 3
    assert sent[0][0] == "/v1/messages/count_tokens"


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_errors_are_the_librarys_own_with_ours_as_cause_and_are_not_retried(client, async_client, sent, kind):
    def run(wrapped: Any) -> Any:
        return ask(wrapped) if kind == "sync" else asyncio.run(ask(wrapped))

    given, asked = client if kind == "sync" else async_client, []

    async def slow(call: Any) -> str:
        asked.append(call)
        await asyncio.sleep(30)
        return ""

    with cascade_of(limits=Limits(usd_per_day=0.0)) as app, pytest.raises(anthropic.RateLimitError) as spent:
        run(cascade.wrap(given, app=app))
    assert isinstance(spent.value.__cause__, BudgetExceeded)
    with cascade_of(slow) as app, pytest.raises(anthropic.APITimeoutError) as late:
        run(cascade.wrap(given.with_options(max_retries=1), app=app, deadline_s=0.05))
    assert isinstance(late.value.__cause__, DeadlineExceeded)
    assert len(asked) == 1
    assert sent == []


def test_a_failure_of_ours_sends_the_request_unmodified_to_the_clients_own_model(client, sent, tmp_path):
    with open_log(tmp_path / "log.db") as log, cascade_of(ConfigError("no price"), log=log) as app:
        with pytest.warns(cascade.BypassWarning):
            message = ask(cascade.wrap(client, app=app), extra_body={"cascade": {"session": "s"}})
        log.flush()
        with log.reading() as connection:
            row = connection.exec_driver_sql("SELECT flags, model, cost_usd FROM decisions").one()
    assert message.content[0].text == "By the own model."
    assert sent == [("/v1/messages", {"model": "claude-x", "max_tokens": 50, "messages": HI})]
    assert row[:2] == ('["bypassed","bypassed:ConfigError"]', "anthropic/claude-x")
    assert row[2] == pytest.approx(16e-6)


def test_what_signs_its_requests_is_refused_with_what_to_use():
    vertex = anthropic.AnthropicVertex(region="r", project_id="p", access_token="t")
    with pytest.raises(ConfigError, match=r"AnthropicVertex cannot be wrapped; wrap an Anthropic\(\).*vertex_ai/"):
        cascade.wrap(vertex)


def test_an_answer_goes_out_as_it_comes_where_a_task_starts_at_the_top(client: Any) -> None:
    with StreamServer() as provider:
        where: Any = {"api_base": provider.url, "api_key": "k", "price": PRICE, "verify": []}
        ladder = Ladder(Rung("openai/small", name="small", **where), Rung("openai/top", name="top", **where))
        with cascade.Cascade(ladder, settings=Settings(on_stream="top_live", mode="observe")) as app:
            texts: list[str] = []
            with cascade.wrap(client, app=app).messages.stream(
                model="claude", max_tokens=9, messages=[{"role": "user", "content": "fine"}]
            ) as stream:
                for text in stream.text_stream:
                    texts.append(text)
                    provider.go_on()
                final = stream.get_final_message()
    assert (texts, final.content[0].text, final.usage.output_tokens) == (["It is", " fine."], "It is fine.", 2)
