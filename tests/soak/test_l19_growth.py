"""L19: the time of a look at an answer, and of redaction, grows linearly, whatever an author puts together."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cascade.dialects.message import read_message
from cascade.reading.json_answer import find_json
from cascade.reading.reading import Reading
from cascade.reading.strict_json import NotJson
from cascade.redaction import redacted
from tests.drawn import examples
from tests.verifiers.exchanges import exchange
from verifiers.compiled_schema import CompiledSchema
from verifiers.hedging import Hedging
from verifiers.judge_prompt import encode, read_grade, shorten
from verifiers.refusal import Refusal
from verifiers.trivial import trivial

pytestmark = pytest.mark.slow
SMALL, LARGE = 2_000, 32_000
FACTOR = LARGE / SMALL
SLACK = 5.0
"""How much more than in proportion the large one may take: quadratic work would take 16 times more than that allows."""
FLOOR_S = 0.004
"""Below this, noise is all that is measured."""

PIECES = [
    "```", "```json", "~~~", "`", "\n", " ", "\t", "{", "}", "[", "]", '"', "\\", '\\"', ":", ",", '{"a":', "[1]",
    "{}", "1", "-", "e", "9" * 40, "<think>", "</think>", "<thinking>", "maybe ", "not ", "I am not sure", "perhaps",
    "“", "”", "«", "> ", "I cannot help with that", "I'm sorry", "As an AI", "answer", "is", "step ", "\\boxed{",
    "####", "=", ".", "**", "$", "\u200b", "\u0301", "\ufeff", "ﷺ", "𝄞", "\u202e", "null", "NaN", "solution ",
    "let's ", "A)", "(B)", "'", "’", "/", "<!--",
]  # fmt: skip

SCHEMA = CompiledSchema({"type": "string", "pattern": "^(a+)+$", "minLength": 3})


def _json(text: str) -> None:
    try:
        find_json(text)
    except NotJson:
        return


def _thought(text: str) -> None:
    read_message({"role": "assistant", "content": f"<think>{text}</think>yes"})


LOOKS: dict[str, Callable[[str], Any]] = {
    "thinking": _thought,
    "json": _json,
    "gate": trivial,
    "hedging": lambda text: Hedging().check(exchange(text)),
    "refusal": lambda text: Refusal().check(exchange(text)),
    "final answer": lambda text: Reading(text).answer,
    "judge's prompt": lambda text: encode(shorten(text, 8000)),
    "judge's reply": lambda text: read_grade(text, "0" * 24),
    "schema": lambda text: SCHEMA.complaint(text, text),
}


def seconds(look: Callable[[str], Any], text: str) -> float:
    """Return the thread's own seconds that a look takes, the best of three."""
    best = float("inf")
    for _ in range(3):
        began = time.thread_time()
        look(text)
        best = min(best, time.thread_time() - began)
    return best


def filled(before: str, piece: str, after: str, size: int) -> str:
    """Return a text of about that size."""
    return (before + piece * (size // max(1, len(piece))) + after)[: size + 200]


@settings(max_examples=examples(25))
@given(
    st.lists(st.sampled_from(PIECES), max_size=3).map("".join),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join),
    st.lists(st.sampled_from(PIECES), max_size=3).map("".join),
)
@example("", "“", "")  # quotation marks of which none is closed took 6 s of the event loop
@example("", '{"a":[', "")
@example("```json", "\n", "")
@example("a", "\n", "b")  # 20,000 line breaks in thinking took 11 s
def test_nothing_that_looks_at_answers_takes_more_than_linear_time(before: str, piece: str, after: str) -> None:
    for name, look in LOOKS.items():
        small, large = (seconds(look, filled(before, piece, after, size)) for size in (SMALL, LARGE))
        assert large <= FACTOR * SLACK * max(small, FLOOR_S / FACTOR), f"{name}: {small:.4f} s, then {large:.4f} s"


@settings(max_examples=examples(40))
@given(
    st.lists(
        st.sampled_from(["a", "b", "(", ")", "+", "*", "?", "|", ".", "[ab]", "{2}", "{1,9}", "^", "$", r"\w"]),
        max_size=12,
    )
)
def test_schemas_decide_in_linear_time(parts: list[str]) -> None:
    from cascade.errors import SchemaRejected

    try:
        schema = CompiledSchema({"type": "string", "pattern": "".join(parts)})
    except SchemaRejected:
        return
    small, large = (seconds(lambda text: schema.complaint(text, text), "a" * size + "!") for size in (SMALL, LARGE))
    assert large <= FACTOR * SLACK * max(small, FLOOR_S / FACTOR)


def test_redaction_takes_linear_time() -> None:
    def taken(n: int) -> float:
        hostile = ["sk-" * n, "eyJ" * n, "://" * n, "://a:" * n, "-----BEGIN " * n, "bearer " * n, "key=" * n, "a" * n]
        began = time.process_time()
        for text in hostile:
            redacted(text)
        return time.process_time() - began

    assert taken(160_000) < 40 * max(taken(10_000), 0.005)
