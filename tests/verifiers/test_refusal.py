"""The Refusal verifier."""

from __future__ import annotations

import pytest

from tests.verifiers.exchanges import exchange, judge, tool_call
from verifiers.refusal import Refusal


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n\t",
        "\u200b\u200b",
        "\u2060\ufeff",
        ".",
        ":",
        "…",
        '""',
        "null",
        "{}",
        "```json\n```",
        "```\n\n```",
        '"\u200b"',
        "**",
    ],
)
def test_an_empty_answer_is_vetoed(text: str) -> None:
    assert judge(Refusal(), exchange(text)).veto


@pytest.mark.parametrize("text", ["{}", "null", '""'])
def test_with_a_schema_an_empty_value_is_the_schemas_business(text: str) -> None:
    assert judge(Refusal(), exchange(text, schema={})).score == 1.0
    assert judge(Refusal(), exchange("\u200b", schema={})).veto


@pytest.mark.parametrize("finish", ["length", "max_tokens", "MAX_TOKENS", "content_filter", "SAFETY", "refusal"])
def test_an_answer_that_did_not_end_by_itself_is_vetoed(finish: str) -> None:
    assert judge(Refusal(), exchange("Paris.", finish_reason=finish)).veto


@pytest.mark.parametrize("finish", [None, "stop", "end_turn", "STOP"])
def test_an_answer_that_did_is_not(finish: str | None) -> None:
    assert judge(Refusal(), exchange("Paris.", finish_reason=finish)).score == 1.0


def test_an_unknown_finish_reason_is_not_trusted() -> None:
    verdict = judge(Refusal(), exchange("Paris.", finish_reason="weird\nthing"))
    assert (verdict.score, verdict.veto, verdict.flags) == (0.0, False, ("unknown_finish_reason",))


def test_the_providers_own_refusal_is_vetoed() -> None:
    assert judge(Refusal(), exchange("", refusal="I can't help with that.")).veto


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't assist with that.",
        "As an AI language model, I cannot answer that.",
        "I’m sorry, but I cannot provide medical advice.",
        "Sorry. I can't help with that request.",
        "Unfortunately, I am unable to complete this task.",
        "I must decline.",
        "Lo siento, pero no puedo ayudar con eso.",
        "N/A",
        "The answer is correct.",
        "Solution:",
        "解",
    ],
)
def test_words_that_refuse_or_say_nothing_score_zero(text: str) -> None:
    verdict = judge(Refusal(), exchange(text))
    assert (verdict.score, verdict.veto) == (0.0, False)


@pytest.mark.parametrize(
    "text",
    [
        "4",
        "No.",
        "[]",
        "The patient said: I cannot help with that.".replace("I cannot", "we could not"),
        "You cannot divide by zero.",
        "Paris. " + "I cannot help with that. " * 3,
        "Here is the letter. " + "word " * 130 + "I'm sorry, but I can't assist with that.",
    ],
)
def test_other_answers_are_answers(text: str) -> None:
    assert judge(Refusal(), exchange(text)).score == 1.0


def test_tool_calls_are_left_to_others() -> None:
    assert judge(Refusal(), exchange("", tool_calls=(tool_call("f", "{}"),), finish_reason="tool_calls")).abstained
    assert judge(Refusal(), exchange("", tool_calls=(tool_call("f", "{}"),), finish_reason="length")).veto


def test_phrases_can_be_added_and_the_gate_switched_off() -> None:
    assert judge(Refusal(phrases=["jeg kan ikke"]), exchange("Jeg kan ikke svare.")).score == 0.0
    assert judge(Refusal(trivial=False), exchange("N/A")).score == 1.0
    assert Refusal(trivial=False).settings() != Refusal().settings()


@pytest.mark.timeout(30)
def test_long_answers_take_linear_time() -> None:
    for text in ("\u200b" * 1_000_000, "." * 1_000_000, "i cannot " * 100_000, "`" * 1_000_000, "I'" * 500_000):
        judge(Refusal(), exchange(text))
