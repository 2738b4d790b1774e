"""wrap(): a program of OpenAI's library goes on as it was, and its requests run the cascade."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import logging
import warnings
from typing import Any, Literal

import pydantic
import pytest

import cascade
from cascade.clients.scripted import scripted
from cascade.errors import BudgetExceeded, ConfigError, DeadlineExceeded
from cascade.failure import CallFailure, FailureKind
from cascade.guards.limits import Limits
from cascade.log import open_log
from cascade.log.spending import spent_usd
from cascade.verdict import Verifier
from tests.cascade.drop_in.conftest import cascade_of

openai = pytest.importorskip("openai")

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
HI: list[Any] = [{"role": "user", "content": "hi"}]
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
TOOL: Any = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


class Invoice(pydantic.BaseModel):
    item: str
    qty: int


def ask(client: Any, **fields: Any) -> Any:
    return client.chat.completions.create(model="gpt-4o", messages=HI, **fields)


def test_a_wrapped_client_is_of_the_same_class_and_returns_the_librarys_own_objects(client, own):
    with cascade_of() as app:
        wrapped = cascade.wrap(client, task="invoices", app=app)
        assert type(wrapped) is type(client)
        completion = ask(wrapped)
    assert type(completion).__name__ == "ChatCompletion"
    assert completion.choices[0].message.content == "Fine."
    assert completion.cascade["rung"] == "small"
    assert completion.cascade["cost_usd"] == 0.25
    assert own.paths == []


def test_the_async_client_runs_the_same_cascade(async_client):
    async def many() -> list[Any]:
        wrapped = cascade.wrap(async_client, app=app)
        assert type(wrapped) is type(async_client)
        return await asyncio.gather(*(ask(wrapped) for _ in range(8)))

    with cascade_of() as app:
        assert {one.choices[0].message.content for one in asyncio.run(many())} == {"Fine."}


def test_a_stream_is_what_the_library_makes_of_one(client, async_client):
    async def stream() -> list[str]:
        events = await ask(cascade.wrap(async_client, app=app), stream=True)
        return [chunk.choices[0].delta.content or "" async for chunk in events]

    text = "one two three " * 30
    with cascade_of(text) as app:
        chunks = [*ask(cascade.wrap(client, app=app), stream=True)]
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == text
        assert len(chunks) > 5
        assert "".join(asyncio.run(stream())) == text
        with cascade.wrap(client, app=app).chat.completions.stream(model="gpt-4o", messages=HI) as events:
            assert events.get_final_completion().choices[0].message.content == text


def test_parse_returns_the_type(client):
    with cascade_of('{"item": "lamp", "qty": 2}') as app:
        parse = cascade.wrap(client, app=app).chat.completions.parse
        completion = parse(model="gpt-4o", messages=HI, response_format=Invoice)
    assert completion.choices[0].message.parsed == Invoice(item="lamp", qty=2)


def test_tool_calls_come_back_as_tool_calls(client):
    with cascade_of(scripted("", tool_calls=(CALL,), finish_reason="tool_calls")) as app:
        (choice,) = ask(cascade.wrap(client, app=app), tools=[TOOL]).choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls[0].function.name == "weather"


def test_the_raw_response_says_in_headers_what_was_decided(client):
    with cascade_of() as app:
        raw = cascade.wrap(client, app=app).chat.completions.with_raw_response.create(model="gpt-4o", messages=HI)
    assert raw.headers["x-cascade-rung"] == "small"
    assert raw.headers["x-request-id"] == raw.headers["x-cascade-decision-id"]
    assert raw.parse().choices[0].message.content == "Fine."


def test_everything_else_goes_to_the_original_client(client, own):
    with cascade_of() as app:
        wrapped = cascade.wrap(client, app=app)
        assert wrapped.embeddings.create(model="e", input="x", encoding_format="float").data[0].embedding == [0.5]
    assert own.paths == ["/v1/embeddings"]


def test_files_are_uploaded_as_they_are(client, own):
    with cascade_of() as app:
        uploaded = cascade.wrap(client, app=app).files.create(file=("a.jsonl", b'{"cascade": 1}'), purpose="batch")
    assert uploaded.id == "file-1"
    assert b'{"cascade": 1}' in own.bodies[0]


def test_options_of_the_client_live_on(client):
    with cascade_of() as app:
        wrapped = cascade.wrap(client, app=app)
        assert ask(wrapped.with_options(timeout=9, max_retries=0)).choices[0].message.content == "Fine."
        assert ask(copy.copy(wrapped)).choices[0].message.content == "Fine."


def test_our_own_options_travel_in_the_body(client, tmp_path):
    with open_log(tmp_path / "log.db") as log, cascade_of(log=log) as app:
        wrapped = cascade.wrap(client, task="invoices", principal="acme", app=app)
        told = ask(wrapped, extra_body={"cascade": {"task": "orders", "tags": {"a": "1"}}}, user="u").cascade
        log.flush()
        with log.reading() as connection:
            row = connection.exec_driver_sql("SELECT task, principal, decision_id FROM decisions").one()
    assert row == ("orders", "acme", told["decision_id"])


# Responses


def test_responses_are_the_librarys_own_too(client, async_client, own):
    async def one() -> Any:
        return await cascade.wrap(async_client, app=app).responses.create(model="gpt-5", input="hi")

    with cascade_of() as app:
        response = cascade.wrap(client, app=app).responses.create(model="gpt-5", input="hi", instructions="Be kind.")
        assert asyncio.run(one()).output_text == "Fine."
    assert type(response).__name__ == "Response"
    assert response.output_text == "Fine."
    assert response.cascade["rung"] == "small"
    assert own.paths == []


def test_responses_parse_and_stream(client):
    text = '{"item": "lamp", "qty": 2}'
    with cascade_of(text) as app:
        wrapped = cascade.wrap(client, app=app)
        parsed = wrapped.responses.parse(model="gpt-5", input="hi", text_format=Invoice)
        assert parsed.output_parsed == Invoice(item="lamp", qty=2)
        with wrapped.responses.stream(model="gpt-5", input="hi", text_format=Invoice) as events:
            kinds = [event.type for event in events]
            assert events.get_final_response().output_parsed == Invoice(item="lamp", qty=2)
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"


def test_a_loop_of_responses_goes_round(client):
    called = scripted("", tool_calls=(CALL,), finish_reason="tool_calls")
    tool: Any = {"type": "function", "name": "weather", "parameters": {"type": "object"}}
    with cascade_of([called, "It rains."]) as app:
        create = cascade.wrap(client, app=app).responses.create
        first = create(model="gpt-5", input="hi", tools=[tool])
        (call,) = first.output
        result = {"type": "function_call_output", "call_id": call.call_id, "output": "rain"}
        last = create(model="gpt-5", input=[*HI, *first.output, result], tools=[tool])
    assert (call.name, json.loads(call.arguments)) == ("weather", {"city": "Oslo"})
    assert last.output_text == "It rains."


# Errors


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_errors_are_the_librarys_own_with_ours_as_cause_and_are_not_retried(client, async_client, own, kind):
    def run(wrapped: Any, **fields: Any) -> Any:
        return ask(wrapped, **fields) if kind == "sync" else asyncio.run(ask(wrapped, **fields))

    given = client if kind == "sync" else async_client
    with cascade_of(limits=Limits(usd_per_day=0.0)) as app, pytest.raises(openai.RateLimitError) as spent:
        run(cascade.wrap(given, app=app))
    assert isinstance(spent.value.__cause__, BudgetExceeded)
    assert spent.value.code == "budget_exceeded"
    asked = []

    async def slow(call: Any) -> str:
        asked.append(call)
        await asyncio.sleep(30)
        return ""

    with cascade_of(slow) as app, pytest.raises(openai.APITimeoutError) as late:
        run(cascade.wrap(given, app=app, deadline_s=0.05))
    assert isinstance(late.value.__cause__, DeadlineExceeded)
    assert len(asked) == 1
    with cascade_of() as app, pytest.raises(openai.BadRequestError, match="one answer is verified") as refused:
        run(cascade.wrap(given, app=app), n=2)
    assert refused.value.param == "n"
    assert own.paths == []


def test_the_clients_timeout_is_the_deadline(client):
    async def slow(call: Any) -> str:
        await asyncio.sleep(30)
        return ""

    with cascade_of(slow) as app, pytest.raises(openai.APITimeoutError):
        ask(cascade.wrap(client, app=app), timeout=0.05)


# A savings tool is never the outage


def broken(how: Literal["bug", "key", "configuration"], **options: Any) -> Any:
    if how == "key":
        return cascade_of(CallFailure(kind=FailureKind.AUTH, message="wrong key", status=401), **options)
    return cascade_of(RuntimeError("a bug") if how == "bug" else ConfigError("no price"), **options)


@pytest.mark.parametrize("how", ["bug", "key", "configuration"])
def test_a_failure_of_ours_sends_the_request_unmodified_to_the_clients_own_model(client, own, caplog, how):
    ours = {"cascade": {"session": "s"}, "seed": 1}
    with caplog.at_level(logging.ERROR, "cascade.wrap"), broken(how) as app, pytest.warns(cascade.BypassWarning):
        raw = cascade.wrap(client, app=app).chat.completions.with_raw_response.create(
            model="gpt-4o", messages=HI, temperature=0.5, extra_body=ours
        )
    assert raw.parse().choices[0].message.content == "By the own model."
    assert raw.headers["x-cascade-flags"] == "bypassed"
    assert own.bodies == [{"model": "gpt-4o", "messages": HI, "temperature": 0.5, "seed": 1}]
    assert own.headers[0]["authorization"] == "Bearer k"
    assert "client's own model" in caplog.text


@pytest.mark.parametrize("kind", ["auth", "quota", "not_found", "bad_request"])
def test_what_a_provider_of_a_rung_below_refuses_is_answered_by_the_own_model_and_logged_with_its_cause(
    client, own, tmp_path, kind
):
    refused = CallFailure(kind=FailureKind(kind), message="no", status=400, charged=False)
    with open_log(tmp_path / "log.db") as log, cascade_of(refused, log=log) as app:
        with pytest.warns(cascade.BypassWarning):
            assert ask(cascade.wrap(client, app=app)).choices[0].message.content == "By the own model."
        log.flush()
        with log.reading() as connection:
            rows = connection.exec_driver_sql("SELECT outcome, cost_usd > 0, flags FROM decisions").all()
            rungs = connection.exec_driver_sql("SELECT rung, failure FROM attempts ORDER BY position").all()
    [(*decided, flags)] = rows
    assert decided == ["accepted", 1], "one request, one decision"
    assert rungs == [("small", kind), ("top", None)], "with what was asked before"
    assert {"bypassed", f"bypassed:{kind}:small"} <= set(json.loads(flags))
    assert own.paths == ["/v1/chat/completions"]


@pytest.mark.parametrize("shape", ["stream", "raised", "own model down", "async"])
def test_however_a_bypass_ends_what_was_asked_before_is_logged_once(client, async_client, own, tmp_path, shape):
    refused = CallFailure(kind=FailureKind.AUTH, message="no", status=401, charged=False)
    own.statuses = [400] if shape == "own model down" else []
    how = "raise" if shape == "raised" else "reference"
    with open_log(tmp_path / "log.db") as log, cascade_of(refused, log=log) as app, warnings.catch_warnings():
        warnings.simplefilter("ignore", cascade.BypassWarning)
        wrapped = cascade.wrap(async_client if shape == "async" else client, app=app, on_internal_error=how)
        with contextlib.suppress(openai.APIStatusError):
            if shape == "async":
                asyncio.run(ask(wrapped))
            else:
                ask(wrapped, stream=shape == "stream")
        log.flush()
        with log.reading() as connection:
            rows = connection.exec_driver_sql("SELECT outcome, attempts FROM decisions").all()
    outcome = "accepted" if shape in {"stream", "async"} else "failed"
    assert rows == [(outcome, 1 if shape == "raised" else 2)]


def test_a_request_that_every_model_refuses_comes_back_as_its_own_model_refused_it_and_is_paid_by_none(
    client, own, tmp_path
):
    own.statuses = [400]
    refused = CallFailure(kind=FailureKind.BAD_REQUEST, message="no", status=400, charged=False)
    with open_log(tmp_path / "log.db") as log, cascade_of(refused, log=log) as app:
        with pytest.warns(cascade.BypassWarning), pytest.raises(openai.BadRequestError) as raised:
            ask(cascade.wrap(client, app=app))
        log.flush()
        assert sum(spent_usd(log, 0).values()) == 0.0
    assert raised.value.body == {"message": "own model is down"}
    assert own.paths == ["/v1/chat/completions"]


def test_a_request_that_the_top_refuses_is_not_asked_again(client, own):
    refused = CallFailure(kind=FailureKind.BAD_REQUEST, message="no", status=400, charged=False)
    with cascade_of("", top=refused) as app, pytest.raises(openai.BadRequestError):
        ask(cascade.wrap(client, app=app))
    assert own.paths == []


def test_the_async_client_falls_back_too(async_client, own):
    async def one() -> Any:
        return await ask(cascade.wrap(async_client, app=app))

    with broken("bug") as app, pytest.warns(cascade.BypassWarning):
        assert asyncio.run(one()).choices[0].message.content == "By the own model."


def test_a_cascade_that_cannot_be_opened_is_bypassed(client, own, tmp_path, monkeypatch):
    monkeypatch.setenv("CASCADE_CONFIG", str(tmp_path / "none.yaml"))
    with pytest.warns(cascade.BypassWarning):
        assert ask(cascade.wrap(client)).choices[0].message.content == "By the own model."


def test_what_bypassed_the_cascade_is_logged_and_paid_from_its_budgets(client, own, tmp_path):
    with open_log(tmp_path / "log.db") as log, cascade_of(ConfigError("no price"), log=log) as app:
        with pytest.warns(cascade.BypassWarning):
            ask(cascade.wrap(client, app=app, task="orders"))
        log.flush()
        with log.reading() as connection:
            row = connection.exec_driver_sql("SELECT task, outcome, flags, cost_usd FROM decisions").one()
        assert (row[0], row[1], json.loads(row[2])) == ("orders", "accepted", ["bypassed", "bypassed:ConfigError"])
        assert row[3] > 0
        assert sum(spent_usd(log, 0).values()) == pytest.approx(row[3])


def test_a_spent_budget_stops_a_bypassed_request_too(client, own):
    class Broken(Verifier):
        name = "broken"

        def prepare(self, request: Any) -> None:
            raise RuntimeError("a bug")

    limits = Limits(usd_per_day=0.0)
    with cascade_of(verify=[Broken()], limits=limits) as app, pytest.warns(cascade.BypassWarning):  # noqa: SIM117
        with pytest.raises(openai.RateLimitError) as refused:
            ask(cascade.wrap(client, app=app))
    assert isinstance(refused.value.__cause__, BudgetExceeded)
    assert own.paths == []


def test_what_the_own_model_refuses_is_retried_by_its_own_library_and_paid_each_time(client, own, tmp_path):
    own.statuses = [500]
    with open_log(tmp_path / "log.db") as log, broken("configuration", log=log) as app:
        with pytest.warns(cascade.BypassWarning):
            assert ask(cascade.wrap(client, app=app)).choices[0].message.content == "By the own model."
        log.flush()
        with log.reading() as connection:
            rows = connection.exec_driver_sql("SELECT outcome, cost_usd > 0 FROM decisions")
            assert sorted(rows.all()) == [("accepted", 1), ("failed", 0)]
    assert own.paths == ["/v1/chat/completions"] * 2


def test_a_connection_of_the_own_model_that_fails_is_the_librarys_connection_error(own):
    def refuse(request: Any) -> Any:
        raise own.http.ConnectError("refused")

    given = own.http.Client(transport=own.http.MockTransport(refuse))
    plain = openai.OpenAI(api_key="k", http_client=given, max_retries=0)
    with broken("bug") as app, pytest.warns(cascade.BypassWarning), pytest.raises(openai.APIConnectionError) as raised:
        ask(cascade.wrap(plain, app=app))
    assert isinstance(raised.value.__cause__, own.http.ConnectError)


def test_a_bypassed_stream_is_the_own_models(client, own):
    with broken("bug") as app, pytest.warns(cascade.BypassWarning):
        assert ask(cascade.wrap(client, app=app), stream=True).response.headers["x-cascade-flags"] == "bypassed"


def test_a_failure_of_the_top_is_the_providers_and_not_asked_for_twice(client, own):
    down = CallFailure(kind=FailureKind.AUTH, message="wrong key", status=401)
    with cascade_of("", top=down) as app, pytest.raises(openai.AuthenticationError):
        ask(cascade.wrap(client, app=app))
    assert own.paths == []


def test_raise_lets_failures_of_ours_through(client, own):
    with broken("configuration") as app, pytest.raises(openai.InternalServerError) as raised:
        ask(cascade.wrap(client, app=app, on_internal_error="raise"))
    assert isinstance(raised.value.__cause__, ConfigError)
    assert own.paths == []


# Clients that are like it


def test_a_client_of_azure_is_wrapped_and_bypassed_with_its_own_deployment_and_token(own):
    given = own.http.Client(transport=own.http.MockTransport(own))
    azure = openai.AzureOpenAI(
        azure_endpoint="https://our.openai.azure.com",
        api_version="2024-10-21",
        azure_ad_token_provider=lambda: "entra",
        http_client=given,
    )
    with cascade_of() as app:
        wrapped = cascade.wrap(azure, app=app)
        assert type(wrapped) is openai.AzureOpenAI
        assert ask(wrapped).choices[0].message.content == "Fine."
    with broken("bug") as app, pytest.warns(cascade.BypassWarning):
        assert ask(cascade.wrap(azure, app=app)).choices[0].message.content == "By the own model."
    assert own.paths == ["/openai/deployments/gpt-4o/chat/completions"]
    assert own.headers[0]["authorization"] == "Bearer entra"


def test_langchains_chat_model_is_wrapped_by_its_clients(own):
    langchain_openai = pytest.importorskip("langchain_openai", reason="make clients runs it")
    model = langchain_openai.ChatOpenAI(model="gpt-4o", api_key="k")
    with cascade_of(scripted("", tool_calls=(CALL,), finish_reason="tool_calls")) as app:
        wrapped = cascade.wrap(model, app=app)
        assert type(wrapped) is type(model)
        message = wrapped.bind_tools([TOOL["function"]]).invoke("hi")
        assert [(call["name"], call["args"]) for call in message.tool_calls] == [("weather", {"city": "Oslo"})]
        assert (
            asyncio.run(wrapped.ainvoke("hi")).content == "At the top."
        )  # a call that nobody has offered is no answer
    with cascade_of('{"item": "lamp", "qty": 2}') as app:
        structured = cascade.wrap(model, app=app).with_structured_output(Invoice)
        assert structured.invoke("hi") == Invoice(item="lamp", qty=2)
        assert (
            "".join(chunk.text for chunk in cascade.wrap(model, app=app).stream("hi")) == '{"item": "lamp", "qty": 2}'
        )


# What cannot be wrapped


@pytest.mark.parametrize(
    ("module", "name", "says"),
    [
        ("google.genai.client", "Client", "gemini/"),
        ("anthropic.lib.bedrock._client", "AsyncAnthropicBedrock", "bedrock/"),
        ("anthropic.lib.vertex._client", "AnthropicVertex", "vertex_ai/"),
        ("openai.lib.bedrock", "BedrockOpenAI", "bedrock/"),
    ],
)
def test_a_client_that_cannot_be_wrapped_is_told_what_to_use(module, name, says):
    kind = type(name, (), {"__module__": module})
    with pytest.raises(ConfigError, match=rf"{name} cannot be wrapped; wrap an .*{says}"):
        cascade.wrap(kind())


def test_options_are_checked_where_they_are_given(client):
    with pytest.raises(TypeError, match="did you mean 'deadline_s'"):
        cascade.wrap(client, deadline=3)
    with pytest.raises(ConfigError, match="task name"):
        cascade.wrap(client, task="a b")
    with pytest.raises(ConfigError, match="reference or raise"):
        cascade.wrap(client, on_internal_error="ignore")


@pytest.mark.parametrize("given", [object(), "client", openai.OpenAI, None])
def test_what_is_no_client_is_refused(given):
    with pytest.raises(ConfigError, match="OpenAI"):
        cascade.wrap(given)
