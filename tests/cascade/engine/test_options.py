"""Options: a misspelt one is refused with the one that was meant; a provider's own go out by name or in `params`."""

from __future__ import annotations

import pytest

import cascade
from cascade import Cascade, ConfigError, Ladder, Request, Rung, ScriptedClient
from cascade.engine.build_request import build_request
from cascade.engine.options import OWN, PROVIDER
from cascade.samples.request_limits import ALLOWED
from cascade.settings import UncalibratedWarning
from tests.opinions import ladder

CHAT = [{"role": "user", "content": "hi"}]


@pytest.fixture
def app():
    with Cascade(ladder("small", "large"), client=ScriptedClient({"small": "yes", "large": "yes"})) as app:
        yield app


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("max_cost", "max_cost_usd"), ("deadline", "deadline_s"), ("tag", "tags"), ("temprature", "temperature"),
        ("max_token", "max_tokens"), ("tool", "tools"), ("principle", "principal"), ("schemas", "schema"),
    ],
)  # fmt: skip
def test_a_misspelt_option_of_a_request_is_refused_with_the_one_that_was_meant(app, wrong, meant):
    with pytest.raises(TypeError, match=rf"run\(\) got an unexpected option '{wrong}'; did you mean '{meant}'\?"):
        app.run("hi", **{wrong: 1})


@pytest.mark.parametrize(
    ("function", "wrong", "meant"),
    [
        ("run_many", "concurency", "concurrency"), ("run_many", "max_cost", "max_cost_usd"),
        ("run_many", "onresult", "on_result"), ("stream_many", "ordr", "order"),
        ("explore", "concurency", "concurrency"), ("explore", "max_usd", "max_cost_usd"),
    ],
)  # fmt: skip
def test_a_misspelt_option_of_many_requests_is_refused_too(app, function, wrong, meant):
    with pytest.raises(TypeError, match=rf"{function}\(\) got an unexpected option '{wrong}'; did you mean '{meant}'"):
        getattr(app, function)([Request.of("hi")], **{wrong: 1})


async def _all_the_async_ones(app):
    for asked in (app.arun("hi", deadline=1), app.arun_many([], limit=1), app.aexplore([], limit=1)):
        with pytest.raises(TypeError, match="unexpected option"):
            await asked


def test_the_process_default_refuses_it_too():
    with pytest.raises(TypeError, match="did you mean 'max_cost_usd'"):
        cascade.run("hi", ladder=Ladder(Rung("embedded/small"), Rung("embedded/large")), max_cost=0.05)


def test_the_async_functions_refuse_as_the_others(app):
    app._loop_thread.run(_all_the_async_ones, app)


def test_an_option_that_is_near_to_none_is_told_where_it_goes(app):
    with pytest.raises(TypeError, match=r"expected one of .*params=\{…\}"):
        app.run("hi", zzz=1)


def test_provider_parameters_go_by_name_or_in_params(app):
    request = app.request("hi", temperature=0.0, params={"num_ctx": 8192})
    assert dict(request.params) == {"temperature": 0.0, "num_ctx": 8192}


def test_options_replace_the_fields_of_a_request_that_was_made_before(app):
    first = Request.of("hi", params={"seed": 1, "temperature": 0.0}, task="sums")
    request = app.request(first, temperature=0.5, tags={"a": "b"})
    assert (request.task, dict(request.params), dict(request.tags)) == (
        "sums", {"seed": 1, "temperature": 0.5}, {"a": "b"},
    )  # fmt: skip


def test_messages_are_taken_for_the_prompt_and_exactly_one_of_both(app):
    with pytest.warns(UncalibratedWarning):
        assert app.run(messages=CHAT).answer == "yes"
    assert app.request(messages=CHAT).id == app.request(CHAT).id
    with pytest.raises(TypeError, match="neither prompt nor messages"):
        app.run()
    with pytest.raises(TypeError, match="both prompt and messages"):
        app.run("hi", messages=CHAT)


@pytest.mark.parametrize("limit", [0, -1, float("nan"), float("inf"), True, "8", [8]])
def test_a_deadline_that_is_none_is_refused(app, limit):
    with pytest.raises(ConfigError, match=r"deadline_s is .* seconds above 0 were expected"):
        app.run("hi", deadline_s=limit)


@pytest.mark.parametrize("limit", [-0.01, float("nan"), float("inf"), False, "0.05", {}])
def test_a_limit_of_money_that_is_none_is_refused(app, limit):
    with pytest.raises(ConfigError, match=r"max_cost_usd is .* US dollars from 0 on were expected"):
        app.run("hi", max_cost_usd=limit)


def test_every_name_is_an_option_once():
    assert not OWN & PROVIDER
    assert ALLOWED <= PROVIDER, "what a request file may set can be given by name"
    assert build_request("hi", **dict.fromkeys(OWN - {"task", "tags", "id", "params"})).prompt == "hi"
