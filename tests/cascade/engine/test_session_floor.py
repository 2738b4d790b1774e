"""Session floor: no lower rung goes on with the tool calls of a higher one."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from cascade import Cascade, Ladder, Rung, Settings
from cascade.clients.scripted import ScriptedClient, scripted
from cascade.config import load_config
from cascade.engine.session_floor import SessionFloors
from cascade.exchange import Request
from cascade.failure import CallFailure, FailureKind
from cascade.result import Result

pytestmark = [
    pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning"),
    pytest.mark.filterwarnings("ignore::cascade.settings.LadderWarning"),
]

TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
LADDER = Ladder(Rung("a/s", name="small"), Rung("a/m", name="middle"), Rung("a/l", name="large"))


def calling(identity: str) -> Any:
    call = {"id": identity, "type": "function", "function": {"name": "look", "arguments": "{}"}}
    return scripted("", tool_calls=(call,), finish_reason="tool_calls",
                    message={"role": "assistant", "content": None, "tool_calls": [call]})  # fmt: skip


@pytest.fixture
def conversation():
    """A ladder whose small rung refuses the first time only, so that the middle one makes the tool call."""
    opened: list[Cascade] = []

    def begun(mode="exchange", ladder=LADDER, **options):
        small = itertools.chain([scripted("I'm sorry, I can't help with that.")], itertools.repeat(scripted("Seen.")))
        client = ScriptedClient(
            {"small": small, "middle": [calling("call_1"), "Seen."], "large": "Seen by the large one."}
        )
        app = Cascade(ladder, client=client, verify=["refusal", "schema"], settings=Settings(session_floor=mode))
        opened.append(app)
        asked = [{"role": "user", "content": "Look, please."}]
        first = app.run(messages=asked, params={"tools": TOOLS}, **options)
        assert (first.rung, len(first.tool_calls)) == ("middle", 1)
        result = {"role": "tool", "tool_call_id": "call_1", "content": "a cat"}
        return app, client, [*asked, dict(first.message), result]

    yield begun
    for app in opened:
        app.close()


def asked_next(app, client, messages, **options):
    before = len(client.calls)
    result = app.run(messages=messages, **options)
    return result, [call.rung for call in client.calls[before:]]


def test_the_next_step_starts_at_the_rung_that_made_the_call(conversation):
    app, client, messages = conversation(session="s")
    result, asked = asked_next(app, client, messages, session="s")
    assert asked == ["middle"]
    assert (result.skipped, result.escalated) == ({"small": "session_floor"}, False)
    assert "session_floor" in result.flags
    assert not any(flag.startswith("capability:") for flag in result.flags)


def test_several_results_and_a_users_picture_in_between_do_not_end_the_exchange(conversation):
    app, client, messages = conversation(session="s")
    messages += [{"role": "tool", "tool_call_id": "other", "content": "?"}, {"role": "user", "content": "the picture"}]
    assert asked_next(app, client, messages, session="s")[1] == ["middle"]


def test_the_exchange_ends_with_a_plain_answer(conversation):
    app, client, messages = conversation(session="s")
    messages += [{"role": "assistant", "content": "A cat."}, {"role": "user", "content": "Thanks. And now?"}]
    result, asked = asked_next(app, client, messages, session="s")
    assert asked == ["small"]
    assert not {"session_floor", "session_floor_unknown"} & set(result.flags)


def test_always_keeps_the_highest_rung_of_the_session(conversation):
    app, client, _ = conversation("always", session="s")
    assert asked_next(app, client, [{"role": "user", "content": "Something else."}], session="s")[1] == ["middle"]
    assert asked_next(app, client, [{"role": "user", "content": "Something else."}], session="t")[1] == ["small"]


def test_never_starts_from_below(conversation):
    app, client, messages = conversation("never", session="s")
    assert asked_next(app, client, messages, session="s")[1] == ["small"]


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"session": "s"}, {"session": "t"}),
        ({"session": "s", "principal": "a"}, {"session": "s", "principal": "b"}),
    ],
)
def test_calls_of_another_session_are_not_taken_for_its_own_and_that_is_a_flag(conversation, first, then):
    app, client, messages = conversation(**first)
    result, asked = asked_next(app, client, messages, **then)
    assert asked == ["small"]
    assert "session_floor_unknown" in result.flags


def test_without_a_session_there_is_no_floor_and_no_flag(conversation):
    app, client, messages = conversation()
    result, asked = asked_next(app, client, messages)
    assert asked == ["small"]
    assert "session_floor_unknown" not in result.flags


def test_where_no_rung_from_the_floor_up_can_answer_a_lower_one_does(conversation):
    ladder = Ladder(
        Rung("a/s", name="small"), Rung("a/m", name="middle", can={"images": False}),
        Rung("a/l", name="large", can={"images": False}),
    )  # fmt: skip
    app, client, messages = conversation(ladder=ladder, session="s")
    picture = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,x"}}]}
    assert asked_next(app, client, [*messages, picture], session="s")[1] == ["small"]


@pytest.mark.parametrize("down", [["middle"], ["middle", "large"]])
def test_a_floor_that_is_down_is_failed_over_upwards_and_never_below(down):
    failed = CallFailure(kind=FailureKind.BREAKER, message="down", tries=0)
    refusal = scripted("I'm sorry, I can't help with that.")
    scripts = {"small": itertools.chain([refusal], itertools.repeat(scripted("Seen."))), "large": "Seen by the large."}
    scripts["middle"] = [calling("call_1"), failed]
    scripts |= {"large": failed} if "large" in down else {}
    client = ScriptedClient(scripts)
    asked = [{"role": "user", "content": "Look, please."}]
    with Cascade(LADDER, client=client, verify=["refusal", "schema"]) as app:
        first = app.run(messages=asked, params={"tools": TOOLS}, session="s")
        messages = [*asked, dict(first.message), {"role": "tool", "tool_call_id": "call_1", "content": "a cat"}]
        before = len(client.calls)
        result = app.run(messages=messages, session="s")
    assert (result.outcome, result.rung) == (("failed", None) if "large" in down else ("accepted", "large"))
    assert [call.rung for call in client.calls[before:]] == ["middle", "large"]


@pytest.mark.parametrize(
    "made",
    [
        {"role": "assistant", "content": [{"type": "tool_use", "id": "call_1", "name": "look", "input": {}}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "call_0"}, {"id": "call_1"}]},
    ],
)
def test_calls_of_other_forms_are_found(conversation, made):
    app, client, messages = conversation(session="s")
    assert asked_next(app, client, [messages[0], made, messages[2]], session="s")[1] == ["middle"]


def test_the_oldest_calls_are_forgotten_first():
    floors = SessionFloors(most=3)
    for number in range(5):
        request = Request.of("x", session=f"s{number}")
        result = Result(request_id="r", task="default", outcome="accepted", rung="large", tool_calls=({"id": "c"},))
        floors.remember(request, result, LADDER)
    history = ({"role": "assistant", "content": None, "tool_calls": [{"id": "c"}]},)
    unknown = [
        floors.lacks(Request(messages=history, session=f"s{number}"), LADDER, "exchange", lambda _: None)[1]
        for number in range(5)
    ]
    assert unknown == [True, True, True, True, False]


@pytest.mark.parametrize("floor", ["exchange", "never", "always"])
def test_the_floor_is_configured_for_all_and_for_a_task(tmp_path, floor):
    (tmp_path / "cascade.yaml").write_text(
        f"ladder: [{{model: a/s}}, {{model: a/l}}]\nsessions: {{floor: never}}\n"
        f"tasks: {{own: {{sessions: {{floor: {floor}}}}}, other: {{}}}}\n"
    )
    config = load_config(tmp_path / "cascade.yaml")
    assert config.settings.session_floor == config.tasks["other"].session_floor == "never"
    assert config.tasks["own"].session_floor == floor
