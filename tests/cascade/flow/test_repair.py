"""A rung that repairs is asked once more with the validator's sentence; never twice, and never for nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cascade import Cascade, ConfigError, Ladder, Rung, ScriptedClient
from cascade.clients.recorded import RecordedClient
from cascade.clients.scripted import scripted
from cascade.exchange import Request
from cascade.failure import CallFailure, FailureKind
from cascade.settings import Settings
from verifiers import Schema

pytestmark = [
    pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning"),
    pytest.mark.filterwarnings("ignore::cascade.settings.LadderWarning"),
]

QTY = {"type": "object", "properties": {"qty": {"type": "integer"}}, "required": ["qty"]}
TOOL = {"type": "function", "function": {"name": "order", "parameters": QTY}}
GOOD, BAD = scripted('{"qty": 3}', cost_usd=0.001, latency_s=0.5), scripted('{"qty": "3"}', cost_usd=0.002, latency_s=1)


def ask(*small: Any, repair: bool = True, **options: Any) -> tuple[Any, ScriptedClient]:
    rungs = Ladder(
        Rung("a/small", name="small", verify=(Schema(),), repair=repair),
        Rung("a/large", name="large", verify=(Schema(),)),
    )
    client = ScriptedClient({"small": list(small), "large": scripted('{"qty": 4}', cost_usd=0.1)})
    given = {"messages": [{"role": "user", "content": "How many?"}], "schema": QTY, **options}
    with Cascade(rungs, client=client) as app:
        return app.run(**given), client


def test_an_answer_that_becomes_valid_is_accepted_at_what_both_calls_cost() -> None:
    result, client = ask(BAD, GOOD)
    assert (result.rung, result.parsed, result.outcome) == ("small", {"qty": 3}, "accepted")
    assert result.cost_usd == pytest.approx(0.003)
    (attempt,) = result.attempts
    assert attempt.response is not None
    assert (attempt.response.tries, attempt.latency_s) == (2, 1.5)
    assert "asked_again:valid" in result.flags
    first, second = client.calls
    assert second.messages[: len(first.messages)] == first.messages
    answer, words = second.messages[len(first.messages) :]
    assert answer == {"role": "assistant", "content": '{"qty": "3"}'}
    assert "$.qty" in words["content"], "the validator's own sentence"


def test_an_answer_that_stays_invalid_escalates_and_is_not_asked_for_a_third_time() -> None:
    result, client = ask(BAD, BAD)
    assert [call.rung for call in client.calls] == ["small", "small", "large"]
    assert result.rung == "large"
    assert result.cost_usd == pytest.approx(0.104)
    assert "asked_again:invalid" in result.attempts[0].response.flags


def test_where_no_second_answer_comes_the_first_one_stands_with_what_was_paid() -> None:
    down = CallFailure(kind=FailureKind.BAD_REQUEST, message="no", status=400, cost_usd=0.0)
    result, _ = ask(BAD, down)
    assert result.rung == "large"
    first = result.attempts[0].response
    assert (first.text, first.flags[-1]) == ('{"qty": "3"}', "asked_again:failed")


@pytest.mark.parametrize(
    ("small", "options"),
    [
        (GOOD, {}),
        (scripted('{"qty": ', finish_reason="length"), {}),
        (scripted(""), {}),
        (scripted("anything"), {"schema": None}),
    ],
    ids=["valid", "cut off", "empty", "no schema"],
)
def test_what_is_valid_cut_off_or_empty_is_not_asked_for_again(small: Any, options: dict[str, Any]) -> None:
    _, client = ask(small, **options)
    assert sum(call.rung == "small" for call in client.calls) == 1


def test_a_rung_that_does_not_repair_escalates_at_once() -> None:
    result, client = ask(BAD, repair=False)
    assert [call.rung for call in client.calls] == ["small", "large"]
    assert not [flag for flag in result.flags if flag.startswith("asked_again")]


def test_a_tool_call_is_asked_for_again_without_a_call_that_has_no_result() -> None:
    def call(qty: Any) -> Any:
        arguments = json.dumps({"qty": qty})
        made = {"id": "c1", "type": "function", "function": {"name": "order", "arguments": arguments}}
        return scripted("", tool_calls=(made,), finish_reason="tool_calls")

    result, client = ask(call("three"), call(3), schema=None, tools=[TOOL])
    assert result.rung == "small"
    assert json.loads(result.tool_calls[0]["function"]["arguments"]) == {"qty": 3}
    assert not any("tool_calls" in message for message in client.calls[1].messages)
    assert "tool call" in client.calls[1].messages[-1]["content"]


def test_an_exploration_records_the_repaired_answer_and_replay_asks_for_none() -> None:
    rungs = Ladder(Rung("a/small", name="small", verify=(Schema(),), repair=True))
    request = Request.of("How many?", schema=QTY)
    with Cascade(rungs, client=ScriptedClient({"small": [BAD, GOOD]})) as app:
        (sample,) = app.explore([request])
    recorded = sample.recordings["small"].response
    assert (recorded.text, recorded.cost_usd) == ('{"qty": 3}', pytest.approx(0.003))
    with Cascade(rungs, client=RecordedClient([sample])) as app:
        assert app.run(request).cost_usd == pytest.approx(0.003)


def test_an_observation_repairs_as_serving_would(tmp_path: Path) -> None:
    rungs = Ladder(
        Rung("a/small", name="small", verify=(Schema(),), repair=True), Rung("a/large", name="large", verify=())
    )
    client = ScriptedClient({"small": [BAD, GOOD], "large": GOOD})
    with Cascade(rungs, client=client, log=tmp_path / "log.db", settings=Settings(mode="observe")) as app:
        assert app.run("How many?", schema=QTY).rung == "large"
    assert [call.rung for call in client.calls] == ["large", "small", "small"]


def messages_of(template: str, messages: Any) -> list[Any]:
    client = ScriptedClient({"small": "x"})
    with Cascade(Ladder(Rung("a/small", name="small", verify=(), template=template)), client=client) as app:
        app.run(messages=messages)
    return [dict(message) for message in client.calls[0].messages]


def test_a_template_goes_around_the_last_user_message_and_nothing_else() -> None:
    history = [
        {"role": "system", "content": "s"}, {"role": "user", "content": "one"}, {"role": "assistant", "content": "1"},
        {"role": "user", "content": "two {braces}"},
    ]  # fmt: skip
    sent = messages_of("Be brief.\n{prompt}\nNo {units}.", history)
    assert sent == [*history[:3], {"role": "user", "content": "Be brief.\ntwo {braces}\nNo {units}."}]


def test_a_template_keeps_the_parts_of_a_message() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}
    (sent,) = messages_of("Look: {prompt}", [{"role": "user", "content": [picture]}])
    assert sent["content"] == [{"type": "text", "text": "Look: "}, picture]


@pytest.mark.parametrize("template", ["no place", "{prompt} and {prompt}"])
def test_a_template_names_the_prompt_once(template: str) -> None:
    with pytest.raises(ConfigError, match="not once"):
        Rung("a/b", template=template)


def test_template_and_repair_are_part_of_the_ladders_fingerprint() -> None:
    plain = Ladder(Rung("a/b", verify=()))
    others = [Ladder(Rung("a/b", verify=(), template="x {prompt}")), Ladder(Rung("a/b", verify=(), repair=True))]
    assert len({one.fingerprint() for one in (plain, *others)}) == 3
