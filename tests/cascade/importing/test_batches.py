"""Provider batches: answers find their requests by custom_id, whatever the order and the dialect."""

from __future__ import annotations

import gzip

import pytest

from cascade.errors import DataError
from tests.foreign_files import batch_input, batch_output, completion, message_params, message_result, write_lines


def only(lines):
    (line,) = lines
    (recording,) = line["recordings"]
    return line, recording


def batch(tmp_path, inputs, outputs, name="a"):
    return write_lines(tmp_path / f"{name}-in.jsonl", inputs), write_lines(tmp_path / f"{name}-out.jsonl", outputs)


def test_outputs_find_their_inputs_in_any_order_of_lines_and_files(tmp_path, imported) -> None:
    inputs, outputs = batch(tmp_path, map(batch_input, range(5)), map(batch_output, (3, 0, 4, 2, 1)))
    lines, _ = imported(outputs, inputs, rungs={"large": ("openai/gpt-4o",)})
    assert [line["recordings"][0]["content"] for line in lines] == [f"The answer is {n}." for n in (3, 0, 4, 2, 1)]
    assert all(f"number {n}?" in line["messages"][1]["content"] for line, n in zip(lines, (3, 0, 4, 2, 1), strict=True))
    recording = lines[0]["recordings"][0]
    assert (recording["rung"], recording["model"], recording["model_recorded"]) == ("large", "openai/gpt-4o", "gpt-4o")
    assert recording["usage"] == {"input_tokens": 50, "output_tokens": 7}
    assert lines[0]["params"] == {"temperature": 0}
    assert lines[0]["at"] == recording["at"] == "2026-01-01T00:00:03Z"


def test_files_may_be_gzipped(tmp_path, imported) -> None:
    paths = batch(tmp_path, [batch_input(1)], [batch_output(1)])
    packed = [path.with_suffix(".jsonl.gz") for path in paths]
    for path, target in zip(paths, packed, strict=True):
        target.write_bytes(gzip.compress(path.read_bytes()))
    assert len(imported(*packed)[0]) == 1


def test_what_has_no_answer_is_counted_by_reason(tmp_path, imported) -> None:
    failed = {"custom_id": "request-1", "response": None, "error": {"code": "batch_expired", "message": "…"}}
    refused = {"custom_id": "request-2", "response": {"status_code": 400, "body": {"error": {}}}, "error": None}
    inputs, outputs = batch(
        tmp_path, map(batch_input, range(5)), [batch_output(0), failed, refused, batch_output(9), {"custom_id": 7}]
    )
    with outputs.open("a") as file:
        file.write('{"custom_id": "requ')
    lines, tally = imported(inputs, outputs)
    assert len(lines) == 1
    assert {reason: (one.n, one.first.rpartition("/")[2]) for reason, one in tally.skipped.items()} == {
        "the provider answered with an error (batch_expired)": (1, "a-out.jsonl, line 2"),
        "the provider answered with an error (400)": (1, "a-out.jsonl, line 3"),
        "no input line has its custom_id": (1, "a-out.jsonl, line 4"),
        "its custom_id is missing": (1, "a-out.jsonl, line 5"),
        "it is not JSON": (1, "a-out.jsonl, line 6"),
    }
    assert tally.notes["a request of the batch has no result in the files"].n == 2


def test_of_batches_that_count_from_one_the_model_tells_which_request_is_meant(tmp_path, imported) -> None:
    first = batch(tmp_path, [batch_input(1)], [batch_output(1)], "a")
    other = {**batch_input(2, "gpt-4o-mini"), "custom_id": "request-1"}
    second = batch(tmp_path, [other], [{**batch_output(2, "gpt-4o-mini"), "custom_id": "request-1"}], "b")
    lines, _ = imported(*first, *second)
    assert {line["recordings"][0]["model"]: line["messages"][1]["content"][:23] for line in lines} == {
        "gpt-4o": "Which city is number 1?",
        "gpt-4o-mini": "Which city is number 2?",
    }


def test_where_nothing_tells_them_apart_none_is_taken(tmp_path, imported) -> None:
    first = batch(tmp_path, [batch_input(1), batch_input(3)], [batch_output(1), batch_output(3)], "a")
    second = batch(tmp_path, [{**batch_input(2), "custom_id": "request-1"}], [batch_output(1, text="Two.")], "b")
    lines, tally = imported(*first, *second)
    assert len(lines) == 1
    (one,) = tally.skipped.values()
    assert one.n == 2


def test_results_alone_hold_no_prompts(tmp_path, imported) -> None:
    inputs, outputs = batch(tmp_path, [batch_input(1)], [batch_output(1)])
    with pytest.raises(DataError, match=r"hold no prompts.*input_file_id"):
        imported(outputs)
    with pytest.raises(DataError, match="without results"):
        imported(inputs)
    results = write_lines(tmp_path / "r.jsonl", [message_result(1)])
    with pytest.raises(DataError, match="Anthropic's results hold no prompts"):
        imported(results)


def test_bodies_may_be_of_the_responses_form(tmp_path, imported) -> None:
    tool = {"type": "function", "name": "find", "parameters": {"type": "object"}, "strict": True}
    shape = {"type": "json_schema", "name": "city", "schema": {"type": "object"}, "strict": True}
    body = {
        "model": "gpt-5",
        "instructions": "Be brief.",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "Find it."}]},
            {"type": "function_call", "call_id": "c1", "name": "find", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "Paris"},
        ],
        "tools": [tool],
        "text": {"format": shape},
        "max_output_tokens": 90,
        "reasoning": {"effort": "low"},
    }
    answer = {
        "object": "response",
        "status": "completed",
        "model": "gpt-5-2025-08-07",
        "created_at": 1767225600,
        "output": [
            {"type": "reasoning", "summary": []},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Paris"}]},
        ],
        "usage": {"input_tokens": 9, "output_tokens": 4, "output_tokens_details": {"reasoning_tokens": 3}},
    }
    inputs, outputs = batch(
        tmp_path,
        [{"custom_id": "1", "url": "/v1/responses", "body": body}],
        [{"custom_id": "1", "response": {"status_code": 200, "body": answer}, "error": None}],
    )
    line, recording = only(imported(inputs, outputs)[0])
    assert [message["role"] for message in line["messages"]] == ["system", "user", "assistant", "tool"]
    assert line["messages"][1]["content"] == "Find it."
    assert line["params"]["max_completion_tokens"] == 90
    assert line["params"]["reasoning_effort"] == "low"
    assert line["params"]["tools"][0]["function"]["name"] == "find"
    assert line["schema"] == {"type": "object"}
    assert recording["content"] == "Paris"
    assert recording["usage"] == {"input_tokens": 9, "output_tokens": 4, "reasoning_tokens": 3}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"previous_response_id": "resp_1"}, "it continues a conversation that only the provider holds"),
        ({"tools": [{"type": "web_search"}]}, "its tools run at the provider"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "its input has an item that cannot be sent elsewhere"),
        ({"input": []}, "it is no request for a chat answer (no messages)"),
    ],
)
def test_what_cannot_be_asked_again_is_left_out(tmp_path, imported, change, reason) -> None:
    body = {"model": "gpt-5", "input": "Say it.", **change}
    inputs, outputs = batch(tmp_path, [batch_input(1), {"custom_id": "x", "body": body}], [batch_output(1)])
    answer = {"custom_id": "x", "response": {"status_code": 200, "body": completion(1, "gpt-5")}, "error": None}
    with outputs.open("a") as file:
        file.write(__import__("json").dumps(answer) + "\n")
    _, tally = imported(inputs, outputs)
    assert [found for found in tally.skipped if found.startswith(reason)]


def test_further_choices_and_log_probabilities_are_kept(tmp_path, imported) -> None:
    body = completion(1, "gpt-4o")
    body["choices"][0]["logprobs"] = {"content": [{"token": "The", "logprob": -0.25}, {"token": " a", "logprob": -1.5}]}
    body["choices"].append({"index": 1, "message": {"role": "assistant", "content": "Rome."}, "finish_reason": "stop"})
    output = {"custom_id": "request-1", "response": {"status_code": 200, "body": body}, "error": None}
    inputs, outputs = batch(tmp_path, [batch_input(1)], [output])
    _, recording = only(imported(inputs, outputs)[0])
    assert recording["samples"] == ["Rome."]
    assert recording["logprobs"] == [-0.25, -1.5]


def test_anthropic_s_requests_become_chats(tmp_path, imported) -> None:
    request = message_params(1)
    request["params"]["tools"] = [{"name": "find", "input_schema": {"type": "object"}}]
    request["params"]["tool_choice"] = {"type": "tool", "name": "find"}
    request["params"]["stop_sequences"] = ["###"]
    request["params"]["metadata"] = {"user_id": "u-17"}
    request["params"]["messages"] += [
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "find", "input": {"q": "x"}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "Rome"}]},
    ]
    result = message_result(1)
    result["result"]["message"]["content"] = [{"type": "tool_use", "id": "t2", "name": "find", "input": {"q": "y"}}]
    result["result"]["message"]["stop_reason"] = "tool_use"
    paths = batch(tmp_path, [request, message_params(2)], [result])
    line, recording = only(imported(*paths, rungs={"small": ("anthropic/claude-haiku-4-5",)})[0])
    assert [message["role"] for message in line["messages"]] == ["system", "user", "assistant", "tool"]
    assert line["messages"][2]["tool_calls"][0]["function"] == {"name": "find", "arguments": '{"q":"x"}'}
    assert line["messages"][3] == {"role": "tool", "tool_call_id": "t1", "content": "Rome"}
    assert line["params"]["tool_choice"] == {"type": "function", "function": {"name": "find"}}
    assert line["params"]["stop"] == ["###"]
    assert "tags" not in line
    assert recording["tool_calls"][0]["function"]["arguments"] == '{"q":"y"}'
    assert recording["finish_reason"] == "tool_calls"
    assert recording["rung"] == "small"
    assert recording["usage"] == {"input_tokens": 50, "output_tokens": 7, "cached_tokens": 10}


def test_anthropic_s_failures_are_counted(tmp_path, imported) -> None:
    results = [message_result(0)]
    results += [{"custom_id": f"request-{n}", "result": {"type": kind}} for n, kind in ((1, "errored"), (2, "expired"))]
    _, tally = imported(*batch(tmp_path, map(message_params, range(3)), results))
    assert {*tally.skipped} == {"its result is errored", "its result is expired"}
