"""Merging: one sample a request; further answers of a model are its noise; nothing is lost without a count."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.dialects.inbound import chat
from cascade.exchange import Request
from cascade.importing.bodies.asked import asked_of
from cascade.importing.imported import Imported
from cascade.importing.merger import Merger
from cascade.importing.rung_names import RungNames
from cascade.importing.tally import Tally
from cascade.samples.jsonl import sample_of

ASK = ({"role": "user", "content": "What is 6 times 7?"},)


def merge(*answers: Imported, rungs: dict[str, tuple[str, ...]] | None = None) -> tuple[list[dict[str, Any]], Tally]:
    tally = Tally()
    with Merger(task="sums", rungs=RungNames(rungs or {}), tally=tally, folder=Path()) as merger:
        for number, answer in enumerate(answers, 1):
            merger.add(answer, "f", number)
        return [json.loads(line) for line in merger.samples()], tally


def answer(content: str, model: str = "a", **fields: Any) -> Imported:
    return Imported(**{"messages": ASK, "model": model, "content": content, **fields})


def test_models_that_answered_the_same_request_are_rungs_of_one_sample() -> None:
    (line,), _ = merge(answer("42"), answer("42.", "b"), answer("It is 42.", "c"))
    assert [recording["model"] for recording in line["recordings"]] == ["a", "b", "c"]
    assert line["task"] == "sums"


def test_further_answers_are_compared_as_values_and_not_kept() -> None:
    (line,), tally = merge(answer("42"), answer("The answer is 42."), answer("43"), answer("It is 42 or 44."))
    (recording,) = line["recordings"]
    assert recording["content"] == "42"
    assert recording["repeats"] == 3
    repeats = tally.repeats["a"]
    assert (repeats.n, repeats.different, repeats.unsure) == (3, 1, 1)
    assert repeats.share_different == 0.5


def test_tool_calls_are_compared_by_names_and_arguments() -> None:
    def call(arguments: str) -> dict[str, Any]:
        return {"id": arguments, "type": "function", "function": {"name": "f", "arguments": arguments}}

    _, tally = merge(*(answer("", tool_calls=[call(text)]) for text in ('{"a": 1}', '{"a":1}', '{"a": 2}')))
    assert tally.repeats["a"].different == 1


def test_an_answer_that_is_labelled_is_kept_rather_than_an_earlier_one_that_is_not() -> None:
    (line,), tally = merge(answer("42"), answer("43", correct=0.0, label_source="human"), answer("44", correct=1.0))
    assert line["recordings"][0]["content"] == "43"
    assert tally.labelled["a"] == 1


def test_the_declared_answer_field_decides_what_differs() -> None:
    schema = {"type": "object", "properties": {"answer": {}, "why": {}}}
    params = {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}}
    said = ('{"answer": 42, "why": "times"}', '{"answer": 42, "why": "I know"}', '{"answer": 41, "why": "times"}')
    _, tally = merge(*(answer(text, params=params) for text in said))
    assert tally.repeats["a"].different == 1


def test_what_makes_another_question_is_another_sample() -> None:
    tool = {"type": "function", "function": {"name": "f"}}
    other = ({"role": "system", "content": "Be brief."}, *ASK)
    lines, _ = merge(answer("42"), answer("42", params={"tools": [tool]}), answer("42", messages=other))
    assert len(lines) == 3


def test_parameters_in_which_answers_differ_belong_to_the_answers() -> None:
    (line,), _ = merge(
        answer("42", params={"temperature": 0, "max_tokens": 9}),
        answer("42", "b", params={"temperature": 1, "max_tokens": 9}),
    )
    assert line["params"] == {"max_tokens": 9}
    assert [recording["params"] for recording in line["recordings"]] == [{"temperature": 0}, {"temperature": 1}]


def test_the_id_is_that_of_the_request_as_it_would_be_served() -> None:
    shape = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
    params = {"response_format": shape, "temperature": 0}
    request = Request(messages=ASK, task="sums", params=params)
    (alone,), _ = merge(answer("{}", params=params))
    (merged,), _ = merge(answer("{}", params=params), answer("{}", "b", params=params))
    assert alone["id"] == merged["id"] == request.id


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "city"}}])
def test_a_forced_tool_is_the_schema_and_its_call_the_answer_as_when_served(choice) -> None:
    schema = {"type": "object", "properties": {"answer": {"type": "string"}}}
    tool = {"type": "function", "function": {"name": "city", "parameters": schema}}
    body = {"model": "m", "messages": [*ASK], "tools": [tool], "tool_choice": choice, "temperature": 0}
    call = {"id": "1", "type": "function", "function": {"name": "city", "arguments": '{"answer": "Rome"}'}}
    asked = asked_of(body)
    (line,), _ = merge(
        answer("", messages=asked.messages, params=asked.params, tool_calls=[call], finish_reason="tool_calls"),
        answer(
            '{"answer": "Rome"}',
            "b",
            messages=asked.messages,
            params={"temperature": 0, "tools": [tool], "tool_choice": choice},
        ),
    )
    assert line["schema"] == schema
    assert line["params"] == {"temperature": 0}
    assert [(one["content"], one.get("tool_calls")) for one in line["recordings"]] == [('{"answer": "Rome"}', None)] * 2
    assert line["id"] == chat.read(body, {"task": "sums"}).request.id


def test_an_answer_that_cannot_be_a_sample_is_counted() -> None:
    _, tally = merge(
        answer("42"),
        answer("42", "b", cost_usd=-1.0),
        answer("42", "c", logprobs=[1.5]),
        answer("42", "d", messages=({"content": "no role"},)),
        answer("42", "e", latency_s=float("nan")),
        answer("42", ""),
    )
    assert sum(tally.recordings.values()) == 1
    assert tally.n_skipped == 5
    assert all(reason.startswith("it cannot be a sample: ") for reason in tally.skipped)


def test_secrets_are_cut_out_wherever_they_stand() -> None:
    secret = "sk-proj-abc123DEF456"
    asked = ({"role": "user", "content": [{"type": "text", "text": f"Use {secret}"}]},)
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": json.dumps({"key": secret})}}
    (line,), tally = merge(
        answer(
            f"I used {secret}", messages=asked, tool_calls=[call], tags={"note": secret}, source_id=secret, gold=secret
        )
    )
    assert secret not in json.dumps(line)
    assert tally.notes["a key, or a password in an address, was cut out"].n == 1


TEXTS = st.sampled_from(["42", "43", "The answer is 42.", "", "no", "Ünïcode \u2028 line", "\ud800 lone"])
ANSWERS = st.builds(
    Imported,
    messages=st.sampled_from(["a?", "b?", "c?"]).map(lambda text: ({"role": "user", "content": text},)),
    model=st.sampled_from(["m1", "m2"]),
    content=TEXTS,
    params=st.dictionaries(st.sampled_from(["temperature", "seed"]), st.integers(0, 2)),
    cost_usd=st.one_of(st.none(), st.floats(-1, 2)),
    correct=st.one_of(st.none(), st.floats(-0.5, 1.5)),
    label_source=st.just("human"),
    at=st.one_of(st.none(), st.just("2026-01-01T00:00:00Z")),
    session=st.one_of(st.none(), st.just("s")),
)


@given(st.lists(ANSWERS, max_size=12))
def test_every_answer_is_kept_or_counted_and_every_line_is_a_sample(answers: list[Imported]) -> None:
    lines, tally = merge(*answers)
    again = sum(repeats.n for repeats in tally.repeats.values())
    assert tally.rows == len(answers) == sum(tally.recordings.values()) + again + tally.n_skipped
    samples = [sample_of(line) for line in lines]
    assert len({sample.key for sample in samples}) == len(lines) == tally.requests
    assert sum(tally.recordings.values()) == sum(len(sample.recordings) for sample in samples)
    labelled = sum(one.correct is not None for sample in samples for one in sample.recordings.values())
    assert sum(tally.labelled.values()) == labelled
