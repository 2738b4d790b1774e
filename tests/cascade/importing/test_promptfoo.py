"""promptfoo's evaluations: a test's providers are rungs, and what it asserts is the label."""

from __future__ import annotations

import pytest

from cascade.importing.formats.promptfoo import model_of
from tests.foreign_files import evaluation, messages, write_evaluation, write_lines

SMALL, LARGE = "openai:chat:gpt-4o-mini", "anthropic:messages:claude-opus-4-5"


def test_providers_of_one_test_are_rungs_of_one_sample(tmp_path, imported) -> None:
    results = [evaluation(n, provider) for n in range(4) for provider in (SMALL, LARGE)]
    lines, tally = imported(
        write_evaluation(tmp_path / "r.json", results), rungs={"top": ("anthropic/claude-opus-4-5",)}
    )
    assert [line["messages"] for line in lines] == [messages(n) for n in range(4)]
    rungs = [recording.get("rung", recording["model"]) for recording in lines[1]["recordings"]]
    assert rungs == ["openai/gpt-4o-mini", "top"]
    assert [line["recordings"][0]["correct"] for line in lines] == [0.0, 1.0, 1.0, 0.0]
    assert lines[1]["recordings"][0]["label_source"] == "promptfoo"
    assert lines[1]["recordings"][0]["latency_s"] == 0.42
    assert tally.labelled == {"openai/gpt-4o-mini": 4, "top": 4}


@pytest.mark.parametrize("indent", [None, 2])
def test_a_document_of_any_layout_and_lines_are_read(tmp_path, imported, indent) -> None:
    results = [evaluation(n) for n in range(3)]
    lines, _ = imported(write_evaluation(tmp_path / "r.json", results, indent))
    path = write_lines(tmp_path / "r.jsonl", results)
    again, _ = imported(path)
    assert [line["id"] for line in lines] == [line["id"] for line in again]


def test_success_without_an_assertion_is_no_label(tmp_path, imported) -> None:
    lines, _ = imported(write_evaluation(tmp_path / "r.json", [evaluation(1, testCase={"vars": {}})]))
    assert lines[0]["recordings"][0]["correct"] is None


def test_an_assertion_by_a_model_is_a_judge_s_label(tmp_path, imported) -> None:
    asserted = {"vars": {}, "assert": [{"type": "is-json"}, {"type": "not-llm-rubric", "value": "polite"}]}
    lines, _ = imported(write_evaluation(tmp_path / "r.json", [evaluation(1, testCase=asserted)]))
    assert lines[0]["recordings"][0]["label_source"] == "judge:promptfoo"


def test_what_ended_in_an_error_is_left_out(tmp_path, imported) -> None:
    failed = evaluation(1, response={"error": "API error: 429"}, error="API error: 429", failureReason=2, success=False)
    _, tally = imported(write_evaluation(tmp_path / "r.json", [evaluation(0), failed, evaluation(2, response={})]))
    assert {*tally.skipped} == {"the provider answered with an error", "it holds no answer"}


def test_an_empty_answer_that_an_assertion_refuses_is_an_answer(tmp_path, imported) -> None:
    refused = evaluation(3, response={"output": ""}, error="Expected output to equal 3", failureReason=1)
    lines, _ = imported(write_evaluation(tmp_path / "r.json", [refused]))
    assert lines[0]["recordings"][0]["content"] == ""
    assert lines[0]["recordings"][0]["correct"] == 0.0


def test_a_rating_by_hand_is_a_person_s_label(tmp_path, imported) -> None:
    rated = {"pass": True, "componentResults": [{"pass": True, "assertion": {"type": "human"}}]}
    lines, _ = imported(write_evaluation(tmp_path / "r.json", [evaluation(1, gradingResult=rated)]))
    assert lines[0]["recordings"][0]["label_source"] == "human"


def test_prompts_of_one_test_share_a_group(tmp_path, imported) -> None:
    other = evaluation(1, prompt={"raw": "Name city 1.", "label": "short"}, promptIdx=1)
    lines, _ = imported(write_evaluation(tmp_path / "r.json", [evaluation(1), other, evaluation(2)]))
    assert lines[0]["group"] == lines[1]["group"] != lines[2]["group"]
    assert lines[1]["messages"] == [{"role": "user", "content": "Name city 1."}]


def test_a_prompt_that_is_json_of_its_own_is_a_text(tmp_path, imported) -> None:
    lines, _ = imported(write_evaluation(tmp_path / "r.json", [evaluation(1, prompt={"raw": '{"order": 7}'})]))
    assert lines[0]["messages"] == [{"role": "user", "content": '{"order": 7}'}]


def test_structured_output_and_tool_calls_are_told_apart(tmp_path, imported) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    results = [evaluation(1, response={"output": {"a": 1}}), evaluation(2, response={"output": [call]})]
    lines, _ = imported(write_evaluation(tmp_path / "r.json", results))
    assert lines[0]["recordings"][0]["content"] == '{"a": 1}'
    assert lines[1]["recordings"][0]["tool_calls"] == [call]


def test_an_answer_from_promptfoo_s_cache_has_no_cost_and_no_time(tmp_path, imported) -> None:
    cached = {"output": "1", "cached": True, "cost": 0.01}
    lines, _ = imported(write_evaluation(tmp_path / "r.json", [evaluation(1, response=cached)]))
    assert lines[0]["recordings"][0]["cost_usd"] is None
    assert "latency_s" not in lines[0]["recordings"][0]


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai:gpt-4o", "openai/gpt-4o"),
        ("openai:chat:gpt-4o", "openai/gpt-4o"),
        ("bedrock:anthropic.claude-3-5-sonnet-20240620-v1:0", "bedrock/anthropic.claude-3-5-sonnet-20240620-v1:0"),
        ("ollama:chat:llama3.1:8b", "ollama/llama3.1:8b"),
        ("file://own.py", "file://own.py"),
        ("gpt-4o", "gpt-4o"),
    ],
)
def test_a_provider_s_id_is_a_model_s_name(provider: str, model: str) -> None:
    assert model_of(provider) == model
