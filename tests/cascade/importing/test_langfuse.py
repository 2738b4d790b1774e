"""Langfuse's exports: generations in every file format, labelled by the scores that are theirs."""

from __future__ import annotations

import json

import pytest

from cascade.errors import DataError
from tests.foreign_files import messages, observation, score, write_csv, write_lines


def labels(lines):
    return [line["recordings"][0]["correct"] for line in lines]


def test_generations_become_recordings(tmp_path, imported) -> None:
    lines, _ = imported(write_lines(tmp_path / "o.jsonl", [observation(5)]))
    (line,), (recording,) = lines, lines[0]["recordings"]
    assert line["messages"] == messages(5)
    assert line["params"] == {"temperature": 0.7, "max_tokens": 200}
    assert (line["session"], line["group"], line["at"]) == ("s-1", "s-1", "2026-01-06T12:00:00Z")
    assert recording["content"] == "The answer is 5."
    assert recording["latency_s"] == 2.25
    assert recording["cost_usd"] == 0.0004
    assert recording["usage"] == {"input_tokens": 50, "output_tokens": 7, "cached_tokens": 10}
    assert "u-17" not in json.dumps(line)


def test_without_a_session_the_trace_is_the_group(tmp_path, imported) -> None:
    lines, _ = imported(write_lines(tmp_path / "o.jsonl", [observation(5, session_id="")]))
    assert lines[0]["group"] == "trace-5"
    assert "session" not in lines[0]


@pytest.mark.parametrize("form", ["parquet", "csv", "json", "jsonl"])
def test_every_form_of_the_export_is_the_same(tmp_path, imported, form) -> None:
    rows = [observation(n) for n in range(4)]
    path = tmp_path / f"o.{form}"
    if form == "parquet":
        pa = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        kinds = {"usage_details": pa.map_(pa.string(), pa.int64()), "tags": pa.list_(pa.string())}
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        columns["usage_details"] = [[*cell.items()] for cell in columns["usage_details"]]
        made = {name: pa.array(cells, type=kinds.get(name)) for name, cells in columns.items()}
        parquet.write_table(pa.table(made), path)
    elif form == "csv":
        write_csv(path, [{**row, "usage_details": json.dumps(row["usage_details"]), "tags": "[]"} for row in rows])
    elif form == "json":
        path.write_text(json.dumps(rows, indent=2))
    else:
        write_lines(path, rows)
    lines, _ = imported(path)
    expected, _ = imported(write_lines(tmp_path / "plain.jsonl", rows))
    assert lines == expected


def test_rows_of_the_api_are_in_camel_case(tmp_path, imported) -> None:
    row = {
        "id": "o1", "traceId": "t1", "type": "GENERATION", "startTime": "2026-01-01T12:00:00.000Z",
        "endTime": "2026-01-01T12:00:01.000Z", "model": "gpt-4o", "input": messages(1), "sessionId": None,
        "output": {"role": "assistant", "content": "Rome."}, "usageDetails": {"input": 5, "output": 2},
        "calculatedTotalCost": 0.25, "level": "DEFAULT", "modelParameters": {},
    }  # fmt: skip
    (tmp_path / "page.json").write_text(json.dumps({"data": [row], "meta": {"page": 1}}))
    lines, _ = imported(tmp_path / "page.json")
    assert lines[0]["group"] == "t1"
    assert lines[0]["recordings"][0]["cost_usd"] == 0.25


def test_other_observations_and_failures_are_counted(tmp_path, imported) -> None:
    rows = [observation(0), observation(1, type="SPAN"), observation(2, level="ERROR"), observation(3, output="")]
    rows += [observation(4, input=""), observation(5, input='{"args": [1]}')]
    lines, tally = imported(write_lines(tmp_path / "o.jsonl", rows))
    assert len(lines) == 1
    assert tally.beside["observations of type span"] == 1
    assert {*tally.skipped} == {
        "the call failed",
        "its answer was not stored",
        "its prompt was not stored",
        "its prompt is in no known form",
    }


def test_a_cost_of_nothing_is_an_unknown_price(tmp_path, imported) -> None:
    lines, _ = imported(write_lines(tmp_path / "o.jsonl", [observation(1, total_cost=0)]))
    assert lines[0]["recordings"][0]["cost_usd"] is None


@pytest.mark.parametrize(
    ("output", "content", "calls"),
    [
        ("Rome.", "Rome.", 0),
        ('{"city": "Rome"}', '{"city": "Rome"}', 0),
        ({"city": "Rome"}, '{"city": "Rome"}', 0),
        ([{"type": "ai", "content": "Rome."}], "Rome.", 0),
        ({"role": "assistant", "content": [{"type": "text", "text": "Rome."}]}, "Rome.", 0),
        ({"choices": [{"message": {"role": "assistant", "content": "Rome."}}]}, "Rome.", 0),
        ({"role": "assistant", "content": None, "tool_calls": [{"id": "1", "name": "f", "args": {}}]}, "", 1),
    ],
)
def test_an_output_may_be_text_message_body_or_structured(tmp_path, imported, output, content, calls) -> None:
    lines, _ = imported(write_lines(tmp_path / "o.jsonl", [observation(1, output=output)]))
    (recording,) = lines[0]["recordings"]
    assert recording["content"] == content
    assert len(recording.get("tool_calls", ())) == calls


@pytest.mark.parametrize(
    "given",
    [
        [{"type": "system", "content": "Be brief."}, {"type": "human", "content": "Where?"}],
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where?"}], "n": 2},
        [[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where?"}]],
        [
            {"id": ["langchain", "schema", "messages", "SystemMessage"], "kwargs": {"content": "Be brief."}},
            {"id": ["langchain", "schema", "messages", "HumanMessage"], "kwargs": {"content": "Where?"}},
        ],
    ],
)
def test_an_input_may_be_messages_of_any_client(tmp_path, imported, given) -> None:
    lines, _ = imported(write_lines(tmp_path / "o.jsonl", [observation(1, input=json.dumps(given))]))
    assert lines[0]["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Where?"},
    ]


def test_tools_that_are_columns_of_their_own_are_kept(tmp_path, imported) -> None:
    row = observation(
        1,
        tool_definitions={"find": '{"description": "Finds.", "parameters": "{\\"type\\": \\"object\\"}"}'},
        tool_calls=['{"id": "c1", "name": "find", "arguments": "{}"}'],
        output="",
    )
    lines, _ = imported(write_lines(tmp_path / "o.jsonl", [row]))
    assert lines[0]["params"]["tools"] == [
        {"type": "function", "function": {"name": "find", "description": "Finds.", "parameters": {"type": "object"}}}
    ]
    assert lines[0]["recordings"][0]["tool_calls"][0]["function"] == {"name": "find", "arguments": "{}"}


def test_a_score_of_an_observation_labels_it(tmp_path, imported) -> None:
    files = (
        write_lines(tmp_path / "o.jsonl", map(observation, range(4))),
        write_lines(tmp_path / "s.jsonl", [score(0), score(1, source="EVAL"), score(3, source="API")]),
    )
    lines, tally = imported(*files)
    assert labels(lines) == [0.0, 1.0, None, 1.0]
    sources = [line["recordings"][0].get("label_source") for line in lines]
    assert sources == ["human", "judge:accuracy", None, "score:accuracy"]
    assert tally.labelled["gpt-4o"] == 3


def test_a_score_of_a_trace_labels_its_answer_if_it_has_only_one(tmp_path, imported) -> None:
    rows = [
        observation(0),
        observation(1, trace_id="trace-0"),
        observation(2),
        observation(3, trace_id="trace-2", type="SPAN"),
    ]
    scores = [score(n, observation_id=None, value=1) for n in (0, 2)]
    lines, _ = imported(write_lines(tmp_path / "o.jsonl", rows), write_lines(tmp_path / "s.jsonl", scores))
    assert labels(lines) == [None, None, 1.0]


def test_the_latest_score_counts(tmp_path, imported) -> None:
    scores = [score(0, value=1, timestamp="2026-02-02 00:00:00"), score(0, value=0, timestamp="2026-02-01 00:00:00")]
    lines, _ = imported(write_lines(tmp_path / "o.jsonl", [observation(0)]), write_lines(tmp_path / "s.jsonl", scores))
    assert labels(lines) == [1.0]


def test_of_several_scores_one_has_to_be_chosen(tmp_path, imported) -> None:
    files = (
        write_lines(tmp_path / "o.jsonl", map(observation, range(2))),
        write_lines(tmp_path / "s.jsonl", [score(0), score(1), score(1, name="tone", value=0.5)]),
    )
    lines, tally = imported(*files)
    assert labels(lines) == [None, None]
    assert any("choose one with --score: accuracy (2), tone (1)" in note for note in tally.notes)
    assert labels(imported(*files, score="tone")[0]) == [None, 0.5]
    _, tally = imported(*files, score="toone")
    assert any("no usable score is named 'toone' (there are: accuracy, tone)" in note for note in tally.notes)


@pytest.mark.parametrize(
    "change", [{"data_type": "CATEGORICAL"}, {"value": 7}, {"value": None}, {"trace_id": None, "observation_id": None}]
)
def test_what_is_no_label_is_counted(tmp_path, imported, change) -> None:
    scores = write_lines(tmp_path / "s.jsonl", [score(0, **change)])
    lines, tally = imported(write_lines(tmp_path / "o.jsonl", [observation(0)]), scores)
    assert labels(lines) == [None]
    assert tally.n_skipped == 1


def test_scores_alone_are_no_import(tmp_path, imported) -> None:
    with pytest.raises(DataError, match="give the observations"):
        imported(write_lines(tmp_path / "s.jsonl", [score(0)]))
