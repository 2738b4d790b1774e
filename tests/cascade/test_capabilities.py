"""A rung that cannot answer a request is skipped: it neither fails nor counts as escalated from."""

from __future__ import annotations

from pathlib import Path

import pytest

from cascade import Cascade, ConfigError, Ladder, Rung
from cascade.capabilities import needs, unfit
from cascade.clients.scripted import ScriptedClient
from cascade.doctor.configuration import configuration
from cascade.exchange import Request
from cascade.settings import Settings

pytestmark = [
    pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning"),
    pytest.mark.filterwarnings("ignore::cascade.settings.LadderWarning"),
]

PICTURE = [{"role": "user", "content": [{"type": "text", "text": "What is it?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]}]  # fmt: skip
SOUND = [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}}]}]
TOOL = {"tools": [{"type": "function", "function": {"name": "f"}}]}
FORM = {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}}


@pytest.mark.parametrize(
    ("prompt", "params", "need"),
    [
        (PICTURE, {}, ["images"]),
        (SOUND, {}, ["audio"]),
        ("x", TOOL, ["tools"]),
        ("x", {"functions": [{"name": "f"}]}, ["tools"]),
        ("x", FORM, []),
        ("x", {"response_format": {"type": "json_object"}}, []),
        ("x", {"reasoning_effort": "low"}, ["reasoning"]),
        ("x", {"logprobs": True}, ["logprobs"]),
        ("x", {"logprobs": False, "tools": []}, []),
    ],
)
def test_what_a_request_needs_is_read_from_its_messages_and_parameters(prompt, params, need):
    assert list(needs(Request.of(prompt, params=params))) == need


@pytest.mark.parametrize(
    ("model", "need", "able"),
    [
        ("openai/gpt-4o-mini", "images", True),
        ("openai/gpt-3.5-turbo", "images", False),
        ("openai/gpt-4o-mini", "audio", False),
        ("openai/gpt-4o-mini", "tools", True),
        ("hosted_vllm/mine", "images", None),
    ],
)
def test_the_table_says_what_a_known_model_can_and_nothing_of_an_unknown_one(model, need, able):
    assert Rung(model).able(need) is able


def test_a_rungs_own_word_goes_before_the_table():
    assert Rung("openai/gpt-3.5-turbo", can={"images": True}).able("images") is True
    assert unfit(Rung("hosted_vllm/mine", can={"tools": False}), Request.of("x", params=TOOL)) == "tools"


@pytest.mark.parametrize("odd", [{"pictures": True}, {"images": "no"}, {"images": None}])
def test_a_word_that_is_none_is_refused_and_says_what_is_expected(odd):
    with pytest.raises(ConfigError, match="tools, images, audio"):
        Rung("a/b", can=odd)


def test_a_prompt_that_surely_exceeds_a_configured_window_is_not_sent():
    rung = Rung("a/b", context_window=1000)
    assert unfit(rung, Request.of("word " * 10)) is None
    assert unfit(rung, Request.of("word " * 20_000)) == "window"
    assert unfit(rung, Request.of("word " * 10, params={"max_tokens": 1000})) == "window"


def ask(ladder: Ladder, prompt, **options):
    client = ScriptedClient({"small": "A cat.", "middle": "A cat, I see.", "large": "A large cat."})
    with Cascade(ladder, client=client, verify=["refusal"]) as app:
        return app.run(messages=prompt, **options), [call.rung for call in client.calls]


def test_an_unfit_rung_is_skipped_and_that_is_no_escalation():
    ladder = Ladder(Rung("a/s", name="small", can={"images": False}), Rung("a/l", name="large"))
    result, asked = ask(ladder, PICTURE)
    assert asked == ["large"]
    assert (result.outcome, result.rung, result.escalated) == ("accepted", "large", False)
    assert result.skipped == {"small": "images"}
    assert "capability:images" in result.flags
    assert [attempt.rung for attempt in result.attempts] == ["large"]
    assert "small (lacks images)" in result._repr_html_()


def test_where_the_top_is_unfit_the_highest_fit_rung_stands_for_it():
    ladder = Ladder(
        Rung("a/s", name="small"), Rung("a/m", name="middle"), Rung("a/l", name="large", can={"images": False})
    )
    result, asked = ask(ladder, PICTURE)
    assert asked == ["small"]
    assert result.skipped == {"large": "images"}


def test_where_no_rung_is_fit_the_message_says_what_each_lacks():
    ladder = Ladder(Rung("a/s", name="small", can={"images": False}), Rung("a/l", name="large", can={"images": False}))
    with pytest.raises(ConfigError, match=r"small lacks images; large lacks images"):
        ask(ladder, PICTURE)


def test_other_requests_of_the_same_ladder_are_not_touched():
    ladder = Ladder(Rung("a/s", name="small", can={"images": False}), Rung("a/l", name="large"))
    result, asked = ask(ladder, [{"role": "user", "content": "hi"}])
    assert asked == ["small"]
    assert result.skipped == {}


def test_doctor_says_what_each_rung_can(tmp_path: Path):
    path = tmp_path / "cascade.yaml"
    path.write_text("ladder: [{model: openai/gpt-3.5-turbo, name: s, can: {tools: false}}, {model: embedded/large}]\n")
    found = {finding.check: finding.text for finding in configuration(path)}
    assert "cannot tools, images, audio" in found["capabilities of s"]
    assert "window of 16,385 tokens" in found["capabilities of s"]


HERE = Ladder(
    Rung("a/s", name="small", allow={"region": ["eu", "ch"], "pii": "no"}), Rung("a/l", name="large"),
)  # fmt: skip
CHAT = [{"role": "user", "content": "x"}]


@pytest.mark.parametrize(
    ("tags", "asked", "flags"),
    [
        ({"region": "eu", "pii": "no"}, ["small"], set()),
        ({"region": "ch", "pii": "no", "team": "any"}, ["small"], set()),
        ({"region": "us", "pii": "no"}, ["large"], {"allow:region"}),
        ({"region": "eu", "pii": "yes"}, ["large"], {"allow:pii"}),
        ({"region": "eu"}, ["large"], {"allow:pii"}),
        ({}, ["large"], {"allow:region"}),
    ],
)
def test_a_rung_sees_only_requests_whose_tags_it_allows(tags, asked, flags):
    result, found = ask(HERE, CHAT, tags=tags)
    assert found == asked
    assert {flag for flag in result.flags if flag.startswith("allow:")} == flags


def test_neither_an_exploration_nor_an_observation_shows_a_rung_what_it_may_not_see(tmp_path):
    client = ScriptedClient({"small": "A cat.", "large": "A large cat."})
    with Cascade(HERE, client=client, verify=["refusal"]) as app:
        (sample,) = app.explore([Request.of("x", tags={"region": "us", "pii": "no"})])
    assert list(sample.recordings) == ["large"]
    client = ScriptedClient({"small": "A cat.", "large": "A large cat."})
    observed = Settings(mode="observe")
    with Cascade(HERE, client=client, verify=["refusal"], settings=observed, log=tmp_path / "log.db") as app:
        app.run("x", tags={"region": "us", "pii": "no"})
    assert [call.rung for call in client.calls] == ["large"]


def test_a_request_that_no_rung_may_see_is_refused_observed_or_not():
    closed = Ladder(Rung("a/s", name="small"), Rung("a/l", name="large", allow={"region": ["eu"]}))
    with pytest.raises(ConfigError, match=r"large lacks allow:region.*tags"):
        ask(Ladder(closed[1]), CHAT)
    client = ScriptedClient({"small": "A cat.", "large": "A large cat."})
    with Cascade(closed, client=client, verify=["refusal"], settings=Settings(mode="observe")) as app:
        assert app.run("x").rung == "small", "the top may not see it, so it is not asked as ever either"


def test_allowed_values_are_texts_by_tag():
    with pytest.raises(ConfigError, match="texts by tag"):
        Rung("a/b", allow={"pii": [False]})
